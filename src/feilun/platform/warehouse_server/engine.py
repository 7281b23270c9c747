"""chDB behind typed calls: several connections on one data directory, one per request.

A chDB connection runs one query at a time and keeps `USE` and `SET`; opening one on an engine that is already up costs
0.3 ms (ADR-0003), so each request gets its own and takes its state with it when it goes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from chdb import _chdb

from feilun.platform.warehouse_server.statements import (
    is_select,
    may_stream,
    native_header,
    output_format,
    without_format,
)

_ERROR_CODE: Final = re.compile(r"Code: (\d+)\. DB::")
_UNKNOWN_EXCEPTION: Final = 1002
_SYNTAX_ERROR: Final = 62
_SETTING_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")


class EngineError(Exception):
    """ClickHouse refused or failed; `code` is its error number, the text begins with `Code: N. DB::Exception:`."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def engine_error(code: int, name: str, message: str) -> EngineError:
    """Build an error of this front in ClickHouse's words."""
    return EngineError(code, f"Code: {code}. DB::Exception: {message} ({name})")


def _from_driver(error: RuntimeError) -> EngineError:
    text = str(error)
    found = _ERROR_CODE.search(text)
    if found is None:
        return engine_error(_UNKNOWN_EXCEPTION, "UNKNOWN_EXCEPTION", text)
    return EngineError(int(found[1]), text[found.start() :])


class Session:
    """One connection for one request. Not for use by two threads at once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.rows_written = 0
        self.rows_read = 0

    def close(self) -> None:
        """Give the connection back to the engine."""
        self._connection.close()

    def configure(self, *, settings: Mapping[str, str], database: str | None) -> None:
        """Apply settings and the current database. Raises: EngineError."""
        if settings:
            for name in settings:
                if not _SETTING_NAME.fullmatch(name):
                    raise engine_error(115, "UNKNOWN_SETTING", f"Unknown setting {name!r}")
            pairs = ", ".join(f"{name} = {_quoted(value)}" for name, value in settings.items())
            self._query(f"SET {pairs}", "TabSeparated", {})
        if database:
            self._query(
                "USE `" + database.replace("\\", "\\\\").replace("`", "\\`") + "`", "TabSeparated", {}
            )

    def run(self, sql: str, *, default_format: str, params: Mapping[str, str]) -> Iterator[bytes]:
        """Run one statement and yield its result in the statement's own or the default format. Raises: EngineError."""
        if self._connection.classify_query(sql)["statement_count"] > 1:
            raise engine_error(_SYNTAX_ERROR, "SYNTAX_ERROR", "Multi-statements are not allowed")
        chosen = output_format(sql, default_format)
        if not (is_select(sql) and may_stream(chosen)):
            yield self._query(sql, default_format, params)
            return
        is_empty = True
        for chunk in self._stream(sql, default_format, params):
            is_empty = False
            yield chunk
        if is_empty and chosen == "Native":
            # chDB sends no bytes for no rows; ClickHouse sends a header, from which clients learn the columns.
            yield native_header(self._describe(without_format(sql), params))

    def insert(self, sql: str, *, data_format: str, chunks: Iterable[bytes]) -> None:
        """Feed encoded rows into an INSERT; returns when they are in the table. Raises: EngineError."""
        try:
            inserter = self._connection.send_insert(sql, data_format)
        except RuntimeError as error:
            raise _from_driver(error) from None
        try:
            for chunk in chunks:
                self._connection.insert_append(inserter, chunk)
            result = self._connection.insert_done(inserter)
        except RuntimeError as error:
            raise _from_driver(error) from None
        except BaseException:
            self._connection.insert_cancel(inserter)
            raise
        self.rows_written = result.rows_written()

    def _query(self, sql: str, data_format: str, params: Mapping[str, str]) -> bytes:
        try:
            result = self._connection.query(sql, data_format, params=dict(params))
        except RuntimeError as error:
            raise _from_driver(error) from None
        self.rows_written = result.rows_written()
        self.rows_read = result.storage_rows_read()
        return bytes(result.bytes())

    def _stream(self, sql: str, data_format: str, params: Mapping[str, str]) -> Iterator[bytes]:
        try:
            stream = self._connection.send_query(sql, data_format, params=dict(params))
        except RuntimeError as error:
            raise _from_driver(error) from None
        is_open = True
        try:
            while True:
                part = self._connection.streaming_fetch_result(stream)
                if part is None or part.rows_read() == 0:
                    is_open = False
                    return
                yield bytes(part.bytes())
        except RuntimeError as error:
            is_open = False
            raise _from_driver(error) from None
        finally:
            if is_open:
                self._connection.streaming_cancel_query(stream)

    def _describe(self, select: str, params: Mapping[str, str]) -> list[tuple[str, str]]:
        body = self._query(f"DESCRIBE TABLE (\n{select}\n)", "JSONCompactEachRow", params)
        return [(row[0], row[1]) for row in map(json.loads, body.splitlines())]


class Engine:
    """The chDB engine of this process. One data directory per process, for as long as it lives."""

    def __init__(self, data_dir: Path, *, options: Mapping[str, str | int]) -> None:
        self._url = f"{data_dir}?{urlencode(options)}"
        self._anchor = self._connect()
        """Keeps the engine up between requests; used by one administrative thread only."""

    def _connect(self) -> Any:
        try:
            return _chdb.connect(self._url)  # type: ignore[attr-defined]  # a compiled module without stubs
        except RuntimeError as error:
            raise _from_driver(error) from None

    def open_session(self) -> Session:
        """Open a connection with the engine's default settings."""
        return Session(self._connect())

    def kill(self, tag: str) -> None:
        """Cancel the queries that run with this `log_comment`."""
        self._anchor.query(f"KILL QUERY WHERE Settings['log_comment'] = {_quoted(tag)} ASYNC", "TabSeparated")

    def kill_all(self) -> None:
        """Cancel every running query."""
        self._anchor.query("KILL QUERY WHERE Settings['log_comment'] != '' ASYNC", "TabSeparated")

    def release_memory(self) -> None:
        """Return freed memory to the operating system; a large query otherwise leaves its peak resident."""
        self._anchor.query("SYSTEM JEMALLOC PURGE", "TabSeparated")

    def close(self) -> None:
        """Stop the engine; all sessions must be closed."""
        self._anchor.close()


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
