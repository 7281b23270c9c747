"""The tree as people save it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from feilun.conditions.contracts.language import LANGUAGE_VERSION, Operator, Scalar, Unit


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
