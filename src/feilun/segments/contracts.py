"""What segments tell: definitions, memberships and how they changed, audiences, evaluations."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, NewType

from feilun.conditions.contracts import Condition, Problem, ValueKind
from feilun.kernel.ids import PersonId
from feilun.tags.contracts import TagId

SegmentId = NewType("SegmentId", int)
AudienceId = NewType("AudienceId", int)
DefinitionId = NewType("DefinitionId", int)
ExportId = NewType("ExportId", int)

SEGMENTS_MAX: Final = 2_000
OVERLAP_MAX: Final = 12
"""Segments compared at once: their table of pairs stays readable."""
PROFILE_FIELDS_MAX: Final = 12
MEMBERS_AT_ONCE: Final = 10_000
"""People put into or taken out of a static segment by one call."""
REASON_MIN: Final = 5
"""Characters of the reason an export needs."""


class SegmentKind(StrEnum):
    """Who decides about members."""

    DYNAMIC = "dynamic"
    """A condition."""
    STATIC = "static"
    """Hands, files and other programs."""


class SegmentState(StrEnum):
    """Whether a segment is evaluated and offered."""

    ACTIVE = "active"
    PAUSED = "paused"
    """Members stay as they were; nobody enters or leaves."""
    ARCHIVED = "archived"
    """As paused, and no longer offered."""


class Health(StrEnum):
    """How the evaluation of a definition goes."""

    WAITING = "waiting"
    """Not computed yet."""
    HEALTHY = "healthy"
    FAILING = "failing"
    """It cannot be evaluated; members stay as they were. Tried again with every pass."""
    SUSPENDED = "suspended"
    """It took too long or too much memory; put aside until `retry_at`."""


class ChangeCause(StrEnum):
    """Why a membership changed."""

    LIVE = "live"
    BACKFILL = "backfill"
    TIME = "time"
    """Nothing happened but time passed."""
    DEFINITION = "definition"
    """The condition changed; counted, not kept per person."""
    BASELINE = "baseline"
    """The first computation; counted, not kept per person."""
    MERGE = "merge"
    """People were merged or split."""
    ERASURE = "erasure"
    REPAIR = "repair"
    """A full pass found what the events had not shown."""


class OwnerKind(StrEnum):
    """What a definition decides about."""

    SEGMENT = "segment"
    TAG_VALUE = "tag_value"


@dataclass(frozen=True, slots=True)
class DefinitionProblem:
    """Why a definition is not evaluated."""

    code: str
    detail: Mapping[str, object]
    since: datetime
    retry_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DefinitionStatus:
    """How the evaluation of a definition stands."""

    definition_id: DefinitionId
    health: Health
    problem: DefinitionProblem | None
    size: int | None
    """Members; None before the first computation."""
    computed_at: datetime | None
    """When a pass over everybody last confirmed it."""
    cost_ms: int | None
    """What evaluating it alone for everybody took when it was last measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A named group of people and what decides about it."""

    segment_id: SegmentId
    key: str
    """Stable name in conditions, files and other programs; never changes."""
    name: str
    description: str
    kind: SegmentKind
    state: SegmentState
    zone: str | None
    """IANA zone of its dates; None: the installation's."""
    owner: str
    version: int
    condition: Condition
    """Of a static segment: carried by its list of members."""
    status: DefinitionStatus
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentVersion:
    """One version of a condition; never changes."""

    version: int
    condition: Condition
    note: str
    created_at: datetime
    created_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDraft:
    """A segment as somebody wants it."""

    key: str
    name: str
    kind: SegmentKind = SegmentKind.DYNAMIC
    description: str = ""
    condition: object = None
    """JSON as `conditions.api.parse_condition` takes it; None for static segments."""
    zone: str | None = None
    owner: str | None = None
    """None: whoever makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentEdit:
    """What changes about a segment; None leaves it as it is."""

    name: str | None = None
    description: str | None = None
    state: SegmentState | None = None
    owner: str | None = None
    zone: str | None = None
    """An empty text: the installation's."""
    condition: object = None
    note: str = ""
    """Why the condition changes; kept with the version."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Something that uses a segment in its condition, or is used."""

    kind: OwnerKind
    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentFilter:
    """Which segments to list; None means any."""

    query: str | None = None
    kind: SegmentKind | None = None
    state: SegmentState | None = None
    """None: all but archived ones."""
    health: Health | None = None
    key: Sequence[str] = ()


# --- memberships ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """Members by id."""

    person_ids: tuple[PersonId, ...]
    total: int
    next_after: PersonId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Somebody entered or left."""

    change_id: int
    segment_id: SegmentId
    version: int
    person_id: PersonId
    has_entered: bool
    cause: ChangeCause
    changed_at: datetime
    evaluation_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendDay:
    """One day of a segment in the installation's zone."""

    day: date
    size: int | None
    """At the end of the day, or now; None before the first computation."""
    entered: int
    left: int
    """Both without baselines and changes of the condition."""
    is_recomputed: bool
    """The condition was computed anew on that day, so its size may have jumped."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A person is in a segment."""

    segment_id: SegmentId
    key: str
    name: str
    since: datetime | None
    """When they entered; None: they were in it at its first computation."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Sizes and pairwise intersections."""

    sizes: Mapping[SegmentId, int]
    pairs: Mapping[tuple[SegmentId, SegmentId], int]
    """By the smaller id first."""
    union: int


