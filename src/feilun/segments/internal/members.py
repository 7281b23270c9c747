"""Who is in a segment: pages, one person, comparisons, set algebra, trends."""

from datetime import date, datetime, time, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

from pyroaring import BitMap64

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.segments.contracts import (
    AudienceOf,
    Change,
    ChangeCause,
    Either,
    MemberPage,
    Membership,
    MembersOf,
    Overlap,
    Segment,
    SegmentId,
    SetExpression,
    Together,
    TrendDay,
    Without,
)
from feilun.segments.errors import NotComputedYet
from feilun.segments.internal import store_audiences, store_definitions
from feilun.segments.internal import store_memberships as store
from feilun.segments.internal.audiences import get_audience
from feilun.segments.internal.definitions import get_segment


def members_of(uow: UnitOfWork, segment: Segment) -> BitMap64:
    """Return the members of a segment. Raises: NotComputedYet."""
    if segment.status.size is None:
        raise NotComputedYet("members are not known yet", segment=segment.name)
    definition_id = segment.status.definition_id
    return store.load_members(uow, [definition_id]).get(definition_id, BitMap64())


def list_members(uow: UnitOfWork, segment_id: SegmentId, *, after: PersonId, limit: int) -> MemberPage:
    """See `feilun.segments.api.list_members`."""
    segment = get_segment(uow, segment_id)
    found, has_more = store.page_of_members(uow, segment.status.definition_id, after=after, limit=limit)
    people = tuple(PersonId(person_id) for person_id in found)
    return MemberPage(
        person_ids=people,
        total=segment.status.size or 0,
        next_after=people[-1] if has_more else None,
    )


def list_memberships(uow: UnitOfWork, person_id: PersonId) -> list[Membership]:
    """See `feilun.segments.api.list_memberships`."""
    root = identity.root_of(uow, [person_id])[person_id]
    fitting = store.definitions_with(uow, root)
    since = store.entered_at(uow, [root])
    return [
        Membership(SegmentId(segment_id), key, name, since.get(definition_id))
        for segment_id, key, name, definition_id in store_definitions.segments_among(uow, fitting)
    ]


def is_member(uow: UnitOfWork, segment_id: SegmentId, person_id: PersonId) -> bool:
    """See `feilun.segments.api.is_member`."""
    segment = get_segment(uow, segment_id)
    root = identity.root_of(uow, [person_id])[person_id]
    return store.is_member(uow, segment.status.definition_id, root)


def list_changes(
    uow: UnitOfWork,
    segment_id: SegmentId,
    *,
    person_id: PersonId | None,
    before: int | None,
    limit: int,
) -> tuple[list[Change], int | None]:
    """See `feilun.segments.api.list_changes`."""
    segment = get_segment(uow, segment_id)
    people = None
    if person_id is not None:
        people = identity.member_ids(uow, person_id)
    rows = store.list_changes(
        uow, segment.status.definition_id, people=people, before=before, limit=limit + 1
    )
    found = [
        Change(
            change_id=row.change_id,
            segment_id=segment_id,
            version=row.version,
            person_id=PersonId(row.person_id),
            has_entered=row.has_entered,
            cause=ChangeCause(row.cause),
            changed_at=row.changed_at,
            evaluation_id=row.evaluation_id,
        )
        for row in rows[:limit]
    ]
    return found, found[-1].change_id if len(rows) > limit else None


def get_trend(uow: UnitOfWork, segment_id: SegmentId, *, days: int, zone: str) -> list[TrendDay]:
    """See `feilun.segments.api.get_trend`."""
    segment = get_segment(uow, segment_id)
    definition_id = segment.status.definition_id
    today = uow.now.astimezone(ZoneInfo(zone)).date()
    first = today - timedelta(days=days - 1)
    since = datetime.combine(first, time(), ZoneInfo(zone))
    rows, size = store.sizes_by_day(uow, definition_id, since=since, zone=zone)
    known = {row.day: row for row in rows}
    recomputed = store.recomputed_days(uow, definition_id, since=since, zone=zone)
    trend = []
    for day in (first + timedelta(days=number) for number in range(days)):
        row = known.get(day)
        size = row.size if row is not None else size
        trend.append(
            _trend_day(day, size, row.entered if row else 0, row.left_again if row else 0, day in recomputed)
        )
    return trend


def _trend_day(day: date, size: int | None, entered: int, left: int, is_recomputed: bool) -> TrendDay:  # noqa: FBT001
    return TrendDay(day=day, size=size, entered=entered, left=left, is_recomputed=is_recomputed)


def compare_segments(uow: UnitOfWork, segment_ids: list[SegmentId]) -> Overlap:
    """See `feilun.segments.api.compare_segments`."""
    members = {segment_id: members_of(uow, get_segment(uow, segment_id)) for segment_id in segment_ids}
    pairs = {
        (left, right): members[left].intersection_cardinality(members[right])
        for left, right in combinations(sorted(members), 2)
    }
    union = BitMap64.union(BitMap64(), *members.values())
    return Overlap({segment_id: len(found) for segment_id, found in members.items()}, pairs, len(union))


def people_of(uow: UnitOfWork, expression: SetExpression) -> BitMap64:
    """Return the people a set expression means. Raises: SegmentNotFound, AudienceNotFound, NotComputedYet."""
    match expression:
        case MembersOf(segment_id):
            return members_of(uow, get_segment(uow, segment_id))
        case AudienceOf(audience_id):
            recorded = store_audiences.load_people(uow, get_audience(uow, audience_id).audience_id)
            return BitMap64(identity.root_of(uow, [PersonId(person_id) for person_id in recorded]).values())
        case Together(parts):
            return BitMap64.intersection(*(people_of(uow, part) for part in parts))
        case Either(parts):
            return BitMap64.union(BitMap64(), *(people_of(uow, part) for part in parts))
        case Without(left, right):
            return people_of(uow, left) - people_of(uow, right)


def sample_of(people: BitMap64, size: int) -> list[PersonId]:
    """Return some people, spread over all of them."""
    if not people or not size:
        return []
    step = max(1, len(people) // size)
    return [PersonId(people[place]) for place in range(0, len(people), step)][:size]
