"""Bound conditions over people whose aggregates are known: column by column, a mask of people per leaf, masks combined.

Values repeat (counts, cities, tiers), so a leaf is tested once per distinct value where there are few of them.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_DOWN, Context, Decimal
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from feilun.conditions.contracts import (
    AggregateValue,
    Arithmetic,
    Between,
    Bound,
    BoundAggregate,
    BoundAll,
    BoundAny,
    BoundCalculated,
    BoundChain,
    BoundCompare,
    BoundNot,
    BoundStep,
    BoundValue,
    Constant,
    Contains,
    HasAll,
    HasAny,
    IsPresent,
    OnDays,
    OneOf,
    PeopleValues,
    StartsWith,
    Test,
    Under,
)

Key = TypeVar("Key", bound=Hashable)
Passes = Callable[[AggregateValue], bool]

_EXACT: Final = Context(prec=80, rounding=ROUND_DOWN)
"""Wide enough that sums of the warehouse's 38-digit decimals, and quotients cut to 6 decimals, are never rounded before."""
_RATIO_STEP: Final = Decimal("0.000001")
_DAY: Final = timedelta(days=1)
_DISTINCT_MAX: Final = 64
"""Up to so many distinct values a mask is kept for each: beyond, testing every person costs less than joining masks."""


def evaluate(bounds: Mapping[Key, Bound], people: PeopleValues) -> dict[Key, int]:
    """Return the mask of each condition."""
    evaluator = _Evaluator(people)
    return {key: evaluator.mask(bound) for key, bound in bounds.items()}


def aggregates_of(bounds: Iterable[Bound]) -> list[BoundAggregate]:
    """Return the distinct aggregates, in the order they are first met."""
    found: dict[BoundAggregate, None] = {}
    for leaf in dict.fromkeys(leaf for bound in bounds for leaf in _leaves(bound)):
        if isinstance(leaf, BoundChain):
            found.update(dict.fromkeys(step.moments for step in leaf.steps))
        else:
            found.update(dict.fromkeys(aggregates_in(leaf.value)))
    return list(found)


def aggregates_in(value: BoundValue) -> Iterator[BoundAggregate]:
    """Yield the aggregates of a bound value."""
    match value:
        case BoundAggregate():
            yield value
        case BoundCalculated(_, left, right):
            yield from aggregates_in(left)
            yield from aggregates_in(right)
        case Constant():
            pass


def calculate(how: Arithmetic, left: AggregateValue, right: AggregateValue) -> AggregateValue:
    """Return two values combined; missing is None."""
    if how is Arithmetic.DAYS_BETWEEN:
        if not isinstance(left, datetime) or not isinstance(right, datetime):
            return None
        elapsed = right.astimezone(UTC) - left.astimezone(UTC)
        days = abs(elapsed) // _DAY
        return Decimal(days if elapsed >= timedelta(0) else -days)
    if left is None and right is None:
        return None
    first, second = _number(left), _number(right)
    match how:
        case Arithmetic.PLUS:
            return _EXACT.add(first, second)
        case Arithmetic.MINUS:
            return _EXACT.subtract(first, second)
        case Arithmetic.RATIO:
            if second <= 0:
                return None
            return _EXACT.quantize(_EXACT.divide(first, second), _RATIO_STEP)


def _number(value: AggregateValue) -> Decimal:
    match value:
        case Decimal():
            return value
        case None:
            return Decimal(0)
        case bool():
            raise TypeError("a boolean is no number")
        case int():
            return Decimal(value)
        case _:
            raise TypeError(f"{type(value).__name__} is no number")


def passes(test: Test) -> Passes:
    """Return the test as a function; a missing value fails every test."""
    match test:
        case Between():
            return _passes_between(test)
        case OneOf(values):
            return lambda value: value is not None and value in values
        case Contains() | StartsWith() | Under():
            return _passes_text(test)
        case HasAny(values):
            return lambda value: isinstance(value, frozenset) and not values.isdisjoint(value)
        case HasAll(values):
            return lambda value: isinstance(value, frozenset) and values <= value
        case OnDays(days, zone):
            return _passes_on_days(days, None if zone is None else ZoneInfo(zone))
        case IsPresent():
            return lambda value: value is not None and value not in ("", frozenset())


def _passes_text(test: Contains | StartsWith | Under) -> Passes:
    match test:
        case Contains(text):
            return lambda value: isinstance(value, str) and text in value
        case StartsWith(text):
            return lambda value: isinstance(value, str) and value.startswith(text)
        case Under(paths):
            below = tuple(f"{path}/" for path in paths)
            return lambda value: isinstance(value, str) and (value in paths or value.startswith(below))


def _passes_between(test: Between) -> Passes:
    low, high = test.low, test.high

    # The kinds of both sides are equal (checked), which the types cannot say.
    def is_within(value: AggregateValue) -> bool:
        if value is None:
            return False
        if low is not None and (value < low or (value == low and not test.includes_low)):  # type: ignore[operator]
            return False
        return high is None or value < high or (value == high and test.includes_high)  # type: ignore[operator]

    return is_within


