"""HTTP of identity: identifiers, merges, splits and merge reviews of customers."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.identity import api
from feilun.identity.contracts import (
    Identifier,
    IdentifierKind,
    Merge,
    MergeId,
    MergePreview,
    MergeReview,
    Person,
    ReviewId,
    ReviewState,
)
from feilun.identity.errors import MergeNotFound, PersonNotFound, ReviewNotFound
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.http import Page, PageDep, UowDep

router = APIRouter(prefix="/api/v1", tags=["identity"])

_REASON_CHARACTERS_MAX = 500


class IdentifierOut(BaseModel):
    """One identifier; `value` is masked for callers without the right to personal data."""

    kind: IdentifierKind
    value: str
    scope: str
    is_verified: bool
    is_linking: bool
    source: str
    first_seen_at: datetime
    last_seen_at: datetime
    record_id: str = Field(description="The customer record it came to, which a merge does not change.")


class IdentifiersOut(BaseModel):
    """All identifiers of a customer."""

    customer_id: str
    is_masked: bool
    items: list[IdentifierOut]


class MergeOut(BaseModel):
    """One merge, in force or split."""

    id: str
    kept_customer_id: str
    absorbed_customer_id: str
    left_record_id: str
    right_record_id: str
    cause: str = Field(description="identifier, review or manual")
    evidence: str
    reason: str
    merged_by: str
    merged_at: datetime
    split_by: str | None
    split_at: datetime | None
    split_reason: str | None


class MergesOut(BaseModel):
    """All merges of a customer, newest first."""

    customer_id: str
    record_ids: list[str]
    items: list[MergeOut]


class PersonOut(BaseModel):
    """One side of a merge."""

    customer_id: str
    record_ids: list[str]
    created_at: datetime
    source: str
    identifiers: list[IdentifierOut]


class MergePreviewOut(BaseModel):
    """What a merge would bring together."""

    kept: PersonOut
    absorbed: PersonOut
    conflicting_kinds: list[IdentifierKind]
    is_kept_apart: bool


class MergeIn(BaseModel):
    """Merge this customer with another one."""

    other_id: str
    reason: str = Field(min_length=1, max_length=_REASON_CHARACTERS_MAX)


class SplitIn(BaseModel):
    """Undo a merge."""

    reason: str = Field(min_length=1, max_length=_REASON_CHARACTERS_MAX)


class MergeReviewOut(BaseModel):
    """Two customer records that one record tied together although something speaks against it."""

    id: str
    left_customer_id: str
    right_customer_id: str
    left_record_id: str
    right_record_id: str
    shared_kind: IdentifierKind
    conflicting_kind: IdentifierKind | None
    evidence: str
    source: str
    opened_at: datetime
    state: ReviewState
    decided_by: str | None
    decided_at: datetime | None
    reason: str


class ReviewDecisionIn(BaseModel):
    """Decide a merge review."""

    decision: Literal["merged", "kept_apart"]
    reason: str = Field(min_length=1, max_length=_REASON_CHARACTERS_MAX)


@router.get(
    "/customers/{customer_id}/identifiers",
    operation_id="listCustomerIdentifiers",
    response_model=IdentifiersOut,
)
def list_identifiers(
    customer_id: str, uow: UowDep, caller: Caller = Guard("customers.read")
) -> IdentifiersOut:
    """Return every identifier of a customer and of those merged into it."""
    reveal = caller.may("personal.read")
    person = api.get_person(uow, _person_id(customer_id))
    identifiers = api.list_identifiers(uow, person.person_id, reveal=reveal)
    return IdentifiersOut(
        customer_id=opaque("c", person.person_id),
        is_masked=not reveal,
        items=[_identifier_out(i) for i in identifiers],
    )


@router.get("/customers/{customer_id}/merges", operation_id="listCustomerMerges", response_model=MergesOut)
def list_merges(customer_id: str, uow: UowDep, caller: Caller = Guard("customers.read")) -> MergesOut:
    """Return the merges that made this customer, split ones included."""
    person = api.get_person(uow, _person_id(customer_id))
    return MergesOut(
        customer_id=opaque("c", person.person_id),
        record_ids=[opaque("c", member) for member in person.members],
        items=[_merge_out(merge) for merge in api.list_merges(uow, person.person_id)],
    )


@router.get(
    "/customers/{customer_id}/merge-preview",
    operation_id="previewCustomerMerge",
    response_model=MergePreviewOut,
)
def preview_merge(
    customer_id: str, other: str, uow: UowDep, caller: Caller = Guard("identity.merge")
) -> MergePreviewOut:
    """Show what merging with another customer would bring together. Changes nothing."""
    reveal = caller.may("personal.read")
    preview = api.preview_merge(uow, _person_id(customer_id), _person_id(other), reveal=reveal)
    return _preview_out(preview)


@router.post("/customers/{customer_id}/merge", operation_id="mergeCustomers", response_model=MergeOut)
def merge_customers(
    customer_id: str, body: MergeIn, uow: UowDep, caller: Caller = Guard("identity.merge")
) -> MergeOut:
    """Merge two customers; can be split again."""
    merge = api.merge_persons(uow, _person_id(customer_id), _person_id(body.other_id), reason=body.reason)
    return _merge_out(merge)


@router.post("/merges/{merge_id}/split", operation_id="splitMerge", response_model=MergeOut)
def split_merge(
    merge_id: str, body: SplitIn, uow: UowDep, caller: Caller = Guard("identity.merge")
) -> MergeOut:
    """Split a merge: both sides get back exactly what was theirs, and stay apart from now on."""
    number = from_opaque("m", merge_id)
    if number is None:
        raise MergeNotFound(f"no merge {merge_id!r}")
    return _merge_out(api.split_merge(uow, MergeId(number), reason=body.reason))


@router.get("/merge-reviews", operation_id="listMergeReviews", response_model=Page[MergeReviewOut])
def list_merge_reviews(
    uow: UowDep,
    page: PageDep,
    state: Annotated[ReviewState | None, Query(description="Only reviews in this state")] = None,
    caller: Caller = Guard("customers.read"),
) -> Page[MergeReviewOut]:
    """Return merge reviews, newest first."""
    reviews, total = api.list_reviews(uow, state, offset=page.offset, limit=page.page_size)
    return Page(items=_reviews_out(uow, reviews), total=total, page=page.page, page_size=page.page_size)


@router.post(
    "/merge-reviews/{review_id}/decision", operation_id="decideMergeReview", response_model=MergeReviewOut
)
def decide_review(
    review_id: str, body: ReviewDecisionIn, uow: UowDep, caller: Caller = Guard("identity.merge")
) -> MergeReviewOut:
    """Merge the two customers of a review or keep them apart for good."""
    number = from_opaque("r", review_id)
    if number is None:
        raise ReviewNotFound(f"no merge review {review_id!r}")
    review = api.decide_review(uow, ReviewId(number), merge=body.decision == "merged", reason=body.reason)
    return _reviews_out(uow, [review])[0]


# --- between contracts and bodies -------------------------------------------------------------------------------------


def _person_id(text: str) -> PersonId:
    number = from_opaque("c", text)
    if number is None:
        raise PersonNotFound(f"no person {text!r}")
    return PersonId(number)


def _identifier_out(identifier: Identifier) -> IdentifierOut:
    return IdentifierOut(
        kind=identifier.kind,
        value=identifier.value,
        scope=identifier.scope,
        is_verified=identifier.is_verified,
        is_linking=identifier.is_linking,
        source=identifier.source,
        first_seen_at=identifier.first_seen_at,
        last_seen_at=identifier.last_seen_at,
        record_id=opaque("c", identifier.person_id),
    )


def _merge_out(merge: Merge) -> MergeOut:
    return MergeOut(
        id=opaque("m", merge.merge_id),
        kept_customer_id=opaque("c", merge.kept_person_id),
        absorbed_customer_id=opaque("c", merge.absorbed_person_id),
        left_record_id=opaque("c", merge.left_person_id),
        right_record_id=opaque("c", merge.right_person_id),
        cause=merge.cause,
        evidence=merge.evidence,
        reason=merge.reason,
        merged_by=merge.merged_by,
        merged_at=merge.merged_at,
        split_by=merge.split_by,
        split_at=merge.split_at,
        split_reason=merge.split_reason,
    )


def _preview_out(preview: MergePreview) -> MergePreviewOut:
    return MergePreviewOut(
        kept=_person_out(preview.kept, preview.kept_identifiers),
        absorbed=_person_out(preview.absorbed, preview.absorbed_identifiers),
        conflicting_kinds=list(preview.conflicting_kinds),
        is_kept_apart=preview.is_kept_apart,
    )


def _person_out(person: Person, identifiers: Iterable[Identifier]) -> PersonOut:
    return PersonOut(
        customer_id=opaque("c", person.person_id),
        record_ids=[opaque("c", member) for member in person.members],
        created_at=person.created_at,
        source=person.source,
        identifiers=[_identifier_out(identifier) for identifier in identifiers],
    )


def _reviews_out(uow: UnitOfWork, reviews: Sequence[MergeReview]) -> list[MergeReviewOut]:
    """Reviews name person records; pages link to the customers these belong to now."""
    roots = api.root_of(
        uow, [side for review in reviews for side in (review.left_person_id, review.right_person_id)]
    )
    return [
        MergeReviewOut(
            id=opaque("r", review.review_id),
            left_customer_id=opaque("c", roots[review.left_person_id]),
            right_customer_id=opaque("c", roots[review.right_person_id]),
            left_record_id=opaque("c", review.left_person_id),
            right_record_id=opaque("c", review.right_person_id),
            shared_kind=review.shared_kind,
            conflicting_kind=review.conflicting_kind,
            evidence=review.evidence,
            source=review.source,
            opened_at=review.opened_at,
            state=review.state,
            decided_by=review.decided_by,
            decided_at=review.decided_at,
            reason=review.reason,
        )
        for review in reviews
    ]
