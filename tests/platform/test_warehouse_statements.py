"""What the warehouse front recognises of a statement, and what it leaves alone."""

import gzip
import zlib
from collections.abc import Callable

import lz4.frame  # type: ignore[import-untyped]
import pytest

from feilun.platform.warehouse_server.compression import BodyBroken, decompress
from feilun.platform.warehouse_server.statements import (
    find_insert_data,
    is_select,
    native_header,
    output_format,
    without_format,
)


@pytest.mark.parametrize(
    ("text", "sql", "data_format", "data"),
    [
        (b"INSERT INTO t FORMAT Native\n\x01\x02", "INSERT INTO t", "Native", b"\x01\x02"),
        (
            b"insert into `d b`.`t` (`a)`, b) FORMAT CSV\r\n1,2",
            "insert into `d b`.`t` (`a)`, b)",
            "CSV",
            b"1,2",
        ),
        (
            b"INSERT INTO t SETTINGS a = 1, b = 'x' FORMAT JSONEachRow {}",
            "INSERT INTO t SETTINGS a = 1, b = 'x'",
            "JSONEachRow",
            b"{}",
        ),
        (b"INSERT INTO TABLE d.t FORMAT ArrowStream\n", "INSERT INTO TABLE d.t", "ArrowStream", b""),
        (b"INSERT INTO t FORMAT Native\n\n", "INSERT INTO t", "Native", b"\n"),
    ],
)
def test_insert_data_begins_after_the_format(text: bytes, sql: str, data_format: str, data: bytes) -> None:
    found = find_insert_data(text)

    assert found is not None
    assert (found.sql, found.data_format, text[found.data_start :]) == (sql, data_format, data)


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO t VALUES (1, ' FORMAT CSV ')",
        b"INSERT INTO t SELECT 'x' FORMAT CSV",
        b"INSERT INTO t (a) VALUES (1)",
        b"SELECT 1 FORMAT Native",
        b"",
    ],
)
def test_statement_without_insert_data_is_left_alone(text: bytes) -> None:
    assert find_insert_data(text) is None


def test_format_clause_wins_over_the_default() -> None:
    assert output_format("SELECT 1\n FORMAT Native", "CSV") == "Native"
    assert output_format("SELECT 1 format JSON SETTINGS max_threads = 1;", "CSV") == "JSON"
    assert output_format("SELECT ' FORMAT JSON'", "CSV") == "CSV"
    assert output_format("SELECT 1", "CSV") == "CSV"


def test_statement_is_described_without_its_format() -> None:
    assert without_format("SELECT 1\n FORMAT Native") == "SELECT 1"
    assert without_format("SELECT 1 FORMAT JSON SETTINGS a = 'b;c' ; ") == "SELECT 1 SETTINGS a = 'b;c'"
    assert without_format("SELECT 1 ;") == "SELECT 1 "


@pytest.mark.parametrize(
    "sql", ["select 1", " (SELECT 1)", "-- why\nWITH 1 AS x SELECT x", "/* a */ SELECT 1"]
)
def test_select_is_recognised_behind_comments_and_parentheses(sql: str) -> None:
    assert is_select(sql)


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES", "selectx", "DESCRIBE TABLE t", "EXPLAIN SELECT 1", "ALTER TABLE t"]
)
def test_other_statements_are_no_select(sql: str) -> None:
    assert not is_select(sql)


def test_native_header_carries_long_names() -> None:
    name = "名" * 50

    header = native_header([(name, "Int8")])

    assert header == b"\x01\x00\x96\x01" + name.encode() + b"\x04Int8"


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [("gzip", gzip.compress), ("deflate", zlib.compress), ("lz4", lz4.frame.compress)],
)
def test_body_of_several_frames_is_decompressed_whatever_its_chunks(
    encoding: str, compress: Callable[[bytes], bytes]
) -> None:
    body = compress(b"a" * 1000) + compress(b"b" * 1000)
    chunks = [body[start : start + 7] for start in range(0, len(body), 7)]

    assert b"".join(decompress(chunks, encoding)) == b"a" * 1000 + b"b" * 1000


def test_truncated_or_wrong_body_is_refused() -> None:
    with pytest.raises(BodyBroken):
        list(decompress([gzip.compress(b"a" * 1000)[:-9]], "gzip"))
    with pytest.raises(BodyBroken):
        list(decompress([b"no lz4 at all"], "lz4"))
