"""Does a comparison fit the kind of what is compared?"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final

from feilun.conditions.contracts import OPERATORS, Compare, Filter, Operator, Scalar, Unit, ValueKind
from feilun.conditions.internal.reading_values import FORMS, PAIR, Form
from feilun.conditions.internal.reporting import Problems

EXACT_UNITS: Final = (Unit.MINUTE, Unit.HOUR)
OPPOSITES: Final = {
    Operator.NE: Operator.EQ,
    Operator.NOT_IN: Operator.IN,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.NOT_UNDER: Operator.UNDER,
    Operator.HAS_NONE: Operator.HAS_ANY,
    Operator.IS_EMPTY: Operator.IS_NOT_EMPTY,
}
"""Operators that hold exactly when another does not."""


def check_test(kind: ValueKind, comparison: Compare | Filter, path: str, problems: Problems) -> None:
    """Report what does not fit. Sizes are the parser's, but conditions made by programs come without it."""
    op, values, span = comparison.op, comparison.value, comparison.span
    if op not in OPERATORS[kind]:
        problems.add("conditions.operator_not_for_kind", f"{path}/op", op=op.value, kind=kind.value)
        return
    form = FORMS[op]
    is_spanned = form in (Form.SPAN, Form.DAYS)
    if is_spanned != (span is not None) or not _has_right_number(form, values):
        problems.add("conditions.value_missing", path)
        return
    if span is not None and form is Form.SPAN and kind is ValueKind.DATE and span.unit in EXACT_UNITS:
        problems.add("conditions.unit_not_for_dates", f"{path}/value/unit")
    if any(not _fits(kind, form, value) for value in values):
        code = "conditions.date_wanted" if kind is ValueKind.DATE else "conditions.value_not_for_kind"
        problems.add(code, f"{path}/value", kind=kind.value)
    elif len({type(value) for value in values}) > 1:
        problems.add("conditions.pair_mixed", f"{path}/value")


def _has_right_number(form: Form, values: tuple[Scalar, ...]) -> bool:
    match form:
        case Form.NOTHING | Form.SPAN | Form.DAYS:
            return not values
        case Form.PAIR:
            return len(values) == PAIR
        case Form.TEXTS | Form.MONTHS:
            return bool(values)
        case _:
            return len(values) == 1


def _fits(kind: ValueKind, form: Form, value: Scalar) -> bool:
    if form is Form.MONTHS:
        return isinstance(value, Decimal)
    match kind:
        case ValueKind.NUMBER:
            return isinstance(value, Decimal)
        case ValueKind.DATE:
            return isinstance(value, date) and not isinstance(value, datetime)
        case ValueKind.MOMENT:
            return isinstance(value, date)
        case _:
            return isinstance(value, str)
