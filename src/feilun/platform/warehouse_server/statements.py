"""What the front must know of a statement before ClickHouse sees it: where insert data begins, and which format leaves.

Pure. It recognises, it does not parse: a statement it does not recognise is passed to ClickHouse as it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_NAME: Final = rb"(?:`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\"|[A-Za-z_][\w$]*)"
_INSERT_DATA: Final = re.compile(
    rb"\s*(?P<sql>INSERT\s+INTO\s+(?:TABLE\s+)?"
    + _NAME
    + rb"(?:\s*\.\s*"
    + _NAME
    + rb")?"
    + rb"(?:\s*\((?:[^()`\"]|`(?:[^`\\]|\\.)*`|\"(?:[^\"\\]|\\.)*\")*\))?"
    + rb"(?:\s+SETTINGS\s+[^;]*?)?)"
    + rb"\s+FORMAT\s+(?P<format>[A-Za-z]\w*)(?:[ \t]*;)?(?:[ \t]*\r?\n|[ \t]+|$)",
    re.IGNORECASE,
)
_SELECT: Final = re.compile(r"(?:\s|\(|--[^\n]*\n|/\*.*?\*/)*(?:SELECT|WITH)\b", re.IGNORECASE | re.DOTALL)
_FORMAT_TAIL: Final = re.compile(
    r"\sFORMAT\s+(?P<format>[A-Za-z]\w*)(?P<settings>\s+SETTINGS\s[^;']*(?:'[^']*'[^;']*)*)?\s*;?\s*$",
    re.IGNORECASE,
)
_STREAMED: Final = frozenset({"Native", "TabSeparated", "TSV", "CSV", "RowBinary", "JSONEachRow"})
"""Formats of which chDB's chunks, put together, are one valid result; others would repeat headers and footers per chunk."""


@dataclass(frozen=True, slots=True)
class InsertData:
    """An INSERT whose rows follow in the body."""

    sql: str
    """The statement without its FORMAT clause."""
    data_format: str
    data_start: int
    """Index of the first byte of data in the text that was looked at."""


def find_insert_data(head: bytes) -> InsertData | None:
    """Return where data begins if `head` starts with `INSERT INTO t (…) [SETTINGS …] FORMAT f`, else None."""
    found = _INSERT_DATA.match(head)
    if found is None:
        return None
    return InsertData(found["sql"].decode(), found["format"].decode(), found.end())


def is_select(sql: str) -> bool:
    """Say whether chDB can stream the statement's result: it does so for SELECT only, not for SHOW, DESCRIBE or EXPLAIN."""
    return _SELECT.match(sql) is not None


def output_format(sql: str, default: str) -> str:
    """Return the format the result will have: the statement's own FORMAT clause or the default."""
    found = _FORMAT_TAIL.search(sql)
    return found["format"] if found else default


def without_format(sql: str) -> str:
    """Return the statement without its trailing FORMAT clause and semicolon, to be put in parentheses."""
    found = _FORMAT_TAIL.search(sql)
    if found is not None:
        sql = sql[: found.start()] + (found["settings"] or "")
    return sql.rstrip().rstrip(";")


def may_stream(data_format: str) -> bool:
    """Say whether chunks of this format concatenate to one valid result."""
    return data_format in _STREAMED


def native_header(columns: Sequence[tuple[str, str]]) -> bytes:
    """Return a Native block with names and types of the columns and no rows."""
    block = bytearray(_varint(len(columns)) + _varint(0))
    for name, type_name in columns:
        for text in (name.encode(), type_name.encode()):
            block += _varint(len(text)) + text
    return bytes(block)


def _varint(number: int) -> bytes:
    encoded = bytearray()
    while number >= 0x80:  # noqa: PLR2004 — LEB128: seven bits per byte, the eighth says that more follow
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
