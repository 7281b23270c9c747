"""Refunds that name the order they give back are matched with that order, whatever else their customer bought."""

from decimal import Decimal

import pytest

from feilun.catalog import api as catalog
from feilun.ingestion.contracts import MappedRow, OutcomeState
from feilun.kernel.ids import PersonId
from feilun.orders import api
from feilun.orders.events import REFUND_MATCHED
from feilun.orders.intake import OrderHandler
from feilun.orders.internal.options import propose
from feilun.platform.db import UnitOfWork
from tests.orders.builders import DAY, T0, a_context, a_row, events, take

NAMED = {"refund_mark": "named_order", "refund_quantities": "positive"}
PREFIX = {"refund_mark": "number_prefix", "refund_prefix": "C"}


def matches(uow: UnitOfWork) -> dict[str, tuple[dict[str, Decimal], str | None]]:
    """Refund number → ({order number: quantity}, why not all of it)."""
    found: dict[str, tuple[dict[str, Decimal], str | None]] = {}
    for line in api.list_refund_lines(uow, limit=200)[0]:
        by_order = {match.order_number: match.quantity for match in line.matches}
        found[line.refund_number] = (by_order, line.unmatched_reason and line.unmatched_reason.value)
    return found


def test_a_refund_gives_back_the_order_it_names_and_not_the_newest(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 2), a_row("2", "A1", 2, at=T0 + DAY))

    take(uow, a_row("R1", "A1", 2, at=T0 + 2 * DAY, refund_of="1"), options=NAMED)

    assert matches(uow) == {"R1": ({"1": Decimal(2)}, None)}
    assert api.list_refunds(uow, [line_person(uow)], limit=9)[0][0].refund_of == "1"


def line_person(uow: UnitOfWork) -> PersonId:
    person_id = api.list_refund_lines(uow, limit=1)[0][0].person_id
    assert person_id is not None
    return person_id


def test_what_a_named_refund_took_is_not_there_for_others(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 1), a_row("2", "A1", 1, at=T0 + DAY))
    take(uow, a_row("C5", "A1", -1, at=T0 + 3 * DAY), options=PREFIX)
    assert matches(uow)["C5"] == ({"2": Decimal(1)}, None)

    take(uow, a_row("R1", "A1", 1, at=T0 + 4 * DAY, refund_of="2"), options=NAMED)

    assert matches(uow) == {"C5": ({"1": Decimal(1)}, None), "R1": ({"2": Decimal(1)}, None)}


def test_lines_of_the_same_price_come_first(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 1, 12), a_row("1", "A1", 1, 10), a_row("1", "A1", 1, 8))

    take(uow, a_row("R1", "A1", 2, 10, at=T0 + DAY, refund_of="1"), options=NAMED)

    order = api.list_orders(uow, [line_person(uow)], limit=9)[0][0]
    given_back = {
        line.unit_price: line.refunded_quantity for line in api.get_order(uow, order.order_id).lines
    }
    assert given_back == {Decimal(12): 1, Decimal(10): 1, Decimal(8): 0}


@pytest.mark.parametrize(
    ("row", "matched", "reason"),
    [
        (a_row("R1", "A1", 3, refund_of="1"), {"1": Decimal(2)}, "exceeds"),
        (a_row("R1", "B9", 1, refund_of="1"), {}, "not_in_order"),
        (a_row("R1", "A1", 1, refund_of="777"), {}, "order_unknown"),
        (a_row("R1", None, 1, refund_of="1", description="?"), {}, "no_product"),
        (a_row("R1", "A1", 1, refund_of="1", currency="USD"), {}, "not_in_order"),
        (a_row("R1", "A1", -1, refund_of="1"), {}, "correction"),
    ],
)
def test_what_cannot_be_matched_there_is_listed_with_its_reason(
    uow: UnitOfWork, row: MappedRow, matched: dict[str, Decimal], reason: str
) -> None:
    take(uow, a_row("1", "A1", 2), a_row("2", "A1", 9, at=T0))

    take(uow, row, options=NAMED)

    assert matches(uow) == {"R1": (matched, reason)}


def test_the_order_may_come_after_its_refund_and_the_refund_may_be_anonymous(uow: UnitOfWork) -> None:
    take(uow, a_row("R1", "A1", 1, at=T0 + DAY, refund_of="1", customer=None), options=NAMED)
    assert matches(uow) == {"R1": ({}, "order_unknown")}

    take(uow, a_row("1", "A1", 1))

    assert matches(uow) == {"R1": ({"1": Decimal(1)}, None)}


def test_orders_of_another_source_are_others(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 1), source="shop")

    take(uow, a_row("R1", "A1", 1, refund_of="1"), options=NAMED)

    assert matches(uow) == {"R1": ({}, "order_unknown")}


def test_a_refund_that_comes_to_name_its_order_leaves_the_purchase_it_was_matched_with(
    uow: UnitOfWork,
) -> None:
    take(uow, a_row("1", "A1", 1), a_row("2", "A1", 1, at=T0 + DAY))
    take(uow, a_row("C5", "A1", -1, at=T0 + 3 * DAY), options=PREFIX)

    states = take(uow, a_row("C5", "A1", -1, at=T0 + 3 * DAY, refund_of="1"), options=PREFIX)
    again = take(uow, a_row("C5", "A1", -1, at=T0 + 3 * DAY, refund_of="1"), options=PREFIX)

    assert (states, again) == ([OutcomeState.CHANGED], [OutcomeState.UNCHANGED])
    assert matches(uow) == {"C5": ({"1": Decimal(1)}, None)}


def test_matching_again_changes_nothing_and_says_nothing(uow: UnitOfWork) -> None:
    rows = (a_row("1", "A1", 1), a_row("R1", "A1", 1, at=T0 + DAY, refund_of="1"))
    take(uow, *rows, options=NAMED)
    before = events(uow, REFUND_MATCHED)

    take(uow, *rows, options=NAMED)

    assert len(before) == 1
    assert events(uow, REFUND_MATCHED) == before


def test_a_refund_of_several_orders_is_refused(uow: UnitOfWork) -> None:
    handler = OrderHandler(catalog)
    group = [a_row("R1", "A1", 1, refund_of="1"), a_row("R1", "A2", 1, refund_of="2")]

    outcome = handler.apply(uow, [group], a_context(NAMED))[0]

    assert outcome.state is OutcomeState.REJECTED
    assert outcome.rejection is not None
    assert outcome.rejection.code == "orders.refund_of_several"
    assert outcome.rejection.value == "1, 2"
    assert api.list_refund_lines(uow, limit=9) == ([], 0)


@pytest.mark.parametrize(("quantity", "expected"), [(-1, "negative"), (1, "positive")])
def test_the_column_speaks_for_the_mark(quantity: int, expected: str) -> None:
    proposed = propose([a_row("1", "A1", 1), a_row("2", "A1", quantity, refund_of="1")])

    assert (proposed["refund_mark"], proposed["refund_quantities"]) == ("named_order", expected)
