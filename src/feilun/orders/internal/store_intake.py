"""SQL that takes in orders and refunds: heads through a staging table, lines by COPY. Both streams share the statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from psycopg import sql
from sqlalchemy import text

from feilun.kernel.ids import PersonId, ProductId
from feilun.orders.contracts import LineKind
from feilun.orders.internal.domain import Draft, Head, LineDraft, StoredLine
from feilun.platform.db import UnitOfWork

_COPY_LINES: Final = 4_000
"""Lines per piece of the COPY stream: half a megabyte, big enough that the call costs nothing."""
_NULL: Final = "\\N"
_KIND: Final = {kind.value: kind for kind in LineKind}


@dataclass(frozen=True, slots=True)
class Stream:
    """Where orders or refunds are stored. All names are constants of this module."""

    heads: str
    lines: str
    id_column: str
    time_column: str
    columns: tuple[str, ...]
    """What inputs say of a head; 'happened_at' stands for the time column. Order matters: it is part of the content hash."""
    later: tuple[str, ...]
    """What inputs say of a head since migration 0008; in the content hash only where it has a value."""
    derived: tuple[str, ...]

    @property
    def said_columns(self) -> tuple[str, ...]:
        """All that inputs say of a head."""
        return (*self.columns, *self.later)

    @property
    def stored_columns(self) -> tuple[str, ...]:
        """All written columns in staging order."""
        named = tuple(self.time_column if name == "happened_at" else name for name in self.said_columns)
        return (self.id_column, "source", "number", "person_id", *named, *self.derived, *_COMMON)

    def derived_values(self, head: Head) -> tuple[object, ...]:
        """The values of the derived columns."""
        totals = head.totals
        amounts = (
            totals.line_count,
            totals.goods_amount,
            totals.fee_amount,
            totals.adjustment_amount,
            head.total_amount if self is ORDERS else totals.lines_amount,
        )
        if self is ORDERS:
            return (totals.kind.value, totals.discount, *amounts)
        return (totals.has_goods, *amounts)


_COMMON: Final = ("content_hash", "removed_at", "first_seen_at", "updated_at")
_AMOUNTS: Final = ("line_count", "goods_amount", "fee_amount", "adjustment_amount", "total_amount")
ORDERS: Final = Stream(
    heads="orders",
    lines="order_lines",
    id_column="order_id",
    time_column="ordered_at",
    columns=(
        "happened_at", "state", "raw_state", "store_code", "channel", "currency", "paid_at", "completed_at", "country",
        "province", "city", "paid_amount",
    ),
    later=("order_discount", "stated_total"),
    derived=("kind", "discount", *_AMOUNTS),
)  # fmt: skip
REFUNDS: Final = Stream(
    heads="refunds",
    lines="refund_lines",
    id_column="refund_id",
    time_column="refunded_at",
    columns=("happened_at", "state", "raw_state", "store_code", "channel", "currency"),
    later=("refund_of",),
    derived=("with_goods", *_AMOUNTS),
)


class StoredHead(NamedTuple):
    """A stored head as comparison needs it."""

    record_id: int
    number: str
    person_id: PersonId | None
    content_hash: bytes
    values: Mapping[str, object]


def find_heads(
    uow: UnitOfWork, stream: Stream, source: str, numbers: Sequence[str], *, for_update: bool = False
) -> dict[str, StoredHead]:
    """Return stored heads by number; locked in number order when asked, so that two intakes cannot deadlock."""
    columns = ", ".join(stream.time_column if name == "happened_at" else name for name in stream.said_columns)
    lock = " ORDER BY number FOR UPDATE" if for_update else ""
    rows = uow.connection.execute(
        text(
            f"SELECT {stream.id_column}, number, person_id, content_hash, {columns} FROM {stream.heads}"
            f" WHERE source = :source AND number = ANY(:numbers){lock}"
        ),
        {"source": source, "numbers": list(numbers)},
    )
    return {
        row[1]: StoredHead(
            row[0], row[1], row[2], bytes(row[3]), dict(zip(stream.said_columns, tuple(row)[4:], strict=True))
        )
        for row in rows
    }


def find_lines(uow: UnitOfWork, stream: Stream, record_ids: Sequence[int]) -> dict[int, list[StoredLine]]:
    """Return the stored lines of records, removed ones included."""
    rows = uow.connection.execute(
        text(
            f"SELECT {stream.id_column}, line_id, line_key, kind, amount, discount, removed_at IS NOT NULL"
            f" FROM {stream.lines} WHERE {stream.id_column} = ANY(:ids) ORDER BY line_id"
        ),
        {"ids": list(record_ids)},
    )
    lines: dict[int, list[StoredLine]] = {record_id: [] for record_id in record_ids}
    for record_id, line_id, key, kind, amount, discount, is_removed in rows:
        lines[record_id].append(StoredLine(line_id, bytes(key), _KIND[kind], amount, discount, is_removed))
    return lines


def _stage(uow: UnitOfWork, stream: Stream, source: str, heads: Iterable[Head]) -> None:
    staging = f"staged_{stream.heads}"
    uow.connection.execute(
        text(
            f"CREATE TEMP TABLE IF NOT EXISTS {staging} ON COMMIT DROP AS SELECT * FROM {stream.heads} WITH NO DATA"
        )
    )
    uow.connection.execute(text(f"TRUNCATE {staging}"))
    uow.copy_rows(
        staging,
        stream.stored_columns,
        [
            (
                head.record_id,
                source,
                head.number,
                head.person_id,
                *[head.values.get(name) for name in stream.said_columns],
                *stream.derived_values(head),
                head.content_hash,
                None if head.totals.line_count else uow.now,
                uow.now,
                uow.now,
            )
            for head in heads
        ],
    )


def insert_heads(uow: UnitOfWork, stream: Stream, source: str, heads: Sequence[Head]) -> dict[str, int]:
    """Store new heads; returns ids by number, without those that another transaction stored meanwhile."""
    _stage(uow, stream, source, heads)
    columns = ", ".join(stream.stored_columns[1:])
    rows = uow.connection.execute(
        text(
            f"INSERT INTO {stream.heads} ({columns}) SELECT {columns} FROM staged_{stream.heads} ORDER BY number"
            f" ON CONFLICT (source, number) DO NOTHING RETURNING number, {stream.id_column}"
        )
    )
    return {row.number: row[1] for row in rows}


def update_heads(uow: UnitOfWork, stream: Stream, source: str, heads: Sequence[Head]) -> None:
    """Store changed heads, and the person on their lines, payments and shipments where it changed."""
    _stage(uow, stream, source, heads)
    names = [name for name in stream.stored_columns[3:] if name != "first_seen_at"]
    assignments = ", ".join(f"{name} = s.{name}" for name in names)
    key = stream.id_column
    uow.connection.execute(
        text(
            f"UPDATE {stream.heads} h SET {assignments} FROM staged_{stream.heads} s WHERE h.{key} = s.{key}"
        )
    )
    dependants = (stream.lines, "payments", "shipments") if stream is ORDERS else (stream.lines,)
    for table in dependants:
        uow.connection.execute(
            text(
                f"UPDATE {table} t SET person_id = s.person_id FROM staged_{stream.heads} s"
                f" WHERE t.{key} = s.{key} AND t.person_id IS DISTINCT FROM s.person_id"
            )
        )


def copy_lines(
    uow: UnitOfWork,
    stream: Stream,
    records: Iterable[tuple[Head, Mapping[bytes, LineDraft]]],
    products: Mapping[str, ProductId],
) -> None:
    """Store new lines of records this transaction holds.

    The COPY text is built here because adapting values one by one would take half of the whole intake's time.
    """
    is_refund = stream is REFUNDS
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(stream.lines),
        sql.SQL(", ").join(
            map(
                sql.Identifier,
                (
                    stream.id_column, "person_id", "line_key", "kind", "product_id", "sku", "description", "quantity",
                    "unit_price", "amount", "discount", *(("unmatched_reason",) if is_refund else ()),
                ),
            )
        ),
    )  # fmt: skip
    tails: dict[int, str] = {}
    """COPY text of a line behind its key, by the line object: equal lines of a batch share one."""
    with uow.driver.cursor() as cursor, cursor.copy(statement) as copy:
        block: list[str] = []
        for head, lines in records:
            person = _NULL if head.person_id is None else head.person_id
            prefix = f"{head.record_id}\t{person}\t\\\\x"
            for key, line in lines.items():
                tail = tails.get(id(line))
                if tail is None:
                    tail = tails[id(line)] = _tail(line, products)
                if is_refund:
                    tail = f"{tail}\t{initial_reason(head, line)}"
                block.append(f"{prefix}{key.hex()}{tail}\n")
            if len(block) >= _COPY_LINES:
                copy.write("".join(block))
                block.clear()
        copy.write("".join(block))


def _tail(line: LineDraft, products: Mapping[str, ProductId]) -> str:
    item = f"{_NULL}\t{_NULL}" if line.sku is None else f"{products[line.sku]}\t{_escaped(line.sku)}"
    description = _NULL if line.description is None else _escaped(line.description)
    return f"\t{line.kind.value}\t{item}\t{description}\t{line.numbers.text}"


def initial_reason(head: Head, line: LineDraft) -> str:
    """Return why a refund line is not matched, before matching has run."""
    if line.numbers.quantity <= 0:
        return "correction"
    if line.sku is None:
        return "no_product"
    is_anonymous = head.person_id is None and head.values.get("refund_of") is None
    return "anonymous" if is_anonymous else "pending"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def mark_lines(
    uow: UnitOfWork,
    stream: Stream,
    *,
    removed: Sequence[int],
    restored: Sequence[int],
    kinds: Mapping[int, LineKind],
) -> None:
    """Remove lines (they stay as tombstones, so that copies elsewhere can be deleted), bring them back, judge them anew."""
    for line_ids, moment in ((removed, uow.now), (restored, None)):
        if line_ids:
            uow.connection.execute(
                text(f"UPDATE {stream.lines} SET removed_at = :moment WHERE line_id = ANY(:ids)"),
                {"moment": moment, "ids": list(line_ids)},
            )
    if kinds:
        uow.connection.execute(
            text(
                f"UPDATE {stream.lines} l SET kind = item.kind"
                " FROM unnest(CAST(:ids AS bigint[]), CAST(:kinds AS text[])) AS item (id, kind) WHERE l.line_id = item.id"
            ),
            {"ids": list(kinds), "kinds": [kind.value for kind in kinds.values()]},
        )


def upsert_payments(uow: UnitOfWork, drafts: Iterable[tuple[int, PersonId | None, Draft]]) -> set[int]:
    """Store payments by order, method and number; returns the orders for which anything changed."""
    rows = [
        (order_id, person_id, p.method, p.number, p.amount, p.paid_at)
        for order_id, person_id, d in drafts
        for p in d.payments
    ]
    if not rows:
        return set()
    columns = list(zip(*rows, strict=True))
    changed = uow.connection.execute(
        text(
            "INSERT INTO payments AS p (order_id, person_id, method, number, amount, paid_at)"
            " SELECT * FROM unnest(CAST(:orders AS bigint[]), CAST(:persons AS bigint[]), CAST(:methods AS text[]),"
            "  CAST(:numbers AS text[]), CAST(:amounts AS numeric[]), CAST(:times AS timestamptz[]))"
            " ON CONFLICT (order_id, method, number) DO UPDATE SET amount = coalesce(excluded.amount, p.amount),"
            "  paid_at = coalesce(excluded.paid_at, p.paid_at)"
            " WHERE (p.amount, p.paid_at) IS DISTINCT FROM"
            "  (coalesce(excluded.amount, p.amount), coalesce(excluded.paid_at, p.paid_at)) RETURNING p.order_id"
        ),
        dict(
            zip(
                ("orders", "persons", "methods", "numbers", "amounts", "times"),
                map(list, columns),
                strict=True,
            )
        ),
    )
    return {row.order_id for row in changed}


def upsert_shipments(uow: UnitOfWork, drafts: Iterable[tuple[int, PersonId | None, Draft]]) -> set[int]:
    """Store shipments by order and number with their tracks; returns the orders for which anything changed."""
    rows = []
    tracks: list[tuple[int, str, str, datetime]] = []
    for order_id, person_id, draft in drafts:
        for s in draft.shipments:
            rows.append((order_id, person_id, s.number, s.carrier, s.state, s.raw_state))
            tracks.extend((order_id, s.number, state, moment) for state, moment in s.tracks)
    if not rows:
        return set()
    columns = list(zip(*rows, strict=True))
    changed = uow.connection.execute(
        text(
            "WITH input AS (SELECT * FROM unnest(CAST(:orders AS bigint[]), CAST(:persons AS bigint[]),"
            "  CAST(:numbers AS text[]), CAST(:carriers AS text[]), CAST(:states AS text[]), CAST(:raw AS text[]))"
            "  AS input (order_id, person_id, number, carrier, state, raw_state))"
            " MERGE INTO shipments s USING input i ON s.order_id = i.order_id AND s.number = i.number"
            " WHEN MATCHED AND (s.carrier, s.state, s.raw_state) IS DISTINCT FROM"
            "  (coalesce(i.carrier, s.carrier), coalesce(i.state, s.state), coalesce(i.raw_state, s.raw_state))"
            "  THEN UPDATE SET carrier = coalesce(i.carrier, s.carrier), state = coalesce(i.state, s.state),"
            "  raw_state = coalesce(i.raw_state, s.raw_state)"
            " WHEN NOT MATCHED THEN INSERT (order_id, person_id, number, carrier, state, raw_state)"
            "  VALUES (i.order_id, i.person_id, i.number, i.carrier, coalesce(i.state, 'created'), i.raw_state)"
            " RETURNING s.order_id"
        ),
        dict(
            zip(
                ("orders", "persons", "numbers", "carriers", "states", "raw"), map(list, columns), strict=True
            )
        ),
    )
    return {row.order_id for row in changed} | _insert_tracks(uow, tracks)


def _insert_tracks(uow: UnitOfWork, tracks: Sequence[tuple[int, str, str, datetime]]) -> set[int]:
    if not tracks:
        return set()
    columns = list(zip(*tracks, strict=True))
    added = uow.connection.execute(
        text(
            "WITH added AS (INSERT INTO shipment_tracks (shipment_id, state, happened_at)"
            "  SELECT s.shipment_id, i.state, i.happened_at FROM unnest(CAST(:orders AS bigint[]), CAST(:numbers AS text[]),"
            "   CAST(:states AS text[]), CAST(:times AS timestamptz[])) AS i (order_id, number, state, happened_at)"
            "  JOIN shipments s USING (order_id, number) ON CONFLICT DO NOTHING RETURNING shipment_id)"
            " SELECT DISTINCT s.order_id FROM added JOIN shipments s USING (shipment_id)"
        ),
        dict(zip(("orders", "numbers", "states", "times"), map(list, columns), strict=True)),
    )
    return {row.order_id for row in added}


def add_matching_due(uow: UnitOfWork, person_ids: Iterable[int]) -> None:
    """Note people whose refunds have to be matched again."""
    uow.connection.execute(
        text(
            "INSERT INTO refund_matching_due (person_id, due_since)"
            " SELECT id, :now FROM unnest(CAST(:ids AS bigint[])) AS id ON CONFLICT DO NOTHING"
        ),
        {"ids": sorted(person_ids), "now": uow.now},
    )


def add_orders_due(uow: UnitOfWork, source: str, numbers: Iterable[str]) -> None:
    """Note order numbers whose refunds, which name them, have to be matched again."""
    uow.connection.execute(
        text(
            "INSERT INTO refund_orders_due (source, number, due_since)"
            " SELECT :source, number, :now FROM unnest(CAST(:numbers AS text[])) AS number ON CONFLICT DO NOTHING"
        ),
        {"source": source, "numbers": sorted(numbers), "now": uow.now},
    )


def named_orders(uow: UnitOfWork, source: str, numbers: Iterable[str]) -> set[str]:
    """Return those of the order numbers that refunds of the source name."""
    rows = uow.connection.execute(
        text(
            "SELECT wanted.number FROM unnest(CAST(:numbers AS text[])) AS wanted (number)"
            " WHERE EXISTS (SELECT 1 FROM refunds r WHERE r.source = :source AND r.refund_of = wanted.number)"
        ),
        {"source": source, "numbers": list(numbers)},
    )
    return {row.number for row in rows}
