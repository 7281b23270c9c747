"""Values of conditions out of JSON: which form each operator asks for, and what a text or number may be.

A number is never a binary float for longer than it takes to read its shortest text.
"""

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from enum import Enum, auto
from typing import Final

from feilun.conditions.contracts import (
    SPAN_YEARS_MAX,
    TEXT_MAX,
    VALUES_MAX,
    Operator,
    Scalar,
    Span,
    Unit,
)
from feilun.conditions.internal.reporting import Problems

INTEGER_DIGITS_MAX: Final = 15
DECIMALS_MAX: Final = 6
YEAR_MIN: Final = 1901
YEAR_MAX: Final = 2200
"""The warehouse's dates hold 1900 to 2299; a year is left on each side for zones."""
ANNIVERSARY_DAYS_MAX: Final = 366
MONTHS: Final = 12
PAIR: Final = 2
_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})", re.ASCII)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})", re.ASCII
)
_IN_A_YEAR: Final = {
    Unit.MINUTE: 527_040,
    Unit.HOUR: 8_784,
    Unit.DAY: 366,
    Unit.WEEK: 53,
    Unit.MONTH: 12,
    Unit.YEAR: 1,
}


class Form(Enum):
    """What stands under "value"."""

    NOTHING = auto()
    TEXT = auto()
    TEXTS = auto()
    NUMBER = auto()
    MONTHS = auto()
    DAY = auto()
    """A date or a moment."""
    PAIR = auto()
    """Two numbers, dates or moments."""
    SPAN = auto()
    DAYS = auto()
    """A span of days or weeks, 0 included."""


FORMS: Final[Mapping[Operator, Form]] = {
    **dict.fromkeys(
        (Operator.EQ, Operator.NE, Operator.GT, Operator.GTE, Operator.LT, Operator.LTE), Form.NUMBER
    ),
    **dict.fromkeys(
        (
            Operator.IN,
            Operator.NOT_IN,
            Operator.UNDER,
            Operator.NOT_UNDER,
            Operator.HAS_ANY,
            Operator.HAS_ALL,
            Operator.HAS_NONE,
        ),
        Form.TEXTS,
    ),
    **dict.fromkeys((Operator.CONTAINS, Operator.NOT_CONTAINS, Operator.STARTS_WITH), Form.TEXT),
    **dict.fromkeys(
        (Operator.IS_TRUE, Operator.IS_FALSE, Operator.IS_EMPTY, Operator.IS_NOT_EMPTY), Form.NOTHING
    ),
    Operator.BETWEEN: Form.PAIR,
    **dict.fromkeys((Operator.BEFORE, Operator.ON_OR_AFTER), Form.DAY),
    **dict.fromkeys((Operator.IN_LAST, Operator.OLDER_THAN, Operator.IN_NEXT), Form.SPAN),
    **dict.fromkeys((Operator.ANNIVERSARY_IN_NEXT, Operator.ANNIVERSARY_IN_LAST), Form.DAYS),
    Operator.ANNIVERSARY_IN_MONTHS: Form.MONTHS,
}


def read_value(
    data: object, form: Form, path: str, problems: Problems
) -> tuple[tuple[Scalar, ...], Span | None]:
    """Return the values and the span under "value"; what is wrong goes to `problems`."""
    match form:
        case Form.NOTHING:
            if data is not None:
                problems.add("conditions.value_not_wanted", path)
            return (), None
        case Form.SPAN | Form.DAYS:
            return (), read_span(data, path, problems, of_days=form is Form.DAYS)
        case Form.TEXT:
            return _one(read_text(data, path, problems)), None
        case Form.NUMBER:
            return _one(_number(data, path, problems)), None
        case Form.DAY:
            return _one(_day_or_moment(data, path, problems)), None
        case Form.PAIR:
            return _pair(data, path, problems), None
        case Form.TEXTS | Form.MONTHS:
            return _list(data, form, path, problems), None


def _one(value: Scalar | None) -> tuple[Scalar, ...]:
    return () if value is None else (value,)


def _list(data: object, form: Form, path: str, problems: Problems) -> tuple[Scalar, ...]:
    if not isinstance(data, list) or not data:
        problems.add("conditions.list_wanted", path)
        return ()
    if len(data) > VALUES_MAX or not problems.take_values(len(data)):
        problems.add("conditions.too_many_values", path, limit=VALUES_MAX)
        return ()
    read = read_text if form is Form.TEXTS else _month
    values = [read(item, f"{path}/{i}", problems) for i, item in enumerate(data)]
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _pair(data: object, path: str, problems: Problems) -> tuple[Scalar, ...]:
    if not isinstance(data, list) or len(data) != PAIR:
        problems.add("conditions.pair_wanted", path)
        return ()
    values = [_comparable(item, f"{path}/{i}", problems) for i, item in enumerate(data)]
    low, high = values
    if low is None or high is None:
        return ()
    if type(low) is not type(high):
        problems.add("conditions.pair_mixed", path)
        return ()
    if low > high:  # type: ignore[operator]
        problems.add("conditions.range_reversed", path)
        return ()
    return low, high


