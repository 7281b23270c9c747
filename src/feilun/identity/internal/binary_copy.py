"""COPY in PostgreSQL's binary format, with rows joined from ready-made pieces.

Bulk linking writes several rows per person. Adapting their values one by one, and having the server read moments and
hexadecimal text, would cost more than sealing them. Format: PostgreSQL manual, COPY, "Binary Format".
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Final

from psycopg import sql

from feilun.platform.db import UnitOfWork

_HEADER: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
_TRAILER: Final = b"\xff\xff"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
_ROWS_AT_ONCE: Final = 256
"""The server works on these while the next ones are made."""

NULL: Final = struct.pack(">i", -1)
"""A column without a value."""
length: Final = struct.Struct(">i").pack
"""What makes the four bytes before a value, which say how long it is."""
_BIGINT_BYTES: Final = 8


def row_start(columns: Sequence[str]) -> Callable[[int], bytes]:
    """Return what makes the beginning of a row of these columns out of its first value, a bigint."""
    return partial(struct.Struct(">hiq").pack, len(columns), _BIGINT_BYTES)


def of_bytes(value: bytes) -> bytes:
    """Return a bytea as a column."""
    return length(len(value)) + value


def of_text(value: str) -> bytes:
    """Return a text as a column."""
    return of_bytes(value.encode())


def of_boolean(value: bool) -> bytes:  # noqa: FBT001 — the value itself
    """Return a boolean as a column."""
    return of_bytes(b"\x01" if value else b"\x00")


def of_moment(value: datetime) -> bytes:
    """Return a timestamptz as a column."""
    return of_bytes(struct.pack(">q", (value - _EPOCH) // timedelta(microseconds=1)))


def copy_binary(uow: UnitOfWork, table: str, columns: Sequence[str], rows: Iterator[bytes]) -> None:
    """COPY rows into a table of this transaction; each has its columns in this order."""
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with uow.driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(_HEADER)
        while some := b"".join(islice(rows, _ROWS_AT_ONCE)):
            copy.write(some)
        copy.write(_TRAILER)
