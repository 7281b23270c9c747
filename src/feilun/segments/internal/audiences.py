"""Audiences: lists of people frozen at a moment, and the lists behind static segments."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pyroaring import BitMap64

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.segments import events
from feilun.segments.contracts import Audience, AudienceId, MemberPage, Segment, SegmentId, SegmentKind
from feilun.segments.errors import (
    AudienceInUse,
    AudienceNotFound,
    NotComputedYet,
    SegmentNameInvalid,
    SegmentNotStatic,
)
from feilun.segments.internal import store_audiences, store_definitions, store_memberships

_NAME_MAX = 200


@dataclass(frozen=True, slots=True)
class MembersChanged:
    """What became of people put into a static segment or taken out."""

    added: int
    removed: int
    unknown: int


def list_key(segment_key: str) -> str:
    """Return the key of the list behind a static segment; no frozen audience's key has a full stop."""
    return f"list.{segment_key}"


def list_condition(segment_key: str) -> dict[str, object]:
    """Return the condition of a static segment: to be in its list."""
    return {
        "version": 1,
        "where": {"field": "audiences", "op": "has_any", "value": [list_key(segment_key)]},
    }


def make_list(uow: UnitOfWork, segment_id: SegmentId, segment_key: str, name: str) -> None:
    """Make the empty list behind a new static segment."""
    store_audiences.insert_audience(
        uow,
        store_audiences.next_audience_id(uow),
        key=list_key(segment_key),
        name=name,
        segment_id=segment_id,
        version=None,
        is_list=True,
    )


def get_audience(uow: UnitOfWork, audience_id: AudienceId) -> Audience:
    """See `feilun.segments.api.get_audience`."""
    found = store_audiences.find_audience(uow, audience_id)
    if found is None:
        raise AudienceNotFound(f"no audience {audience_id}", audience=opaque("a", audience_id))
    return found


def freeze(uow: UnitOfWork, people: BitMap64, *, name: str, segment: Segment | None) -> Audience:
    """Freeze people as an audience."""
    if not name.strip() or len(name) > _NAME_MAX:
        raise SegmentNameInvalid("a name has 1 to 200 characters")
    audience_id = store_audiences.next_audience_id(uow)
    store_audiences.insert_audience(
        uow,
        audience_id,
        key=opaque("a", audience_id),
        name=name.strip(),
        segment_id=segment.segment_id if segment else None,
        version=segment.version if segment else None,
        is_list=False,
    )
    changed = store_audiences.change_people(uow, audience_id, add=people, remove=BitMap64())
    # Nothing can refer to an audience before it exists, so nobody's membership depends on it yet.
    _tell(uow, audience_id, changed, is_used=False)
    return get_audience(uow, audience_id)


def freeze_segment(uow: UnitOfWork, segment: Segment, *, name: str) -> Audience:
    """See `feilun.segments.api.freeze_segment`."""
    if segment.status.size is None:
        raise NotComputedYet("members are not known yet", segment=segment.name)
    members = store_memberships.load_members(uow, [segment.status.definition_id])
    people = members.get(segment.status.definition_id, BitMap64())
    return freeze(uow, people, name=name, segment=segment)


def delete_audience(uow: UnitOfWork, audience_id: AudienceId) -> None:
    """See `feilun.segments.api.delete_audience`."""
    audience = store_audiences.find_audience(uow, audience_id, for_update=True)
    if audience is None:
        raise AudienceNotFound(f"no audience {audience_id}", audience=opaque("a", audience_id))
    uses = store_definitions.list_text_uses(uow, audience.key)
    if uses:
        raise AudienceInUse("conditions refer to it", used_by=[use.name for use in uses])
    _empty(uow, audience_id)


def delete_list(uow: UnitOfWork, segment_id: SegmentId) -> None:
    """Delete the list behind a static segment."""
    found = store_audiences.find_list(uow, segment_id)
    if found is not None:
        _empty(uow, found.audience_id)


def _empty(uow: UnitOfWork, audience_id: AudienceId) -> None:
    everybody = store_audiences.load_people(uow, audience_id)
    changed = store_audiences.change_people(uow, audience_id, add=BitMap64(), remove=everybody)
    store_audiences.mark_deleted(uow, audience_id)
    _tell(uow, audience_id, changed, is_used=False)


def change_members(
    uow: UnitOfWork, segment: Segment, *, add: Sequence[PersonId], remove: Sequence[PersonId]
) -> MembersChanged:
    """See `feilun.segments.api.change_members`."""
    if segment.kind is not SegmentKind.STATIC:
        raise SegmentNotStatic("members follow from a condition", segment=segment.name)
    found = store_audiences.find_list(uow, segment.segment_id)
    assert found is not None, "made with the segment"
    wanted = {*add, *remove}
    roots = identity.root_of(uow, wanted)
    people = identity.list_persons(uow, roots.values())
    known = {root: person for root, person in people.items() if person.erased_at is None}
    before = store_audiences.load_people(uow, found.audience_id)
    joining = {roots[person_id] for person_id in add if roots[person_id] in known}
    leaving = {roots[person_id] for person_id in remove if roots[person_id] in known} - joining
    added = {root for root in joining if not any(member in before for member in known[root].members)}
    gone = [member for root in leaving for member in known[root].members if member in before]
    changed = store_audiences.change_people(
        uow, found.audience_id, add=BitMap64(added), remove=BitMap64(gone)
    )
    _tell(uow, found.audience_id, changed, is_used=True)
    return MembersChanged(
        added=len(added),
        removed=sum(1 for root in leaving if any(member in before for member in known[root].members)),
        unknown=len({person_id for person_id in wanted if roots[person_id] not in known}),
    )


def forget_people(uow: UnitOfWork, person_ids: Iterable[int]) -> None:
    """Take erased people out of every audience and list. Idempotent."""
    people = BitMap64(person_ids)
    for audience_id in store_audiences.audiences_with(uow, people):
        changed = store_audiences.change_people(uow, audience_id, add=BitMap64(), remove=people)
        _tell(uow, audience_id, changed, is_used=False)


def members_page(uow: UnitOfWork, audience: Audience, *, after: int, limit: int) -> MemberPage:
    """Return a page of the people of an audience, as whom they belong to today."""
    recorded = store_audiences.load_people(uow, audience.audience_id)
    roots = identity.root_of(uow, [PersonId(person_id) for person_id in recorded])
    people = sorted(set(roots.values()))
    shown = [person_id for person_id in people if person_id > after][: limit + 1]
    return MemberPage(
        person_ids=tuple(shown[:limit]),
        total=len(people),
        next_after=shown[limit - 1] if len(shown) > limit else None,
    )


def _tell(
    uow: UnitOfWork, audience_id: AudienceId, changed: Mapping[int, BitMap64], *, is_used: bool
) -> None:
    """Write down which blocks changed; with people where memberships follow from the list."""
    append_events(
        uow,
        (
            NewEvent(
                type=events.AUDIENCE_CHANGED,
                occurred_at=uow.now,
                origin=Origin.LIVE,
                payload={
                    "audience_id": audience_id,
                    "block": block,
                    **({"people": list(people)} if is_used else {}),
                },
            )
            for block, people in changed.items()
        ),
    )
