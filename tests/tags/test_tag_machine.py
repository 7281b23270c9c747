"""Goal: whatever is given, taken, expired, merged, split and undone in whatever order, people carry what the plain model says.

Method: a Hypothesis state machine. The model keeps the rows of every record in a list and knows nothing of slots or plans: it
replays the words of the documentation by comparing every row with every other.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)
from sqlalchemy import text

from feilun.identity import api as identity
from feilun.identity.contracts import MergeId
from feilun.identity.errors import AlreadyMerged
from feilun.identity.internal.domain.components import split_sides
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.tags import api
from feilun.tags.contracts import (
    AssignmentSource,
    OperationKind,
    Tag,
    TagChange,
    TagOperationId,
    ValueMode,
)
from feilun.tags.errors import TagOperationNotUndoable
from feilun.tags.internal.changing import expire_records, living_people
from tests.tags.builders import a_group, a_tag, carried, people

_database: list[Database] = []
"""The module's database; a state machine takes no fixtures."""
_PEOPLE = 3
_KEYS = ("stage_new", "stage_many", "size", "style", "warm")
_VALUES = ("S", "L")


@pytest.fixture(autouse=True)
def _lend_database(database: Database) -> Iterator[None]:
    _database.append(database)
    yield
    _database.clear()


@dataclass(frozen=True)
class _Row:
    """A record carries a tag, says the model."""

    record: PersonId
    key: str
    value: str
    stamp: int
    """When in the order of all changes."""
    ends_at: datetime | None


@dataclass
class _Done:
    """An operation as the model remembers it: rows of the touched records before, and the changes it made."""

    before: dict[PersonId, set[_Row]]
    changes: set[tuple[PersonId, str, str]]
    number: int


