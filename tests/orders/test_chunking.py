"""However an import is cut into batches, and in whatever order they come, the tables end equal."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feilun.catalog import api as catalog
from feilun.ingestion.contracts import MappedRow
from feilun.orders.intake import OrderHandler
from feilun.platform.db import Database
from tests.orders.builders import DAY, PREFIX, T0, a_context, a_row, content, grouped
from tests.orders.test_refund_matching import rolled_back

CUSTOMERS = ("K1", "K2")


@st.composite
def files(draw: st.DrawFn) -> list[MappedRow]:
    rows = []
    for index in range(draw(st.integers(1, 8))):
        is_refund = draw(st.booleans())
        number = f"C{index}" if is_refund else str(index)
        customer = draw(st.sampled_from((*CUSTOMERS, None)))
        for _ in range(draw(st.integers(1, 4))):
            quantity = draw(st.integers(1, 3))
            rows.append(
                a_row(
                    number,
                    draw(st.sampled_from(("A1", "a1", "A2", "POST"))),
                    -quantity if is_refund else quantity,
                    Decimal(draw(st.sampled_from(("5", "-5", "0", "1.25")))),
                    at=T0 + draw(st.integers(0, 3)) * DAY,
                    customer=customer,
                    part=draw(st.sampled_from(("1", "2"))),
                    description=draw(st.sampled_from(("cup", "Cup", "plate"))),
                )
            )
    return rows


@pytest.mark.timeout(180)
@settings(max_examples=20)
@given(file=files(), data=st.data())
def test_cutting_an_import_differently_gives_equal_tables(
    database: Database, file: list[MappedRow], data: st.DataObject
) -> None:
    groups = grouped(file)
    shuffled = data.draw(st.permutations(groups))
    size = data.draw(st.integers(1, len(groups)))
    options = PREFIX | {"non_product_skus": "POST"}
    handler, context = OrderHandler(catalog), a_context(options, is_whole=data.draw(st.booleans()))

    with rolled_back(database) as uow:
        handler.apply(uow, groups, context)
        handler.finish(uow, context)
        expected = content(uow, CUSTOMERS)
    with rolled_back(database) as uow:
        for start in range(0, len(shuffled), size):
            handler.apply(uow, shuffled[start : start + size], context)
            # A batch that was applied before a crash comes again.
            handler.apply(uow, shuffled[start : start + size], context)
            handler.finish(uow, context)

        assert content(uow, CUSTOMERS) == expected


@pytest.mark.timeout(180)
@settings(max_examples=20)
@given(file=files(), data=st.data())
def test_two_files_that_are_not_whole_give_the_same_in_either_order(
    database: Database, file: list[MappedRow], data: st.DataObject
) -> None:
    left = [row for row in file if data.draw(st.booleans())]
    right = [row for row in file if row not in left or data.draw(st.booleans())]
    handler, context = OrderHandler(catalog), a_context(PREFIX)
    results = []

    for order in ((left, right), (right, left)):
        with rolled_back(database) as uow:
            for rows in order:
                handler.apply(uow, grouped(rows), context)
                handler.finish(uow, context)
            results.append(
                {name: rows for name, rows in content(uow, CUSTOMERS).items() if name != "product_names"}
            )

    assert results[0] == results[1]
