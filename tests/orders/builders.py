"""Short ways to say what an order file holds, and to see what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

from sqlalchemy import text

from feilun.catalog import api as catalog
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import ApplyContext, MappedRow, OutcomeState, PersonDetails
from feilun.kernel.ids import PersonId
from feilun.orders.intake import OrderHandler
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from tests.fakes.clock import START

DAY = timedelta(days=1)
T0 = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PREFIX = {"refund_mark": "number_prefix", "refund_prefix": "C"}


class DetailsKept:
    """A sink that keeps what orders offer."""

    def __init__(self) -> None:
        self.offered: list[PersonDetails] = []

    def offer(self, uow: UnitOfWork, details: Sequence[PersonDetails]) -> None:
        self.offered.extend(details)


def a_row(
    number: str = "1001",
    sku: str | None = "A1",
    quantity: object = 1,
    unit_price: object = "10",
    *,
    at: datetime = T0,
    customer: str | None = "K1",
    part: str = "",
    **values: object,
) -> MappedRow:
    cells: dict[str, object] = {"number": number, "ordered_at": at}
    if sku is not None:
        cells["sku"] = sku
    for name, value in (("quantity", quantity), ("unit_price", unit_price)):
        if value is not None:
            cells[name] = Decimal(str(value))
    if customer is not None:
        cells["customer_code"] = customer
    cells.update(values)
    return MappedRow(0, part, cells)


def numbered(rows: Iterable[MappedRow]) -> list[MappedRow]:
    return [MappedRow(index, row.part, row.values) for index, row in enumerate(rows, 1)]


def a_context(
    options: Mapping[str, str] | None = None,
    *,
    is_whole: bool = False,
    source: str = "erp",
    origin: Origin = Origin.BACKFILL,
) -> ApplyContext:
    return ApplyContext(source, origin, options or {}, is_whole, "Asia/Shanghai", START)


def grouped(rows: Iterable[MappedRow]) -> list[list[MappedRow]]:
    by_number = sorted(numbered(rows), key=lambda row: str(row.values["number"]))
    return [list(group) for _, group in groupby(by_number, key=lambda row: row.values["number"])]


def take(
    uow: UnitOfWork,
    *rows: MappedRow,
    options: Mapping[str, str] | None = None,
    is_whole: bool = False,
    source: str = "erp",
    details: DetailsKept | None = None,
    finish: bool = True,
) -> list[OutcomeState]:
    """Take in rows as one file and return the state of each record, by number."""
    handler = OrderHandler(catalog, details)
    context = a_context(options, is_whole=is_whole, source=source)
    for row in rows:
        assert handler.check(row, context) is None, handler.check(row, context)
    outcomes = handler.apply(uow, grouped(rows), context)
    assert sorted(row for outcome in outcomes for row in outcome.rows) == list(range(1, len(rows) + 1))
    if finish:
        handler.finish(uow, context)
    return [outcome.state for outcome in outcomes]


def the_person(uow: UnitOfWork, customer: str = "K1", source: str = "erp") -> PersonId:
    claim = IdentifierClaim(IdentifierKind.ERP_CODE, customer, source)
    person_id = identity.resolve_records(uow, [[claim]], source=source, origin=Origin.BACKFILL)[0].person_id
    assert person_id is not None
    return person_id


def order_id_of(uow: UnitOfWork, number: str, source: str = "erp") -> int:
    return int(
        uow.connection.execute(
            text("SELECT order_id FROM orders WHERE number = :number AND source = :source"),
            {"number": number, "source": source},
        ).scalar_one()
    )


def live_lines(uow: UnitOfWork, number: str) -> list[tuple[str | None, Decimal, Decimal, str]]:
    """(sku, quantity, amount, kind) of an order's lines that are not removed."""
    rows = uow.connection.execute(
        text(
            "SELECT l.sku, l.quantity, l.amount, l.kind FROM order_lines l JOIN orders o USING (order_id)"
            " WHERE o.number = :number AND l.removed_at IS NULL ORDER BY l.line_id"
        ),
        {"number": number},
    )
    return [(row.sku, row.quantity, row.amount, row.kind) for row in rows]


def events(uow: UnitOfWork, *types: str) -> list[tuple[str, Mapping[str, object]]]:
    rows = uow.connection.execute(text("SELECT type, payload FROM event_inbox ORDER BY event_id"))
    return [(row.type, row.payload) for row in rows if not types or row.type in types]


CONTENT = {
    "orders": """
        SELECT source, number, p.code, kind, state, raw_state, ordered_at, store_code, currency, line_count, goods_amount,
            fee_amount, adjustment_amount, discount, total_amount, content_hash, removed_at IS NULL AS is_live
        FROM orders LEFT JOIN people p USING (person_id)""",
    "order_lines": """
        SELECT o.number, line_key, p.code, l.kind, l.sku, l.description, quantity, unit_price, amount, l.removed_at IS NULL AS is_live
        FROM order_lines l JOIN orders o USING (order_id) LEFT JOIN people p ON p.person_id = l.person_id""",
    "refunds": """
        SELECT source, number, p.code, with_goods, state, refunded_at, line_count, goods_amount, total_amount, content_hash
        FROM refunds LEFT JOIN people p USING (person_id)""",
    "refund_lines": """
        SELECT r.number, line_key, p.code, l.kind, l.sku, quantity, unit_price, amount, matched_quantity, unmatched_reason,
            l.removed_at IS NULL AS is_live
        FROM refund_lines l JOIN refunds r USING (refund_id) LEFT JOIN people p ON p.person_id = l.person_id""",
    "refund_matches": """
        SELECT r.line_key AS refund_key, o.line_key AS order_key, m.quantity FROM refund_matches m
        JOIN refund_lines r ON r.line_id = m.refund_line_id JOIN order_lines o ON o.line_id = m.order_line_id""",
    "products": "SELECT source, sku, name, kind, state FROM products",
    "product_names": "SELECT p.sku, n.name, n.lines FROM product_names n JOIN products p USING (product_id)",
    "stores": "SELECT source, code, state FROM stores",
}


def content(uow: UnitOfWork, customers: Iterable[str]) -> dict[str, list[tuple[object, ...]]]:
    """Everything stored, by what identifies it outside instead of by ids, so that two databases can be compared."""
    codes = {the_person(uow, code): code for code in sorted(customers)}
    uow.connection.execute(text("DROP TABLE IF EXISTS people"))
    uow.connection.execute(text("CREATE TEMP TABLE people (person_id bigint, code text) ON COMMIT DROP"))
    uow.copy_rows("people", ("person_id", "code"), list(codes.items()))
    return {
        name: sorted((tuple(row) for row in uow.connection.execute(text(query))), key=repr)
        for name, query in CONTENT.items()
    }
