"""The bound form: constants only, ready for SQL or memory, and what evaluation takes and gives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from feilun.conditions.contracts.catalogue import Arithmetic, Constant, Function
from feilun.conditions.contracts.language import Scalar, ValueKind


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
    """The day of the year, as month * 100 + day, is one of these. Of a moment: in `zone`."""

    days: frozenset[int]
    zone: str | None = None
    """Name of the evaluation's zone, for moments only, so that dates ask alike wherever they are evaluated."""


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
    """Exclusive, at most a millisecond after now: facts of the evaluation's very moment count. None: no moment."""
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
    """A step of a chain: moments of facts, and how long after the step before in milliseconds.

    A fact fits when it is later than that of the step before by more than 0 and at most `within_ms`. An absent step fits when
    no fact does so and the step before, plus `within_ms`, is less than now.
    """

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


# --- what evaluation takes and gives ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PeopleValues:
    """Aggregates of chosen people by column: `values[aggregate][i]` is that of `person_ids[i]`."""

    person_ids: Sequence[int]
    values: Mapping[BoundAggregate, Sequence[AggregateValue]]


@dataclass(frozen=True, slots=True)
class Actual:
    """A value that a part of a condition saw, e.g. 'orders in the last 60 days: 1'."""

    label: str
    value: str
    """In the words of the locale; 'none' for a missing one."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a person is in or out: the verdict of a part and of the parts below it."""

    path: str
    """JSON pointer into the condition. Below a reference: its own pointer, '#', the segment's key, the pointer in there."""
    kind: str
    """all, any, not, compare, segment or sequence."""
    sentence: str
    holds: bool
    is_decisive: bool
    """It made the whole what it is: had it been the other way, the part above it could have been too."""
    actual: tuple[Actual, ...] = ()
    parts: "tuple[Explanation, ...]" = ()


# --- queries ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Everybody:
    """All customers."""


@dataclass(frozen=True, slots=True)
class ThesePeople:
    """Customers by the ids of their roots."""

    person_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PeopleRange:
    """Customers whose root's id lies from first to last, both included."""

    first: int
    last: int


PeopleScope = Everybody | ThesePeople | PeopleRange


@dataclass(frozen=True, slots=True)
class QueryText:
    """A query of the warehouse and the settings it needs."""

    sql: str
    settings: Mapping[str, object]
