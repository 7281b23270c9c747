"""Bulk operations: previewing, starting, doing them chunk by chunk, stopping, undoing.

The people are written down when an operation begins, so it means the same however long it takes. A chunk is one transaction
that holds the operation's row: a worker that dies frees it, and another goes on after the last chunk that was committed.
"""

import hashlib
import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from sqlalchemy.exc import DBAPIError

from feilun.kernel.errors import FeilunError, Transient
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.tags.contracts import (
    PEOPLE_AT_ONCE,
    AssignmentSource,
    ChangeCounts,
    Displacement,
    OperationKind,
    OperationPreview,
    OperationState,
    PeopleChoice,
    Tag,
    TagChange,
    TagOperation,
    TagOperationId,
)
from feilun.tags.errors import (
    IdempotencyConflict,
    PeopleSourceUnknown,
    TagOperationEnded,
    TagOperationNotFound,
    TagOperationNotUndoable,
)
from feilun.tags.internal import store_operations as store
from feilun.tags.internal.changing import (
    Cause,
    change_people,
    count_plans,
    displaced_by_plans,
    living_people,
    plan_people,
    undo_records,
)
from feilun.tags.internal.dictionary import get_assignable, tags_by_id
from feilun.tags.internal.domain import Wish, check_reason, check_value
from feilun.tags.ports import PeopleSource

CHUNK: Final = 2_000
"""People per transaction: short enough that nobody waits for a person, long enough that statements are set-based."""
_SAMPLE: Final = 10
_DISPLACEMENTS_MAX: Final = 20
_UNEXPECTED: Final = "system.unexpected"
_OPEN: Final = (OperationState.WAITING, OperationState.RUNNING)


def wish_of(tag: Tag, kind: OperationKind, value: str | None, *, renews: bool) -> Wish:
    """Return what a change wants. Raises: TagValueInvalid."""
    if kind is OperationKind.REMOVE and not value:
        return Wish(tag=tag, value=None)
    return Wish(tag=tag, value=check_value(tag, value), renews=renews)


def preview_operation(
    uow: UnitOfWork,
    kind: OperationKind,
    change: TagChange,
    people: PeopleChoice,
    sources: Sequence[PeopleSource],
) -> OperationPreview:
    """See `feilun.tags.api.preview_operation`."""
    tag = get_assignable(uow, change.tag_id, gives=kind is OperationKind.ASSIGN)
    wish = wish_of(tag, kind, change.value, renews=change.renews)
    check_reason(change.reason)
    tags = tags_by_id(uow)
    seen: set[PersonId] = set()
    totals = ChangeCounts()
    displaced = displaced_by_plans(())
    sample: list[PersonId] = []
    members = _members(uow, people, sources)
    while chunk := list(islice(members, CHUNK)):
        living = living_people(uow, chunk, lock=False)
        plans = plan_people(uow, kind, wish, living, tags=tags)
        fresh = {root: plan for root, plan in plans.items() if root not in seen}
        seen.update(fresh)
        totals = _sum(totals, count_plans(fresh.values(), skipped=len(set(chunk) - living.root_of.keys())))
        displaced += displaced_by_plans(fresh.values())
        changing = (root for root, plan in fresh.items() if plan.gives or plan.takes)
        sample.extend(root for root, _ in zip(changing, range(_SAMPLE - len(sample)), strict=False))
    return OperationPreview(
        people=len(seen) + totals.skipped,
        counts=totals,
        displacements=tuple(
            Displacement(tag_id=tag_id, value=value, people=count)
            for (tag_id, value), count in displaced.most_common(_DISPLACEMENTS_MAX)
        ),
        sample=tuple(sample),
    )


def start_operation(
    uow: UnitOfWork,
    kind: OperationKind,
    change: TagChange,
    people: PeopleChoice,
    sources: Sequence[PeopleSource],
    idempotency_key: str | None,
) -> TagOperation:
    """See `feilun.tags.api.start_operation`."""
    tag = get_assignable(uow, change.tag_id, gives=kind is OperationKind.ASSIGN)
    wish = wish_of(tag, kind, change.value, renews=change.renews)
    checked = TagChange(
        tag_id=tag.tag_id,
        value=wish.value,
        source=change.source,
        reason=check_reason(change.reason),
        renews=wish.renews,
        origin=change.origin,
    )
    source = _source(people.source, sources)
    digest = _digest(kind, checked, people)
    operation_id = store.insert(uow, kind, checked, people, idempotency_key=idempotency_key, digest=digest)
    if operation_id is None:
        assert idempotency_key is not None, "only a key conflicts"
        known, known_digest = store.find_by_idempotency_key(uow, idempotency_key)
        if known_digest != digest:
            raise IdempotencyConflict("key used for something else", key=idempotency_key)
        return get_operation(uow, known)
    source.check(uow, people.key)
    if people.source == PERSONS:
        named = list(source.members(uow, people.key))
        if len(named) <= PEOPLE_AT_ONCE:
            store.add_people(uow, operation_id, named)
            _run_through(uow, operation_id)
    return get_operation(uow, operation_id)


def get_operation(uow: UnitOfWork, operation_id: TagOperationId) -> TagOperation:
    """Return one operation. Raises: TagOperationNotFound."""
    found = store.select(uow, "o.operation_id = :id", id=operation_id)
    if not found:
        raise TagOperationNotFound("no such operation", operation=operation_id)
    return found[0]


