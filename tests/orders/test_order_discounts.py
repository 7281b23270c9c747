"""A discount on a whole order and the total its source states."""

from decimal import Decimal

import pytest

from feilun.catalog import api as catalog
from feilun.ingestion.contracts import MappedRow, OutcomeState
from feilun.kernel.ids import OrderId
from feilun.orders import api
from feilun.orders.contracts import Order
from feilun.orders.intake import OrderHandler
from feilun.platform.db import UnitOfWork
from tests.orders.builders import a_context, a_row, order_id_of, take, the_person


def order(uow: UnitOfWork, number: str = "1") -> Order:
    return api.get_order(uow, OrderId(order_id_of(uow, number))).order


def test_an_order_comes_to_its_lines_less_the_discount_on_the_whole(uow: UnitOfWork) -> None:
    take(
        uow,
        a_row("1", "A1", 2, 10, order_discount=Decimal(5)),
        a_row("1", "A2", 1, 7, order_discount=Decimal(5), discount=Decimal(1)),
    )

    stored = order(uow)

    assert (stored.goods_amount, stored.discount, stored.order_discount) == (
        Decimal(26),
        Decimal(1),
        Decimal(5),
    )
    assert (stored.total_amount, stored.stated_total) == (Decimal(21), None)
    assert api.figures_of(uow, [the_person(uow)])[the_person(uow)].net_spend == 21
    assert api.get_totals(uow)[0].order_amount == 21


def test_the_total_a_source_states_wins(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 2, 10, order_discount=Decimal(5), order_total=Decimal("14.99999")))

    assert (order(uow).total_amount, order(uow).stated_total) == (Decimal(15), Decimal(15))


def test_what_a_file_is_silent_about_stays(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 1, 10, order_discount=Decimal(3)))

    states = take(uow, a_row("1", "A1", 1, 10), a_row("1", "A2", 1, 1))

    assert states == [OutcomeState.CHANGED]
    assert (order(uow).order_discount, order(uow).total_amount) == (Decimal(3), Decimal(8))


def test_a_repeated_file_changes_nothing_and_a_new_discount_does(uow: UnitOfWork) -> None:
    row = a_row("1", "A1", 1, 10, order_discount=Decimal("2.5"))
    take(uow, row)

    assert take(uow, row) == [OutcomeState.UNCHANGED]
    assert take(uow, a_row("1", "A1", 1, 10, order_discount=Decimal(4))) == [OutcomeState.CHANGED]
    assert order(uow).total_amount == 6


def test_an_order_without_live_lines_comes_to_nothing(uow: UnitOfWork) -> None:
    options = {"refund_mark": "negative_quantity"}
    take(uow, a_row("1", "A1", 1, 10, order_discount=Decimal(3)), options=options)

    take(uow, a_row("1", "A1", -1, 10), options=options, is_whole=True)

    assert order(uow).removed_at is not None
    assert order(uow).total_amount == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [("order_discount", Decimal("1e11")), ("order_total", Decimal("NaN")), ("order_total", Decimal("1e14"))],
)
def test_numbers_out_of_range_are_refused(name: str, value: Decimal) -> None:
    row = a_row("1", "A1", 1, 10)

    refused = OrderHandler(catalog).check(MappedRow(1, "", {**row.values, name: value}), a_context())

    assert refused is not None
    assert (refused.code, refused.field) == ("orders.number_out_of_range", name)
