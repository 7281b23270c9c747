"""What the HTTP endpoints of tags take and answer, and how contracts become that."""

from datetime import date, datetime
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from feilun.identity.contracts import IdentifierKind
from feilun.tags.contracts import (
    ALLOWED_VALUES_MAX,
    COLOURS,
    VALUE_MAX,
    AssignmentSource,
    HistoryAction,
    OperationKind,
    OperationState,
    TagKind,
    ValueMode,
)

_CLEAN: Final = r"^[^\x00]*$"
_NAME_MAX: Final = 60
_REASON_MAX: Final = 500
_DESCRIPTION_MAX: Final = 1_000
_PERSONS_MAX: Final = 10_000
BATCH_MAX: Final = 1_000
_DAYS_MAX: Final = 36_500

Name = Annotated[str, Field(min_length=1, max_length=_NAME_MAX, pattern=_CLEAN)]
Reason = Annotated[str, Field(max_length=_REASON_MAX, pattern=_CLEAN)]
Value = Annotated[str, Field(max_length=VALUE_MAX, pattern=_CLEAN)]
Id = Annotated[str, Field(max_length=40, pattern=_CLEAN)]


class _Body(BaseModel):
    """A request's body: unknown names are refused, because a misspelt one would silently change nothing."""

    model_config = ConfigDict(extra="forbid")


class TagValueIO(BaseModel):
    """A value that a tag may have, and how pages call it."""

    value: str = Field(min_length=1, max_length=VALUE_MAX, pattern=_CLEAN)
    label: str = Field("", max_length=VALUE_MAX, pattern=_CLEAN)


class TagGroupIn(_Body):
    """A group as somebody wants it."""

    name: Name
    position: int = Field(0, ge=0, le=10_000)
    is_exclusive: bool = False


class TagGroupChangeIn(_Body):
    """What to change of a group; what is left out stays."""

    name: Name | None = None
    position: int | None = Field(None, ge=0, le=10_000)
    is_exclusive: bool | None = None


class TagGroupOut(BaseModel):
    """Tags that belong together."""

    id: str
    name: str
    position: int
    is_exclusive: bool = Field(description="At most one tag of the group per person; the newest holds.")
    tags: int = Field(description="Tags in it, archived ones included.")


class TagIn(_Body):
    """A new tag."""

    key: str = Field(
        pattern=r"^[a-z][a-z0-9_]{0,39}$", description="Name for programs and files; never changes once used."
    )
    name: Name
    group_id: Id | None = None
    colour: str = Field(
        "default", max_length=20, pattern=r"^[a-z]*$", description=f"One of {', '.join(COLOURS)}."
    )
    owner_id: int | None = Field(None, ge=1, le=2**62)
    description: str = Field("", max_length=_DESCRIPTION_MAX, pattern=_CLEAN)
    kind: TagKind = TagKind.STATIC
    value_mode: ValueMode = ValueMode.FLAG
    allowed_values: list[TagValueIO] = Field(default_factory=list, max_length=ALLOWED_VALUES_MAX)
    valid_days: int | None = Field(None, ge=1, le=_DAYS_MAX)
    valid_until: date | None = None


class TagChangeIn(_Body):
    """What to change of a tag; what is left out stays. Key, kind and value mode stay for good once anybody carried it."""

    key: str | None = Field(None, pattern=r"^[a-z][a-z0-9_]{0,39}$")
    name: Name | None = None
    group_id: Id | None = None
    colour: str | None = Field(None, max_length=20, pattern=r"^[a-z]*$")
    owner_id: int | None = Field(None, ge=1, le=2**62)
    description: str | None = Field(None, max_length=_DESCRIPTION_MAX, pattern=_CLEAN)
    kind: TagKind | None = None
    value_mode: ValueMode | None = None
    allowed_values: list[TagValueIO] | None = Field(None, max_length=ALLOWED_VALUES_MAX)
    valid_days: int | None = Field(None, ge=1, le=_DAYS_MAX)
    valid_until: date | None = None
    is_archived: bool | None = None


class TagOut(BaseModel):
    """An entry of the dictionary."""

    id: str
    key: str
    name: str
    group_id: str | None
    group_name: str | None
    colour: str
    owner_id: int | None
    description: str
    kind: TagKind
    value_mode: ValueMode
    allowed_values: list[TagValueIO]
    valid_days: int | None
    valid_until: date | None
    archived_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    people: int | None = Field(
        description="Living people who carry it; null for computed tags, which segments count."
    )


class TagListOut(BaseModel):
    """The dictionary."""

    items: list[TagOut]
    groups: list[TagGroupOut]


class TagRefOut(BaseModel):
    """A tag as lists show it."""

    id: str
    key: str
    name: str
    colour: str
    kind: TagKind
    group_name: str | None


class CarriedTagOut(BaseModel):
    """A tag as a person carries it."""

    tag: TagRefOut
    value: str
    value_label: str
    source: AssignmentSource
    actor: str
    reason: str
    assigned_at: datetime
    expires_at: datetime | None
    record_ids: list[str] = Field(description="Records merged into this person that carry it.")


class TagHistoryEntryOut(BaseModel):
    """One change of a tag on a person record."""

    id: str
    person_id: str = Field(description="The record it happened to; its page is the person's.")
    display_name: str | None = Field(description="Of the person, as far as the caller may see it.")
    tag: TagRefOut
    value: str
    value_label: str
    action: HistoryAction
    displaced_by: TagRefOut | None = Field(description="The tag that took its place, if one did.")
    source: AssignmentSource
    actor: str
    reason: str
    changed_at: datetime
    expires_at: datetime | None
    operation_id: str | None


