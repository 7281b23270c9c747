"""The embedded warehouse: one process that owns a chDB data directory and answers ClickHouse's HTTP protocol on 127.0.0.1.

Guarantees: an insert is acknowledged only when its rows are in the table; one process per data directory; every request has
a connection of its own, so settings and databases of one request never leak into another. It is not a general ClickHouse
server: no HTTP sessions, no external data tables, one secret token instead of users. Only this package imports chDB.
"""
