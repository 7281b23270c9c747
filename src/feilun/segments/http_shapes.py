"""Bodies of the segments API, shared by its routers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from feilun.profiles.http import CustomerRowOut
from feilun.segments.contracts import (
    MEMBERS_AT_ONCE,
    OVERLAP_MAX,
    PROFILE_FIELDS_MAX,
    REASON_MIN,
    ChangeCause,
    ExportFormat,
    Health,
    ImportVerdict,
    OwnerKind,
    SegmentKind,
    SegmentState,
)

_CLEAN: Final = r"^[^\x00]*$"
KEY_PATTERN: Final = r"^[a-z][a-z0-9_]{0,62}$"
CONDITIONS_JSON: Final = 'A condition: {"version": 1, "where": {…}}.'

CleanText = Annotated[str, Field(max_length=200, pattern=_CLEAN)]
LongText = Annotated[str, Field(max_length=2_000, pattern=_CLEAN)]
ConditionJson = Annotated[dict[str, object], Field(description=CONDITIONS_JSON)]


# --- the catalogue ----------------------------------------------------------------------------------------------------


class OptionOut(BaseModel):
    """One choice."""

    value: str
    label: str


class GroupOut(BaseModel):
    """A heading under which the editor lists fields and measures."""

    name: str
    label: str


class ConditionFieldOut(BaseModel):
    """A field: one value per person."""

    name: str
    kind: str
    label: str
    group: str
    description: str
    options: list[OptionOut]
    suggests: bool = Field(description="Values that occur can be looked up.")


class ConditionColumnOut(BaseModel):
    """A column facts can be filtered by."""

    name: str
    kind: str
    label: str
    options: list[OptionOut]
    suggests: bool
    has_property: bool = Field(description="A filter also names a property of the event.")


class ConditionSourceOut(BaseModel):
    """Facts that measures and sequences are about."""

    name: str
    label: str
    has_moment: bool
    columns: list[ConditionColumnOut]


class ConditionMeasureOut(BaseModel):
    """A measure: a value per person over chosen facts."""

    name: str
    kind: str
    label: str
    group: str
    unit: str
    description: str
    sources: list[str]
    columns: list[str] = Field(description="Columns its `where` may name: those every source of it has.")
    has_period: bool


class ConditionOperatorOut(BaseModel):
    """How an operand is compared."""

    name: str
    label: str
    takes: Literal["none", "one", "list", "two", "span", "months"]


class ConditionLimitsOut(BaseModel):
    """How large a condition may be."""

    nodes: int
    depth: int
    values: int
    text: int
    steps: int


class SegmentReferenceOut(BaseModel):
    """Something that uses a segment, or is used by it."""

    kind: OwnerKind
    key: str
    name: str


class ConditionCatalogueOut(BaseModel):
    """Everything conditions can speak about, in the caller's language."""

    version: int
    groups: list[GroupOut]
    fields: list[ConditionFieldOut]
    measures: list[ConditionMeasureOut]
    sources: list[ConditionSourceOut]
    operators: dict[str, list[ConditionOperatorOut]] = Field(description="By kind, the usual one first.")
    units: list[GroupOut]
    limits: ConditionLimitsOut
    references: list[SegmentReferenceOut] = Field(
        description='What a condition may refer to by {"segment": key}: segments, and values of computed tags.'
    )
    main_currency: str
    zone: str


class SuggestionOut(BaseModel):
    """A value that occurs."""

    value: str
    label: str
    count: int | None


class SuggestionsOut(BaseModel):
    """Values that occur, most frequent first."""

    values: list[SuggestionOut]


class ConditionIn(BaseModel):
    """A condition, in the installation's zone or another."""

    condition: ConditionJson
    zone: CleanText | None = None


class ConditionProblemOut(BaseModel):
    """Something wrong with a condition."""

    code: str
    path: str = Field(description="JSON pointer into the condition.")
    message: str


class ConditionCheckOut(BaseModel):
    """What is wrong with a condition and what it says."""

    problems: list[ConditionProblemOut]
    sentence: str | None = Field(description="Null while there are problems.")
    finest_unit: str | None = Field(
        description="What time alone can change: minute, hour, day …; null: nothing."
    )


class ConditionPreviewIn(ConditionIn):
    """A condition whose people are to be counted."""

    editor: str | None = Field(
        None,
        max_length=64,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="Any text that stays the same while one person edits one condition: a newer preview ends the older.",
    )
    sample: int = Field(20, ge=0, le=100)


