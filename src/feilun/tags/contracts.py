"""What tags tells and is told: the dictionary, who carries what, its history, bulk operations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, NewType

from feilun.identity.contracts import IdentifierClaim
from feilun.kernel.ids import OperatorId, PersonId
from feilun.kernel.origin import Origin

TagId = NewType("TagId", int)
TagGroupId = NewType("TagGroupId", int)
TagOperationId = NewType("TagOperationId", int)

COLOURS: Final = (
    "default", "red", "volcano", "orange", "gold", "lime", "green", "cyan", "blue", "geekblue", "purple", "magenta",
)  # fmt: skip
"""Names of the palette of pages; a name and not a colour value, so that tags stay legible in the dark."""
VALUE_MAX: Final = 100
"""Characters of a value."""
ALLOWED_VALUES_MAX: Final = 200
PEOPLE_AT_ONCE: Final = 500
"""An operation over named people of at most this many runs within the request."""


class TagKind(StrEnum):
    """Who decides who carries it."""

    STATIC = "static"
    """Hands, imports, other programs, rules."""
    COMPUTED = "computed"
    """A condition; `segments` evaluates it."""


class ValueMode(StrEnum):
    """What a tag says besides its name."""

    FLAG = "flag"
    """Nothing: one carries it or not. Its value is the empty text."""
    ONE = "one"
    """One value per person; the newest holds."""
    SEVERAL = "several"
    """Any number of values per person."""


class AssignmentSource(StrEnum):
    """What gave or took a tag."""

    HAND = "hand"
    IMPORT = "import"
    API = "api"
    RULE = "rule"
    SYSTEM = "system"
    """Expiry and erasure."""


class HistoryAction(StrEnum):
    """What happened to a tag on a person record."""

    ASSIGNED = "assigned"
    CHANGED = "changed"
    """It was carried before; its validity began anew."""
    REMOVED = "removed"
    EXPIRED = "expired"
    UNDONE = "undone"
    """An operation was undone, which brought it back or took it away."""


class OperationKind(StrEnum):
    """What a bulk operation does."""

    ASSIGN = "assign"
    REMOVE = "remove"
    UNDO = "undo"


class OperationState(StrEnum):
    """Life of a bulk operation."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    """What it had done by then stays, and can be undone."""
    FAILED = "failed"


# --- the dictionary ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AllowedValue:
    """A value that a tag may have, and how pages call it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TagGroupDraft:
    """A group as somebody wants it."""

    name: str
    position: int = 0
    is_exclusive: bool = False
    """At most one tag of the group per person: the newest holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagGroup:
    """Tags that belong together."""

    group_id: TagGroupId
    name: str
    position: int
    is_exclusive: bool
    tags: int
    """How many tags are in it, archived ones included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagDraft:
    """A tag as somebody wants it. Key, kind and value mode stay for good once anybody carries or carried it."""

    key: str
    name: str
    group_id: TagGroupId | None = None
    colour: str = "default"
    owner_id: OperatorId | None = None
    description: str = ""
    kind: TagKind = TagKind.STATIC
    value_mode: ValueMode = ValueMode.FLAG
    allowed_values: tuple[AllowedValue, ...] = ()
    """Empty: any value."""
    valid_days: int | None = None
    """An assignment lasts so many times 24 hours."""
    valid_until: date | None = None
    """Every assignment ends with this day in the installation's zone. At most one of the two."""
    is_archived: bool = False
    """Not offered any more; whoever carries it keeps it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An entry of the dictionary."""

    tag_id: TagId
    key: str
    name: str
    group: TagGroup | None
    colour: str
    owner_id: OperatorId | None
    description: str
    kind: TagKind
    value_mode: ValueMode
    allowed_values: tuple[AllowedValue, ...]
    valid_days: int | None
    valid_until: date | None
    ends_at: datetime | None
    """The moment `valid_until` is over."""
    archived_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime

    def label_of(self, value: str) -> str:
        """Return how pages call a value."""
        return next((allowed.label for allowed in self.allowed_values if allowed.value == value), value)


