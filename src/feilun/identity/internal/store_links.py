"""SQL of what connects and separates person records: merges, keep-apart pairs, reviews, erasures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, any_, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from feilun.identity.contracts import (
    Erasure,
    IdentifierKind,
    Merge,
    MergeId,
    MergeReview,
    ReviewId,
    ReviewState,
)
from feilun.identity.internal.tables import erasures, keep_apart, merge_reviews, merges
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class NewMerge:
    """An edge to store."""

    left: int
    right: int
    kept: int
    absorbed: int
    evidence: str


@dataclass(frozen=True, slots=True)
class NewReview:
    """A review to open."""

    left: int
    right: int
    shared_kind: IdentifierKind
    shared_blind: bytes
    conflicting_kind: IdentifierKind | None
    evidence: str


# --- merges -----------------------------------------------------------------------------------------------------------


def insert_merges(uow: UnitOfWork, edges: Sequence[NewMerge], *, cause: str, reason: str) -> list[MergeId]:
    """Store edges; returns their ids in the same order."""
    rows = uow.connection.execute(
        insert(merges).returning(merges.c.merge_id, sort_by_parameter_order=True),
        [
            {
                "left_person_id": edge.left,
                "right_person_id": edge.right,
                "kept_person_id": edge.kept,
                "absorbed_person_id": edge.absorbed,
                "cause": cause,
                "evidence": edge.evidence,
                "reason": reason,
                "merged_by": uow.actor,
                "merged_at": uow.now,
            }
            for edge in edges
        ],
    )
    return [MergeId(row[0]) for row in rows]


def find_merge(uow: UnitOfWork, merge_id: MergeId) -> Merge | None:
    """Return one merge."""
    row = uow.connection.execute(select(merges).where(merges.c.merge_id == merge_id)).one_or_none()
    return None if row is None else _merge(row)


def merges_of(uow: UnitOfWork, person_ids: Sequence[int]) -> list[Merge]:
    """Return every merge, split ones included, that tied one of these person records; newest first."""
    rows = uow.connection.execute(
        select(merges)
        .where(or_(merges.c.left_person_id.in_(person_ids), merges.c.right_person_id.in_(person_ids)))
        .order_by(merges.c.merged_at.desc(), merges.c.merge_id.desc())
    )
    return [_merge(row) for row in rows]


def active_edges(uow: UnitOfWork, person_ids: Sequence[int]) -> list[tuple[MergeId, PersonId, PersonId]]:
    """Return (merge, left, right) of the unsplit merges that tie one of these person records."""
    rows = uow.connection.execute(
        select(merges.c.merge_id, merges.c.left_person_id, merges.c.right_person_id).where(
            merges.c.split_at.is_(None),
            or_(merges.c.left_person_id.in_(person_ids), merges.c.right_person_id.in_(person_ids)),
        )
    )
    return [(MergeId(row[0]), PersonId(row[1]), PersonId(row[2])) for row in rows]


def mark_split(uow: UnitOfWork, merge_id: MergeId, *, reason: str) -> None:
    """Note that a merge no longer holds."""
    uow.connection.execute(
        update(merges)
        .where(merges.c.merge_id == merge_id)
        .values(split_by=uow.actor, split_at=uow.now, split_reason=reason)
    )


def _merge(row: Row[tuple[object, ...]]) -> Merge:
    return Merge(
        merge_id=row.merge_id,
        kept_person_id=row.kept_person_id,
        absorbed_person_id=row.absorbed_person_id,
        cause=row.cause,
        evidence=row.evidence,
        merged_by=row.merged_by,
        merged_at=row.merged_at,
        split_by=row.split_by,
        split_at=row.split_at,
        reason=row.reason,
        split_reason=row.split_reason,
        left_person_id=row.left_person_id,
        right_person_id=row.right_person_id,
    )


# --- keep-apart pairs -------------------------------------------------------------------------------------------------


def insert_apart(uow: UnitOfWork, left: int, right: int, *, reason: str) -> None:
    """Store that two person records are different people. Idempotent."""
    left, right = sorted((left, right))
    uow.connection.execute(
        upsert(keep_apart)
        .values(
            left_person_id=left,
            right_person_id=right,
            decided_by=uow.actor,
            decided_at=uow.now,
            reason=reason,
        )
        .on_conflict_do_nothing()
    )


def apart_pairs(uow: UnitOfWork, person_ids: Sequence[int]) -> list[tuple[int, int]]:
    """Return the keep-apart pairs between these person records."""
    rows = uow.connection.execute(
        text(
            "SELECT left_person_id, right_person_id FROM keep_apart WHERE left_person_id = ANY(CAST(:ids AS bigint[]))"
            " AND right_person_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(person_ids)},
    )
    return [(row[0], row[1]) for row in rows]


def delete_apart(uow: UnitOfWork, left_members: Sequence[int], right_members: Sequence[int]) -> None:
    """Forget the keep-apart pairs between two components."""
    uow.connection.execute(
        text(
            "DELETE FROM keep_apart WHERE"
            " (left_person_id = ANY(CAST(:left AS bigint[])) AND right_person_id = ANY(CAST(:right AS bigint[])))"
            " OR (left_person_id = ANY(CAST(:right AS bigint[])) AND right_person_id = ANY(CAST(:left AS bigint[])))"
        ),
        {"left": list(left_members), "right": list(right_members)},
    )


# --- reviews ----------------------------------------------------------------------------------------------------------


def open_reviews(
    uow: UnitOfWork, reviews: Iterable[NewReview], *, source: str
) -> dict[tuple[int, int], ReviewId]:
    """Open reviews and return the open one of each pair.

    A pair has one open review at most, and a tie that somebody decided about (same pair, same identifier) opens none again.
    """
    by_pair: dict[tuple[int, int], NewReview] = {}
    for review in reviews:
        by_pair.setdefault((review.left, review.right), review)
    rows = list(by_pair.values())
    found = uow.connection.execute(
        text(
            "WITH asked AS (SELECT * FROM unnest(CAST(:lefts AS bigint[]), CAST(:rights AS bigint[]), CAST(:kinds AS text[]),"
            " CAST(:blinds AS bytea[]), CAST(:conflicts AS text[]), CAST(:evidence AS text[]))"
            " AS n(left_id, right_id, kind, blind, conflict, evidence)),"
            " opened AS (INSERT INTO merge_reviews (left_person_id, right_person_id, shared_kind, shared_blind,"
            " conflicting_kind, evidence, source, opened_at, state)"
            " SELECT left_id, right_id, kind, blind, conflict, evidence, :source, :now, 'open' FROM asked n"
            " WHERE NOT EXISTS (SELECT 1 FROM merge_reviews r WHERE r.left_person_id = n.left_id"
            " AND r.right_person_id = n.right_id AND (r.state = 'open' OR (r.shared_kind = n.kind AND r.shared_blind = n.blind)))"
            " RETURNING review_id, left_person_id, right_person_id)"
            " SELECT review_id, left_person_id, right_person_id FROM opened UNION ALL"
            " SELECT r.review_id, r.left_person_id, r.right_person_id FROM merge_reviews r JOIN asked n"
            " ON r.left_person_id = n.left_id AND r.right_person_id = n.right_id AND r.state = 'open'"
        ),
        {
            "lefts": [r.left for r in rows],
            "rights": [r.right for r in rows],
            "kinds": [r.shared_kind.value for r in rows],
            "blinds": [r.shared_blind for r in rows],
            "conflicts": [r.conflicting_kind.value if r.conflicting_kind else None for r in rows],
            "evidence": [r.evidence for r in rows],
            "source": source,
            "now": uow.now,
        },
    )
    return {(row[1], row[2]): ReviewId(row[0]) for row in found}


def close_merged_reviews(uow: UnitOfWork, person_ids: Sequence[int]) -> None:
    """Close open reviews of these person records whose two sides have become one person."""
    uow.connection.execute(
        text(
            "UPDATE merge_reviews r SET state = 'merged', decided_by = :actor, decided_at = :now WHERE r.state = 'open'"
            " AND (r.left_person_id = ANY(CAST(:ids AS bigint[])) OR r.right_person_id = ANY(CAST(:ids AS bigint[])))"
            " AND coalesce((SELECT person_id FROM person_aliases WHERE alias_id = r.left_person_id), r.left_person_id)"
            " = coalesce((SELECT person_id FROM person_aliases WHERE alias_id = r.right_person_id), r.right_person_id)"
        ),
        {"ids": list(person_ids), "actor": uow.actor, "now": uow.now},
    )


def find_review(uow: UnitOfWork, review_id: ReviewId) -> MergeReview | None:
    """Return one review."""
    row = uow.connection.execute(
        select(merge_reviews).where(merge_reviews.c.review_id == review_id)
    ).one_or_none()
    return None if row is None else _review(row)


def list_reviews(
    uow: UnitOfWork, state: ReviewState | None, *, offset: int, limit: int
) -> tuple[list[MergeReview], int]:
    """Return a page of reviews, newest first, and how many there are."""
    chosen = [] if state is None else [merge_reviews.c.state == state.value]
    total = uow.connection.execute(
        select(func.count()).select_from(merge_reviews).where(*chosen)
    ).scalar_one()
    rows = uow.connection.execute(
        select(merge_reviews)
        .where(*chosen)
        .order_by(merge_reviews.c.opened_at.desc(), merge_reviews.c.review_id.desc())
        .offset(offset)
        .limit(limit)
    )
    return [_review(row) for row in rows], total


def decide_review(uow: UnitOfWork, review_id: ReviewId, state: ReviewState, *, reason: str) -> None:
    """Store the decision."""
    uow.connection.execute(
        update(merge_reviews)
        .where(merge_reviews.c.review_id == review_id)
        .values(state=state.value, decided_by=uow.actor, decided_at=uow.now, reason=reason)
    )


def _review(row: Row[tuple[object, ...]]) -> MergeReview:
    return MergeReview(
        review_id=row.review_id,
        left_person_id=row.left_person_id,
        right_person_id=row.right_person_id,
        shared_kind=IdentifierKind(row.shared_kind),
        conflicting_kind=IdentifierKind(row.conflicting_kind) if row.conflicting_kind else None,
        evidence=row.evidence,
        source=row.source,
        opened_at=row.opened_at,
        state=ReviewState(row.state),
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )


# --- erasures ---------------------------------------------------------------------------------------------------------


def destroy_values(uow: UnitOfWork, person_ids: Sequence[int], *, erased_at: datetime) -> None:
    """Destroy keys and identifiers of person records, and every masked trace of them in merges and reviews."""
    ids: Mapping[str, object] = {"ids": list(person_ids), "erased_at": erased_at}
    pair = "(left_person_id = ANY(CAST(:ids AS bigint[])) OR right_person_id = ANY(CAST(:ids AS bigint[])))"
    for statement in (
        "DELETE FROM person_keys WHERE person_id = ANY(CAST(:ids AS bigint[]))",
        "DELETE FROM identifiers WHERE person_id = ANY(CAST(:ids AS bigint[]))",
        "UPDATE persons SET erased_at = coalesce(erased_at, :erased_at) WHERE person_id = ANY(CAST(:ids AS bigint[]))",
        f"UPDATE merges SET evidence = '' WHERE {pair}",
        f"DELETE FROM merge_reviews WHERE state = 'open' AND {pair}",
        f"UPDATE merge_reviews SET evidence = '', shared_blind = NULL WHERE {pair}",
    ):
        uow.connection.execute(text(statement), ids)


def insert_erasure(uow: UnitOfWork, person_id: int, members: Sequence[int]) -> Erasure:
    """Store the proof of an erasure."""
    values = {"person_id": person_id, "members": list(members), "erased_by": uow.actor, "erased_at": uow.now}
    row = uow.connection.execute(insert(erasures).values(values).returning(erasures)).one()
    return _erasure(row)


def find_erasure(uow: UnitOfWork, person_id: int) -> Erasure | None:
    """Return the newest erasure that included this person record."""
    row = uow.connection.execute(
        select(erasures)
        .where(any_(erasures.c.members) == person_id)
        .order_by(erasures.c.erasure_id.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else _erasure(row)


def list_erasures(uow: UnitOfWork, since: datetime | None) -> list[Erasure]:
    """Return erasures at or after `since`, oldest first."""
    chosen = [] if since is None else [erasures.c.erased_at >= since]
    rows = uow.connection.execute(select(erasures).where(*chosen).order_by(erasures.c.erasure_id))
    return [_erasure(row) for row in rows]


def _erasure(row: Row[tuple[object, ...]]) -> Erasure:
    return Erasure(
        row.erasure_id,
        PersonId(row.person_id),
        tuple(map(PersonId, row.members)),
        row.erased_by,
        row.erased_at,
    )
