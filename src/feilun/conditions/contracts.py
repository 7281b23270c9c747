"""Words of the condition language: the tree as people save it, the catalogue it speaks about, and its bound form.

Truth is two-valued. A comparison with a missing value is false, and a negated operator is the exact opposite of the plain
one, so a condition and its negation together are everybody. Counting nothing gives 0; every other aggregate of nothing is
missing. Periods are whole days, weeks, months or years in the evaluation's zone, or exact hours and minutes; they end at the
evaluation's moment, and facts later than it do not count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

LANGUAGE_VERSION: Final = 1
NODES_MAX: Final = 500
DEPTH_MAX: Final = 20
VALUES_MAX: Final = 1_000
"""Values in one list."""
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
    """Its day of the year comes within so many days, today included; 29 February counts as 28 in common years."""
    ANNIVERSARY_IN_LAST = "anniversary_in_last"
    """Its day of the year was within so many days, today included."""
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


# --- the tree ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Span:
    """A length of time, e.g. 90 days. JSON: {"n": 90, "unit": "day"}."""

    n: int
    unit: Unit


@dataclass(frozen=True, slots=True)
class LastPeriod:
    """The span that ends now: 'last 1 day' is today since midnight and the whole day before it.

    In calendar units it begins at the start of the day that lies n units back; in hours and minutes exactly n units back.
    JSON: {"last": 90, "unit": "day"}.
    """

    span: Span


@dataclass(frozen=True, slots=True)
class DatePeriod:
    """From the start of the first day to the end of the last, in the evaluation's zone; None is open.

    JSON: {"from": "2026-01-01", "to": "2026-01-31"}.
    """

    first: date | None
    last: date | None


Period = LastPeriod | DatePeriod


@dataclass(frozen=True, slots=True)
class Filter:
    """Which facts count. JSON: {"column": "sku", "op": "in", "value": ["A1"]}; an event's property: "property": "page"."""

    column: str
    op: Operator
    value: tuple[Scalar, ...] = ()
    span: Span | None = None
    property: str | None = None
    """Name of the property, for a column that is keyed by one."""


class Change(StrEnum):
    """A measure against the same measure in the equally long period just before."""

    DIFFERENCE = "difference"
    RATIO = "ratio"
    """Now / before: 0.7 is a fall by 30 %; missing when there was nothing before."""


@dataclass(frozen=True, slots=True)
class FieldOperand:
    """A field of the catalogue. JSON: "field": "city"."""

    name: str


@dataclass(frozen=True, slots=True)
class MeasureOperand:
    """A measure of the catalogue over chosen facts of a period.

    JSON: "measure": {"name": "order_count", "where": [...], "period": {...}, "change": "ratio"}.
    """

    name: str
    where: tuple[Filter, ...] = ()
    period: Period | None = None
    """None: ever."""
    change: Change | None = None
    """Needs a LastPeriod."""


Operand = FieldOperand | MeasureOperand


