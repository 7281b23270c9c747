"""Identity's facade: whom a record belongs to, who has been merged with whom, what identifies them.

Ids: a fact stores the *origin* person id that `resolve_records` gave it and never changes it. To read all facts of a
customer, take `member_ids` of the person and query `person_id = ANY(:ids)`; to show one customer for a fact, take `root_of`.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from feilun.identity.contracts import (
    Erasure,
    Identifier,
    IdentifierClaim,
    IdentifierKind,
    Merge,
    MergeId,
    MergePreview,
    MergeReview,
    Person,
    Resolution,
    ReviewId,
    ReviewState,
)
from feilun.identity.internal import merges, people, resolve, store, store_links
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.keys import PersonKey
from feilun.platform.log import Origin


def resolve_records(
    uow: UnitOfWork, claims: Sequence[Sequence[IdentifierClaim]], *, source: str, origin: Origin
) -> list[Resolution]:
    """Return the person of each record, given as all its identifier claims; make, link and merge people as needed.

    Records are taken in order, as if each came alone. A record belongs to the person of its strongest known identifier; what
    it says besides is added there. Identifiers of different people merge them, unless people would then have two of what one
    has only one of (`contradiction`), or somebody decided to keep them apart: then a review opens and everything stays.
    Empty values are ignored; masked, virtual, shared and unverified ones are kept and never link.

    Idempotent: the same records again change nothing. Existing people touched stay locked until the transaction ends, so the
    caller may append their events. Call it once per transaction: two calls may deadlock with another transaction's two.

    Raises: IdentifiersContended.
    """
    return resolve.resolve_records(uow, claims, source=source, origin=origin)


def get_person(uow: UnitOfWork, person_id: PersonId) -> Person:
    """Return the person that a person record (root or alias) belongs to. Raises: PersonNotFound."""
    return people.get_person(uow, person_id)


def list_persons(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, Person]:
    """Return the people behind these person records, by root. Unknown ids are left out."""
    return store.get_persons(uow, person_ids)


def root_of(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, PersonId]:
    """Return the root of each id. An id that was never merged, or is unknown, is its own root."""
    return store.root_of(uow, person_ids)


def member_ids(uow: UnitOfWork, person_id: PersonId) -> list[PersonId]:
    """Return every person record of the person's component, itself included, ascending."""
    root = store.root_of(uow, [person_id])[person_id]
    return store.members_by_root(uow, [root])[root]


def members_by_root(uow: UnitOfWork, roots: Iterable[PersonId]) -> dict[PersonId, list[PersonId]]:
    """Return every person record of many components at once, given by their roots."""
    return store.members_by_root(uow, roots)


def lock_persons(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, PersonId]:
    """Lock people in id order until the transaction ends and return id -> root; hold this while appending their events.

    Raises: PersonNotFound, IdentifiersContended.
    """
    return people.lock_components(uow, person_ids)


def person_keys(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
    """Return the key of each person record (not of its root: each record keeps its own), making those that are missing.

    Raises: PersonNotFound; PersonErased when a key was destroyed, because a new one would revive the person.
    """
    return people.person_keys(uow, person_ids)


def existing_person_keys(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> dict[PersonId, PersonKey]:
    """Return the keys that exist; erased and unknown people are left out. For reading sealed values."""
    return store.load_keys(uow, person_ids)


def list_identifiers(uow: UnitOfWork, person_id: PersonId, *, reveal: bool) -> list[Identifier]:
    """Return all identifiers of the person and of those merged into it, strongest kind first; none of an erased person.

    Raises: PersonNotFound.
    """
    return people.list_identifiers(uow, people.get_person(uow, person_id), reveal=reveal)


def identifiers_of(
    uow: UnitOfWork,
    person_ids: Iterable[PersonId],
    *,
    kinds: Collection[IdentifierKind] | None = None,
    reveal: bool,
) -> dict[PersonId, list[Identifier]]:
    """Return the identifiers of many people at once, by the ids asked for, each as `list_identifiers` orders them.

    Only of some kinds when these are given. Unknown and erased people have none. Any number of people costs four look-ups.
    """
    return people.identifiers_of(uow, person_ids, kinds=kinds, reveal=reveal)


def find_persons(uow: UnitOfWork, text: str, *, limit: int = 200) -> list[PersonId]:
    """Return the roots of people who have this identifier: a phone in any writing, its last four digits, or any other exactly."""
    return people.find_persons(uow, text, limit=limit)


def preview_merge(uow: UnitOfWork, left: PersonId, right: PersonId, *, reveal: bool) -> MergePreview:
    """Return what merging two people would bring together, and what speaks against it. Changes nothing.

    Raises: PersonNotFound, AlreadyMerged, PersonErased.
    """
    return merges.preview_merge(uow, left, right, reveal=reveal)


def merge_persons(uow: UnitOfWork, left: PersonId, right: PersonId, *, reason: str) -> Merge:
    """Merge two people because a person says so. The lower root stays; no fact is rewritten; a keep-apart decision ends.

    Raises: PersonNotFound, AlreadyMerged, PersonErased, ReasonMissing.
    """
    return merges.merge_persons(uow, left, right, reason=reason)


def split_merge(uow: UnitOfWork, merge_id: MergeId, *, reason: str) -> Merge:
    """Undo one merge: its component falls into exactly two, each with the identifiers and facts that came to its own records.

    The two person records it tied are kept apart from now on: records that tie them again open a review.

    Raises: MergeNotFound, AlreadySplit, ReasonMissing.
    """
    return merges.split_merge(uow, merge_id, reason=reason)


def list_merges(uow: UnitOfWork, person_id: PersonId) -> list[Merge]:
    """Return the merges of a person and of those merged into it, split ones included, newest first. Raises: PersonNotFound."""
    return merges.list_merges(uow, person_id)


def list_reviews(
    uow: UnitOfWork, state: ReviewState | None, *, offset: int = 0, limit: int = 50
) -> tuple[list[MergeReview], int]:
    """Return one page of merge reviews, newest first, and how many there are in that state (None: all)."""
    return store_links.list_reviews(uow, state, offset=offset, limit=limit)


def get_review(uow: UnitOfWork, review_id: ReviewId) -> MergeReview:
    """Return one merge review. Raises: ReviewNotFound."""
    return merges.get_review(uow, review_id)


def decide_review(uow: UnitOfWork, review_id: ReviewId, *, merge: bool, reason: str) -> MergeReview:
    """Decide an open review: merge the two (cause 'review') or keep them apart for good.

    Raises: ReviewNotFound, ReviewDecided, ReasonMissing.
    """
    return merges.decide_review(uow, review_id, merge=merge, reason=reason)


def erase_person(uow: UnitOfWork, person_id: PersonId) -> Erasure:
    """Destroy the keys and identifiers of the person and of those merged into it: sealed values everywhere become unreadable.

    Ids, merges and facts stay, without anything that names the person. Erasing again returns the first erasure.

    Raises: PersonNotFound.
    """
    return merges.erase_person(uow, person_id)


def reapply_erasure(uow: UnitOfWork, person_ids: Iterable[PersonId], *, erased_at: datetime) -> None:
    """Erase exactly these person records again: the members of one erasure that a restored backup had undone.

    Merges that the backup still has between them and other people are split. Unknown and already erased records change
    nothing. Raises: IdentifiersContended.
    """
    merges.reapply_erasure(uow, person_ids, erased_at=erased_at)


def list_erasures(uow: UnitOfWork, since: datetime | None = None) -> list[Erasure]:
    """Return erasures at or after a moment (None: all), oldest first."""
    return store_links.list_erasures(uow, since)