def _passes_on_days(days: frozenset[int], zone: ZoneInfo | None) -> Passes:
    def is_on(value: AggregateValue) -> bool:
        if isinstance(value, datetime):
            value = value.astimezone(zone).date()
        if isinstance(value, date):
            return value.month * 100 + value.day in days
        return value is not None and value in days

    return is_on


class _Evaluator:
    """Keeps what several conditions share: values of calculations, people by value, masks of leaves and of whole parts."""

    def __init__(self, people: PeopleValues) -> None:
        self._people = people
        self._everybody = (1 << len(people.person_ids)) - 1
        self._columns: dict[BoundValue, Sequence[AggregateValue]] = {}
        self._groups: dict[BoundValue, dict[AggregateValue, int] | None] = {}
        self._masks: dict[BoundCompare | BoundChain, int] = {}

    def mask(self, bound: Bound) -> int:
        match bound:
            case BoundAll(parts):
                mask = self._everybody
                for part in parts:
                    mask &= self.mask(part)
                    if not mask:
                        break
                return mask
            case BoundAny(parts):
                mask = 0
                for part in parts:
                    mask |= self.mask(part)
                return mask
            case BoundNot(part):
                return self._everybody ^ self.mask(part)
            case _:
                found = self._masks.get(bound)
                if found is None:
                    found = self._chain(bound) if isinstance(bound, BoundChain) else self._compare(bound)
                    self._masks[bound] = found
                return found

    def _compare(self, leaf: BoundCompare) -> int:
        test = passes(leaf.test)
        groups = self._people_by_value(leaf.value)
        if groups is None:
            return _mask_of([test(value) for value in self._column(leaf.value)])
        mask = 0
        for value, people in groups.items():
            if test(value):
                mask |= people
        return mask

    def _people_by_value(self, value: BoundValue) -> dict[AggregateValue, int] | None:
        """Return the mask of each distinct value, or None when there are too many."""
        if value not in self._groups:
            column = self._column(value)
            distinct = set(column)
            groups: dict[AggregateValue, int] | None = None
            if len(distinct) <= _DISTINCT_MAX:
                members: dict[AggregateValue, bytearray] = {
                    one: bytearray(b"0" * len(column)) for one in distinct
                }
                for i, one in enumerate(column):
                    members[one][-1 - i] = 49
                groups = {one: int(bits, 2) for one, bits in members.items()}
            self._groups[value] = groups
        return self._groups[value]

    def _column(self, value: BoundValue) -> Sequence[AggregateValue]:
        match value:
            case BoundAggregate():
                return self._people.values[value]
            case Constant(constant):
                return [constant] * len(self._people.person_ids)
            case BoundCalculated(how, left, right):
                if value not in self._columns:
                    sides = zip(self._column(left), self._column(right), strict=True)
                    self._columns[value] = [calculate(how, one, other) for one, other in sides]
                return self._columns[value]

    def _chain(self, chain: BoundChain) -> int:
        columns = [self._column(step.moments) for step in chain.steps]
        return _mask_of([holds_chain(chain, moments) for moments in zip(*columns, strict=True)])


def _mask_of(verdicts: list[bool]) -> int:
    """Return the bits of verdicts, the first as the lowest."""
    return int("".join(["1" if holds else "0" for holds in reversed(verdicts)]) or "0", 2)


def holds_chain(chain: BoundChain, moments: Sequence[AggregateValue]) -> bool:
    """Tell whether some choice of moments fits all steps.

    Going forward, only the moments matter at which a step can have been reached; of those before a fact the latest is the
    best, for it is the most likely to be near enough.
    """
    reached = _sorted(moments[0])
    for step, column in zip(chain.steps[1:], moments[1:], strict=True):
        facts = _sorted(column)
        if step.is_absent:
            return any(_stayed_out(moment, facts, step, chain.now_ms) for moment in reached)
        reached = [fact for fact in facts if _follows(fact, reached, step.within_ms)]
    return bool(reached)


def _sorted(value: AggregateValue) -> Sequence[int]:
    assert value is None or isinstance(value, tuple)
    return value or ()


def _follows(fact: int, reached: Sequence[int], within_ms: int | None) -> bool:
    position = bisect_left(reached, fact)
    if position == 0:
        return False
    return within_ms is None or fact - reached[position - 1] <= within_ms


def _stayed_out(moment: int, facts: Sequence[int], step: BoundStep, now_ms: int) -> bool:
    assert step.within_ms is not None
    end = moment + step.within_ms
    following = bisect_right(facts, moment)
    return end < now_ms and (following == len(facts) or facts[following] > end)


def _leaves(bound: Bound) -> Iterator[BoundCompare | BoundChain]:
    match bound:
        case BoundAll(parts) | BoundAny(parts):
            for part in parts:
                yield from _leaves(part)
        case BoundNot(part):
            yield from _leaves(part)
        case _:
            yield bound
