"""Intake of files: reading, mapping, checking, running imports, dead letters.

Guarantees that an import interrupted anywhere and repeated takes every record once, that every row is either taken or
kept as a dead letter with its reason, and that memory and disk stay bounded. It knows no record by itself: the rooms that
own orders, products and customers register a `RecordHandler`.
"""
