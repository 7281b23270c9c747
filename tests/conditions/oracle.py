"""What a condition means, said once more and as plainly as can be: the tree itself over one person's facts.

It binds nothing and shares no code with the language: periods are compared by local dates, sequences by trying all choices.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Any

from feilun.conditions.contracts import (
    Aggregate,
    AggregateValue,
    AllOf,
    AnyOf,
    Arithmetic,
    Calculated,
    Catalogue,
    Change,
    Compare,
    Condition,
    Constant,
    Evaluation,
    Expression,
    FieldOperand,
    Filter,
    Function,
    LastPeriod,
    MeasureOperand,
    Node,
    Not,
    Now,
    Operand,
    Operator,
    Period,
    SegmentReference,
    Sequence,
    Span,
    Step,
    Unit,
    ValueKind,
)
from tests.conditions.facts import Fact, History, value_of

InPeriod = Callable[[datetime], bool]
_DAY_UNITS = {Unit.DAY: 1, Unit.WEEK: 7}
_HOURS = {Unit.HOUR: 1, Unit.DAY: 24, Unit.WEEK: 168, Unit.MONTH: 720, Unit.YEAR: 8760}


class Oracle:
    """Knows one person at one moment."""

    def __init__(
        self,
        catalogue: Catalogue,
        history: History,
        evaluation: Evaluation,
        segments: Mapping[str, Condition] | None = None,
    ) -> None:
        self.catalogue = catalogue
        self.history = history
        self.zone = evaluation.zone
        self.now = evaluation.now.astimezone(UTC)
        self.today = self.now.astimezone(self.zone).date()
        self.segments = segments or {}

    def holds(self, node: Node) -> bool:
        match node:
            case AllOf(parts):
                return all(self.holds(part) for part in parts)
            case AnyOf(parts):
                return any(self.holds(part) for part in parts)
            case Not(part):
                return not self.holds(part)
            case SegmentReference(key):
                return self.holds(self.segments[key].where)
            case Sequence():
                return self.sequence(node)
            case Compare(operand):
                return self.compare(self.kind(operand), self.operand(operand), node)

    def kind(self, operand: Operand) -> ValueKind:
        named = self.catalogue.fields if isinstance(operand, FieldOperand) else self.catalogue.measures
        return named[operand.name].kind

    def operand(self, operand: Operand) -> AggregateValue:
        if isinstance(operand, MeasureOperand):
            return self.measure(operand)
        field = self.catalogue.fields[operand.name]
        return self.expression(field.expression, field.where, lambda _: True)

    def measure(self, operand: MeasureOperand) -> AggregateValue:
        measure = self.catalogue.measures[operand.name]
        where = (*measure.where, *operand.where)
        value = self.expression(measure.expression, where, self.period(operand.period))
        if operand.change is None:
            return value
        assert isinstance(operand.period, LastPeriod)
        start = self.begin(operand.period.span)
        length = self.now + timedelta(milliseconds=1) - start
        before = self.expression(measure.expression, where, lambda moment: start - length <= moment < start)
        return _combine(
            Arithmetic.RATIO if operand.change is Change.RATIO else Arithmetic.MINUS, value, before
        )

    def period(self, period: Period | None) -> InPeriod:
        match period:
            case None:
                return lambda moment: True
            case LastPeriod(Span(_, Unit.MINUTE | Unit.HOUR) as span):
                return lambda moment: moment >= self.now - _elapsed(span)
            case LastPeriod(span):
                first = _shift(self.today, span, -1)
                return lambda moment: moment.astimezone(self.zone).date() >= first
            case _:
                first, last = period.first or date.min, period.last or date.max
                return lambda moment: first <= moment.astimezone(self.zone).date() <= last

    def begin(self, span: Span) -> datetime:
        """Return the beginning of a last period: the earliest minute of its first day, found by looking at all."""
        if span.unit in (Unit.MINUTE, Unit.HOUR):
            return self.now - _elapsed(span)
        first = _shift(self.today, span, -1)
        moment = datetime(first.year, first.month, first.day, tzinfo=UTC) - timedelta(hours=15)
        while moment.astimezone(self.zone).date() < first:
            moment += timedelta(minutes=1)
        return moment

    def facts(self, source: str, where: Iterable[Filter], in_period: InPeriod) -> list[Fact]:
        found = self.history[source]
        definition = self.catalogue.sources[source]
        if definition.moment is not None:
            found = [
                fact
                for fact in found
                if (moment := _moment(fact, definition.moment)) <= self.now and in_period(moment)
            ]
        kinds = {column.name: column.kind for column in definition.columns}
        return [
            fact
            for fact in found
            if all(
                self.compare(kinds[f.column], value_of(fact, f.column, f.property), f)
                for f in where
                if f.column in kinds
            )
        ]

    def expression(
        self, expression: Expression, where: Iterable[Filter], in_period: InPeriod
    ) -> AggregateValue:
        match expression:
            case Aggregate():
                facts = self.facts(expression.source, where, in_period)
                return aggregate_of(expression, facts, self.catalogue.sources[expression.source].moment)
            case Calculated(how, left, right):
                return _combine(
                    how, self.expression(left, where, in_period), self.expression(right, where, in_period)
                )
            case Constant(value):
                return value
            case Now():
                return self.now

    def sequence(self, node: Sequence) -> bool:
        found = []
        for i, step in enumerate(node.steps):
            in_period = self.period(node.period if i == 0 else None)
            moment = self.catalogue.sources[step.source].moment or ""
            found.append([_moment(fact, moment) for fact in self.facts(step.source, step.where, in_period)])
        present = len(node.steps) - node.steps[-1].is_absent
        for choice in product(*found[:present]):
            pairs = zip(choice[:-1], choice[1:], node.steps[1:], strict=False)
            if all(_near(before, after, step) for before, after, step in pairs) and (
                present == len(node.steps) or self.is_absent(choice[-1], found[-1], node.steps[-1])
            ):
                return True
        return False

    def is_absent(self, before: datetime, candidates: list[datetime], step: Step) -> bool:
        assert step.within is not None
        is_over = before + _elapsed(step.within) < self.now
        return is_over and not any(_near(before, after, step) for after in candidates)

    def compare(self, kind: ValueKind, value: AggregateValue, test: Compare | Filter) -> bool:
        opposite = {
            Operator.NE: Operator.EQ,
            Operator.NOT_IN: Operator.IN,
            Operator.NOT_CONTAINS: Operator.CONTAINS,
            Operator.NOT_UNDER: Operator.UNDER,
            Operator.HAS_NONE: Operator.HAS_ANY,
            Operator.IS_EMPTY: Operator.IS_NOT_EMPTY,
        }
        if test.op in opposite:
            return not self.passes(kind, value, opposite[test.op], test)
        return self.passes(kind, value, test.op, test)

    def passes(self, kind: ValueKind, value: AggregateValue, op: Operator, test: Compare | Filter) -> bool:
        if value is None or value in ("", frozenset()):
            return False
        if op is Operator.IS_NOT_EMPTY:
            return True
        if op in (Operator.IS_TRUE, Operator.IS_FALSE):
            return value is (op is Operator.IS_TRUE)
        wanted: tuple[object, ...] = test.value
        match value:
            case frozenset():
                shared = value & set(wanted)
                return bool(shared) if op is Operator.HAS_ANY else len(shared) == len(set(wanted))
            case str():
                return _passes_text(value, op, [str(item) for item in wanted])
            case date():
                return self.passes_day(value, op, test)
            case int() | Decimal():
                if kind is ValueKind.MONTH_DAY:
                    return self.passes_month_day(int(value), op, test)
                return _passes_order(value, op, wanted)
            case _:
                raise AssertionError(value)

    def passes_day(self, value: date, op: Operator, test: Compare | Filter) -> bool:
        day = value.astimezone(self.zone).date() if isinstance(value, datetime) else value
        if op.value.startswith("anniversary"):
            return self.passes_month_day(day.month * 100 + day.day, op, test)
        if test.span is not None:
            return self.passes_span(value, day, op, test.span)
        ordered = {Operator.BEFORE: Operator.LT, Operator.ON_OR_AFTER: Operator.GTE}.get(op, op)
        is_exact = isinstance(test.value[0], datetime)
        return _passes_order(value if is_exact else day, ordered, test.value)

    def passes_span(self, value: date, day: date, op: Operator, span: Span) -> bool:
        is_past = value <= self.now if isinstance(value, datetime) else value <= self.today
        is_coming = value >= self.now if isinstance(value, datetime) else value >= self.today
        if span.unit in (Unit.MINUTE, Unit.HOUR):
            assert isinstance(value, datetime)
            elapsed = _elapsed(span)
            is_recent, is_soon = value >= self.now - elapsed, value <= self.now + elapsed
        else:
            is_recent = day >= _shift(self.today, span, -1)
            is_soon = day <= _shift(self.today, span, 1)
        return {
            Operator.IN_LAST: is_recent and is_past,
            Operator.OLDER_THAN: not is_recent,
            Operator.IN_NEXT: is_soon and is_coming,
        }[op]

    def passes_month_day(self, value: int, op: Operator, test: Compare | Filter) -> bool:
        if op is Operator.ANNIVERSARY_IN_MONTHS:
            months = [int(str(item)) or self.today.month for item in test.value]
            return value // 100 in months
        assert test.span is not None
        days = test.span.n * _DAY_UNITS[test.span.unit]
        sign = 1 if op is Operator.ANNIVERSARY_IN_NEXT else -1
        return any(_falls_on(value, self.today + timedelta(days=sign * i)) for i in range(days + 1))


def aggregate_of(aggregate: Aggregate, facts: list[Fact], moment: str | None) -> AggregateValue:
    """Return an aggregate of facts that count."""
    if aggregate.function is Function.COUNT:
        return Decimal(len(facts))
    assert aggregate.column is not None
    held = [(fact, value_of(fact, aggregate.column, aggregate.property)) for fact in facts]
    held = [(fact, value) for fact, value in held if value is not None]
    values = [value for _, value in held]
    by_moment = sorted(held, key=lambda pair: (pair[0].get(moment), pair[1])) if moment else held
    if aggregate.function is Function.COUNT_DISTINCT:
        return Decimal(len(set(values)))
    if not values:
        return None
    results: dict[Function, Callable[[], AggregateValue]] = {
        Function.VALUE: lambda: values[0],
        Function.SET: lambda: frozenset(str(value) for value in values),
        Function.SUM: lambda: sum((v for v in values if isinstance(v, Decimal)), Decimal(0)),
        Function.MIN: lambda: min(values),  # type: ignore[type-var]
        Function.MAX: lambda: max(values),  # type: ignore[type-var]
        Function.FIRST: lambda: by_moment[0][1],
        Function.LAST: lambda: by_moment[-1][1],
    }
    return results[aggregate.function]()


def _falls_on(value: int, day: date) -> bool:
    is_common = (date(day.year, 3, 1) - timedelta(days=1)).day == 28
    if value == 229 and is_common:
        value = 228
    return value == day.month * 100 + day.day


def _moment(fact: Fact, column: str) -> datetime:
    moment = fact[column]
    assert isinstance(moment, datetime)
    return moment


def _near(before: datetime, after: datetime, step: Step) -> bool:
    return before < after and (step.within is None or after - before <= _elapsed(step.within))


def _elapsed(span: Span) -> timedelta:
    return (
        timedelta(minutes=span.n) if span.unit is Unit.MINUTE else timedelta(hours=span.n * _HOURS[span.unit])
    )


def _shift(day: date, span: Span, sign: int) -> date:
    if span.unit in _DAY_UNITS:
        return day + timedelta(days=sign * span.n * _DAY_UNITS[span.unit])
    months = span.n * (12 if span.unit is Unit.YEAR else 1)
    index = day.year * 12 + (day.month - 1) + sign * months
    for last in range(day.day, 0, -1):
        try:
            return date(index // 12, index % 12 + 1, last)
        except ValueError:
            continue
    raise AssertionError


def _passes_text(value: str, op: Operator, wanted: list[str]) -> bool:
    match op:
        case Operator.IN:
            return value in wanted
        case Operator.CONTAINS:
            return wanted[0] in value
        case Operator.STARTS_WITH:
            return value[: len(wanted[0])] == wanted[0]
        case _:
            steps = value.split("/")
            return any(steps[: len(path.split("/"))] == path.split("/") for path in wanted)


def _passes_order(value: Any, op: Operator, wanted: tuple[object, ...]) -> bool:
    first: Any = wanted[0]
    last: Any = wanted[-1]
    results: dict[Operator, Callable[[], bool]] = {
        Operator.EQ: lambda: value == first,
        Operator.GT: lambda: value > first,
        Operator.GTE: lambda: value >= first,
        Operator.LT: lambda: value < first,
        Operator.LTE: lambda: value <= first,
        Operator.BETWEEN: lambda: first <= value <= last,
    }
    return results[op]()


def _combine(how: Arithmetic, left: AggregateValue, right: AggregateValue) -> AggregateValue:
    if how is Arithmetic.DAYS_BETWEEN:
        if left is None or right is None:
            return None
        assert isinstance(left, datetime)
        assert isinstance(right, datetime)
        return Decimal(math.trunc(Fraction((right - left) // timedelta(milliseconds=1), 86_400_000)))
    if left is None and right is None:
        return None
    one, other = Fraction(str(left or 0)), Fraction(str(right or 0))
    match how:
        case Arithmetic.PLUS:
            return _decimal(one + other)
        case Arithmetic.MINUS:
            return _decimal(one - other)
        case _:
            return None if other <= 0 else _decimal(Fraction(math.trunc(one / other * 10**6), 10**6))


def _decimal(value: Fraction) -> Decimal:
    with localcontext(prec=60):
        return Decimal(value.numerator) / Decimal(value.denominator)
