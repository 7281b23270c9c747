"""Binding: names become aggregates, dates become constants, other segments are written in.

Everything that depends on the moment happens here, once, so that the back-ends compare constants only.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final

from feilun.conditions.contracts import (
    Aggregate,
    AllOf,
    AnyOf,
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
    Calculated,
    Catalogue,
    Change,
    Column,
    Compare,
    Condition,
    Constant,
    Contains,
    DatePeriod,
    Evaluation,
    Expression,
    FactTest,
    FieldOperand,
    Filter,
    Function,
    HasAll,
    HasAny,
    IsPresent,
    LastPeriod,
    Node,
    Not,
    Now,
    OnDays,
    OneOf,
    Operand,
    Operator,
    Period,
    Scalar,
    SegmentReference,
    Sequence,
    Source,
    Span,
    StartsWith,
    Step,
    Test,
    Under,
    ValueKind,
)
from feilun.conditions.internal.checking_values import EXACT_UNITS, OPPOSITES
from feilun.conditions.internal.days import (
    MILLISECOND,
    add_span,
    days_of_months,
    exact_span,
    month_days,
    now_of,
    start_of,
    today_of,
)
from feilun.conditions.internal.expressions import find_column

_FIRST_YEAR: Final = 1901
"""Nothing in the warehouse is older, so that a window from before is open."""
_OF_TEXTS: Final[Mapping[Operator, Callable[[frozenset[str]], Test]]] = {
    Operator.CONTAINS: lambda texts: Contains(*texts),
    Operator.STARTS_WITH: lambda texts: StartsWith(*texts),
    Operator.UNDER: Under,
    Operator.HAS_ANY: HasAny,
    Operator.HAS_ALL: HasAll,
}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """From `since` on, up to and without `until`."""

    since: datetime | None
    until: datetime


class Binder:
    """Binds nodes of checked conditions for one evaluation."""

    def __init__(
        self, catalogue: Catalogue, evaluation: Evaluation, segments: Mapping[str, Condition]
    ) -> None:
        self._catalogue = catalogue
        self._evaluation = evaluation
        self._segments = segments
        self._inlined: dict[str, Bound] = {}
        self.now = now_of(evaluation)
        self.today = today_of(evaluation)

    def node(self, node: Node) -> Bound:
        """Return the bound form of a node."""
        match node:
            case AllOf(parts):
                return BoundAll(tuple(self.node(part) for part in parts))
            case AnyOf(parts):
                return BoundAny(tuple(self.node(part) for part in parts))
            case Not(part):
                return BoundNot(self.node(part))
            case SegmentReference(key):
                if key not in self._inlined:
                    self._inlined[key] = self.node(self._segments[key].where)
                return self._inlined[key]
            case Sequence():
                return self._chain(node)
            case Compare():
                return self._compare(node)

    def value(self, operand: Operand) -> BoundValue:
        """Return what an operand is computed of."""
        if isinstance(operand, FieldOperand):
            field = self._catalogue.fields[operand.name]
            return self._expression(field.expression, field.where, self.window(None))
        measure = self._catalogue.measures[operand.name]
        where = (*measure.where, *operand.where)
        window = self.window(operand.period)
        value = self._expression(measure.expression, where, window)
        if operand.change is None:
            return value
        assert window.since is not None
        earlier = window.since - (window.until - window.since)
        before = self._expression(measure.expression, where, self._window(earlier, window.since))
        how = Arithmetic.RATIO if operand.change is Change.RATIO else Arithmetic.MINUS
        return BoundCalculated(how, value, before)

    def window(self, period: Period | None) -> Window:
        """Return the bounds of a period; none of them ends later than now."""
        until = self.now + MILLISECOND
        match period:
            case None:
                return Window(None, until)
            case LastPeriod(span):
                return self._window(self._back(span), until)
            case DatePeriod(first, last):
                zone = self._evaluation.zone
                since = None if first is None else start_of(first, zone)
                end = until if last is None else start_of(last + timedelta(days=1), zone)
                return Window(since, min(end, until))

    def _window(self, since: datetime, until: datetime) -> Window:
        return Window(None if since.year < _FIRST_YEAR else since, until)

    def _back(self, span: Span) -> datetime:
        if span.unit in EXACT_UNITS:
            return self.now - exact_span(span)
        return start_of(add_span(self.today, span, -1), self._evaluation.zone)

    def _expression(self, expression: Expression, where: Iterable[Filter], window: Window) -> BoundValue:
        match expression:
            case Aggregate(source, function, column, named):
                return self._aggregate(
                    self._catalogue.sources[source], function, column, where, window, named
                )
            case Calculated(how, left, right):
                return BoundCalculated(
                    how, self._expression(left, where, window), self._expression(right, where, window)
                )
            case Constant(value):
                return Constant(value.astimezone(UTC) if isinstance(value, datetime) else value)
            case Now():
                return Constant(self.now)

    def _aggregate(
        self,
        source: Source,
        function: Function,
        column: str | None,
        where: Iterable[Filter],
        window: Window,
        named: str | None = None,
    ) -> BoundAggregate:
        found = ((find_column(source, filter_.column), filter_) for filter_ in where)
        tests = frozenset(self._fact_test(column, filter_) for column, filter_ in found if column is not None)
        is_timed = source.moment is not None
        return BoundAggregate(
            source.name,
            function,
            column,
            tests,
            window.since if is_timed else None,
            window.until if is_timed else None,
            named,
        )

    def _fact_test(self, column: Column, filter_: Filter) -> FactTest:
        test, is_negated = self.test(column.kind, filter_)
        return FactTest(filter_.column, test, filter_.property, is_negated)

    def _compare(self, node: Compare) -> Bound:
        kind = self.kind(node.operand)
        test, is_negated = self.test(kind, node)
        leaf = BoundCompare(self.value(node.operand), kind, test)
        return BoundNot(leaf) if is_negated else leaf

    def kind(self, operand: Operand) -> ValueKind:
        """Return the kind of an operand's value: a change is a number."""
        if isinstance(operand, FieldOperand):
            return self._catalogue.fields[operand.name].kind
        return self._catalogue.measures[operand.name].kind

    def _chain(self, node: Sequence) -> BoundChain:
        window = self.window(node.period)
        steps = [self._step(node.steps[0], window)]
        # Later steps come later than the first, so older facts need not be read; they may come after its period.
        following = Window(window.since, self.now + MILLISECOND)
        steps += [self._step(step, following) for step in node.steps[1:]]
        return BoundChain(tuple(steps), (self.now - _EPOCH) // MILLISECOND)

    def _step(self, step: Step, window: Window) -> BoundStep:
        source = self._catalogue.sources[step.source]
        moments = self._aggregate(source, Function.MOMENTS, None, step.where, window)
        within = None if step.within is None else exact_span(step.within) // MILLISECOND
        return BoundStep(moments, within, step.is_absent)

    def test(self, kind: ValueKind, comparison: Compare | Filter) -> tuple[Test, bool]:
        """Return the test of a comparison, and whether it holds when the test fails."""
        op = OPPOSITES.get(comparison.op, comparison.op)
        return self._test(kind, op, comparison), op is not comparison.op

    def _test(self, kind: ValueKind, op: Operator, comparison: Compare | Filter) -> Test:
        values, span = comparison.value, comparison.span
        match op:
            case Operator.IS_NOT_EMPTY:
                return IsPresent()
            case Operator.IS_TRUE | Operator.IS_FALSE:
                return OneOf(frozenset({op is Operator.IS_TRUE}))
            case Operator.EQ | Operator.IN:
                return OneOf(frozenset(values))
            case Operator.ANNIVERSARY_IN_MONTHS | Operator.ANNIVERSARY_IN_NEXT | Operator.ANNIVERSARY_IN_LAST:
                zone = self._evaluation.zone.key if kind is ValueKind.MOMENT else None
                return OnDays(self._days(op, comparison), zone)
            case Operator.IN_LAST | Operator.OLDER_THAN | Operator.IN_NEXT:
                assert span is not None
                return self._relative_dates(op, span) if kind is ValueKind.DATE else self._relative(op, span)
            case _ if op in _OF_TEXTS:
                return _OF_TEXTS[op](frozenset(value for value in values if isinstance(value, str)))
            case _:
                return self._between(kind, op, values)

    def _days(self, op: Operator, comparison: Compare | Filter) -> frozenset[int]:
        if op is Operator.ANNIVERSARY_IN_MONTHS:
            months = {int(value) for value in comparison.value if isinstance(value, Decimal)}
            return days_of_months(frozenset(month or self.today.month for month in months))
        assert comparison.span is not None
        after = add_span(self.today, comparison.span, 1)
        days = (after - self.today).days
        is_next = op is Operator.ANNIVERSARY_IN_NEXT
        return month_days(self.today if is_next else self.today - timedelta(days=days), days)

    def _relative_dates(self, op: Operator, span: Span) -> Between:
        match op:
            case Operator.IN_LAST:
                return Between(add_span(self.today, span, -1), self.today)
            case Operator.IN_NEXT:
                return Between(self.today, add_span(self.today, span, 1))
            case _:
                return Between(None, add_span(self.today, span, -1), includes_high=False)

    def _relative(self, op: Operator, span: Span) -> Between:
        match op:
            case Operator.IN_LAST:
                return Between(self._back(span), self.now)
            case Operator.IN_NEXT if span.unit in EXACT_UNITS:
                return Between(self.now, self.now + exact_span(span))
            case Operator.IN_NEXT:
                last = add_span(self.today, span, 1)
                end = start_of(last + timedelta(days=1), self._evaluation.zone)
                return Between(self.now, end, includes_high=False)
            case _:
                return Between(None, self._back(span), includes_high=False)

    def _between(self, kind: ValueKind, op: Operator, values: tuple[Scalar, ...]) -> Between:
        if kind is not ValueKind.NUMBER:
            return self._between_days(op, values, spread=kind is ValueKind.MOMENT)
        numbers = [value for value in values if isinstance(value, Decimal)]
        match op:
            case Operator.BETWEEN:
                return Between(numbers[0], numbers[1])
            case Operator.GT | Operator.GTE:
                return Between(numbers[0], None, includes_low=op is Operator.GTE)
            case _:
                return Between(None, numbers[0], includes_high=op is Operator.LTE)

    def _between_days(self, op: Operator, values: tuple[Scalar, ...], *, spread: bool) -> Between:
        """`spread`: dates stand for their whole day, for moments are compared."""
        first, last = (value for value in (values[0], values[-1]) if isinstance(value, date))
        zone = self._evaluation.zone
        low, high, includes_high = first, last, True
        if spread and not isinstance(first, datetime):
            low = start_of(first, zone)
            high, includes_high = start_of(last + timedelta(days=1), zone), False
        match op:
            case Operator.BETWEEN:
                return Between(low, high, includes_high=includes_high)
            case Operator.BEFORE:
                return Between(None, low, includes_high=False)
            case _:
                return Between(low, None)
