"""What values can be and how they are compared: kinds, operators, units, limits."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, Literal

Locale = Literal["zh-CN", "en"]
"""Language of sentences."""

LANGUAGE_VERSION: Final = 1
NODES_MAX: Final = 500
DEPTH_MAX: Final = 20
VALUES_MAX: Final = 1_000
"""Values in one list."""
VALUES_TOTAL_MAX: Final = 5_000
"""Values in all lists of a condition together."""
EXPANDED_NODES_MAX: Final = 2_000
"""Nodes of a condition with the segments it refers to written in."""
EXPANDED_DEPTH_MAX: Final = 60
"""Depth of a condition with the segments it refers to written in."""
SPAN_YEARS_MAX: Final = 100
TEXT_MAX: Final = 200
SEQUENCE_STEPS_MAX: Final = 4

Scalar = str | Decimal | bool | date | datetime


class ValueKind(StrEnum):
    """What a field, measure or column holds."""

    TEXT = "text"
    CHOICE = "choice"
    """Text out of known options."""
    PATH = "path"
    """Text of steps joined by '/', as categories are."""
    NUMBER = "number"
    """Exact decimal."""
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"
    MONTH_DAY = "month_day"
    """A day of any year, as a birthday whose year may be unknown."""
    TEXTS = "texts"
    """A set of texts."""


class Operator(StrEnum):
    """How an operand is compared. `OPERATORS` says which fit a kind."""

    EQ = "eq"
    NE = "ne"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    BETWEEN = "between"
    """Both ends belong to it."""
    IN = "in"
    NOT_IN = "not_in"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    STARTS_WITH = "starts_with"
    UNDER = "under"
    """The path is one of these or lies below it."""
    NOT_UNDER = "not_under"
    IS_TRUE = "is_true"
    IS_FALSE = "is_false"
    HAS_ANY = "has_any"
    HAS_ALL = "has_all"
    HAS_NONE = "has_none"
    BEFORE = "before"
    ON_OR_AFTER = "on_or_after"
    IN_LAST = "in_last"
    """Not longer ago than a span, and not in the future."""
    OLDER_THAN = "older_than"
    """Longer ago than a span."""
    IN_NEXT = "in_next"
    """From now to the end of a span."""
    ANNIVERSARY_IN_NEXT = "anniversary_in_next"
    """Its day of the year is today or one of the next n days (0: today); 29 February counts as 28 in common years."""
    ANNIVERSARY_IN_LAST = "anniversary_in_last"
    """Its day of the year is today or one of the n days before."""
    ANNIVERSARY_IN_MONTHS = "anniversary_in_months"
    """Its month is one of these (1-12; 0 stands for the evaluation's month)."""
    IS_EMPTY = "is_empty"
    IS_NOT_EMPTY = "is_not_empty"


class Unit(StrEnum):
    """Unit of a span. Day and longer are calendar units in the evaluation's zone."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


_PRESENCE: Final = (Operator.IS_EMPTY, Operator.IS_NOT_EMPTY)
_ANNIVERSARY: Final = (
    Operator.ANNIVERSARY_IN_NEXT,
    Operator.ANNIVERSARY_IN_LAST,
    Operator.ANNIVERSARY_IN_MONTHS,
)
_CALENDAR: Final = (
    Operator.BEFORE,
    Operator.ON_OR_AFTER,
    Operator.BETWEEN,
    Operator.IN_LAST,
    Operator.OLDER_THAN,
    Operator.IN_NEXT,
)
_LIST: Final = (Operator.IN, Operator.NOT_IN)
OPERATORS: Final[Mapping[ValueKind, tuple[Operator, ...]]] = {
    ValueKind.TEXT: (
        *_LIST,
        Operator.CONTAINS,
        Operator.NOT_CONTAINS,
        Operator.STARTS_WITH,
        *_PRESENCE,
    ),
    ValueKind.CHOICE: (*_LIST, *_PRESENCE),
    ValueKind.PATH: (Operator.UNDER, Operator.NOT_UNDER, *_LIST, *_PRESENCE),
    ValueKind.NUMBER: (
        Operator.GTE,
        Operator.LTE,
        Operator.GT,
        Operator.LT,
        Operator.EQ,
        Operator.NE,
        Operator.BETWEEN,
        *_PRESENCE,
    ),
    ValueKind.BOOLEAN: (Operator.IS_TRUE, Operator.IS_FALSE, *_PRESENCE),
    ValueKind.DATE: (*_CALENDAR, *_ANNIVERSARY, *_PRESENCE),
    ValueKind.MOMENT: (*_CALENDAR, *_ANNIVERSARY, *_PRESENCE),
    ValueKind.MONTH_DAY: (*_ANNIVERSARY, *_PRESENCE),
    ValueKind.TEXTS: (Operator.HAS_ANY, Operator.HAS_ALL, Operator.HAS_NONE, *_PRESENCE),
}
"""Operators by kind, the usual one first."""
