"""Merging and splitting by hand, reviews, erasure. Everything here locks the components it changes first."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from feilun.identity.contracts import (
    Erasure,
    IdentifierKind,
    Merge,
    MergeId,
    MergePreview,
    MergeReview,
    Person,
    ReviewId,
    ReviewState,
)
from feilun.identity.errors import (
    AlreadyMerged,
    AlreadySplit,
    MergeNotFound,
    PersonErased,
    ReasonMissing,
    ReviewDecided,
    ReviewNotFound,
)
from feilun.identity.events import IdentityEvent, MergeSplit, PersonsMerged, payload_of
from feilun.identity.events import PersonErased as PersonErasedEvent
from feilun.identity.internal import people, store, store_links
from feilun.identity.internal.domain.components import split_sides
from feilun.identity.internal.domain.kinds import KIND_RULES
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events

REASON_CHARACTERS_MAX: Final = 500


def preview_merge(uow: UnitOfWork, left: PersonId, right: PersonId, *, reveal: bool) -> MergePreview:
    """See `feilun.identity.api.preview_merge`."""
    kept, absorbed = _two_people(uow, left, right)
    slots = [
        {
            (key.kind, key.scope)
            for _, key in store.linking_identifiers(uow, person.members)
            if KIND_RULES[key.kind].is_single
        }
        for person in (kept, absorbed)
    ]
    clash = {kind for kind, _ in slots[0] & slots[1]}
    return MergePreview(
        kept,
        absorbed,
        tuple(people.list_identifiers(uow, kept, reveal=reveal)),
        tuple(people.list_identifiers(uow, absorbed, reveal=reveal)),
        tuple(kind for kind in IdentifierKind if kind in clash),
        is_kept_apart=_is_kept_apart(uow, kept, absorbed),
    )


def merge_persons(uow: UnitOfWork, left: PersonId, right: PersonId, *, reason: str) -> Merge:
    """See `feilun.identity.api.merge_persons`."""
    return _merge(uow, left, right, cause="manual", evidence="", reason=_checked(reason))


def split_merge(uow: UnitOfWork, merge_id: MergeId, *, reason: str) -> Merge:
    """See `feilun.identity.api.split_merge`."""
    reason = _checked(reason)
    merge = _get_merge(uow, merge_id)
    people.lock_components(uow, [merge.left_person_id, merge.right_person_id])
    merge = _get_merge(uow, merge_id)
    if merge.split_at is not None:
        raise AlreadySplit(f"merge {merge_id} was split before", merge_id=merge_id)
    _cut(uow, merge_id, merge.left_person_id, reason=reason)
    store_links.insert_apart(uow, merge.left_person_id, merge.right_person_id, reason=reason)
    return _get_merge(uow, merge_id)


def list_merges(uow: UnitOfWork, person_id: PersonId) -> list[Merge]:
    """See `feilun.identity.api.list_merges`."""
    return store_links.merges_of(uow, people.get_person(uow, person_id).members)


def get_review(uow: UnitOfWork, review_id: ReviewId) -> MergeReview:
    """See `feilun.identity.api.get_review`."""
    review = store_links.find_review(uow, review_id)
    if review is None:
        raise ReviewNotFound(f"no merge review {review_id}", review_id=review_id)
    return review


def decide_review(uow: UnitOfWork, review_id: ReviewId, *, merge: bool, reason: str) -> MergeReview:
    """See `feilun.identity.api.decide_review`."""
    reason = _checked(reason)
    review = get_review(uow, review_id)
    people.lock_components(uow, [review.left_person_id, review.right_person_id])
    # Again: only who holds the two people's locks decides or erases a review.
    review = get_review(uow, review_id)
    if review.state is not ReviewState.OPEN:
        raise ReviewDecided(f"review {review_id} is {review.state.value}", state=review.state.value)
    if merge:
        _merge(
            uow,
            review.left_person_id,
            review.right_person_id,
            cause="review",
            evidence=review.evidence,
            reason=reason,
        )
    else:
        store_links.insert_apart(uow, review.left_person_id, review.right_person_id, reason=reason)
    state = ReviewState.MERGED if merge else ReviewState.KEPT_APART
    store_links.decide_review(uow, review_id, state, reason=reason)
    return get_review(uow, review_id)


def erase_person(uow: UnitOfWork, person_id: PersonId) -> Erasure:
    """See `feilun.identity.api.erase_person`."""
    root = people.lock_components(uow, [person_id])[person_id]
    person = people.get_person(uow, root)
    if person.erased_at is not None:
        known = store_links.find_erasure(uow, root)
        assert known is not None, "erased_at and the erasure are stored together"
        return known
    return _erase(uow, root, person.members, erased_at=uow.now)


def reapply_erasure(uow: UnitOfWork, person_ids: Iterable[PersonId], *, erased_at: datetime) -> None:
    """See `feilun.identity.api.reapply_erasure`."""
    named = list(person_ids)
    store.pass_over_ids(uow, named)
    known = store.existing(uow, named)
    if not known:
        return
    people.lock_components(uow, known)
    for merge_id, left, right in store_links.active_edges(uow, known):
        if (left in known) != (right in known):
            # The one on the other side was split off before the erasure, after the backup was taken.
            _cut(uow, merge_id, left, reason="erasure applied again")
    if any(person.erased_at is None for person in store.get_persons(uow, known).values()):
        _erase(uow, min(store.root_of(uow, known).values()), known, erased_at=erased_at)


# --- shared -----------------------------------------------------------------------------------------------------------


def _checked(reason: str) -> str:
    text = reason.strip()
    if not text or len(text) > REASON_CHARACTERS_MAX:
        raise ReasonMissing("give a reason", field="reason", characters_max=REASON_CHARACTERS_MAX)
    return text


def _get_merge(uow: UnitOfWork, merge_id: MergeId) -> Merge:
    merge = store_links.find_merge(uow, merge_id)
    if merge is None:
        raise MergeNotFound(f"no merge {merge_id}", merge_id=merge_id)
    return merge


def _two_people(uow: UnitOfWork, left: PersonId, right: PersonId) -> tuple[Person, Person]:
    """Return two different, unerased people, the one with the lower root first."""
    kept, absorbed = sorted(
        (people.get_person(uow, left), people.get_person(uow, right)), key=lambda person: person.person_id
    )
    if kept.person_id == absorbed.person_id:
        raise AlreadyMerged(f"{left} and {right} are one person", person_id=kept.person_id)
    for person in (kept, absorbed):
        if person.erased_at is not None:
            raise PersonErased(f"person {person.person_id} is erased", person_id=person.person_id)
    return kept, absorbed


def _is_kept_apart(uow: UnitOfWork, kept: Person, absorbed: Person) -> bool:
    pairs = store_links.apart_pairs(uow, (*kept.members, *absorbed.members))
    return any((left in kept.members) != (right in kept.members) for left, right in pairs)


def _merge(
    uow: UnitOfWork, left: PersonId, right: PersonId, *, cause: str, evidence: str, reason: str
) -> Merge:
    people.lock_components(uow, [left, right])
    kept, absorbed = _two_people(uow, left, right)
    store_links.delete_apart(uow, kept.members, absorbed.members)
    low, high = sorted((left, right))
    edge = store_links.NewMerge(low, high, kept.person_id, absorbed.person_id, evidence)
    merge_id = store_links.insert_merges(uow, [edge], cause=cause, reason=reason)[0]
    store.set_roots(uow, dict.fromkeys(absorbed.members, kept.person_id))
    store_links.close_merged_reviews(uow, absorbed.members)
    merged = PersonsMerged(merge_id, kept.person_id, absorbed.person_id, absorbed.members, cause)
    _append(uow, kept.person_id, merged)
    return _get_merge(uow, merge_id)


def _cut(uow: UnitOfWork, merge_id: MergeId, member: PersonId, *, reason: str) -> None:
    """Undo one edge of the component of `member`, whose root is locked.

    Edges form a forest, because one is stored only where it joins two components: taking one away leaves exactly two sides.
    """
    root = store.root_of(uow, [member])[member]
    store_links.mark_split(uow, merge_id, reason=reason)
    members = store.members_by_root(uow, [root])[root]
    edges = [(left, right) for _, left, right in store_links.active_edges(uow, members)]
    sides = split_sides(members, edges)
    store.set_roots(
        uow, {person: side for side, people_of_side in sides.items() for person in people_of_side}
    )
    (separated,) = sides.keys() - {root}
    _append(uow, root, MergeSplit(merge_id, root, separated, sides[separated]))


def _erase(uow: UnitOfWork, root: PersonId, members: Sequence[PersonId], *, erased_at: datetime) -> Erasure:
    store_links.destroy_values(uow, members, erased_at=erased_at)
    erasure = store_links.insert_erasure(uow, root, members)
    _append(uow, root, PersonErasedEvent(erasure.erasure_id, tuple(members)))
    return erasure


def _append(uow: UnitOfWork, root: int, event: IdentityEvent) -> None:
    append_events(
        uow,
        [
            NewEvent(
                type=event.type,
                occurred_at=uow.now,
                origin=Origin.LIVE,
                person_id=PersonId(root),
                payload=payload_of(event),
            )
        ],
    )
