"""The warehouse as every other part sees it: a thin client over ClickHouse's HTTP protocol.

The embedded warehouse process and a ClickHouse cluster are spoken to in the same way; only the DDL differs
(`warehouse_tables`). Rows go in and out as Arrow, never one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

import clickhouse_connect
import pyarrow as pa
from clickhouse_connect.driver.exceptions import ClickHouseError, OperationalError
from clickhouse_connect.driver.httpclient import HttpClient
from clickhouse_connect.driver.httputil import get_pool_manager
from urllib3.exceptions import HTTPError

from feilun.kernel.errors import FeilunError, Transient

_CONNECTIONS: Final = 16
"""Kept alive per process; more threads than this open connections that are closed after use."""
_READ_TIMEOUT_SECONDS: Final = 600
_CONNECT_TIMEOUT_SECONDS: Final = 5
_NO_SUCH_TABLE: Final = frozenset({60, 81})
"""ClickHouse's UNKNOWN_TABLE and UNKNOWN_DATABASE."""


class WarehouseAway(Transient):
    """The warehouse does not answer; detail: reason."""

    code = "warehouse.away"


class WarehouseRefused(FeilunError):
    """ClickHouse refused or could not finish a query; detail: number (ClickHouse's error code), reason."""

    code = "warehouse.refused"
    http_status = 500


class WarehouseNotReady(Transient):
    """The warehouse has no such table yet: it is being filled for the first time, or built anew. Detail: reason."""

    code = "warehouse.not_ready"


class Warehouse:
    """A connection to one warehouse database. Threads may share it: it keeps no session, each call stands alone."""

    def __init__(self, client: HttpClient, *, database: str, cluster: str | None = None) -> None:
        self._client = client
        self.database = database
        self.cluster = cluster
        """Name of the ClickHouse cluster the tables are spread over, None for one server."""

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a small result. Parameters are bound by the server: `{name:Type}` in the statement.

        Raises: WarehouseAway, WarehouseRefused.
        """
        with _our_errors():
            result = self._client.query(sql, parameters=_dict(parameters), settings=_dict(settings))
            return [tuple(row) for row in result.result_rows]

    def value(self, sql: str, parameters: Mapping[str, object] | None = None) -> Any:
        """Return the first column of the only row. Raises: WarehouseAway, WarehouseRefused."""
        rows = self.rows(sql, parameters)
        assert len(rows) == 1, f"expected one row, got {len(rows)}"
        return rows[0][0]

    def arrow(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> pa.Table:
        """Return a result of any size as columns. Raises: WarehouseAway, WarehouseRefused."""
        with _our_errors():
            table: pa.Table = self._client.query_arrow(
                sql, parameters=_dict(parameters), settings=_dict(settings), use_strings=True
            )
            return table

    def command(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> None:
        """Run a statement that returns nothing of interest (DDL, SYSTEM, INSERT … SELECT). Raises: as `rows`."""
        with _our_errors():
            self._client.command(sql, parameters=_dict(parameters), settings=_dict(settings))

    def insert(self, table: str, rows: pa.Table, *, settings: Mapping[str, object] | None = None) -> None:
        """Insert columns by name; returns when they are in the table. Nulls become the column's default.

        Raises: WarehouseAway when the outcome is unknown (repeat it: facts are keyed and versioned), WarehouseRefused.
        """
        if rows.num_rows == 0:
            return
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, rows.schema) as writer:
            writer.write_table(rows)
        with _our_errors():
            self._client.raw_insert(
                f"{quote_name(self.database)}.{quote_name(table)}",
                rows.column_names,
                sink.getvalue().to_pybytes(),
                settings={"input_format_null_as_default": 1, **(settings or {})},
                fmt="ArrowStream",
            )

    def has_table(self, name: str) -> bool:
        """Say whether a table of this name exists in the database."""
        return bool(
            self.value(
                "SELECT count() FROM system.tables WHERE database = {database:String} AND name = {name:String}",
                {"database": self.database, "name": name},
            )
        )

    def version(self) -> str:
        """Return ClickHouse's version."""
        return str(self.value("SELECT version()"))

    def size_bytes(self) -> int:
        """Return what the database's tables take on disk, without parts already merged away."""
        return int(
            self.value(
                "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND database = {database:String}",
                {"database": self.database},
            )
        )

    def is_alive(self) -> bool:
        """Say whether the warehouse answers; raises nothing."""
        return self._client.ping()

    def close(self) -> None:
        """Close the kept connections."""
        self._client.close()


def connect_warehouse(url: str, token: str | None = None) -> Warehouse:
    """Connect to a warehouse and create its database when it is missing.

    Args:
        url: `http(s)://[user[:password]@]host[:port][/database][?cluster=name]`.
        token: password, when the address has none (the embedded warehouse's token).

    Raises: WarehouseAway, WarehouseRefused (also for a wrong token).
    """
    parts = urlsplit(url)
    database = unquote(parts.path.strip("/")) or "default"
    cluster = parse_qs(parts.query).get("cluster", [None])[0]
    is_secure = parts.scheme == "https"
    with _our_errors():
        client = clickhouse_connect.get_client(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or (8443 if is_secure else 8123),
            secure=is_secure,
            username=unquote(parts.username or "default"),
            password=unquote(parts.password or token or ""),
            # Without a session each request stands alone, so threads can share the client.
            autogenerate_session_id=False,
            compress=is_secure,  # beside the server it costs more than it saves
            connect_timeout=_CONNECT_TIMEOUT_SECONDS,
            send_receive_timeout=_READ_TIMEOUT_SECONDS,
            show_clickhouse_errors="scrub",
            client_name="feilun",
            tz_mode="aware",
            pool_mgr=None if is_secure else get_pool_manager(maxsize=_CONNECTIONS, num_pools=2),
        )
        assert isinstance(client, HttpClient)
        on_cluster = f" ON CLUSTER {quote_name(cluster)}" if cluster else ""
        client.command(f"CREATE DATABASE IF NOT EXISTS {quote_name(database)}{on_cluster}")
        client.database = database
    return Warehouse(client, database=database, cluster=cluster)


def quote_name(name: str) -> str:
    """Return an identifier as ClickHouse SQL writes it."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def name_list(names: Sequence[str]) -> str:
    """Return identifiers as a comma-separated list for SQL."""
    return ", ".join(map(quote_name, names))


def _dict(values: Mapping[str, object] | None) -> dict[str, Any] | None:
    return dict(values) if values else None


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except (OperationalError, HTTPError) as error:
        raise WarehouseAway(f"the warehouse does not answer: {error}", reason=str(error)) from error
    except ClickHouseError as error:
        number = getattr(error, "code", None)
        if number in _NO_SUCH_TABLE:
            raise WarehouseNotReady(f"the warehouse is not ready: {error}", reason=str(error)) from error
        raise WarehouseRefused(f"the warehouse refused: {error}", number=number, reason=str(error)) from error
