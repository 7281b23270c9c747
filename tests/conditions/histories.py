"""Random rows of the test tables: gathered where conditions ask, with values missing, doubled and at boundaries.

Rows come from a seed, not from one decision each: a row costs microseconds so, and a failing condition is still made small.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from hypothesis import strategies as st

from feilun.conditions.contracts import (
    Between,
    Bound,
    BoundAggregate,
    BoundAll,
    BoundAny,
    BoundCalculated,
    BoundChain,
    BoundCompare,
    BoundNot,
    Evaluation,
    FactTest,
)
from tests.conditions.facts import Row
from tests.conditions.strategies import DAY, NUMBERS, ODD_TEXTS, PROPERTIES, TEXTS

_OFFSETS_MS: Final = (
    0,
    1,
    -1,
    -1000,
    -60_000,
    -3_600_000,
    -86_400_000,
    -7 * 86_400_000,
    -30 * 86_400_000,
    60_000,
)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PROPERTY_VALUES: Final = ("home", "item", "", "12", "-3.5", "1e5", "12.", *ODD_TEXTS)


@dataclass(frozen=True)
class Edges:
    """Where conditions change their mind: rows are put there and a millisecond, or a day, beside."""

    moments: tuple[datetime, ...] = ()
    days: tuple[date, ...] = ()
    spans_ms: tuple[int, ...] = ()


def edges_of(bounds: Iterable[Bound]) -> Edges:
    """Return the edges of bound conditions."""
    moments: set[datetime] = set()
    days: set[date] = set()
    spans: set[int] = set()
    waiting: list[object] = list(bounds)
    while waiting:
        match waiting.pop():
            case BoundAll(parts) | BoundAny(parts):
                waiting += parts
            case BoundNot(part):
                waiting.append(part)
            case BoundChain(steps, now_ms):
                waiting += [step.moments for step in steps]
                within = [step.within_ms for step in steps if step.within_ms is not None]
                spans.update(within)
                moments.update(_EPOCH + timedelta(milliseconds=now_ms - span) for span in within)
            case BoundCompare(test=test) | FactTest(test=test) as leaf:
                ends = (test.low, test.high) if isinstance(test, Between) else ()
                moments.update(end for end in ends if isinstance(end, datetime))
                days.update(end for end in ends if isinstance(end, date) and not isinstance(end, datetime))
                waiting += [leaf.value] if isinstance(leaf, BoundCompare) else []
            case BoundCalculated(_, left, right):
                waiting += [left, right]
            case BoundAggregate(tests=tests, since=since, until=until):
                waiting += tests
                moments.update(end for end in (since, until) if end is not None)
            case _:
                pass
    return Edges(tuple(sorted(moments)), tuple(sorted(days)), tuple(sorted(spans)))


_NOWHERE: Final = Edges()


class _Rows:
    """Makes rows at random."""

    def __init__(self, seed: int, evaluation: Evaluation, people: int, edges: Edges) -> None:
        self._random = Random(seed)
        self._edges = edges
        self._before: list[datetime] = []
        # Who did much fits some choice of a sequence whatever its edges: some examples have people who did next to nothing.
        self._facts_max = self._random.choice((1, 1, 2, 5)) * people
        self._people = people
        now = evaluation.now.astimezone(UTC)
        self._now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        today = now.astimezone(evaluation.zone)
        self._midnight = today.replace(hour=0, minute=0, second=0, microsecond=0)

    def tables(self) -> dict[str, list[Row]]:
        tags = [self._tag() for _ in range(self._random.randint(0, 2 * self._people))]
        return {
            "customers": [self._customer(person_id) for person_id in range(1, self._people + 1)],
            "order_lines": self._lines("line_id", self._order_line),
            "refund_lines": self._lines("line_id", self._refund_line),
            "interactions": self._lines("interaction_id", self._interaction),
            "person_tags": list({tuple(tag.values()): tag for tag in tags}.values()),
        }

    def _lines(self, key: str, make: Callable[[], Row]) -> list[Row]:
        count = self._random.randint(0, self._facts_max)
        return [{"person_id": self._owner(), key: i, **make()} for i in range(1, count + 1)]

    def _owner(self) -> int:
        return self._random.randint(1, self._people)

    def _maybe(self, value: object, share: float = 0.3) -> object:
        return None if self._random.random() < share else value

    def moment(self) -> datetime:
        """At edges and around now, so long after another, at beginnings of local days, anywhere within two years."""
        moment = self._near() + timedelta(milliseconds=self._random.choice((-1, 0, 0, 1)))
        self._before.append(moment)
        return moment

    def _near(self) -> datetime:
        pick = self._random.random()
        if pick < 0.3 and self._edges.moments:
            return self._random.choice(self._edges.moments)
        if pick < 0.5 and self._edges.spans_ms and self._before:
            span = timedelta(milliseconds=self._random.choice(self._edges.spans_ms))
            return self._random.choice(self._before) + self._random.choice((-1, 1, 1)) * span
        if pick < 0.65:
            return self._now + timedelta(milliseconds=self._random.choice(_OFFSETS_MS))
        if pick < 0.85:
            return (self._midnight - timedelta(days=self._random.randint(0, 45))).astimezone(UTC)
        return self._now + timedelta(milliseconds=self._random.randint(-800 * 86_400_000, 86_400_000))

    def _day(self) -> date:
        near = (*self._edges.days, self._midnight.date())
        if self._random.random() < 0.7:
            return self._random.choice(near) + timedelta(days=self._random.randint(-2, 2))
        return DAY + timedelta(days=self._random.randint(-800, 800))

    def _born(self) -> date | None:
        if self._random.random() < 0.5:
            return self._random.choice((None, date(2000, 2, 29), date(1999, 2, 28)))
        day = self._day()
        return date(self._random.randint(1950, 2010), day.month, min(day.day, 28))

    def _amount(self) -> Decimal:
        if self._random.random() < 0.6:
            return self._random.choice(NUMBERS).quantize(Decimal("0.0001"))
        return Decimal(self._random.randint(-5_000_000, 50_000_000)).scaleb(-4)

    def _text(self, name: str) -> str:
        pick = self._random.random()
        if pick < 0.1:
            return ""
        return self._random.choice(TEXTS[name] if pick < 0.9 else ODD_TEXTS)

    def _customer(self, person_id: int) -> Row:
        born = self._born()
        sources = TEXTS["sources"]
        return {
            "person_id": person_id,
            "registered_at": self._maybe(self.moment()),
            "birth_year": self._maybe(born.year) if born else None,
            "birth_month": born.month if born else None,
            "birth_day": born.day if born else None,
            "gender": self._text("gender"),
            "city": self._text("city"),
            "sources": sorted(self._random.sample(sources, self._random.randint(0, len(sources)))),
            "wedding": self._maybe(self._day()),
            "is_vip": self._maybe(self._random.random() < 0.5),
            "credit": self._maybe(self._amount()),
            "is_erased": 0,
        }

    def _order_line(self) -> Row:
        return {
            "order_id": self._random.randint(1, 4),
            "ordered_at": self.moment(),
            "order_kind": self._random.choice(("sale", "sale", "sale", "adjustment")),
            "sku": self._text("sku"),
            "category": self._text("category"),
            "store": self._text("store"),
            "is_gift": self._maybe(self._random.random() < 0.5),
            "quantity": self._amount(),
            "unit_price": self._random.choice(NUMBERS),
            "amount": self._amount(),
            "currency": self._currency(),
        }

    def _refund_line(self) -> Row:
        return {
            "refunded_at": self.moment(),
            "sku": self._text("sku"),
            "category": self._text("category"),
            "quantity": self._amount(),
            "amount": self._amount(),
            "currency": self._currency(),
        }

    def _interaction(self) -> Row:
        names = self._random.sample(PROPERTIES, self._random.randint(0, len(PROPERTIES)))
        properties = {name: self._random.choice(_PROPERTY_VALUES) for name in names}
        return {
            "occurred_at": self.moment(),
            "kind": self._text("kind"),
            "properties": json.dumps(properties, ensure_ascii=False),
        }

    def _tag(self) -> Row:
        return {"person_id": self._owner(), "tag": self._text("tag"), "value": self._text("value")}

    def _currency(self) -> str:
        return self._random.choice(("CNY", "CNY", "CNY", "USD"))


def tables(
    evaluation: Evaluation, people: int = 4, edges: Edges = _NOWHERE
) -> st.SearchStrategy[dict[str, list[Row]]]:
    """Rows of people 1 to `people`, some of whom have no facts."""
    return st.integers(0, 2**32).map(lambda seed: _Rows(seed, evaluation, people, edges).tables())
