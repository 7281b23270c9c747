"""SQL that reads facts for the warehouse. Rows leave PostgreSQL as CSV and become Arrow columns without passing Python objects.

A changed category of a big product range touches every line at once; as Python rows that would take gigabytes.
"""

from collections.abc import Iterable, Sequence
from io import BytesIO
from typing import Final

import pyarrow as pa
from pyarrow import csv

from feilun.orders.internal.store_intake import ORDERS, Stream
from feilun.platform.db import UnitOfWork

ANONYMOUS: Final = 0
"""Stands for 'nobody' in key columns, which cannot be null; person ids begin at 1."""

_SHARED: Final = (
    f"coalesce(l.person_id, {ANONYMOUS}) AS person_id, l.line_id, coalesce(l.product_id, 0) AS product_id, h.source,"
    " coalesce(h.store_code, '') AS store_code, coalesce(h.channel, '') AS channel, h.currency, h.state, l.kind,"
    " coalesce(l.sku, '') AS sku, l.quantity, l.unit_price, l.amount"
)
_ORDER: Final = (
    "h.order_id, floor(extract(epoch FROM h.ordered_at) * 1000)::bigint AS ordered_at, h.kind AS order_kind,"
    " coalesce(h.country, '') AS country, coalesce(h.province, '') AS province, coalesce(h.city, '') AS city, l.discount,"
    " h.total_amount AS order_total"
)
_REFUND: Final = "h.refund_id, floor(extract(epoch FROM h.refunded_at) * 1000)::bigint AS refunded_at, h.with_goods, l.matched_quantity"
_ARROW_TYPES: Final = {
    **dict.fromkeys(
        ("person_id", "line_id", "product_id", "order_id", "refund_id", "ordered_at", "refunded_at"),
        pa.int64(),
    ),
    **dict.fromkeys(
        (
            "source",
            "store_code",
            "channel",
            "currency",
            "state",
            "kind",
            "sku",
            "order_kind",
            "country",
            "province",
            "city",
        ),
        pa.string(),
    ),
    **dict.fromkeys(
        ("quantity", "amount", "discount", "order_total", "matched_quantity"), pa.decimal128(18, 4)
    ),
    "unit_price": pa.decimal128(18, 6),
    "with_goods": pa.bool_(),
    "version": pa.uint64(),
    "is_deleted": pa.uint8(),
}


def read_record_facts(uow: UnitOfWork, stream: Stream, versions: dict[int, int]) -> pa.Table:
    """Return the lines of records, removed ones marked deleted, with the version given for each record."""
    return _read(
        uow,
        f"SELECT {_columns(stream)}, v.version, (l.removed_at IS NOT NULL)::int AS is_deleted"
        " FROM unnest(%(ids)s::bigint[], %(versions)s::bigint[]) AS v (id, version)"
        f" JOIN {stream.heads} h ON h.{stream.id_column} = v.id"
        f" JOIN {stream.lines} l ON l.{stream.id_column} = h.{stream.id_column}",
        {"ids": list(versions), "versions": list(versions.values())},
    )


def read_product_facts(
    uow: UnitOfWork, stream: Stream, versions: dict[int, int], *, without: Iterable[int]
) -> pa.Table:
    """Return the live lines of products, with the version given for each product, except those of some records."""
    return _read(
        uow,
        f"SELECT {_columns(stream)}, v.version, 0 AS is_deleted"
        " FROM unnest(%(ids)s::bigint[], %(versions)s::bigint[]) AS v (id, version)"
        f" JOIN {stream.lines} l ON l.product_id = v.id"
        f" JOIN {stream.heads} h ON h.{stream.id_column} = l.{stream.id_column}"
        f" WHERE l.removed_at IS NULL AND h.{stream.id_column} <> ALL (%(without)s::bigint[])",
        {"ids": list(versions), "versions": list(versions.values()), "without": list(without)},
    )


def read_left_keys(uow: UnitOfWork, stream: Stream, moves: Sequence[tuple[int, int, int]]) -> pa.Table:
    """Return deletions for lines of records that left a person: (record id, previous person or 0, version)."""
    return _read(
        uow,
        "SELECT v.person_id, l.line_id, max(v.version) AS version, 1 AS is_deleted"
        " FROM unnest(%(ids)s::bigint[], %(persons)s::bigint[], %(versions)s::bigint[]) AS v (id, person_id, version)"
        f" JOIN {stream.lines} l ON l.{stream.id_column} = v.id"
        f" WHERE v.person_id <> coalesce(l.person_id, {ANONYMOUS}) GROUP BY v.person_id, l.line_id",
        {
            "ids": [move[0] for move in moves],
            "persons": [move[1] for move in moves],
            "versions": [move[2] for move in moves],
        },
    )


def read_page(uow: UnitOfWork, stream: Stream, *, after: int, limit: int) -> pa.Table:
    """Return the next live lines by id."""
    return _read(
        uow,
        f"SELECT {_columns(stream)} FROM {stream.lines} l JOIN {stream.heads} h USING ({stream.id_column})"
        " WHERE l.line_id > %(after)s AND l.removed_at IS NULL ORDER BY l.line_id LIMIT %(limit)s",
        {"after": after, "limit": limit},
    )


def _columns(stream: Stream) -> str:
    return f"{_SHARED}, {_ORDER if stream is ORDERS else _REFUND}"


def _read(uow: UnitOfWork, query: str, values: dict[str, object]) -> pa.Table:
    target = BytesIO()
    with (
        uow.driver.cursor() as cursor,
        cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv, HEADER)".encode(), values) as copy,
    ):
        for block in copy:
            target.write(block)
    target.seek(0)
    return csv.read_csv(
        target,
        parse_options=csv.ParseOptions(newlines_in_values=True),
        convert_options=csv.ConvertOptions(
            column_types=_ARROW_TYPES, strings_can_be_null=False, true_values=["t"], false_values=["f"]
        ),
    )
