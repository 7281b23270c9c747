"""Giving and taking tags: locks people, lets the rules plan, writes assignments, history and events in a few statements."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.tags import events
from feilun.tags.contracts import (
    Assignment,
    AssignmentSource,
    ChangeCounts,
    HistoryAction,
    OperationKind,
    Tag,
    TagId,
    TagOperationId,
)
from feilun.tags.internal import store
from feilun.tags.internal.dictionary import tags_by_id
from feilun.tags.internal.domain import (
    Held,
    Plan,
    Wish,
    plan_assign,
    plan_remove,
    plan_undo,
)
from feilun.tags.internal.store import NewHistory


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Why something changes; kept with every change."""

    source: AssignmentSource
    reason: str = ""
    origin: Origin = Origin.LIVE
    operation_id: TagOperationId | None = None


@dataclass(frozen=True, slots=True)
class People:
    """Living people, each with all their records."""

    members: Mapping[PersonId, tuple[PersonId, ...]]
    """By root."""
    root_of: Mapping[PersonId, PersonId]
    """Of every record asked for that is known and not erased."""

    @property
    def records(self) -> list[PersonId]:
        """All records."""
        return [record for members in self.members.values() for record in members]

    @property
    def roots(self) -> dict[PersonId, PersonId]:
        """The root of every record."""
        return {record: root for root, members in self.members.items() for record in members}


@dataclass(slots=True)
class Writing:
    """Changes collected for a few statements at the end."""

    given: list[Held] = field(default_factory=list)
    gone: list[Held] = field(default_factory=list)
    history: list[NewHistory] = field(default_factory=list)
    events: list[NewEvent] = field(default_factory=list)


def living_people(uow: UnitOfWork, person_ids: Iterable[PersonId], *, lock: bool) -> People:
    """Return the living people behind person records; locked ones do not change until the transaction ends."""
    wanted = set(person_ids)
    people = identity.list_persons(uow, wanted)
    if lock and people:
        known = wanted & {member for person in people.values() for member in person.members}
        identity.lock_persons(uow, known)
        # Somebody may have merged, split or erased while this waited.
        people = identity.list_persons(uow, known)
    members = {root: person.members for root, person in people.items() if person.erased_at is None}
    roots = {record: root for root, records in members.items() for record in records}
    return People(members, {record: roots[record] for record in wanted if record in roots})


def plan_people(
    uow: UnitOfWork,
    kind: OperationKind,
    wish: Wish,
    people: People,
    *,
    targets: Mapping[PersonId, PersonId] | None = None,
    tags: Mapping[TagId, Tag],
) -> dict[PersonId, Plan]:
    """Return the plan of every person, by root. `targets`: the record that gets it; without, the root."""
    group = wish.tag.group
    rivals = [
        tag.tag_id
        for tag in tags.values()
        if tag.tag_id == wish.tag.tag_id
        or (
            group is not None
            and group.is_exclusive
            and tag.group is not None
            and tag.group.group_id == group.group_id
        )
    ]
    held: dict[PersonId, list[Held]] = defaultdict(list)
    roots = people.roots
    for item in store.held_by(uow, people.records, rivals):
        if item.assignment.expires_at is None or item.assignment.expires_at > uow.now:
            held[roots[item.assignment.person_id]].append(item)
    if kind is OperationKind.REMOVE:
        return {root: plan_remove(wish, held[root], tags) for root in people.members}
    return {
        root: plan_assign(wish, targets[root] if targets else root, held[root], tags)
        for root in people.members
    }


def change_people(
    uow: UnitOfWork,
    kind: OperationKind,
    wish: Wish,
    person_ids: Sequence[PersonId],
    cause: Cause,
) -> ChangeCounts:
    """Give or take a tag of people, named by any of their records. Locks them in id order."""
    people = living_people(uow, person_ids, lock=True)
    expire_records(uow, people, origin=cause.origin)
    tags = tags_by_id(uow)
    plans = plan_people(uow, kind, wish, people, tags=tags)
    write_plans(uow, wish, plans, {root: root for root in plans}, cause, tags, people)
    unknown = set(person_ids) - people.root_of.keys()
    return count_plans(plans.values(), skipped=len(unknown))


def count_plans(plans: Iterable[Plan], *, skipped: int) -> ChangeCounts:
    """Return what plans come to, in people."""
    listed = list(plans)
    changed = sum(1 for plan in listed if plan.gives or plan.takes)
    return ChangeCounts(
        changed=changed,
        unchanged=len(listed) - changed,
        skipped=skipped,
        displaced=sum(1 for plan in listed if plan.gives and plan.takes),
    )


def write_plans(
    uow: UnitOfWork,
    wish: Wish,
    plans: Mapping[PersonId, Plan],
    targets: Mapping[PersonId, PersonId],
    cause: Cause,
    tags: Mapping[TagId, Tag],
    people: People,
) -> None:
    """Carry out plans, by root."""
    giving = [root for root in sorted(plans) if plans[root].gives]
    mine = {
        held.assignment.person_id: held
        for held in store.held_by(uow, [targets[root] for root in giving], [wish.tag.tag_id])
        if held.assignment.value == (wish.value or "")
    }
    new_ids, revisions = store.next_ids(uow, len(giving)) if giving else ([], [])
    ids = iter(zip(new_ids, revisions, strict=True))
    writing = Writing()
    for root in sorted(plans):
        plan = plans[root]
        for held in plan.takes:
            take(writing, held, cause, tags, uow, displaced_by=wish.tag.tag_id if plan.gives else None)
        if plan.gives:
            assignment_id, revision = next(ids)
            target = targets[root]
            before = mine.get(target)
            assignment = Assignment(
                assignment_id=before.assignment.assignment_id if before else assignment_id,
                person_id=target,
                tag_id=wish.tag.tag_id,
                value=wish.value or "",
                source=cause.source,
                actor=uow.actor,
                reason=cause.reason,
                assigned_at=uow.now,
                expires_at=expiry(wish.tag, uow.now),
            )
            given = Held(assignment=assignment, revision=revision)
            _give(writing, given, before, cause, wish.tag, at=uow.now)
    write(uow, writing, people.roots)


