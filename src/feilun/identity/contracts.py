"""What identity tells and is told: identifier claims, resolutions, merges, reviews."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from feilun.kernel.ids import PersonId

MergeId = NewType("MergeId", int)
ReviewId = NewType("ReviewId", int)


class IdentifierKind(StrEnum):
    """Kinds of identifier, strongest first: when a record's identifiers disagree, the strongest decides."""

    UNIONID = "unionid"
    EXTERNAL_USERID = "external_userid"
    OPENID = "openid"
    ERP_CODE = "erp_code"
    CARD = "card"
    PHONE = "phone"
    EMAIL = "email"
    DEVICE = "device"


@dataclass(frozen=True, slots=True)
class IdentifierClaim:
    """A record says: this identifier belongs to the person this record is about."""

    kind: IdentifierKind
    value: str
    """As it came; identity normalises (phones to E.164 with China as default region)."""
    scope: str = ""
    """Name space of kinds that need one: the app of an openid, the source system of an ERP code or card."""
    verified: bool = True
    """Only verified identifiers link; unverified, masked and virtual ones are kept and shown."""


@dataclass(frozen=True, slots=True)
class Resolution:
    """Which person a record belongs to."""

    person_id: PersonId | None
    """The person record that owns the strongest identifier: store it with the fact. It is an origin, not the root of its
    component (see `api.root_of`), so that a later split takes the fact along. None when nothing claimed links."""
    is_new: bool = False
    """This record made the person."""
    review_ids: tuple[ReviewId, ...] = ()
    """Open reviews that this record gave cause to, because strong identifiers disagreed or a person keeps two apart."""


@dataclass(frozen=True, slots=True)
class Person:
    """One human being as far as is known: a root and the person records merged into it."""

    person_id: PersonId
    """The root: the lowest id of the component."""
    members: tuple[PersonId, ...]
    """Every person record of the component, the root included, ascending."""
    created_at: datetime
    source: str
    """The source whose record made the root."""
    erased_at: datetime | None


@dataclass(frozen=True, slots=True)
class Identifier:
    """One identifier of a person as pages show it; `value` is masked unless asked for with the right."""

    kind: IdentifierKind
    value: str
    scope: str
    is_verified: bool
    is_linking: bool
    """False for masked, virtual or unverified ones, which never link."""
    source: str
    first_seen_at: datetime
    person_id: PersonId
    """The person record it came to (its origin), which a merge does not change."""
    last_seen_at: datetime
    """Last time a record claimed it, to the day."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One link between two person records, made by a rule or a person, and possibly split again."""

    merge_id: MergeId
    kept_person_id: PersonId
    """Root of the merged component at that moment: the lower of the two roots."""
    absorbed_person_id: PersonId
    """The root that became an alias."""
    cause: str
    """'identifier' (with kinds in evidence), 'review' or 'manual'."""
    evidence: str
    """Which identifiers, masked; readable."""
    merged_by: str
    merged_at: datetime
    split_by: str | None
    split_at: datetime | None
    reason: str
    split_reason: str | None
    left_person_id: PersonId
    """The person records tied to each other, lower id first: origins of the identifiers, or the two persons an operator chose."""
    right_person_id: PersonId


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What a merge of two persons would do; upper rooms add counts of what they own."""

    kept: Person
    absorbed: Person
    kept_identifiers: tuple[Identifier, ...]
    absorbed_identifiers: tuple[Identifier, ...]
    conflicting_kinds: tuple[IdentifierKind, ...]
    """Kinds of which a person has only one, but the two have different ones: a reason to look twice."""
    is_kept_apart: bool
    """Somebody decided before that the two are different people; merging revokes that."""


class ReviewState(StrEnum):
    """Life of a merge review."""

    OPEN = "open"
    MERGED = "merged"
    KEPT_APART = "kept_apart"


@dataclass(frozen=True, slots=True)
class MergeReview:
    """Two person records that one record tied together although strong identifiers disagree."""

    review_id: ReviewId
    left_person_id: PersonId
    right_person_id: PersonId
    shared_kind: IdentifierKind
    """What ties them."""
    conflicting_kind: IdentifierKind | None
    """What speaks against it; None when nothing does but somebody had decided to keep the two apart."""
    evidence: str
    """Which identifiers, masked; readable."""
    source: str
    opened_at: datetime
    state: ReviewState
    decided_by: str | None
    decided_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """The destruction of one person's direct personal values; kept for proof and re-applied after a restore."""

    erasure_id: int
    person_id: PersonId
    """The root at that moment."""
    members: tuple[PersonId, ...]
    """Every person record whose key was destroyed."""
    erased_by: str
    erased_at: datetime