# --- set algebra ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MembersOf:
    """Members of a segment."""

    segment_id: SegmentId


@dataclass(frozen=True, slots=True)
class AudienceOf:
    """Members of an audience."""

    audience_id: AudienceId


@dataclass(frozen=True, slots=True)
class Together:
    """In all of them."""

    parts: "tuple[SetExpression, ...]"


@dataclass(frozen=True, slots=True)
class Either:
    """In at least one of them."""

    parts: "tuple[SetExpression, ...]"


@dataclass(frozen=True, slots=True)
class Without:
    """In the left one and not in the right one."""

    left: "SetExpression"
    right: "SetExpression"


SetExpression = MembersOf | AudienceOf | Together | Either | Without


# --- audiences and exports --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """A list of people that was frozen at a moment; only erasure takes somebody out of it."""

    audience_id: AudienceId
    key: str
    """What conditions name it by."""
    name: str
    segment_id: SegmentId | None
    """None: made of several segments."""
    version: int | None
    """Of the segment's condition then."""
    count: int
    taken_at: datetime
    taken_by: str


class ExportFormat(StrEnum):
    """File formats of an export."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRecord:
    """Somebody exported people; the record stays."""

    export_id: ExportId
    subject: str
    """'segment' or 'audience'."""
    subject_id: int
    name: str
    reason: str
    columns: tuple[str, ...]
    format: ExportFormat
    people: int
    is_masked: bool
    exported_at: datetime
    exported_by: str


# --- questions about conditions ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """How many people a condition fits now."""

    count: int
    total: int
    sample: tuple[PersonId, ...]
    sentence: str
    took_ms: int
    as_of: datetime


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A value that occurs."""

    value: str
    label: str
    count: int | None


@dataclass(frozen=True, slots=True)
class DistributionBin:
    """People of a segment and everybody with values of one bin."""

    value: str
    label: str
    members: int
    everybody: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """How the values of a field are spread in a segment, against everybody."""

    field: str
    label: str
    kind: ValueKind
    members: int
    """Members of the segment."""
    everybody: int
    bins: tuple[DistributionBin, ...]
    members_without: int
    """Members without a value."""
    everybody_without: int
    members_mean: Decimal | None
    everybody_mean: Decimal | None
    """Of numbers."""


@dataclass(frozen=True, slots=True)
class Quantiles:
    """The values that cut people into equal parts, by measure."""

    people: int
    """Who has a value of the first measure; nobody else counts."""
    limits: tuple[tuple[Decimal, ...], ...]
    """Ascending, one fewer than parts; empty when there is nobody."""


@dataclass(frozen=True, slots=True)
class FigureCell:
    """People whose values lie between the same limits."""

    places: tuple[int, ...]
    """How many limits each value lies above, by measure."""
    people: int
    totals: tuple[tuple[Decimal, int], ...]
    """By measure: the sum of values, and how many people have one."""


# --- files of definitions ---------------------------------------------------------------------------------------------


class ImportVerdict(StrEnum):
    """What importing a definition would do."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class ImportedDefinition:
    """One definition of a file."""

    key: str
    name: str
    verdict: ImportVerdict
    problems: tuple[Problem, ...] = ()

    changes: tuple[str, ...] = ()
    """Names of what differs: name, description, condition, zone."""


# --- computed tags ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TagValueRule:
    """Who carries a value of a computed tag."""

    value: str
    condition: object
    """JSON of a condition."""


@dataclass(frozen=True, slots=True)
class ComputedTagValue:
    """A value of a computed tag with its rule and how its evaluation stands."""

    value: str
    condition: Condition
    status: DefinitionStatus
    is_exclusive: bool = field(kw_only=True)
    """Who fits an earlier value of the tag does not carry this one."""


@dataclass(frozen=True, slots=True)
class CarriedValue:
    """A person carries a value of a computed tag."""

    tag_id: TagId
    value: str
    since: datetime | None
    """When they came to fit; None: from the first computation of its rule."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagPeople:
    """How many people carry a computed tag."""

    people: int | None
    """None before the first computation of every value."""
    sizes: Mapping[str, int | None]
    """By value, in order."""
    failing: int
    """Values that cannot be evaluated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagValueChange:
    """Somebody came to carry a value of a computed tag, or does not any more."""

    change_id: int
    value: str
    version: int
    person_id: PersonId
    has_entered: bool
    cause: ChangeCause
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluatorStatus:
    """How the evaluator stands, for the health page and commands."""

    evaluation_id: int
    checked_at: datetime | None
    """When a pass over everybody last compared all definitions."""
    position: int
    """Log position up to which memberships follow events."""
    definitions: int
    failing: int
    repaired: int
    """Differences that passes over everybody had to repair since installation."""
    slowest: tuple[tuple[str, int], ...] = field(default=())
    """Names and milliseconds of the definitions that cost most."""
