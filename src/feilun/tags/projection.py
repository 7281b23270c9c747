"""Static tags in the warehouse: under the record they came to, and only those that hold for the person as a whole.

Which holds depends on all records of a person, so whatever touches one record writes the rows of all of them anew.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Final, cast

from feilun.identity import api as identity
from feilun.identity import events as identity_events
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage
from feilun.tags import events as tag_events
from feilun.tags.contracts import TagId
from feilun.tags.internal import store
from feilun.tags.internal.dictionary import tags_by_id
from feilun.tags.internal.domain import Held, holding

PERSON_TAGS: Final = FactTable(
    name="person_tags",
    columns={
        "person_id": "Int64",
        "assignment_id": "Int64",
        "tag_id": "Int64",
        "tag_key": "LowCardinality(String)",
        "value": "String",
        "assigned_at": "DateTime64(3, 'UTC')",
        "expires_at": "Nullable(DateTime64(3, 'UTC'))",
    },
    order_by=("person_id", "assignment_id"),
    shard_by="person_id",
    comment="Static tags that hold, under the record they came to. value is empty for tags without values.",
)
_MOVED: Final = frozenset({identity_events.PersonsMerged.type, identity_events.MergeSplit.type})


class TagProjector:
    """Writes who carries which static tag."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes."""
        return (PERSON_TAGS,)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return _MOVED | {
            tag_events.TAG_ASSIGNED,
            tag_events.TAG_REMOVED,
            tag_events.TAG_CHANGED,
            tag_events.TAG_GROUP_CHANGED,
        }

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return all rows of the people touched, with deletions of what went or is outshone by another record's."""
        touched: dict[PersonId, int] = {}
        gone: dict[tuple[PersonId, int], int] = {}
        for event in events:
            touched.update(dict.fromkeys(_records(uow, event), event.position))
            if event.type == tag_events.TAG_REMOVED and event.person_id is not None:
                gone[event.person_id, cast(int, event.payload["assignment_id"])] = event.position
        roots = identity.root_of(uow, touched)
        members = identity.members_by_root(uow, set(roots.values()))
        versions = {
            root: max(touched[record] for record in records if record in touched)
            for root, records in members.items()
        }
        kept, outshone = _rows(uow, members)
        known = {(item.assignment.person_id, item.assignment.assignment_id) for item, _ in kept + outshone}
        left = [key for key in gone if key not in known]
        columns: dict[str, Sequence[object]] = {
            **_columns(uow, [item for item, _ in kept], padding=len(outshone) + len(left)),
            "person_id": [item.assignment.person_id for item, _ in kept + outshone]
            + [person_id for person_id, _ in left],
            "assignment_id": [item.assignment.assignment_id for item, _ in kept + outshone]
            + [assignment_id for _, assignment_id in left],
            "version": [versions[root] for _, root in kept + outshone] + [gone[key] for key in left],
            "is_deleted": [0] * len(kept) + [1] * (len(outshone) + len(left)),
        }
        return {PERSON_TAGS.name: columns}

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return the rows of the next records that carry anything."""
        records = store.records_after(uow, cast("int | None", after) or 0, limit)
        if not records:
            return SnapshotPage({}, None)
        roots = identity.root_of(uow, records)
        kept, _ = _rows(uow, identity.members_by_root(uow, set(roots.values())))
        here = set(records)
        rows = [item for item, _ in kept if item.assignment.person_id in here]
        columns: dict[str, Sequence[object]] = {
            "person_id": [item.assignment.person_id for item in rows],
            "assignment_id": [item.assignment.assignment_id for item in rows],
            **_columns(uow, rows, padding=0),
        }
        return SnapshotPage({PERSON_TAGS.name: columns}, records[-1])


_Rows = list[tuple[Held, PersonId]]


def _rows(uow: UnitOfWork, members: Mapping[PersonId, Sequence[PersonId]]) -> tuple[_Rows, _Rows]:
    """Return what people hold on their records, with the root of each: what holds, and what is outshone."""
    root_of = {record: root for root, records in members.items() for record in records}
    held: dict[PersonId, list[Held]] = defaultdict(list)
    for item in store.held_by(uow, root_of):
        held[root_of[item.assignment.person_id]].append(item)
    tags = tags_by_id(uow)
    kept: _Rows = []
    outshone: _Rows = []
    for root, items in held.items():
        winners = holding(items, tags)
        kept.extend((item, root) for item in winners)
        outshone.extend((item, root) for item in items if item not in winners)
    return kept, outshone


def _columns(uow: UnitOfWork, held: Sequence[Held], *, padding: int) -> dict[str, Sequence[object]]:
    keys = {tag_id: tag.key for tag_id, tag in tags_by_id(uow).items()}
    nothing: list[object] = [None] * padding
    return {
        "tag_id": [item.assignment.tag_id for item in held] + nothing,
        "tag_key": [keys[item.assignment.tag_id] for item in held] + nothing,
        "value": [item.assignment.value for item in held] + nothing,
        "assigned_at": [item.assignment.assigned_at for item in held] + nothing,
        "expires_at": [item.assignment.expires_at for item in held] + nothing,
    }


def _records(uow: UnitOfWork, event: Event) -> set[PersonId]:
    """Return the person records an event touches."""
    if event.type == tag_events.TAG_CHANGED:
        if "group_id" not in cast("list[str]", event.payload["fields"]):
            return set()
        return set(store.records_with(uow, tag_id=TagId(cast(int, event.payload["tag_id"]))))
    if event.type == tag_events.TAG_GROUP_CHANGED:
        return set(store.records_with(uow, group_id=cast(int, event.payload["group_id"])))
    people = {event.person_id} if event.person_id is not None else set()
    if event.type in _MOVED:
        named = [event.payload.get(name) for name in ("kept", "absorbed", "separated")]
        people.update(PersonId(cast(int, number)) for number in named if number is not None)
        people.update(PersonId(number) for number in cast("Sequence[int]", event.payload["members"]))
    return people