def _comparable(data: object, path: str, problems: Problems) -> Scalar | None:
    is_day = isinstance(data, str) and (_DATE.fullmatch(data) or _MOMENT.fullmatch(data))
    return _day_or_moment(data, path, problems) if is_day else _number(data, path, problems)


def read_text(data: object, path: str, problems: Problems) -> str | None:
    """Return a text that can be stored and shown, or None."""
    if not isinstance(data, str):
        problems.add("conditions.text_wanted", path)
    elif not data:
        problems.add("conditions.text_empty", path)
    elif len(data) > TEXT_MAX:
        problems.add("conditions.text_too_long", path, limit=TEXT_MAX)
    elif any(unicodedata.category(character) in ("Cc", "Cs") for character in data):
        problems.add("conditions.text_unstorable", path)
    else:
        return data
    return None


def _number(data: object, path: str, problems: Problems) -> Decimal | None:
    number = _exact(data)
    if number is None:
        problems.add("conditions.number_wanted", path)
        return None
    # Not normalize(): it would round to the precision of the context.
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    trimmed = text.rstrip("0")
    exponent += len(text) - len(trimmed)
    if -exponent > DECIMALS_MAX or len(trimmed.lstrip("0")) + exponent > INTEGER_DIGITS_MAX:
        problems.add("conditions.number_out_of_range", path, digits=INTEGER_DIGITS_MAX, decimals=DECIMALS_MAX)
        return None
    return Decimal((sign, tuple(map(int, trimmed)), exponent)) if trimmed else Decimal(0)


def _exact(data: object) -> Decimal | None:
    """Return the number that JSON gave, or a text that is written as one."""
    match data:
        case bool():
            return None
        case int():
            return Decimal(data) if data.bit_length() <= 128 else Decimal("1e39")  # noqa: PLR2004
        case float():
            return Decimal(repr(data)) if math.isfinite(data) else None
        case Decimal():
            return data if data.is_finite() else None
        case str():
            try:
                return Decimal(data) if _NUMBER.fullmatch(data) else None
            except InvalidOperation:
                return None
        case _:
            return None


def _month(data: object, path: str, problems: Problems) -> Decimal | None:
    number = _exact(data)
    if number is None or number not in range(MONTHS + 1):
        problems.add("conditions.month_wanted", path)
        return None
    return number


def _day_or_moment(data: object, path: str, problems: Problems) -> date | datetime | None:
    value: date | datetime | None = None
    try:
        if isinstance(data, str) and _DATE.fullmatch(data):
            value = date.fromisoformat(data)
        elif isinstance(data, str) and _MOMENT.fullmatch(data):
            moment = datetime.fromisoformat(data).astimezone(UTC)
            value = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    except (ValueError, OverflowError):
        value = None
    if value is None or not YEAR_MIN <= value.year <= YEAR_MAX:
        problems.add("conditions.day_wanted", path)
        return None
    return value


def read_date(data: object, path: str, problems: Problems) -> date | None:
    """Return a date, or None."""
    value = _day_or_moment(data, path, problems)
    if isinstance(value, datetime):
        problems.add("conditions.day_wanted", path)
        return None
    return value


def read_span(data: object, path: str, problems: Problems, *, of_days: bool = False) -> Span | None:
    """Return {"n", "unit"} as a span, or None. `of_days`: days or weeks only, and 0 of them will do."""
    if not isinstance(data, dict) or data.keys() != {"n", "unit"}:
        problems.add("conditions.span_wanted", path)
        return None
    return make_span(data["n"], data["unit"], path, problems, of_days=of_days)


def make_span(
    n: object, unit: object, path: str, problems: Problems, *, of_days: bool = False
) -> Span | None:
    """Return a span within limits, or None."""
    if not isinstance(unit, str) or unit not in list(Unit):
        problems.add("conditions.unit_unknown", f"{path}/unit")
        return None
    known = Unit(unit)
    if of_days and known not in (Unit.DAY, Unit.WEEK):
        problems.add("conditions.unit_not_days", f"{path}/unit")
        return None
    highest = SPAN_YEARS_MAX * _IN_A_YEAR[known]
    if of_days:
        highest = ANNIVERSARY_DAYS_MAX // (7 if known is Unit.WEEK else 1)
    number = _exact(n)
    lowest = 0 if of_days else 1
    if number is None or not lowest <= number <= highest or number != int(number):
        problems.add("conditions.span_out_of_range", path, lowest=lowest, highest=highest)
        return None
    return Span(int(number), known)
