"""Many different changes at once, from imports and other programs: each names a person record and a tag."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.tags.contracts import OperationKind, Tag, TagId
from feilun.tags.errors import TagUnknown
from feilun.tags.internal import store_dictionary
from feilun.tags.internal.changing import (
    Cause,
    People,
    expire_records,
    living_people,
    plan_people,
    write_plans,
)
from feilun.tags.internal.dictionary import check_assignable, tags_by_id
from feilun.tags.internal.domain import Wish, check_value


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordChange:
    """One change of one person record."""

    person_id: PersonId
    """Giving: exactly this record gets it. Taking: all records of the person lose it."""
    kind: OperationKind
    wish: Wish
    reason: str = ""


def named_tags(tags: Mapping[TagId, Tag]) -> dict[str, Tag]:
    """Return tags by key, and by name where only one in use has it."""
    by_name: dict[str, list[Tag]] = defaultdict(list)
    for tag in tags.values():
        if tag.archived_at is None:
            by_name[tag.name].append(tag)
    named = {name: found[0] for name, found in by_name.items() if len(found) == 1}
    return named | {tag.key: tag for tag in tags.values()}


def wish_named(named: Mapping[str, Tag], name: str, value: str | None, kind: OperationKind) -> Wish:
    """Return what a change wants of a tag given by key or name.

    Raises: TagUnknown, TagArchived, TagComputed, TagValueInvalid.
    """
    tag = named.get(name.strip())
    if tag is None:
        raise TagUnknown("not in the dictionary", tag=name.strip()[:100])
    check_assignable(tag, gives=kind is OperationKind.ASSIGN)
    if kind is OperationKind.REMOVE and not (value or "").strip():
        return Wish(tag=tag, value=None)
    return Wish(tag=tag, value=check_value(tag, value))


def change_records(uow: UnitOfWork, changes: Sequence[RecordChange], cause: Cause) -> list[bool | None]:
    """Make changes in order; tells of each whether it changed anything, None when the person is unknown or erased.

    Changes are taken in rounds in which no person and no record comes twice, so that later ones see what earlier ones did.
    """
    people = living_people(uow, {change.person_id for change in changes}, lock=True)
    expire_records(uow, people, origin=cause.origin)
    tags = tags_by_id(uow)
    for tag_id in sorted({change.wish.tag.tag_id for change in changes}):
        store_dictionary.lock_tag(uow, tag_id, for_change=False)
    outcomes: list[bool | None] = [None] * len(changes)
    waiting = [index for index, change in enumerate(changes) if change.person_id in people.root_of]
    while waiting:
        rounds, waiting = _first_round(changes, waiting, people.root_of)
        for (kind, wish, reason), indexes in rounds.items():
            targets = {people.root_of[changes[i].person_id]: changes[i].person_id for i in indexes}
            chosen = People({root: people.members[root] for root in targets}, people.root_of)
            plans = plan_people(uow, kind, wish, chosen, targets=targets, tags=tags)
            because = Cause(source=cause.source, reason=reason or cause.reason, origin=cause.origin)
            write_plans(uow, wish, plans, targets, because, tags, chosen)
            for i in indexes:
                plan = plans[people.root_of[changes[i].person_id]]
                outcomes[i] = plan.gives or bool(plan.takes)
    return outcomes


_Alike = tuple[OperationKind, Wish, str]


def _first_round(
    changes: Sequence[RecordChange], waiting: Sequence[int], roots: Mapping[PersonId, PersonId]
) -> tuple[dict[_Alike, list[int]], list[int]]:
    """Return the first change of every person, alike ones together, and what is left for later rounds."""
    alike: dict[_Alike, list[int]] = defaultdict(list)
    later: list[int] = []
    seen: set[PersonId] = set()
    for index in waiting:
        change = changes[index]
        root = roots[change.person_id]
        if root in seen:
            later.append(index)
        else:
            seen.add(root)
            alike[change.kind, change.wish, change.reason].append(index)
    return alike, later