# --- who carries what -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """A person record carries a tag."""

    assignment_id: int
    person_id: PersonId
    """The record it came to, which a merge does not change."""
    tag_id: TagId
    value: str
    source: AssignmentSource
    actor: str
    reason: str
    assigned_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CarriedTag:
    """A tag as a whole person carries it: the union over the records merged into it."""

    tag: Tag
    holding: Assignment
    """The newest of the assignments with this value."""
    records: tuple[PersonId, ...]
    """All records that carry it with this value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change; entries are never changed themselves, and go only with an erased person."""

    history_id: int
    person_id: PersonId
    tag_id: TagId
    value: str
    action: HistoryAction
    displaced_by: TagId | None
    """It was removed because this one, of the same exclusive group or with another single value, took its place."""
    source: AssignmentSource
    actor: str
    reason: str
    changed_at: datetime
    expires_at: datetime | None
    operation_id: TagOperationId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryPage:
    """A page of changes, newest first."""

    entries: tuple[HistoryEntry, ...]
    next_before: int | None
    """Pass as `before` for earlier ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CarrierPage:
    """A page of people who carry a tag, by id."""

    people: tuple[CarriedTag, ...]
    person_ids: tuple[PersonId, ...]
    """Root of each, in the same order."""
    next_after: PersonId | None


# --- changes ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TagChange:
    """What is to be done to people; the same for all of them."""

    tag_id: TagId
    value: str | None = None
    """Assigning: the value, None or empty for flags. Removing: only this value, None for all."""
    source: AssignmentSource
    reason: str = ""
    renews: bool = False
    """Assigning: begin the validity anew for those who carry it already."""
    origin: Origin = Origin.LIVE


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCounts:
    """How it went, in people."""

    changed: int = 0
    unchanged: int = 0
    """They carried it already, or did not when it was to be removed."""
    skipped: int = 0
    """Unknown or erased people; when undoing, people whose tags were changed again since."""
    displaced: int = 0
    """Of the changed: people for whom it took the place of another tag or value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Displacement:
    """What an assignment would take the place of."""

    tag_id: TagId
    value: str
    people: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationPreview:
    """What an operation would do now; nothing was changed."""

    people: int
    counts: ChangeCounts
    displacements: tuple[Displacement, ...]
    """Most people first, at most 20."""
    sample: tuple[PersonId, ...]
    """Some who would change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleChoice:
    """Whom an operation is about: a `PeopleSource` by name, and what it is asked for."""

    source: str
    """'persons', 'customers', or whatever upper rooms register, e.g. 'segment'."""
    key: str
    """Text the source understands: a segment's key, a filter as JSON; for 'persons' the ids joined by commas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagOperation:
    """A bulk change, or the undoing of one."""

    operation_id: TagOperationId
    kind: OperationKind
    tag_id: TagId
    value: str | None
    renews: bool
    people: PeopleChoice
    source: AssignmentSource
    reason: str
    undoes: TagOperationId | None
    undone_by: TagOperationId | None
    state: OperationState
    is_stopping: bool
    people_total: int | None
    """None until the people were looked up."""
    people_done: int
    counts: ChangeCounts
    error_code: str | None
    actor: str
    created_at: datetime
    finished_at: datetime | None


class BatchState(StrEnum):
    """How an item of a batch went."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchItem:
    """One tag for one person record."""

    person_id: PersonId | None = None
    claims: tuple[IdentifierClaim, ...] = ()
    """Who it is, when there is no person id."""
    tag: str
    """Its key or, where that is no key, its name."""
    value: str | None = None
    is_removal: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchOutcome:
    """How an item of a batch went."""

    state: BatchState
    person_id: PersonId | None = None
    is_new_person: bool = False
    code: str | None = None
    """Why it was rejected."""
    detail: Mapping[str, object] = field(default_factory=dict)