class TagHistoryOut(BaseModel):
    """A page of changes, newest first."""

    items: list[TagHistoryEntryOut]
    next_before: str | None


class CustomerTagsOut(BaseModel):
    """What a customer carries, and what lately changed."""

    customer_id: str
    items: list[CarriedTagOut]


class TaggedPersonOut(BaseModel):
    """A person in a list; personal values are masked for callers without the right."""

    id: str
    display_name: str | None


class TagCarrierOut(BaseModel):
    """A person and the tag as they carry it."""

    person: TaggedPersonOut
    value: str
    value_label: str
    source: AssignmentSource
    actor: str
    reason: str
    assigned_at: datetime
    expires_at: datetime | None


class TagCarriersOut(BaseModel):
    """A page of people who carry a tag."""

    items: list[TagCarrierOut]
    next_after: str | None
    is_masked: bool


class TagAssignIn(_Body):
    """A tag for one customer, given by hand."""

    tag_id: Id
    value: Value = ""
    reason: Reason = ""
    renews: bool = Field(default=False, description="Begin the validity anew if it is carried already.")


class TagCustomersIn(_Body):
    """A customer list by its filters, with the meaning they have there."""

    query: str | None = Field(None, max_length=200, pattern=_CLEAN)
    has_orders: bool | None = None
    city: str | None = Field(None, max_length=200, pattern=_CLEAN)
    source: str | None = Field(None, max_length=200, pattern=_CLEAN)
    tag: str | None = Field(None, max_length=40, pattern=_CLEAN)
    last_ordered_from: datetime | None = None
    last_ordered_to: datetime | None = None
    net_spend_min: str | None = Field(None, pattern=r"^-?\d{1,14}(\.\d{1,4})?$")
    net_spend_max: str | None = Field(None, pattern=r"^-?\d{1,14}(\.\d{1,4})?$")
    identifier_kind: IdentifierKind | None = None
    field: dict[str, str] = Field(default_factory=dict, max_length=10)


class TagBulkIn(_Body):
    """Whom, what, and whether only to look. Exactly one of persons, customers, segment and condition."""

    persons: list[Id] | None = Field(None, max_length=_PERSONS_MAX)
    customers: TagCustomersIn | None = Field(
        None, description="Everybody in the customer list under these filters."
    )
    segment: str | None = Field(None, max_length=80, pattern=_CLEAN, description="Key of a segment.")
    condition: dict[str, object] | None = Field(None, description="Everybody a condition holds for.")
    value: Value | None = Field(None, description="Taking away: null means whatever the value.")
    reason: Reason = ""
    renews: bool = Field(default=False, description="Begin the validity anew for those who carry it already.")
    dry_run: bool = False
    idempotency_key: str | None = Field(None, min_length=1, max_length=100, pattern=r"^[\x21-\x7e]+$")


class TagCountsOut(BaseModel):
    """How it went, in people."""

    changed: int
    unchanged: int
    skipped: int
    displaced: int = Field(description="Of the changed: for whom it took the place of another tag or value.")


class TagDisplacementOut(BaseModel):
    """What it would take the place of."""

    tag: TagRefOut
    value: str
    value_label: str
    people: int


class TagPreviewOut(BaseModel):
    """What an operation would do now; nothing was changed."""

    people: int
    counts: TagCountsOut
    displacements: list[TagDisplacementOut]
    sample: list[TaggedPersonOut]
    is_masked: bool


class TagOperationOut(BaseModel):
    """A bulk change, or the undoing of one."""

    id: str
    kind: OperationKind
    tag: TagRefOut
    value: str | None
    value_label: str | None
    renews: bool
    people_source: str
    people_key: str
    source: AssignmentSource
    reason: str
    undoes: str | None
    undone_by: str | None
    is_undoable: bool
    state: OperationState
    is_stopping: bool
    people_total: int | None
    people_done: int
    counts: TagCountsOut
    error_code: str | None
    actor: str
    created_at: datetime
    finished_at: datetime | None


class TagBulkOut(BaseModel):
    """The preview of a dry run, or the operation that began (small ones are done already)."""

    preview: TagPreviewOut | None
    operation: TagOperationOut | None


class TagIdentifierIn(_Body):
    """An identifier of the person meant."""

    kind: IdentifierKind
    value: str = Field(min_length=1, max_length=200, pattern=_CLEAN)
    scope: str = Field("", max_length=100, pattern=_CLEAN)


class TagBatchItemIn(_Body):
    """One tag for one person: by customer id, or by identifiers (a person nobody knew yet is made)."""

    customer_id: Id | None = None
    identifiers: list[TagIdentifierIn] = Field(default_factory=list, max_length=10)
    tag: str = Field(max_length=40, pattern=_CLEAN, description="The tag's key.")
    value: Value | None = None
    remove: bool = False
    reason: Reason = ""


class TagBatchIn(_Body):
    """Tags from another program. Sending the same again changes nothing."""

    items: list[TagBatchItemIn] = Field(max_length=BATCH_MAX)
    source: str = Field(
        "api",
        min_length=1,
        max_length=40,
        pattern=r"^[a-z][a-z0-9_-]*$",
        description="Name of the sending system.",
    )


class TagBatchItemOut(BaseModel):
    """How one item went."""

    state: str = Field(description="changed, unchanged or rejected.")
    code: str | None = Field(description="Why it was rejected.")
    message: str | None
    customer_id: str | None


class TagBatchOut(BaseModel):
    """How the items went, in their order."""

    items: list[TagBatchItemOut]