@dataclass(frozen=True, slots=True)
class Compare:
    """An operand, an operator, and what it is compared with.

    JSON: the operand's key beside "op" and "value": a list for list operators and 'between' (two), {"n", "unit"} for spans
    and anniversaries, one value otherwise, nothing for is_empty and the like.
    """

    operand: Operand
    op: Operator
    value: tuple[Scalar, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class SegmentReference:
    """Member of another segment, by its definition at the same moment. JSON: {"segment": "core_customers"}."""

    key: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a sequence. JSON: {"source": "interactions", "where": [...], "within": {...}, "absent": true}."""

    source: str
    where: tuple[Filter, ...] = ()
    within: Span | None = None
    """After the step before it, exact (a day is 24 hours); None: any time after. The first step has none."""
    is_absent: bool = False
    """Only the last may be: it did not happen within its span, and the span is over. Needs `within`."""


@dataclass(frozen=True, slots=True)
class Sequence:
    """Facts that follow each other, each strictly later than the one before. JSON: {"sequence": [...], "period": {...}}.

    True when some choice of facts fits all steps; the period limits the first step.
    """

    steps: tuple[Step, ...]
    period: Period | None = None


@dataclass(frozen=True, slots=True)
class AllOf:
    """Every part holds; of none: everybody. JSON: {"all": [...]}."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds; of none: nobody. JSON: {"any": [...]}."""

    parts: "tuple[Node, ...]"


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. JSON: {"not": {...}}."""

    part: "Node"


Node = AllOf | AnyOf | Not | Compare | SegmentReference | Sequence


@dataclass(frozen=True, slots=True)
class Condition:
    """A whole condition. JSON: {"version": 1, "where": {...}}."""

    where: Node
    version: int = LANGUAGE_VERSION


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a condition."""

    code: str
    """E.g. 'conditions.field_unknown'; a translated message exists for it."""
    path: str
    """JSON pointer into the condition, e.g. '/where/all/0/value'."""
    detail: Mapping[str, object] = field(default_factory=dict)


# --- the catalogue ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Option:
    """One choice."""

    value: str
    label_zh: str
    label_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a source: what facts can be filtered by, what measures are taken of."""

    name: str
    kind: ValueKind
    sql: str
    """Expression over the table's columns, missing as NULL. Placeholders: {property} (a quoted name), {zone} (quoted),
    {today_year}, {today_month_day} (month * 100 + day, in the evaluation's zone)."""
    label_zh: str
    label_en: str
    options: tuple[Option, ...] = ()
    is_filter: bool = True
    """Offered as a filter in the editor."""
    suggests: bool = False
    """The editor looks up which values occur."""
    has_property: bool = False
    """Keyed by the name of a property, e.g. of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A fact table of the warehouse as conditions see it."""

    name: str
    table: str
    label_zh: str
    label_en: str
    columns: tuple[Column, ...]
    moment: str | None
    """Column of when a fact happened, DateTime64(3) in the table; None: the table has one row per person, or no time."""
    where_sql: str = ""
    """Which rows count at all, e.g. lines of counted orders. '{main_currency}' stands for the main currency, quoted."""
    is_per_person: bool = False
    """One row per customer under the root's id (`customers`); otherwise rows lie under the record they came with."""


class Function(StrEnum):
    """How facts become one value."""

    VALUE = "value"
    """The value in a source with one row per person."""
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    """The column of the earliest fact; of equal moments the smallest value."""
    LAST = "last"
    """The column of the latest fact; of equal moments the greatest value."""
    SET = "set"
    """The distinct values."""
    MOMENTS = "moments"
    """All moments, for sequences."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over a source, before filters and period are added."""

    source: str
    function: Function
    column: str | None = None


class Arithmetic(StrEnum):
    """How two values become one."""

    PLUS = "plus"
    """A missing side counts as 0; both missing: missing."""
    MINUS = "minus"
    """As PLUS."""
    RATIO = "ratio"
    """Left / right, cut to 6 decimals towards zero; a missing left counts as 0, a missing or zero right makes it missing."""
    DAYS_BETWEEN = "days_between"
    """Whole days from left to right, both moments, as exact 24 hours cut towards zero; missing when one is."""


@dataclass(frozen=True, slots=True)
class Calculated:
    """Two values combined."""

    how: Arithmetic
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same for everybody, e.g. the 1 in (last - first) / (orders - 1)."""

    value: Decimal | datetime


@dataclass(frozen=True, slots=True)
class Now:
    """The evaluation's moment; binding makes it a constant."""


Expression = Aggregate | Calculated | Constant | Now


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    """A field: one value per person."""

    name: str
    kind: ValueKind
    expression: Expression
    label_zh: str
    label_en: str
    group: str
    """Where the editor lists it: 'profile', 'custom', 'identity', 'consent', 'tags', 'orders', 'events' …"""
    where: tuple[Filter, ...] = ()
    """Fixed filters of its aggregates."""
    options: tuple[Option, ...] = ()
    suggests: bool = False
    description_zh: str = ""
    description_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureDef:
    """A measure: a value per person over facts that a condition chooses."""

    name: str
    kind: ValueKind
    expression: Expression
    label_zh: str
    label_en: str
    group: str
    where: tuple[Filter, ...] = ()
    """Fixed filters, added to every aggregate whose source has the column."""
    unit_zh: str = ""
    unit_en: str = ""
    description_zh: str = ""
    description_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueParts:
    """What one room contributes."""

    sources: tuple[Source, ...] = ()
    fields: tuple[FieldDef, ...] = ()
    measures: tuple[MeasureDef, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything conditions can speak about, by name. Build it with `api.join_catalogue`."""

    sources: Mapping[str, Source]
    fields: Mapping[str, FieldDef]
    measures: Mapping[str, MeasureDef]


# --- the bound form ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The moment and place of an evaluation."""

    now: datetime
    """Aware; facts after it do not count."""
    zone: ZoneInfo
    main_currency: str
    """Amounts in other currencies do not count."""


@dataclass(frozen=True, slots=True)
class Between:
    """Within bounds; None is open. Numbers, dates or moments."""

    low: Decimal | date | datetime | None
    high: Decimal | date | datetime | None
    includes_low: bool = True
    includes_high: bool = True


@dataclass(frozen=True, slots=True)
class OneOf:
    """Equal to one of these (texts or numbers or booleans)."""

    values: frozenset[Scalar]


@dataclass(frozen=True, slots=True)
class Contains:
    """The text contains this, byte for byte."""

    text: str


@dataclass(frozen=True, slots=True)
class StartsWith:
    """The text starts with this."""

    text: str


@dataclass(frozen=True, slots=True)
class Under:
    """The path is one of these or below one."""

    paths: frozenset[str]


@dataclass(frozen=True, slots=True)
class HasAny:
    """The set shares a value with these."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class HasAll:
    """The set holds all of these."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class OnDays:
    """The day of the year, as month * 100 + day, is one of these. Of a moment: in the evaluation's zone."""

    days: frozenset[int]


@dataclass(frozen=True, slots=True)
class IsPresent:
    """There is a value; an empty text or set is none."""


Test = Between | OneOf | Contains | StartsWith | Under | HasAny | HasAll | OnDays | IsPresent


@dataclass(frozen=True, slots=True)
class FactTest:
    """Which facts an aggregate counts: a column of its source (with property) passes, or with `is_negated` fails, a test."""

    column: str
    test: Test
    property: str | None = None
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class BoundAggregate:
    """An aggregate with nothing left open: equal ones are computed once, whoever asks."""

    source: str
    function: Function
    column: str | None
    tests: frozenset[FactTest]
    since: datetime | None
    """Inclusive; None: from the first fact."""
    until: datetime | None
    """Exclusive; None for sources without a moment."""
    property: str | None = None


@dataclass(frozen=True, slots=True)
class BoundCalculated:
    """Two bound values combined."""

    how: Arithmetic
    left: "BoundValue"
    right: "BoundValue"


BoundValue = BoundAggregate | BoundCalculated | Constant


@dataclass(frozen=True, slots=True)
class BoundCompare:
    """A leaf: does the value pass the test? A missing value does not."""

    value: BoundValue
    kind: ValueKind
    test: Test


@dataclass(frozen=True, slots=True)
class BoundStep:
    """A step of a chain: moments of facts, and how long after the step before in milliseconds."""

    moments: BoundAggregate
    within_ms: int | None
    is_absent: bool


@dataclass(frozen=True, slots=True)
class BoundChain:
    """A leaf: moments that follow each other. `now_ms` decides whether an absent step's span is over."""

    steps: tuple[BoundStep, ...]
    now_ms: int


@dataclass(frozen=True, slots=True)
class BoundAll:
    """Every part holds."""

    parts: "tuple[Bound, ...]"


@dataclass(frozen=True, slots=True)
class BoundAny:
    """Some part holds."""

    parts: "tuple[Bound, ...]"


@dataclass(frozen=True, slots=True)
class BoundNot:
    """The part does not hold."""

    part: "Bound"


Bound = BoundAll | BoundAny | BoundNot | BoundCompare | BoundChain
"""A condition bound to an evaluation: constants only, other segments written in. Hashable, so equal parts are found."""

AggregateValue = Decimal | str | bool | date | datetime | int | frozenset[str] | tuple[int, ...] | None
"""Value of an aggregate for one person: by kind; MONTH_DAY as month * 100 + day; MOMENTS as sorted epoch milliseconds."""