def take(
    writing: Writing,
    held: Held,
    cause: Cause,
    tags: Mapping[TagId, Tag],
    uow: UnitOfWork,
    *,
    action: HistoryAction = HistoryAction.REMOVED,
    displaced_by: TagId | None = None,
) -> None:
    """Note that an assignment goes."""
    writing.gone.append(held)
    writing.history.append(
        NewHistory(
            assignment=held.assignment,
            action=action,
            source=cause.source,
            reason=cause.reason,
            operation_id=cause.operation_id,
            before=held,
            displaced_by=displaced_by,
        )
    )
    word = "displaced" if displaced_by is not None else action.value
    expires_at = held.assignment.expires_at
    occurred_at = expires_at if action is HistoryAction.EXPIRED and expires_at else uow.now
    writing.events.append(removal_event(held, tags, cause.origin, occurred_at=occurred_at, cause=word))


def removal_event(
    held: Held, tags: Mapping[TagId, Tag], origin: Origin, *, occurred_at: datetime, cause: str
) -> NewEvent:
    """Return the event of an assignment that went."""
    return NewEvent(
        type=events.TAG_REMOVED,
        occurred_at=occurred_at,
        origin=origin,
        person_id=held.assignment.person_id,
        payload={
            "assignment_id": held.assignment.assignment_id,
            "tag_id": held.assignment.tag_id,
            "key": tags[held.assignment.tag_id].key,
            "cause": cause,
        },
    )


def write(uow: UnitOfWork, writing: Writing, roots: Mapping[PersonId, PersonId]) -> None:
    """Write what was collected. Removals go first: what takes a place needs it free."""
    store.delete(uow, [held.assignment.assignment_id for held in writing.gone])
    store.upsert(uow, writing.given, roots)
    if writing.history:
        store.add_history(uow, writing.history)
        append_events(uow, writing.events)


def expiry(tag: Tag, now: datetime) -> datetime | None:
    """Return when an assignment made now ends."""
    if tag.valid_days is not None:
        return now + timedelta(days=tag.valid_days)
    return tag.ends_at


def expire_records(uow: UnitOfWork, people: People, *, origin: Origin = Origin.LIVE) -> int:
    """End what is due on locked people; returns how many assignments."""
    records = people.records
    due = store.due_people(uow, limit=len(records), among=records) if records else []
    if not due:
        return 0
    tags = tags_by_id(uow)
    cause = Cause(source=AssignmentSource.SYSTEM, origin=origin)
    writing = Writing()
    for held in store.held_by(uow, due):
        if held.assignment.expires_at is not None and held.assignment.expires_at <= uow.now:
            take(writing, held, cause, tags, uow, action=HistoryAction.EXPIRED)
    write(uow, writing, {})
    return len(writing.gone)


def undo_records(
    uow: UnitOfWork, operation_id: TagOperationId, records: Sequence[PersonId], cause: Cause
) -> ChangeCounts:
    """Bring records back to what they held before an operation, save where something was changed again since."""
    people = living_people(uow, records, lock=True)
    expire_records(uow, people, origin=cause.origin)
    tags = tags_by_id(uow)
    mine = [record for record in records if record in people.root_of]
    restorations, kept = plan_undo(store.traces_of(uow, operation_id, mine), tags, uow.now)
    held = {(h.assignment.person_id, *h.key): h for h in store.held_by(uow, mine)}
    writing = Writing()
    changed: set[PersonId] = set()
    for restoration in restorations:
        current = held.get((restoration.person_id, restoration.tag_id, restoration.value))
        if current == restoration.before:
            continue
        changed.add(restoration.person_id)
        if restoration.before is None:
            assert current is not None, "differs from nothing"
            take(writing, current, cause, tags, uow, action=HistoryAction.UNDONE)
        else:
            tag = tags[restoration.tag_id]
            _give(writing, restoration.before, current, cause, tag, at=uow.now, action=HistoryAction.UNDONE)
    write(uow, writing, people.roots)
    return ChangeCounts(
        changed=len(changed),
        unchanged=len(set(mine) - changed - kept),
        skipped=len(kept - changed) + len(set(records)) - len(set(mine)),
    )


def _give(
    writing: Writing,
    held: Held,
    before: Held | None,
    cause: Cause,
    tag: Tag,
    *,
    at: datetime,
    action: HistoryAction | None = None,
) -> None:
    writing.given.append(held)
    writing.history.append(
        NewHistory(
            assignment=held.assignment,
            action=action or (HistoryAction.CHANGED if before else HistoryAction.ASSIGNED),
            source=cause.source,
            reason=cause.reason,
            operation_id=cause.operation_id,
            before=before,
        )
    )
    writing.events.append(
        NewEvent(
            type=events.TAG_ASSIGNED,
            occurred_at=at,
            origin=cause.origin,
            person_id=held.assignment.person_id,
            payload={
                "assignment_id": held.assignment.assignment_id,
                "tag_id": tag.tag_id,
                "key": tag.key,
            },
        )
    )


def displaced_by_plans(plans: Iterable[Plan]) -> Counter[tuple[TagId, str]]:
    """Return what plans that give would take the place of, in people."""
    counter: Counter[tuple[TagId, str]] = Counter()
    for plan in plans:
        if plan.gives:
            counter.update({held.key for held in plan.takes})
    return counter
