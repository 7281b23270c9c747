"""Bulk operations: previews, chunks, stopping, undoing, and two at once."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from feilun.identity import api as identity
from feilun.kernel.errors import NotFound
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.tags import api
from feilun.tags.contracts import (
    AssignmentSource,
    OperationKind,
    OperationState,
    PeopleChoice,
    Tag,
    TagOperation,
    ValueMode,
)
from feilun.tags.errors import (
    IdempotencyConflict,
    PeopleSourceUnknown,
    TagOperationEnded,
    TagOperationNotUndoable,
)
from feilun.tags.internal.operations import CHUNK, run_next_step
from tests.fakes.clock import FixedClock
from tests.tags.builders import a_change, a_group, a_tag, assign, carried, people, remove

_COUNT = CHUNK + 10


class _NothingSuch(NotFound):
    code = "tests.nothing_such"


class _Everybody:
    """A segment of everybody whose id was given to it, however many."""

    name = "segment"

    def __init__(self, members: list[PersonId]) -> None:
        self._members = members

    def check(self, uow: UnitOfWork, key: str) -> None:
        if key != "all":
            raise _NothingSuch(key)

    def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
        self.check(uow, key)
        return iter(self._members)


_ALL = PeopleChoice(source="segment", key="all")


@pytest.fixture(scope="module")
def crowd(database: Database) -> list[PersonId]:
    """More people than a chunk takes."""
    with database.transaction() as uow:
        return people(uow, *(f"crowd-{number}" for number in range(_COUNT)))


def _start(database: Database, tag: Tag, crowd: list[PersonId], value: str | None = None) -> TagOperation:
    with database.transaction(actor="operator:7") as uow:
        return api.start_operation(
            uow, OperationKind.ASSIGN, a_change(tag, value), _ALL, sources=[_Everybody(crowd)]
        )


def _finish(database: Database, crowd: list[PersonId]) -> None:
    while run_next_step(database, [_Everybody(crowd)]):
        pass


def _get(database: Database, operation: TagOperation) -> TagOperation:
    with database.transaction() as uow:
        return api.get_operation(uow, operation.operation_id)


def test_a_preview_says_what_would_happen_and_changes_nothing(uow: UnitOfWork) -> None:
    group = a_group(uow, "level", is_exclusive=True)
    gold, silver = a_tag(uow, "gold", group=group), a_tag(uow, "silver", group=group)
    first, second, third = people(uow, "c1", "c2", "c3")
    assign(uow, silver, first)
    assign(uow, gold, second)

    preview = api.preview_operation(
        uow,
        OperationKind.ASSIGN,
        a_change(gold),
        api.choose_persons([first, second, third, PersonId(10**12)]),
    )

    assert preview.people == 4
    counts = preview.counts
    assert (counts.changed, counts.unchanged, counts.skipped, counts.displaced) == (2, 1, 1, 1)
    assert [(d.tag_id, d.people) for d in preview.displacements] == [(silver.tag_id, 1)]
    assert preview.sample == (first, third)
    assert carried(uow, first) == {("silver", "")}


def test_few_named_people_are_done_at_once_and_undone_exactly(uow: UnitOfWork, clock: FixedClock) -> None:
    group = a_group(uow, "level", is_exclusive=True)
    gold, silver = a_tag(uow, "gold", group=group), a_tag(uow, "silver", group=group, valid_days=30)
    first, second = people(uow, "c1", "c2")
    assign(uow, silver, first)
    before = api.list_carried(uow, first)
    uow.now += timedelta(days=1)

    operation = api.start_operation(
        uow, OperationKind.ASSIGN, a_change(gold, reason="fair"), api.choose_persons([first, second])
    )
    during = carried(uow, first)
    undoing = api.undo_operation(uow, operation.operation_id, source=AssignmentSource.HAND)

    assert (operation.state, operation.counts.changed, operation.counts.displaced) == (
        OperationState.DONE,
        2,
        1,
    )
    assert during == {("gold", "")}
    assert (undoing.kind, undoing.state, undoing.counts.changed) == (
        OperationKind.UNDO,
        OperationState.DONE,
        2,
    )
    assert api.list_carried(uow, first) == before
    assert carried(uow, second) == set()
    for again in (operation, undoing):
        with pytest.raises(TagOperationNotUndoable):
            api.undo_operation(uow, again.operation_id, source=AssignmentSource.HAND)


def test_undoing_leaves_what_was_changed_again_since(uow: UnitOfWork) -> None:
    size = a_tag(uow, "size", ValueMode.ONE)
    first, second = people(uow, "c1", "c2")
    operation = api.start_operation(
        uow, OperationKind.ASSIGN, a_change(size, "S"), api.choose_persons([first, second])
    )
    assign(uow, size, second, "L")

    undoing = api.undo_operation(uow, operation.operation_id, source=AssignmentSource.HAND)

    assert (undoing.counts.changed, undoing.counts.skipped) == (1, 1)
    assert carried(uow, first) == set()
    assert carried(uow, second) == {("size", "L")}


def test_undoing_a_removal_gives_every_record_its_own_back(uow: UnitOfWork) -> None:
    size = a_tag(uow, "size", ValueMode.ONE)
    left, right = people(uow, "c1", "c2")
    assign(uow, size, left, "S")
    assign(uow, size, right, "L")
    merge = identity.merge_persons(uow, left, right, reason="same")

    operation = api.start_operation(
        uow, OperationKind.REMOVE, a_change(size), api.choose_persons([left, right])
    )
    gone = carried(uow, left)
    api.undo_operation(uow, operation.operation_id, source=AssignmentSource.HAND)
    back = carried(uow, left)
    identity.split_merge(uow, merge.merge_id, reason="no")

    assert (operation.counts.changed, gone, back) == (1, set(), {("size", "L")})
    assert (carried(uow, left), carried(uow, right)) == ({("size", "S")}, {("size", "L")})


def test_an_idempotency_key_begins_one_operation(uow: UnitOfWork) -> None:
    flag = a_tag(uow, "flag")
    (person,) = people(uow, "c1")
    choice = api.choose_persons([person])

    first = api.start_operation(uow, OperationKind.ASSIGN, a_change(flag), choice, idempotency_key="k1")
    remove(uow, flag, person)
    again = api.start_operation(uow, OperationKind.ASSIGN, a_change(flag), choice, idempotency_key="k1")

    assert again == first
    assert carried(uow, person) == set()
    with pytest.raises(IdempotencyConflict):
        api.start_operation(uow, OperationKind.REMOVE, a_change(flag), choice, idempotency_key="k1")


def test_a_source_that_nobody_knows_and_a_key_that_names_nothing_are_refused(uow: UnitOfWork) -> None:
    flag = a_tag(uow, "flag")

    with pytest.raises(PeopleSourceUnknown):
        api.start_operation(uow, OperationKind.ASSIGN, a_change(flag), _ALL)
    with pytest.raises(_NothingSuch):
        api.start_operation(
            uow, OperationKind.ASSIGN, a_change(flag), PeopleChoice(source="segment", key="no"),
            sources=[_Everybody([])],
        )  # fmt: skip


def test_many_people_are_done_chunk_by_chunk_stopped_and_undone(
    database: Database, clock: FixedClock, crowd: list[PersonId]
) -> None:
    with database.transaction() as uow:
        tag = a_tag(uow, "bulk")
        assign(uow, tag, crowd[0])
    operation = _start(database, tag, crowd)
    assert (operation.state, operation.people_total) == (OperationState.WAITING, None)
    sources = [_Everybody(crowd)]

    run_next_step(database, sources)
    listed = _get(database, operation)
    run_next_step(database, sources)
    half = _get(database, operation)
    with database.transaction() as uow:
        api.stop_operation(uow, operation.operation_id)
    _finish(database, crowd)
    stopped = _get(database, operation)
    with database.transaction() as uow:
        with pytest.raises(TagOperationEnded):
            api.stop_operation(uow, operation.operation_id)
        undoing = api.undo_operation(uow, operation.operation_id, source=AssignmentSource.HAND)
    _finish(database, crowd)

    assert (listed.state, listed.people_total, listed.people_done) == (OperationState.RUNNING, _COUNT, 0)
    assert (half.people_done, half.counts.changed, half.counts.unchanged) == (CHUNK, CHUNK - 1, 1)
    assert (stopped.state, stopped.people_done) == (OperationState.STOPPED, CHUNK)
    assert _get(database, undoing).counts.changed == CHUNK - 1
    with database.transaction() as uow:
        assert api.count_people(uow, tag.tag_id) == {tag.tag_id: 1}


def test_an_operation_that_cannot_go_on_fails_with_its_reason_and_blocks_nobody(
    database: Database, crowd: list[PersonId]
) -> None:
    with database.transaction() as uow:
        tag, other = a_tag(uow, "doomed"), a_tag(uow, "fine")
    doomed = _start(database, tag, crowd)
    fine = _start(database, other, crowd)

    class Vanished(_Everybody):
        def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
            if api.get_operation(uow, doomed.operation_id).state is OperationState.WAITING:
                raise _NothingSuch(key)
            return super().members(uow, key)

    while run_next_step(database, [Vanished(crowd)]):
        pass

    failed = _get(database, doomed)
    assert (failed.state, failed.error_code) == (OperationState.FAILED, "tests.nothing_such")
    assert _get(database, fine).state is OperationState.DONE


def test_two_operations_at_once_leave_everybody_with_one_value_and_exact_counts(
    database: Database, crowd: list[PersonId]
) -> None:
    some = crowd[:300]
    with database.transaction() as uow:
        tag = a_tag(uow, "raced", ValueMode.ONE)
    failures: list[BaseException] = []
    barrier = threading.Barrier(2)
    done: dict[str, TagOperation] = {}

    def run(value: str) -> None:
        try:
            barrier.wait(10)
            with database.transaction(actor=f"operator:{value}") as uow:
                done[value] = api.start_operation(
                    uow, OperationKind.ASSIGN, a_change(tag, value), api.choose_persons(some)
                )
        except BaseException as failure:  # noqa: BLE001 — a thread's failure has to reach the test
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(value,)) for value in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert failures == []
    with database.transaction() as uow:
        values = {value for person in some for _, value in carried_values(uow, tag, person)}
        history = [len(api.list_history(uow, person_id=person, tag_id=tag.tag_id).entries) for person in some]
    assert len(values) == 1, "the later of the two has won everywhere"
    assert [done[value].counts.changed for value in ("a", "b")] == [300, 300]
    assert sorted(done[value].counts.displaced for value in ("a", "b")) == [0, 300]
    assert set(history) == {3}


def carried_values(uow: UnitOfWork, tag: Tag, person: PersonId) -> set[tuple[str, str]]:
    """Return what a person carries of one tag."""
    return {item for item in carried(uow, person) if item[0] == tag.key}


def test_two_workers_share_operations_without_doing_anything_twice(
    database: Database, crowd: list[PersonId]
) -> None:
    with database.transaction() as uow:
        tags = [a_tag(uow, f"shared_{number}") for number in range(2)]
    operations = [_start(database, tag, crowd) for tag in tags]
    failures: list[BaseException] = []

    def work() -> None:
        try:
            _finish(database, crowd)
        except BaseException as failure:  # noqa: BLE001 — a thread's failure has to reach the test
            failures.append(failure)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    _finish(database, crowd)

    assert failures == []
    for operation in operations:
        ended = _get(database, operation)
        assert (ended.state, ended.people_done, ended.counts.changed) == (OperationState.DONE, _COUNT, _COUNT)
