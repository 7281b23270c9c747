"""A real retailer's orders: the cut that ships with the demo, and with --long the whole file (FEILUN_RETAIL_FILE)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from decimal import Decimal
from pathlib import Path
from zlib import crc32

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text

from feilun.catalog import api as catalog
from feilun.ingestion.contracts import ApplyContext, MappedRow, OutcomeState
from feilun.orders import api
from feilun.orders.contracts import OrderTotals
from feilun.orders.intake import OrderHandler
from feilun.platform.db import Database
from feilun.platform.log import Origin
from tests.fakes.clock import START

CUT = Path(__file__).resolve().parents[2] / "examples" / "demo" / "orders.parquet"
WHOLE = Path(os.environ.get("FEILUN_RETAIL_FILE", ""))
BATCH = 5_000


@dataclass(frozen=True, slots=True)
class Expected:
    """What a plain count of the file says."""

    lines: int
    amount: Decimal
    refund_lines: int
    stock_corrections: int
    anonymous_lines: int


def read(path: Path, *, one_in: int) -> tuple[list[list[MappedRow]], Expected]:
    """Return the file as intake would hand it over, and a count of it made without any of our code.

    Only one in so many customers is kept, with all their orders, and of the anonymous sales one in so many.
    """
    table = pq.read_table(path)
    owners = zip(table["CustomerID"].to_pylist(), table["InvoiceNo"].to_pylist(), strict=True)
    columns = table.filter(
        [crc32(str(customer or invoice).encode()) % one_in == 0 for customer, invoice in owners]
    ).to_pydict()
    prices = {price: Decimal(repr(price)) for price in set(columns["UnitPrice"])}
    quantities = {quantity: Decimal(quantity) for quantity in set(columns["Quantity"])}
    groups: dict[str, list[MappedRow]] = {}
    counts: dict[tuple[object, ...], dict[str, int]] = {}
    names = (
        "InvoiceNo",
        "StockCode",
        "Description",
        "Quantity",
        "InvoiceDate",
        "UnitPrice",
        "CustomerID",
        "Country",
    )
    rows = zip(*(columns[name] for name in names), columns["sheet"], strict=True)
    for number, (invoice, sku, description, quantity, moment, price, customer, country, sheet) in enumerate(
        rows, 1
    ):
        line = (invoice, sku, description, quantity, moment, price, customer)
        by_sheet = counts.setdefault(line, {})
        by_sheet[sheet] = by_sheet.get(sheet, 0) + 1
        values: dict[str, object] = {
            "number": invoice,
            "sku": sku,
            "quantity": quantities[quantity],
            "unit_price": prices[price],
            "ordered_at": moment.replace(tzinfo=UTC),
            "country": country,
        }
        if description and description.strip():
            values["description"] = description.strip()
        if customer is not None:
            values["customer_code"] = str(int(customer))
        groups.setdefault(invoice, []).append(MappedRow(number, sheet, values))
    return list(groups.values()), _count(counts, prices)


def _count(
    counts: Mapping[tuple[object, ...], Mapping[str, int]], prices: Mapping[float, Decimal]
) -> Expected:
    lines = refund_lines = corrections = anonymous = 0
    amount = Decimal(0)
    for (invoice, _, _, quantity, _, price, customer), by_sheet in counts.items():
        times = max(by_sheet.values())
        assert isinstance(quantity, int)
        assert isinstance(price, float)
        lines += times
        amount += prices[price] * quantity * times
        is_refund = str(invoice).startswith("C")
        refund_lines += times * is_refund
        corrections += times * (not is_refund and quantity < 0)
        anonymous += times * (customer is None)
    return Expected(lines, amount, refund_lines, corrections, anonymous)


def take_in(database: Database, path: Path, *, one_in: int = 1) -> tuple[Expected, OrderTotals]:
    """Take the file in twice, the second time cut into other batches, and check what holds for any such file."""
    groups, expected = read(path, one_in=one_in)
    handler = OrderHandler(catalog)
    sample = [row for group in groups[:400] for row in group]
    options = dict(handler.propose_options(sample)) | {"currency": "GBP"}
    assert (options["refund_mark"], options["refund_prefix"]) == ("number_prefix", "C")
    context = ApplyContext("retail", Origin.BACKFILL, options, True, "Europe/London", START)
    first = _run(database, handler, groups, context, BATCH)
    again = _run(database, handler, groups, context, BATCH // 3)
    assert (first[0], again[0]) == ({OutcomeState.TAKEN}, {OutcomeState.UNCHANGED})
    assert again[1] == first[1], "a repeated file appends no event"
    with database.transaction() as uow:
        totals = api.get_totals(uow)
        _check_lines(dict(uow.connection.execute(text(_LINES)).one()._mapping), expected)
    assert len(totals) == 1
    assert totals[0].net_amount == expected.amount
    assert totals[0].order_lines + totals[0].refund_lines == expected.lines
    assert totals[0].refund_lines == expected.refund_lines
    return expected, totals[0]


def _run(
    database: Database, handler: OrderHandler, groups: list[list[MappedRow]], context: ApplyContext, size: int
) -> tuple[set[OutcomeState], int]:
    """Import in batches; return the states met and how many events there are then."""
    states = set()
    for start in range(0, len(groups), size):
        batch = groups[start : start + size]
        assert all(handler.check(row, context) is None for group in batch for row in group)
        with database.transaction(actor="import:1") as uow:
            states |= {outcome.state for outcome in handler.apply(uow, batch, context)}
    with database.transaction(actor="import:1") as uow:
        handler.finish(uow, context)
        events = uow.connection.execute(text("SELECT count(*) FROM event_inbox")).scalar_one()
    return states, int(events)


_LINES = """
SELECT (SELECT count(*) FROM order_lines WHERE quantity < 0 AND kind = 'adjustment' AND unit_price = 0) AS corrections,
    (SELECT count(*) FROM order_lines WHERE quantity < 0) AS negative,
    (SELECT count(*) FROM order_lines WHERE person_id IS NULL) + (SELECT count(*) FROM refund_lines WHERE person_id IS NULL)
        AS anonymous,
    (SELECT count(*) FROM order_lines WHERE kind = 'product'
        AND upper(sku) IN ('POST', 'DOT', 'M', 'C2', 'D', 'S', 'BANK CHARGES', 'ADJUST', 'AMAZONFEE', 'CRUK', 'B')) AS misjudged,
    (SELECT count(*) FROM refund_lines WHERE unmatched_reason = 'pending') AS pending,
    (SELECT count(*) FROM refund_matches m JOIN refund_lines r ON r.line_id = m.refund_line_id
        JOIN order_lines l ON l.line_id = m.order_line_id JOIN orders o USING (order_id) JOIN refunds f USING (refund_id)
        WHERE r.person_id <> l.person_id OR r.product_id <> l.product_id OR r.unit_price <> l.unit_price
        OR o.ordered_at > f.refunded_at) AS wrong_matches,
    (SELECT count(*) FROM (SELECT l.line_id FROM refund_matches m JOIN order_lines l ON l.line_id = m.order_line_id
        GROUP BY l.line_id, l.quantity HAVING sum(m.quantity) > l.quantity) t) AS overdrawn
