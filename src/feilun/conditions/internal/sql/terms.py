"""Tests as SQL: a term (an expression and how its values are held) becomes 0 or 1, never NULL.

Bounds become whole numbers of the term's unit (pieces, millionths, milliseconds, days) before they are written, so that
'greater' and 'at least' are one comparison and no rounding is left to the database.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, auto
from fractions import Fraction
from math import ceil, floor
from typing import Final

from feilun.conditions.contracts import (
    Between,
    Contains,
    HasAll,
    HasAny,
    IsPresent,
    OnDays,
    OneOf,
    StartsWith,
    Test,
    Under,
    ValueKind,
)
from feilun.conditions.internal.sql.literals import (
    date_literal,
    moment_literal,
    number_literal,
    quote_text,
    text_list,
)

MILLION: Final = 1_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER_MAX: Final = 10**30 * MILLION
"""Beyond what a Decimal128 with six decimals holds; no fact comes near it."""
_NEVER: Final = "0"


class Form(Enum):
    """How the values of a term are held."""

    COUNT = auto()
    """Whole number, never NULL."""
    MILLIONTHS = auto()
    """Int128 in millionths."""
    NUMBER = auto()
    """Any numeric type with at most six decimals."""
    TEXT = auto()
    TEXTS = auto()
    BOOLEAN = auto()
    DATE = auto()
    MOMENT = auto()
    MONTH_DAY = auto()
    MOMENTS = auto()
    """Sorted array of milliseconds."""


FORM_OF_KIND: Final = {
    ValueKind.TEXT: Form.TEXT,
    ValueKind.CHOICE: Form.TEXT,
    ValueKind.PATH: Form.TEXT,
    ValueKind.NUMBER: Form.NUMBER,
    ValueKind.BOOLEAN: Form.BOOLEAN,
    ValueKind.DATE: Form.DATE,
    ValueKind.MOMENT: Form.MOMENT,
    ValueKind.MONTH_DAY: Form.MONTH_DAY,
    ValueKind.TEXTS: Form.TEXTS,
}


@dataclass(frozen=True, slots=True)
class Term:
    """An expression and how its values are held."""

    sql: str
    form: Form


@dataclass(frozen=True, slots=True)
class Scale:
    """How bounds of a form become whole numbers, and those SQL."""

    units: Callable[[object], Fraction]
    literal: Callable[[int], str]
    lowest: int
    highest: int


def milliseconds(moment: datetime) -> Fraction:
    """Return exact milliseconds since 1970."""
    return Fraction((moment - _EPOCH) // timedelta(microseconds=1), 1_000)


def _units_of_moment(value: object) -> Fraction:
    assert isinstance(value, datetime)
    return milliseconds(value)


def _units_of_date(value: object) -> Fraction:
    assert isinstance(value, date)
    return Fraction(value.toordinal())


def _units_of_number(value: object) -> Fraction:
    assert isinstance(value, Decimal)
    return Fraction(value)


def _millionths(value: object) -> Fraction:
    return _units_of_number(value) * MILLION


_CALENDAR: Final = (date(1900, 1, 1), date(2299, 12, 31))
"""What Date32 and DateTime64 hold."""
SCALES: Final = {
    Form.COUNT: Scale(_units_of_number, str, 0, 2**63 - 1),
    Form.MILLIONTHS: Scale(_millionths, "toInt128('{}')".format, -_NUMBER_MAX, _NUMBER_MAX),
    Form.NUMBER: Scale(_millionths, number_literal, -_NUMBER_MAX, _NUMBER_MAX),
    Form.MOMENT: Scale(
        _units_of_moment,
        moment_literal,
        *(int(milliseconds(datetime(day.year, day.month, day.day, tzinfo=UTC))) for day in _CALENDAR),
    ),
    Form.DATE: Scale(
        _units_of_date, lambda n: date_literal(date.fromordinal(n)), *(day.toordinal() for day in _CALENDAR)
    ),
}


def passes(term: Term, test: Test) -> str:  # noqa: PLR0911 — one line per test
    """Return the test as an expression that is 1 or 0."""
    match test:
        case Between():
            return _between(term, test)
        case OneOf(values):
            return _one_of(term, values)
        case Contains(text):
            return _filled(f"position({term.sql}, {quote_text(text)}) > 0") if text else present(term)
        case StartsWith(text):
            return _filled(f"startsWith({term.sql}, {quote_text(text)})") if text else present(term)
        case Under(paths):
            return _under(term, paths)
        case HasAny(texts):
            return f"hasAny({term.sql}, {_text_array(texts)})" if texts else _NEVER
        case HasAll(texts):
            return f"hasAll({term.sql}, {_text_array(texts)})" if texts else present(term)
        case OnDays():
            return _on_days(term, test)
        case IsPresent():
            return present(term)


def present(term: Term) -> str:
    """Return whether there is a value; an empty text or set is none."""
    if term.form in (Form.TEXTS, Form.MOMENTS):
        return f"notEmpty({term.sql})"
    if term.form is Form.TEXT:
        return _filled(f"{term.sql} != ''")
    return f"isNotNull({term.sql})"


def whole_bounds(form: Form, test: Between) -> tuple[int | None, int | None] | None:
    """Return the lowest and highest whole number of units that pass, None for open ones; None when nothing passes."""
    scale = SCALES[form]
    low = high = None
    if test.low is not None:
        units = scale.units(test.low)
        low = ceil(units)
        low += int(low == units and not test.includes_low)
    if test.high is not None:
        units = scale.units(test.high)
        high = floor(units)
        high -= int(high == units and not test.includes_high)
    if (low is not None and low > scale.highest) or (high is not None and high < scale.lowest):
        return None
    if low is not None and high is not None and low > high:
        return None
    return (
        low if low is not None and low > scale.lowest else None,
        high if high is not None and high < scale.highest else None,
    )


def _between(term: Term, test: Between) -> str:
    bounds = whole_bounds(term.form, test)
    if bounds is None:
        return _NEVER
    low, high = bounds
    scale = SCALES[term.form]
    if low is not None and low == high:
        return _filled(f"{term.sql} = {scale.literal(low)}")
    parts = [] if low is None else [f"{term.sql} >= {scale.literal(low)}"]
    parts += [] if high is None else [f"{term.sql} <= {scale.literal(high)}"]
    return _filled(" AND ".join(parts)) if parts else f"isNotNull({term.sql})"


def _one_of(term: Term, values: frozenset[object]) -> str:
    if term.form is Form.BOOLEAN:
        wanted = sorted(int(bool(value)) for value in values)
        return _filled(f"toUInt8({term.sql}) IN ({', '.join(map(str, wanted))})") if wanted else _NEVER
    if term.form is Form.TEXT:
        texts = [text for text in values if isinstance(text, str) and text]
        return _filled(f"{term.sql} IN ({text_list(texts)})") if texts else _NEVER
    scale = SCALES[term.form]
    exact = sorted({int(units) for units in map(scale.units, values) if units.denominator == 1})
    literals = [scale.literal(number) for number in exact if scale.lowest <= number <= scale.highest]
    if not literals:
        return _NEVER
    if term.form is Form.NUMBER:
        # Brought to one scale, because the members of an IN are cast to the type on its left, which may round them.
        numbers = ", ".join(f"toDecimal128({literal}, 6)" for literal in literals)
        return _filled(f"has([{numbers}], toDecimal128({term.sql}, 6))")
    return _filled(f"{term.sql} IN ({', '.join(literals)})")


def _under(term: Term, paths: frozenset[str]) -> str:
    wanted = sorted(path for path in paths if path)
    if not wanted:
        return _NEVER
    below = [f"startsWith({term.sql}, {quote_text(path + '/')})" for path in wanted]
    return _filled(" OR ".join([f"{term.sql} IN ({text_list(wanted)})", *below]))


def _on_days(term: Term, test: OnDays) -> str:
    days = ", ".join(map(str, sorted(test.days)))
    if not days:
        return _NEVER
    if term.form is Form.MONTH_DAY:
        return _filled(f"{term.sql} IN ({days})")
    zone = f", {quote_text(test.zone or 'UTC')}" if term.form is Form.MOMENT else ""
    return _filled(f"toInt32(toMonth({term.sql}{zone})) * 100 + toDayOfMonth({term.sql}{zone}) IN ({days})")


def _text_array(texts: frozenset[str]) -> str:
    return f"[{text_list(texts)}]"


def _filled(verdict: str) -> str:
    return f"ifNull({verdict}, 0)"
