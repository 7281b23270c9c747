"""The canonical JSON form: nothing that says nothing, whole numbers as numbers, exact ones as texts."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from feilun.conditions.contracts import (
    AllOf,
    AnyOf,
    Compare,
    Condition,
    FieldOperand,
    Filter,
    LastPeriod,
    MeasureOperand,
    Node,
    Not,
    Operand,
    Operator,
    Period,
    Scalar,
    SegmentReference,
    Sequence,
    Span,
    Step,
)
from feilun.conditions.internal.reading_values import FORMS, Form

_EXACT_IN_JSON: Final = 2**53
"""Readers of JSON that know binary floats only keep whole numbers up to here."""
_LISTS: Final = (Form.TEXTS, Form.MONTHS, Form.PAIR)


def dump(condition: Condition) -> dict[str, object]:
    """Return the JSON form of a condition."""
    return {"version": condition.version, "where": _node(condition.where)}


def _node(node: Node) -> dict[str, object]:
    match node:
        case AllOf(parts):
            return {"all": [_node(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [_node(part) for part in parts]}
        case Not(part):
            return {"not": _node(part)}
        case SegmentReference(key):
            return {"segment": key}
        case Sequence(steps, period):
            found: dict[str, object] = {"sequence": [_step(step) for step in steps]}
            return found if period is None else {**found, "period": _period(period)}
        case Compare(operand, op, value, span):
            return {**_operand(operand), **_comparison(op, value, span)}


def _operand(operand: Operand) -> dict[str, object]:
    if isinstance(operand, FieldOperand):
        return {"field": operand.name}
    return {"measure": _measure(operand)}


def _measure(operand: MeasureOperand) -> dict[str, object]:
    found: dict[str, object] = {"name": operand.name}
    if operand.where:
        found["where"] = _filters(operand.where)
    if operand.period is not None:
        found["period"] = _period(operand.period)
    if operand.change is not None:
        found["change"] = operand.change.value
    return found


def _step(step: Step) -> dict[str, object]:
    found: dict[str, object] = {"source": step.source}
    if step.where:
        found["where"] = _filters(step.where)
    if step.within is not None:
        found["within"] = _span(step.within)
    if step.is_absent:
        found["absent"] = True
    return found


def _filters(filters: Iterable[Filter]) -> list[dict[str, object]]:
    return [
        {
            "column": filter_.column,
            **({} if filter_.property is None else {"property": filter_.property}),
            **_comparison(filter_.op, filter_.value, filter_.span),
        }
        for filter_ in filters
    ]


def _comparison(op: Operator, value: tuple[Scalar, ...], span: Span | None) -> dict[str, object]:
    found: dict[str, object] = {"op": op.value}
    if span is not None:
        found["value"] = _span(span)
    elif FORMS[op] in _LISTS:
        found["value"] = [_scalar(item) for item in value]
    elif value:
        found["value"] = _scalar(value[0])
    return found


def _span(span: Span) -> dict[str, object]:
    return {"n": span.n, "unit": span.unit.value}


def _period(period: Period) -> dict[str, object]:
    if isinstance(period, LastPeriod):
        return {"last": period.span.n, "unit": period.span.unit.value}
    ends = {"from": period.first, "to": period.last}
    return {key: day.isoformat() for key, day in ends.items() if day is not None}


def _scalar(value: Scalar) -> object:
    match value:
        case Decimal():
            whole = value == value.to_integral_value() and abs(value) < _EXACT_IN_JSON
            return int(value) if whole else format(value.normalize(), "f")
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case date():
            return value.isoformat()
        case _:
            return value