class TagMachine(RuleBasedStateMachine):
    """One rolled-back transaction per run."""

    merges = Bundle("merges")
    operations = Bundle("operations")

    @initialize()
    def begin(self) -> None:
        self.connection = _database[0].engine.connect()
        self.transaction = self.connection.begin()
        self.uow = UnitOfWork(self.connection, _database[0].clock, _database[0].keyring, "operator:1")
        stage = a_group(self.uow, "stage", is_exclusive=True)
        modes = {"size": ValueMode.ONE, "style": ValueMode.SEVERAL, "stage_many": ValueMode.SEVERAL}
        self.tags: dict[str, Tag] = {
            key: a_tag(
                self.uow,
                key,
                modes.get(key, ValueMode.FLAG),
                group=stage if key.startswith("stage") else None,
                valid_days=2 if key == "warm" else None,
            )
            for key in _KEYS
        }
        self.people = people(self.uow, *(f"machine-{number}" for number in range(_PEOPLE)))
        self.edges: dict[MergeId, tuple[int, int]] = {}
        self.rows: set[_Row] = set()
        self.log: list[tuple[int, PersonId, str, str]] = []
        """Changes of the model in order: (operation or -1, record, key, value)."""
        self.stamp = 0
        self.done: dict[TagOperationId, _Done] = {}

    def teardown(self) -> None:
        if hasattr(self, "transaction"):
            self.transaction.rollback()
            self.connection.close()

    # --- the model ----------------------------------------------------------------------------------------------------

    def _side(self, person: PersonId) -> tuple[int, ...]:
        sides = split_sides(self.people, self.edges.values())
        return next(tuple(side) for _, side in dict(sides).items() if person in side)

    def _value(self, key: str, value: str) -> str:
        return value if key in ("size", "style", "stage_many") else ""

    @staticmethod
    def _compete(left: _Row, right: _Row) -> bool:
        if left.key.startswith("stage") and right.key.startswith("stage"):
            return left.key != right.key
        return left.key == right.key == "size" and left.value != right.value

    def _of(self, person: PersonId) -> set[_Row]:
        side = self._side(person)
        return {row for row in self.rows if row.record in side}

    def _holding(self, person: PersonId) -> set[_Row]:
        """Of what competes, and of the same tag's other rows, the newest says which tag holds, and of `size` which value."""
        mine = self._of(person)
        result = set()
        for row in mine:
            rivals = [other for other in mine if other.key == row.key or self._compete(row, other)]
            newest = max(rivals, key=lambda other: other.stamp)
            if newest.key == row.key and (row.key != "size" or newest.value == row.value):
                result.add(row)
        return result

    def _drop(self, row: _Row, operation: int) -> None:
        self.rows.discard(row)
        self.log.append((operation, row.record, row.key, row.value))

    def _model_assign(self, key: str, value: str, person: PersonId, *, renews: bool, operation: int) -> None:
        root = PersonId(min(self._side(person)))
        mine = next((r for r in self.rows if (r.record, r.key, r.value) == (root, key, value)), None)
        if mine is not None and mine in self._holding(root) and not renews:
            return
        self.stamp += 1
        ends_at = self.uow.now + timedelta(days=2) if key == "warm" else None
        new = _Row(root, key, value, self.stamp, ends_at)
        for row in list(self.rows):
            if row.record == root and self._compete(row, new):
                self._drop(row, operation)
        if mine is not None:
            self.rows.discard(mine)
        self.rows.add(new)
        self.log.append((operation, root, key, value))

    def _model_remove(self, key: str, value: str | None, person: PersonId, operation: int) -> None:
        mine = [row for row in self._of(person) if row.key == key]
        if value is not None:
            holds = any(row.key == key and row.value == value for row in mine) and (
                max(mine, key=lambda row: row.stamp).value == value
            )
            if not (key == "size" and holds):
                mine = [row for row in mine if row.value == value]
        for row in mine:
            self._drop(row, operation)

    def _model_undo(self, done: _Done, own: int) -> None:
        begun = min(index for index, entry in enumerate(self.log) if entry[0] == done.number)
        for record, before in done.before.items():
            touched = [(key, value) for who, key, value in done.changes if who == record]
            for slot in {self._slot(key, value) for key, value in touched}:
                later = [
                    entry
                    for entry in self.log[begun:]
                    if entry[1] == record
                    and self._slot(entry[2], entry[3]) == slot
                    and entry[0] != done.number
                ]
                if later:
                    continue
                keys = {(key, value) for key, value in touched if self._slot(key, value) == slot}
                wanted = {
                    row
                    for row in before
                    if (row.key, row.value) in keys and (row.ends_at is None or row.ends_at > self.uow.now)
                }
                current = {r for r in self.rows if r.record == record and (r.key, r.value) in keys}
                for row in current ^ wanted:
                    self.log.append((own, record, row.key, row.value))
                self.rows = self.rows - current | wanted

    @staticmethod
    def _slot(key: str, value: str) -> str:
        if key.startswith("stage"):
            return "stage"
        return key if key == "size" else f"{key}:{value}"

    def _model_expire(self, records: set[PersonId]) -> None:
        for row in list(self.rows):
            if row.record in records and row.ends_at is not None and row.ends_at <= self.uow.now:
                self._drop(row, -1)

    # --- what happens -------------------------------------------------------------------------------------------------

    @rule(
        person=st.integers(0, _PEOPLE - 1),
        key=st.sampled_from(_KEYS),
        value=st.sampled_from(_VALUES),
        renews=st.booleans(),
    )
    def give(self, person: int, key: str, value: str, renews: bool) -> None:
        who, value = self.people[person], self._value(key, value)
        self._model_expire({PersonId(r) for r in self._side(who)})
        change = TagChange(
            tag_id=self.tags[key].tag_id, value=value, source=AssignmentSource.HAND, renews=renews
        )
        api.change_person(self.uow, OperationKind.ASSIGN, change, who)
        self._model_assign(key, value, who, renews=renews, operation=-1)

    @rule(
        person=st.integers(0, _PEOPLE - 1),
        key=st.sampled_from(_KEYS),
        value=st.sampled_from((*_VALUES, None)),
    )
    def take(self, person: int, key: str, value: str | None) -> None:
        who = self.people[person]
        self._model_expire({PersonId(r) for r in self._side(who)})
        wanted = None if value is None or not self._value(key, value) else value
        change = TagChange(tag_id=self.tags[key].tag_id, value=wanted, source=AssignmentSource.HAND)
        api.change_person(self.uow, OperationKind.REMOVE, change, who)
        self._model_remove(key, wanted, who, -1)

    @rule(
        target=operations,
        chosen=st.sets(st.integers(0, _PEOPLE - 1), min_size=1),
        key=st.sampled_from(_KEYS),
        value=st.sampled_from(_VALUES),
        gives=st.booleans(),
    )
    def change_many(self, chosen: set[int], key: str, value: str, gives: bool) -> TagOperationId:
        named = [self.people[index] for index in chosen]
        value = self._value(key, value)
        kind = OperationKind.ASSIGN if gives else OperationKind.REMOVE
        self._model_expire({PersonId(r) for who in named for r in self._side(who)})
        change = TagChange(tag_id=self.tags[key].tag_id, value=value or None, source=AssignmentSource.HAND)
        choice = api.choose_persons(named)
        preview = api.preview_operation(self.uow, kind, change, choice)
        operation = api.start_operation(self.uow, kind, change, choice)
        assert operation.counts == preview.counts
        before = {record: {r for r in self.rows if r.record == record} for record in self.people}
        for root in {min(self._side(who)) for who in named}:
            if gives:
                self._model_assign(key, value, PersonId(root), renews=False, operation=operation.operation_id)
            else:
                self._model_remove(key, value or None, PersonId(root), operation.operation_id)
        changes = {entry[1:] for entry in self.log if entry[0] == operation.operation_id}
        self.done[operation.operation_id] = _Done(
            {record: before[record] for record, _, _ in changes}, changes, operation.operation_id
        )
        return operation.operation_id

    @rule(operation_id=consumes(operations))
    def undo(self, operation_id: TagOperationId) -> None:
        done = self.done[operation_id]
        try:
            undoing = api.undo_operation(self.uow, operation_id, source=AssignmentSource.HAND)
        except TagOperationNotUndoable:
            assert not done.changes
            return
        sides = {PersonId(r) for record in done.before for r in self._side(record)}
        self._model_expire(sides)
        self._model_undo(done, undoing.operation_id)

    @rule(target=merges, left=st.integers(0, _PEOPLE - 1), right=st.integers(0, _PEOPLE - 1))
    def merge(self, left: int, right: int) -> object:
        a, b = self.people[left], self.people[right]
        try:
            merge = identity.merge_persons(self.uow, a, b, reason="test")
        except AlreadyMerged:
            return multiple()
        self.edges[merge.merge_id] = (a, b)
        return merge.merge_id

    @rule(merge_id=consumes(merges))
    def split(self, merge_id: MergeId) -> None:
        identity.split_merge(self.uow, merge_id, reason="test")
        del self.edges[merge_id]

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.uow.now += timedelta(hours=hours)

    @precondition(lambda self: any(row.ends_at is not None for row in self.rows))
    @rule()
    def expire(self) -> None:
        expire_records(self.uow, living_people(self.uow, self.people, lock=True))
        self._model_expire(set(self.people))

    # --- what must hold -----------------------------------------------------------------------------------------------

    @invariant()
    def people_carry_what_the_model_says(self) -> None:
        if not hasattr(self, "people"):
            return
        kept = self.rows
        self.rows = {row for row in kept if row.ends_at is None or row.ends_at > self.uow.now}
        try:
            for person in self.people:
                assert carried(self.uow, person) == {(row.key, row.value) for row in self._holding(person)}
        finally:
            self.rows = kept

    @invariant()
    def records_hold_exactly_the_models_rows(self) -> None:
        if not hasattr(self, "people"):
            return
        rows = self.uow.connection.execute(
            text(
                "SELECT a.person_id, t.key, a.value, a.expires_at FROM tag_assignments a JOIN tags t USING (tag_id)"
                " WHERE a.person_id = ANY(:ids)"
            ),
            {"ids": list(self.people)},
        )
        stored = {(row.person_id, row.key, row.value, row.expires_at) for row in rows}
        assert stored == {(r.record, r.key, r.value, r.ends_at) for r in self.rows}


TagMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=30, deadline=None)
TestTags = pytest.mark.timeout(300)(TagMachine.TestCase)
