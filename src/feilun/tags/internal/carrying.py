"""Reading what whole people carry, who carries a tag, and what changed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from feilun.identity import api as identity
from feilun.identity.contracts import Person
from feilun.identity.errors import PersonNotFound
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.profiles.errors import CustomerNotFound
from feilun.tags.contracts import CarriedTag, CarrierPage, HistoryPage, Tag, TagId
from feilun.tags.internal import store
from feilun.tags.internal.dictionary import get_tag, tags_by_id
from feilun.tags.internal.domain import Held, holding


def get_person(uow: UnitOfWork, person_id: PersonId) -> Person:
    """Return the person behind an id. Raises: CustomerNotFound."""
    try:
        return identity.get_person(uow, person_id)
    except PersonNotFound:
        raise CustomerNotFound(f"no customer {person_id}", person_id=person_id) from None


def carried_by(uow: UnitOfWork, members: Sequence[PersonId]) -> list[CarriedTag]:
    """Return what a person, given as all records, carries now; by group, name and value."""
    tags = tags_by_id(uow)
    return _carried(_valid(uow, store.held_by(uow, members)), tags)


def list_carriers(uow: UnitOfWork, tag_id: TagId, *, after: int, limit: int) -> CarrierPage:
    """See `feilun.tags.api.list_carriers`."""
    get_tag(uow, tag_id)
    roots = store.carriers(uow, tag_id, after=after, limit=limit + 1)
    people: list[CarriedTag] = []
    person_ids: list[PersonId] = []
    by_person = carried_by_many(uow, roots[:limit])
    for root in roots[:limit]:
        for carried in by_person.get(root, ()):
            if carried.tag.tag_id == tag_id:
                people.append(carried)
                person_ids.append(root)
    return CarrierPage(
        people=tuple(people),
        person_ids=tuple(person_ids),
        next_after=roots[limit - 1] if len(roots) > limit else None,
    )


def carried_by_many(uow: UnitOfWork, roots: Iterable[PersonId]) -> dict[PersonId, list[CarriedTag]]:
    """Return what many people carry now, by root; those who carry nothing are left out."""
    members = identity.members_by_root(uow, roots)
    root_of = {record: root for root, records in members.items() for record in records}
    held: dict[PersonId, list[Held]] = defaultdict(list)
    for item in _valid(uow, store.held_by(uow, root_of)):
        held[root_of[item.assignment.person_id]].append(item)
    tags = tags_by_id(uow)
    return {root: _carried(items, tags) for root, items in held.items()}


def list_history(
    uow: UnitOfWork,
    *,
    tag_id: TagId | None,
    person_id: PersonId | None,
    before: int | None,
    limit: int,
) -> HistoryPage:
    """See `feilun.tags.api.list_history`."""
    members = None if person_id is None else get_person(uow, person_id).members
    entries = store.select_history(uow, tag_id=tag_id, person_ids=members, before=before, limit=limit + 1)
    has_more = len(entries) > limit
    return HistoryPage(
        entries=tuple(entries[:limit]), next_before=entries[limit - 1].history_id if has_more else None
    )


def _valid(uow: UnitOfWork, held: Iterable[Held]) -> list[Held]:
    return [
        item for item in held if item.assignment.expires_at is None or item.assignment.expires_at > uow.now
    ]


def _carried(held: Sequence[Held], tags: Mapping[TagId, Tag]) -> list[CarriedTag]:
    same: dict[tuple[TagId, str], list[Held]] = defaultdict(list)
    for item in holding(held, tags):
        same[item.key].append(item)
    order = {tag_id: place for place, tag_id in enumerate(tags)}
    return [
        CarriedTag(
            tag=tags[tag_id],
            holding=max(items, key=lambda item: item.age).assignment,
            records=tuple(sorted(item.assignment.person_id for item in items)),
        )
        for (tag_id, _), items in sorted(same.items(), key=lambda pair: (order[pair[0][0]], pair[0][1]))
    ]