class ConditionPreviewOut(BaseModel):
    """How many people a condition fits now, and some of them."""

    count: int
    total: int
    share: float
    sample: list[CustomerRowOut]
    sentence: str
    took_ms: int
    as_of: datetime
    is_masked: bool


class ConditionExplainIn(ConditionIn):
    """A condition and a person; the id may be one that was merged."""

    person_id: CleanText


class ActualOut(BaseModel):
    """A value the person really has."""

    label: str
    value: str


class ExplanationNodeOut(BaseModel):
    """A part of a condition: whether it holds for the person, and why."""

    path: str
    kind: str
    sentence: str
    holds: bool
    is_decisive: bool = Field(description="Had it been the other way, the part above it could have been too.")
    actual: list[ActualOut]
    parts: list["ExplanationNodeOut"]


class ExplanationOut(BaseModel):
    """Why somebody is in, or not."""

    person_id: str = Field(description="The customer, also when asked by the id of a merged record.")
    holds: bool
    is_member: bool | None = Field(
        None, description="Whether the stored membership says so; null where no segment was asked about."
    )
    sentence: str
    as_of: datetime
    tree: ExplanationNodeOut


# --- segments ---------------------------------------------------------------------------------------------------------


class SegmentProblemOut(BaseModel):
    """Why a segment is not evaluated."""

    code: str
    message: str
    since: datetime
    retry_at: datetime | None


class SegmentOut(BaseModel):
    """A segment in a list."""

    id: str
    key: str
    name: str
    description: str
    kind: SegmentKind
    state: SegmentState
    zone: str | None
    owner: str
    version: int
    health: Health
    problem: SegmentProblemOut | None
    size: int | None = Field(description="Null before the first computation.")
    computed_at: datetime | None
    cost_ms: int | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class SegmentDetailOut(SegmentOut):
    """A segment with its condition."""

    condition: ConditionJson
    sentence: str
    finest_unit: str | None
    references: list[SegmentReferenceOut]
    used_by: list[SegmentReferenceOut]


class SegmentIn(BaseModel):
    """A new segment; a dynamic one needs a condition."""

    key: str = Field(pattern=KEY_PATTERN)
    name: CleanText = Field(min_length=1)
    kind: SegmentKind = SegmentKind.DYNAMIC
    description: LongText = ""
    condition: ConditionJson | None = None
    zone: CleanText | None = None


class SegmentChangeIn(BaseModel):
    """What changes; what is left out stays."""

    name: CleanText | None = Field(None, min_length=1)
    description: LongText | None = None
    state: SegmentState | None = None
    zone: CleanText | None = Field(None, description="Empty: the installation's.")
    owner: CleanText | None = None
    condition: ConditionJson | None = None
    note: CleanText = Field("", description="Why the condition changes.")


class SegmentVersionOut(BaseModel):
    """One version of a condition."""

    version: int
    condition: ConditionJson
    sentence: str
    note: str
    created_at: datetime
    created_by: str
    is_current: bool


class SegmentMembersOut(BaseModel):
    """One page of members by id."""

    items: list[CustomerRowOut]
    total: int
    next_cursor: str | None
    is_masked: bool


class MembersIn(BaseModel):
    """People to put into a static segment, or take out; ids of merged records are accepted."""

    add: list[CleanText] = Field(default_factory=list, max_length=MEMBERS_AT_ONCE)
    remove: list[CleanText] = Field(default_factory=list, max_length=MEMBERS_AT_ONCE)


class MembersChangedOut(BaseModel):
    """How many people that changed; memberships follow within seconds."""

    added: int
    removed: int
    unknown: int = Field(description="Ids that are no customers.")


class SegmentChangeOut(BaseModel):
    """Somebody entered or left."""

    id: str
    person_id: str
    version: int
    has_entered: bool
    cause: ChangeCause
    changed_at: datetime


class SegmentChangesOut(BaseModel):
    """One page of changes, newest first."""

    items: list[SegmentChangeOut]
    next_cursor: str | None


class TrendDayOut(BaseModel):
    """One day of a segment."""

    day: date
    size: int | None
    entered: int
    left: int
    is_recomputed: bool = Field(description="The condition was computed anew that day, so the size may jump.")


class SegmentTrendOut(BaseModel):
    """Size, entries and exits per day, oldest first."""

    days: list[TrendDayOut]


