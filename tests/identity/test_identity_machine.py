"""Goal: whatever is merged, split, kept apart and erased in whatever order, people are the components of the active merges,
and each record keeps exactly its own identifiers. Method: a Hypothesis state machine against a plain model.
"""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from feilun.identity import api
from feilun.identity.contracts import MergeId
from feilun.identity.errors import AlreadyMerged, AlreadySplit, PersonErased
from feilun.identity.internal.domain.components import split_sides
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from tests.identity.builders import card, resolve

_database: list[Database] = []
"""The module's database; a state machine takes no fixtures."""


@pytest.fixture(autouse=True)
def _lend_database(database: Database) -> Iterator[None]:
    _database.append(database)
    yield
    _database.clear()


class IdentityMachine(RuleBasedStateMachine):
    """One rolled-back transaction per run."""

    persons = Bundle("persons")
    merges = Bundle("merges")

    @initialize()
    def begin(self) -> None:
        self.connection = _database[0].engine.connect()
        self.transaction = self.connection.begin()
        self.uow = UnitOfWork(self.connection, _database[0].clock, _database[0].keyring, "test")
        self.cards: dict[PersonId, set[str]] = {}
        self.edges: dict[MergeId, tuple[int, int]] = {}
        self.apart: set[frozenset[int]] = set()
        self.erased: set[int] = set()
        self.serial = 0

    def teardown(self) -> None:
        if hasattr(self, "transaction"):
            try:
                self._check_identifiers()
            finally:
                # Also when the check fails: the next run would wait for this transaction's rows for ever.
                self.transaction.rollback()
                self.connection.close()

    def _sides(self) -> dict[int, tuple[int, ...]]:
        return dict(split_sides(self.cards, self.edges.values()))

    def _side(self, person: PersonId) -> tuple[int, ...]:
        return next(side for side in self._sides().values() if person in side)

    def _new_card(self) -> str:
        self.serial += 1
        return f"card-{self.serial:04d}"

    @rule(target=persons)
    def arrive(self) -> PersonId:
        value = self._new_card()
        (resolution,) = resolve(self.uow, [card(value)])
        assert resolution.is_new
        assert resolution.person_id is not None
        self.cards[resolution.person_id] = {value}
        return resolution.person_id

    @rule(person=persons)
    def bring_another_card(self, person: PersonId) -> None:
        if person in self.erased:
            return
        value = self._new_card()
        (resolution,) = resolve(self.uow, [card(min(self.cards[person])), card(value)])
        assert resolution.person_id == person
        self.cards[person].add(value)

    @rule(target=merges, left=persons, right=persons)
    def be_tied_by_a_record(self, left: PersonId, right: PersonId) -> object:
        if {left, right} & self.erased:
            return multiple()
        left_side, right_side = self._side(left), self._side(right)
        known = {merge.merge_id for side in (left, right) for merge in api.list_merges(self.uow, side)}
        (resolution,) = resolve(self.uow, [card(min(self.cards[left])), card(min(self.cards[right]))])
        is_apart = any(frozenset((a, b)) in self.apart for a in left_side for b in right_side)
        assert bool(resolution.review_ids) == (left_side != right_side and is_apart)
        if left_side == right_side or is_apart:
            return multiple()
        (merge,) = [merge for merge in api.list_merges(self.uow, left) if merge.merge_id not in known]
        self.edges[merge.merge_id] = (left, right)
        return merge.merge_id

    @rule(target=merges, left=persons, right=persons)
    def merge_by_hand(self, left: PersonId, right: PersonId) -> object:
        left_side, right_side = self._side(left), self._side(right)
        try:
            merge = api.merge_persons(self.uow, left, right, reason="test")
        except AlreadyMerged:
            assert left_side == right_side
            return multiple()
        except PersonErased:
            assert {left, right} & self.erased
            return multiple()
        self.edges[merge.merge_id] = (left, right)
        self.apart -= {frozenset((a, b)) for a in left_side for b in right_side}
        return merge.merge_id

    @rule(merge_id=merges)
    def split(self, merge_id: MergeId) -> None:
        try:
            split = api.split_merge(self.uow, merge_id, reason="test")
        except AlreadySplit:
            assert merge_id not in self.edges
            return
        del self.edges[merge_id]
        self.apart.add(frozenset((split.left_person_id, split.right_person_id)))

    @rule(merge_id=consumes(merges))
    def split_and_merge_back_restores_both_sides(self, merge_id: MergeId) -> None:
        if merge_id not in self.edges:
            return
        left, right = self.edges[merge_id]
        if {left, right} & self.erased:
            return
        before = self._sides()
        del self.edges[merge_id]
        api.split_merge(self.uow, merge_id, reason="test")
        assert self._stored() == self._sides()
        again = api.merge_persons(self.uow, PersonId(left), PersonId(right), reason="test")
        self.edges[again.merge_id] = (left, right)
        assert self._stored() == before

    @rule(person=persons)
    def erase(self, person: PersonId) -> None:
        side = self._side(person)
        erasure = api.erase_person(self.uow, person)
        if person not in self.erased:
            assert erasure.members == side
        self.erased.update(side)
        for member in side:
            self.cards[PersonId(member)] = set()

    def _stored(self) -> dict[int, tuple[int, ...]]:
        people = api.list_persons(self.uow, self.cards).values()
        return {person.person_id: person.members for person in people}

    @invariant()
    def people_are_the_components_of_active_merges(self) -> None:
        if hasattr(self, "uow"):
            assert self._stored() == self._sides()

    def _check_identifiers(self) -> None:
        """Every record has exactly its own identifiers."""
        for root, side in self._sides().items():
            found: dict[int, set[str]] = {}
            for identifier in api.list_identifiers(self.uow, PersonId(root), reveal=True):
                found.setdefault(identifier.person_id, set()).add(identifier.value)
            assert found == {
                member: self.cards[PersonId(member)] for member in side if self.cards[PersonId(member)]
            }


IdentityMachine.TestCase.settings = settings(max_examples=12, stateful_step_count=16, deadline=None)
TestIdentity = IdentityMachine.TestCase
