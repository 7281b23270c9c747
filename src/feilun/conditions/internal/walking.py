"""Going through a condition without recursion, and what can be read off it on the way."""

from collections.abc import Iterator, Mapping
from typing import Final

from feilun.conditions.contracts import (
    AllOf,
    AnyOf,
    Catalogue,
    Column,
    Compare,
    Condition,
    FieldOperand,
    Filter,
    LastPeriod,
    MeasureOperand,
    Node,
    Not,
    Operator,
    Period,
    SegmentReference,
    Sequence,
    Source,
    Unit,
)
from feilun.conditions.internal.checking_values import EXACT_UNITS
from feilun.conditions.internal.expressions import aggregates_in, find_column, has_now

_FINENESS: Final = {None: 0, Unit.DAY: 1, Unit.HOUR: 2, Unit.MINUTE: 3}
_TODAY: Final = "{today_"
"""Begins the placeholders by which a column's SQL depends on the date."""
_TO_TODAY: Final = (
    Operator.ANNIVERSARY_IN_NEXT,
    Operator.ANNIVERSARY_IN_LAST,
    Operator.ANNIVERSARY_IN_MONTHS,
)


def walk(node: Node, path: str = "/where") -> Iterator[tuple[str, Node, int]]:
    """Yield every node with its pointer and depth, parts after what they are part of."""
    waiting = [(path, node, 1)]
    while waiting:
        path, node, depth = waiting.pop()
        yield path, node, depth
        match node:
            case AllOf(parts) | AnyOf(parts):
                key = "all" if isinstance(node, AllOf) else "any"
                waiting += [(f"{path}/{key}/{i}", part, depth + 1) for i, part in enumerate(parts)][::-1]
            case Not(part):
                waiting.append((f"{path}/not", part, depth + 1))
            case _:
                pass


def size_of(node: Node) -> int:
    """Return how much of the limit of nodes a node takes by itself: filters and steps count."""
    match node:
        case Compare(MeasureOperand(where=where)):
            return 1 + len(where)
        case Sequence(steps):
            return 1 + sum(1 + len(step.where) for step in steps)
        case _:
            return 1


def references_of(condition: Condition) -> frozenset[str]:
    """Return the keys of segments that a condition names."""
    return frozenset(node.key for _, node, _ in walk(condition.where) if isinstance(node, SegmentReference))


def names_used(condition: Condition) -> frozenset[str]:
    """Return the fields and measures that a condition names."""
    return frozenset(node.operand.name for _, node, _ in walk(condition.where) if isinstance(node, Compare))


def finest_unit(condition: Condition, catalogue: Catalogue, segments: Mapping[str, Condition]) -> Unit | None:
    """Return the finest unit of a condition and all it refers to."""
    finest: Unit | None = None
    seen: set[str] = set()
    waiting = [condition]
    while waiting:
        for _, node, _ in walk(waiting.pop().where):
            if isinstance(node, SegmentReference) and node.key not in seen and node.key in segments:
                seen.add(node.key)
                waiting.append(segments[node.key])
            finest = finer(finest, _unit_of(node, catalogue))
    return finest


def finer(left: Unit | None, right: Unit | None) -> Unit | None:
    """Return the finer of two units."""
    return max(left, right, key=_FINENESS.__getitem__)


def _unit_of(node: Node, catalogue: Catalogue) -> Unit | None:
    match node:
        case Compare(operand):
            return finer(_unit_of_operand(operand, catalogue), _unit_of_test(node))
        case Sequence(steps, period):
            found = _unit_of_period(period)
            for step in steps:
                found = finer(found, _unit_of_filters(step.where, [catalogue.sources[step.source]]))
            last = steps[-1]
            if last.is_absent and last.within is not None:
                found = finer(found, Unit.MINUTE if last.within.unit is Unit.MINUTE else Unit.HOUR)
            return found
        case _:
            return None


def _unit_of_operand(operand: FieldOperand | MeasureOperand, catalogue: Catalogue) -> Unit | None:
    filters: tuple[Filter, ...]
    if isinstance(operand, FieldOperand):
        field = catalogue.fields[operand.name]
        expression, filters, found = field.expression, field.where, None
    else:
        measure = catalogue.measures[operand.name]
        expression, filters = measure.expression, (*measure.where, *operand.where)
        # The period before a LastPeriod begins as long before it as now is after its beginning: it moves all the time.
        found = finer(_unit_of_period(operand.period), Unit.HOUR if operand.change is not None else None)
    if has_now(expression):
        found = finer(found, Unit.HOUR)
    aggregates = list(aggregates_in(expression))
    sources = [catalogue.sources[aggregate.source] for aggregate in aggregates]
    for aggregate, source in zip(aggregates, sources, strict=True):
        found = finer(found, _unit_of_column(find_column(source, aggregate.column or "")))
    return finer(found, _unit_of_filters(filters, sources))


def _unit_of_filters(filters: tuple[Filter, ...], sources: list[Source]) -> Unit | None:
    found: Unit | None = None
    for filter_ in filters:
        found = finer(found, _unit_of_test(filter_))
        for source in sources:
            found = finer(found, _unit_of_column(find_column(source, filter_.column)))
    return found


def _unit_of_column(column: Column | None) -> Unit | None:
    return Unit.DAY if column is not None and _TODAY in column.sql else None


def _unit_of_test(comparison: Compare | Filter) -> Unit | None:
    if comparison.op in _TO_TODAY:
        return Unit.DAY
    if comparison.span is None:
        return None
    return _rolling(comparison.span.unit)


def _unit_of_period(period: Period | None) -> Unit | None:
    return _rolling(period.span.unit) if isinstance(period, LastPeriod) else None


def _rolling(unit: Unit) -> Unit:
    return unit if unit in EXACT_UNITS else Unit.DAY


__all__ = ["finest_unit", "names_used", "references_of", "size_of", "walk"]