"""


def _check_lines(found: Mapping[str, object], expected: Expected) -> None:
    assert found["corrections"] == found["negative"] == expected.stock_corrections
    assert found["anonymous"] == expected.anonymous_lines
    assert (found["misjudged"], found["pending"], found["wrong_matches"], found["overdrawn"]) == (0, 0, 0, 0)


@pytest.mark.timeout(180)
def test_the_demo_cut_comes_in_to_the_penny(database: Database) -> None:
    # The cut kept customers whose hash divides by three, so this is a third of it: 100,000 lines.
    expected, totals = take_in(database, CUT, one_in=9)

    assert totals.matched_refund_lines > expected.refund_lines // 2


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.skipif(
    not WHOLE.is_file(), reason="FEILUN_RETAIL_FILE names no file (UCI Online Retail II as Parquet)"
)
def test_the_whole_file_comes_in_to_the_penny(database: Database) -> None:
    with database.transaction() as uow:
        for table in ("refund_matches", "refund_lines", "refunds", "order_lines", "orders", "event_inbox"):
            uow.connection.execute(text(f"TRUNCATE {table} CASCADE"))

    expected, totals = take_in(database, WHOLE)

    assert (expected.lines, expected.amount) == (1_044_847, Decimal("18909744.118"))
    assert (expected.refund_lines, expected.stock_corrections) == (19_165, 3_393)
    assert (totals.order_lines, totals.refund_lines) == (1_025_682, 19_165)
    assert totals.adjustment_orders >= 3_393
    assert totals.matched_refund_lines == 15_361
