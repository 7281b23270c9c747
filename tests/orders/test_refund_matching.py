"""Refunds give back the newest earlier purchases; a slow reference in plain Python says the same in whatever order facts come."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from feilun.identity import api as identity
from feilun.ingestion.contracts import MappedRow
from feilun.orders import api
from feilun.orders.consumers import RefundMatching
from feilun.orders.events import REFUND_MATCHED
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event, Origin
from tests.fakes.clock import START
from tests.orders.builders import DAY, PREFIX, T0, a_row, events, take, the_person


@dataclass(frozen=True, slots=True)
class Movement:
    """A purchase (positive) or return (negative) of one item at one price by one person."""

    number: str
    person: str
    sku: str
    price: int
    quantity: int
    day: int

    def row(self) -> MappedRow:
        return a_row(
            self.number, self.sku, self.quantity, self.price, at=T0 + self.day * DAY, customer=self.person
        )


def reference(movements: Sequence[Movement]) -> dict[str, dict[str, Decimal]]:
    """Refund number → order number → quantity: every return takes from the newest earlier purchase that has something left."""
    matches: dict[str, dict[str, Decimal]] = {}
    groups: dict[tuple[str, str, int], list[Movement]] = defaultdict(list)
    for movement in movements:
        groups[movement.person, movement.sku, movement.price].append(movement)
    for group in groups.values():
        group.sort(key=lambda m: (m.day, m.quantity < 0, m.number))
        left: list[list[object]] = []
        for movement in group:
            if movement.quantity > 0:
                left.append([movement.number, Decimal(movement.quantity)])
                continue
            wanted = Decimal(-movement.quantity)
            found = matches.setdefault(movement.number, {})
            for purchase in reversed(left):
                number, remaining = str(purchase[0]), Decimal(str(purchase[1]))
                taken = min(wanted, remaining)
                if taken:
                    found[number] = taken
                    purchase[1] = remaining - taken
                    wanted -= taken
    return matches


def stored(uow: UnitOfWork) -> dict[str, dict[str, Decimal]]:
    lines = api.list_refund_lines(uow, limit=1_000)[0]
    for line in lines:
        assert line.matched_quantity == sum(match.quantity for match in line.matches)
        assert (line.unmatched_reason is None) == (line.matched_quantity == line.quantity)
    return {
        line.refund_number: {match.order_number: match.quantity for match in line.matches} for line in lines
    }


@contextmanager
def rolled_back(database: Database) -> Iterator[UnitOfWork]:
    with database.engine.connect() as connection, connection.begin() as transaction:
        yield UnitOfWork(connection, database.clock, database.keyring, "test")
        transaction.rollback()


@st.composite
def histories(draw: st.DrawFn) -> list[Movement]:
    movements = []
    for index in range(draw(st.integers(1, 14))):
        is_return = draw(st.booleans())
        quantity = draw(st.integers(1, 6))
        movements.append(
            Movement(
                f"C{index:02}" if is_return else f"{index:02}",
                draw(st.sampled_from(("K1", "K2"))),
                draw(st.sampled_from(("A1", "A2"))),
                draw(st.sampled_from((5, 7))),
                -quantity if is_return else quantity,
                draw(st.integers(0, 5)),
            )
        )
    return movements


@pytest.mark.timeout(900)
@given(history=histories(), data=st.data())
def test_matching_agrees_with_the_reference_in_any_order_of_arrival(
    database: Database, history: list[Movement], data: st.DataObject
) -> None:
    arrivals = data.draw(st.permutations(history))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(arrivals)), max_size=3)))
    batches = [arrivals[start:end] for start, end in zip([0, *cuts], [*cuts, len(arrivals)], strict=True)]
    with rolled_back(database) as uow:
        for batch in batches:
            take(uow, *(movement.row() for movement in batch), options=PREFIX)

        assert stored(uow) == reference(history)


def test_a_return_may_give_back_parts_of_several_purchases_newest_first(uow: UnitOfWork) -> None:
    take(
        uow,
        a_row("1", "A1", 2, 5, at=T0),
        a_row("2", "A1", 3, 5, at=T0 + DAY),
        a_row("3", "A1", 9, 5, at=T0 + 3 * DAY),
        a_row("C4", "A1", -4, 5, at=T0 + 2 * DAY),
        options=PREFIX,
    )

    assert stored(uow) == {"C4": {"2": 3, "1": 1}}


@pytest.mark.parametrize(
    ("refund", "reason"),
    [
        (a_row("C1", "A1", -3, 5, at=T0 + DAY), "exceeds"),
        (a_row("C1", "A1", -1, 6, at=T0 + DAY), "no_purchase"),
        (a_row("C1", "A2", -1, 5, at=T0 + DAY), "no_purchase"),
        (a_row("C1", "A1", -1, 5, at=T0 - DAY), "no_purchase"),
        (a_row("C1", "A1", -1, 5, at=T0 + DAY, customer="K2"), "no_purchase"),
        (a_row("C1", "A1", -1, 5, at=T0 + DAY, customer=None), "anonymous"),
        (a_row("C1", None, -1, 5, at=T0 + DAY, description="杯子"), "no_product"),
        (a_row("C1", "A1", 1, 5, at=T0 + DAY), "correction"),
    ],
)
def test_what_no_purchase_explains_is_listed_with_the_reason(
    uow: UnitOfWork, refund: MappedRow, reason: str
) -> None:
    take(uow, a_row("1", "A1", 2, 5), refund, options=PREFIX)

    lines, total = api.list_refund_lines(uow, matched=False, limit=10)
    assert (total, lines[0].unmatched_reason) == (1, reason)


def test_a_return_on_the_day_of_the_purchase_matches_it(uow: UnitOfWork) -> None:
    take(uow, a_row("C1", "A1", -1, 5, at=T0), a_row("9", "A1", 1, 5, at=T0), options=PREFIX)

    assert stored(uow) == {"C1": {"9": 1}}


def test_case_of_the_item_code_does_not_matter(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "85049e", 1, 5), a_row("C2", "85049E", -1, 5, at=T0 + DAY), options=PREFIX)

    assert stored(uow) == {"C2": {"1": 1}}


def test_a_purchase_that_disappears_frees_its_return(uow: UnitOfWork) -> None:
    take(
        uow,
        a_row("1", "A1", 1, 5),
        a_row("1", "A2", 1, 5),
        a_row("C2", "A1", -1, 5, at=T0 + DAY),
        options=PREFIX,
    )

    take(uow, a_row("1", "A2", 1, 5), options=PREFIX, is_whole=True)

    assert stored(uow) == {"C2": {}}
    assert len(events(uow, REFUND_MATCHED)) == 2


def test_matching_again_appends_no_event(uow: UnitOfWork) -> None:
    take(uow, a_row("1", "A1", 1, 5), a_row("C2", "A1", -1, 5, at=T0 + DAY), options=PREFIX)
    before = events(uow)

    api.rematch_refunds(uow, [the_person(uow)], origin=Origin.LIVE)

    assert events(uow) == before


def test_merging_brings_purchase_and_return_together_and_splitting_parts_them(database: Database) -> None:
    with database.transaction() as uow:
        take(
            uow, a_row("1", "A1", 1, 5), a_row("C2", "A1", -1, 5, at=T0 + DAY, customer="K2"), options=PREFIX
        )
        merge = identity.merge_persons(uow, the_person(uow, "K1"), the_person(uow, "K2"), reason="same card")
    try:
        _replay(database)
        with database.transaction() as uow:
            assert stored(uow) == {"C2": {"1": 1}}
            figures = api.figures_of(uow, [the_person(uow, "K2")])[the_person(uow, "K2")]
            assert (figures.orders, figures.net_spend, figures.return_rate) == (1, Decimal(0), Decimal(1))
            identity.split_merge(uow, merge.merge_id, reason="two people after all")

        _replay(database)

        with database.transaction() as uow:
            assert stored(uow) == {"C2": {}}
    finally:
        with database.transaction() as uow:
            for table in (
                "orders",
                "order_lines",
                "refunds",
                "refund_lines",
                "refund_matches",
                "event_inbox",
            ):
                uow.connection.execute(text(f"DELETE FROM {table}" if table != "orders" else "SELECT 1"))
            uow.connection.execute(text("DELETE FROM orders"))


def _replay(database: Database) -> None:
    """Hand everything in the inbox to the consumer, as the runner would."""
    with database.transaction() as uow:
        handed = [
            Event(
                position=number,
                type=kind,
                occurred_at=START,
                recorded_at=START,
                origin=Origin.LIVE,
                person_id=None,
                payload=payload,
                actor="test",
            )
            for number, (kind, payload) in enumerate(events(uow), 1)
        ]
    RefundMatching().handle(database, handed)
    RefundMatching().handle(database, handed)