class SegmentProfileIn(BaseModel):
    """Fields whose spread is asked for."""

    fields: list[CleanText] = Field(min_length=1, max_length=PROFILE_FIELDS_MAX)


class DistributionBinOut(BaseModel):
    """People with values of one bin."""

    value: str
    label: str
    members: int
    everybody: int


class DistributionOut(BaseModel):
    """How the values of a field are spread in the segment, against everybody."""

    field: str
    label: str
    kind: str
    members: int
    everybody: int
    bins: list[DistributionBinOut]
    members_without: int
    everybody_without: int
    members_mean: Decimal | None
    everybody_mean: Decimal | None


class SegmentProfileOut(BaseModel):
    """Who the members are."""

    distributions: list[DistributionOut]


class OverlapIn(BaseModel):
    """Segments to compare."""

    ids: list[CleanText] = Field(min_length=1, max_length=OVERLAP_MAX)


class OverlapSizeOut(BaseModel):
    """Size of one segment."""

    id: str
    key: str
    name: str
    size: int


class OverlapPairOut(BaseModel):
    """How many people two segments share."""

    left: str
    right: str
    size: int


class OverlapOut(BaseModel):
    """Sizes and pairwise intersections."""

    segments: list[OverlapSizeOut]
    pairs: list[OverlapPairOut]
    union: int


class SetExpressionIn(BaseModel):
    """Exactly one of: and, or, minus (two), segment, audience."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    all_of: list["SetExpressionIn"] | None = Field(None, alias="and", min_length=1, max_length=20)
    any_of: list["SetExpressionIn"] | None = Field(None, alias="or", min_length=1, max_length=20)
    minus: list["SetExpressionIn"] | None = Field(None, min_length=2, max_length=2)
    segment: CleanText | None = None
    audience: CleanText | None = None


class AlgebraIn(BaseModel):
    """Segments combined; with a name the result is frozen as an audience."""

    expression: SetExpressionIn
    sample: int = Field(20, ge=0, le=100)
    save_as: CleanText | None = Field(None, min_length=1)


class AlgebraOut(BaseModel):
    """How many people that are, and some of them."""

    count: int
    sample: list[CustomerRowOut]
    audience_id: str | None
    is_masked: bool


class SegmentExportIn(BaseModel):
    """Why and what to export."""

    reason: str = Field(min_length=REASON_MIN, max_length=500, pattern=_CLEAN)
    columns: list[CleanText] = Field(
        default_factory=list, max_length=200, description="Names of columns; none: all."
    )
    format: ExportFormat = ExportFormat.XLSX


class ExportColumnOut(BaseModel):
    """A column an export may have."""

    name: str
    label: str


class ExportRecordOut(BaseModel):
    """Somebody exported people."""

    id: str
    subject: str
    subject_id: str
    name: str
    reason: str
    columns: list[str]
    format: ExportFormat
    people: int
    is_masked: bool
    exported_at: datetime
    exported_by: str


class AudienceIn(BaseModel):
    """Name of the audience to freeze."""

    name: CleanText = Field(min_length=1)


class AudienceOut(BaseModel):
    """A list of people frozen at a moment."""

    id: str
    key: str = Field(description="What conditions name it by (field `audiences`).")
    name: str
    segment_id: str | None
    version: int | None
    count: int
    taken_at: datetime
    taken_by: str


# --- files of definitions ---------------------------------------------------------------------------------------------


class SegmentFileEntry(BaseModel):
    """One definition in a file."""

    key: str = Field(pattern=KEY_PATTERN)
    name: CleanText = Field(min_length=1)
    description: LongText = ""
    zone: CleanText | None = None
    condition: ConditionJson


class SegmentFile(BaseModel):
    """A file of definitions."""

    format: Literal["feilun.segments"] = "feilun.segments"
    version: Literal[1] = 1
    segments: list[SegmentFileEntry] = Field(max_length=2_000)


class SegmentImportIn(BaseModel):
    """A file of definitions and whether to apply it; invalid ones are never applied."""

    file: SegmentFile
    is_applied: bool = Field(default=False, description="False: only tell what would happen.")


class SegmentImportItemOut(BaseModel):
    """What importing one definition does."""

    key: str
    name: str
    verdict: ImportVerdict
    changes: list[str]
    problems: list[ConditionProblemOut]


class SegmentImportOut(BaseModel):
    """What importing a file does."""

    is_applied: bool
    items: list[SegmentImportItemOut]