def stop_operation(uow: UnitOfWork, operation_id: TagOperationId) -> TagOperation:
    """See `feilun.tags.api.stop_operation`."""
    store.lock(uow, operation_id)
    operation = get_operation(uow, operation_id)
    if operation.state not in _OPEN:
        raise TagOperationEnded("has ended", state=operation.state.value)
    store.ask_to_stop(uow, operation_id)
    return get_operation(uow, operation_id)


def undo_operation(
    uow: UnitOfWork, operation_id: TagOperationId, *, source: AssignmentSource, reason: str
) -> TagOperation:
    """See `feilun.tags.api.undo_operation`."""
    store.lock(uow, operation_id)
    undone = get_operation(uow, operation_id)
    has_ended = undone.state not in _OPEN
    if undone.kind is OperationKind.UNDO or not has_ended or undone.undone_by or not undone.counts.changed:
        raise TagOperationNotUndoable("nothing to undo", state=undone.state.value)
    change = TagChange(tag_id=undone.tag_id, value=undone.value, source=source, reason=check_reason(reason))
    undoing = store.insert(uow, OperationKind.UNDO, change, undone.people, undoes=operation_id)
    assert undoing is not None, "no idempotency key, no conflict"
    if store.add_people_of_history(uow, undoing, operation_id) <= PEOPLE_AT_ONCE:
        _run_through(uow, undoing)
    return get_operation(uow, undoing)


def run_next_step(database: Database, sources: Sequence[PeopleSource]) -> bool:
    """Do the next chunk of the operation whose turn it is; False when there is none to do.

    What cannot go on ends as failed with its code. Raises: what is unexpected or transient, after taking note of it.
    """
    operation_id: TagOperationId | None = None
    try:
        with database.transaction() as uow:
            operation = store.claim(uow)
            if operation is None:
                return False
            operation_id = operation.operation_id
            uow.actor = operation.actor
            _step(uow, operation, sources)
    except Exception as error:  # allow(no-broad-except): the job runner: noted on the operation, then raised
        if operation_id is not None:
            _give_up(database, operation_id, error)
        if not isinstance(error, FeilunError) or isinstance(error, Transient):
            raise
    return True


def _give_up(database: Database, operation_id: TagOperationId, error: Exception) -> None:
    """End an operation that cannot go on; one that may go on later lets others have their turn first."""
    with database.transaction() as uow:
        if isinstance(error, (Transient, DBAPIError)):
            store.postpone(uow, operation_id)
        else:
            code = error.code if isinstance(error, FeilunError) else _UNEXPECTED
            store.finish(uow, operation_id, OperationState.FAILED, code)


def _run_through(uow: UnitOfWork, operation_id: TagOperationId) -> None:
    while (operation := get_operation(uow, operation_id)).state in _OPEN:
        _step(uow, operation, ())


def _step(uow: UnitOfWork, operation: TagOperation, sources: Sequence[PeopleSource]) -> None:
    operation_id = operation.operation_id
    if operation.is_stopping:
        store.finish(uow, operation_id, OperationState.STOPPED)
    elif operation.people_total is None:
        store.add_people(uow, operation_id, _members(uow, operation.people, sources))
    elif chunk := store.next_people(uow, operation_id, CHUNK):
        store.note_step(uow, operation_id, len(chunk), chunk[-1], _change(uow, operation, chunk))
    else:
        store.finish(uow, operation_id, OperationState.DONE)


def _change(uow: UnitOfWork, operation: TagOperation, chunk: Sequence[PersonId]) -> ChangeCounts:
    cause = Cause(source=operation.source, reason=operation.reason, operation_id=operation.operation_id)
    if operation.kind is OperationKind.UNDO:
        assert operation.undoes is not None, "an undoing says of what"
        return undo_records(uow, operation.undoes, chunk, cause)
    tag = get_assignable(uow, operation.tag_id, gives=operation.kind is OperationKind.ASSIGN)
    wish = wish_of(tag, operation.kind, operation.value, renews=operation.renews)
    return change_people(uow, operation.kind, wish, chunk, cause)


# --- whom -------------------------------------------------------------------------------------------------------------

PERSONS: Final = "persons"
"""The source whose key lists person ids."""


class NamedPersons:
    """People listed one by one."""

    name: str = PERSONS

    def check(self, uow: UnitOfWork, key: str) -> None:
        """Any list will do; unknown people are counted as skipped."""

    def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
        """Yield the people listed."""
        return (PersonId(int(number)) for number in key.split(",") if number)


def _members(uow: UnitOfWork, people: PeopleChoice, sources: Sequence[PeopleSource]) -> Iterator[PersonId]:
    return _source(people.source, sources).members(uow, people.key)


def _source(name: str, sources: Sequence[PeopleSource]) -> PeopleSource:
    for source in (NamedPersons(), *sources):
        if source.name == name:
            return source
    raise PeopleSourceUnknown("no such source of people", source=name)


def _digest(kind: OperationKind, change: TagChange, people: PeopleChoice) -> bytes:
    document = [
        kind.value, change.tag_id, change.value, change.reason, change.renews, people.source, people.key,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(document, ensure_ascii=False).encode()).digest()


def _sum(left: ChangeCounts, right: ChangeCounts) -> ChangeCounts:
    return ChangeCounts(
        changed=left.changed + right.changed,
        unchanged=left.unchanged + right.unchanged,
        skipped=left.skipped + right.skipped,
        displaced=left.displaced + right.displaced,
    )
