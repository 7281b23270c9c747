"""Random histories with random crashes: what events made of memberships equals a fresh look at everybody."""

import contextlib
from collections import defaultdict
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from feilun.identity import api as identity
from feilun.identity.errors import AlreadyMerged, PersonErased
from feilun.platform.log import Origin
from feilun.platform.sequencer import ensure_partitions
from feilun.profiles.errors import CustomerErased
from feilun.segments import api
from feilun.segments.contracts import Segment, SegmentKind, SegmentState
from feilun.segments.internal import evaluator
from feilun.segments.jobs import SegmentRunner
from tests.fakes.clock import START, FixedClock
from tests.segments.world import World, in_city, ordered, refers_to

_CODES = ("K1", "K2", "K3", "K4", "K5")
_CITIES = ("上海", "北京", "深圳")
_POINTS = ("segments.before_write", "segments.before_commit", "segments.after_write")
_CONDITIONS: tuple[dict[str, object], ...] = (
    in_city("上海"),
    in_city("北京", "深圳"),
    ordered(2),
    ordered(1, period={"last": 3, "unit": "day"}),
    ordered(1, period={"last": 6, "unit": "hour"}),
    {"version": 1, "where": {"not": ordered(1, period={"last": 2, "unit": "day"})["where"]}},
    refers_to("base"),
)


class _Crashed(BaseException):
    """The process ends here; nothing catches it, and memory is lost."""


class _Histories(RuleBasedStateMachine):
    world: World
    clock: FixedClock
    patch: pytest.MonkeyPatch

    def __init__(self) -> None:
        super().__init__()
        self.clock.set(max(self.clock.now(), START) + timedelta(days=20))
        ensure_partitions(self.world.database)
        type(self)._round += 1
        self.prefix = f"r{self._round}"
        self.codes = [f"{self.prefix}{code}" for code in _CODES]
        self.people: dict[str, int] = {}
        self.orders: list[tuple[str, str]] = []
        self.merges: list[Any] = []
        self.segments: list[Segment] = []
        self.base = self._made(_CONDITIONS[0], key="base" if self._round == 1 else None)
        for condition in _CONDITIONS[1:6]:
            self._made(condition)
        self._made(refers_to(self.base.key))
        self.hand = self.world.segment(f"{self.prefix}_hand", kind=SegmentKind.STATIC)
        self.world.follow()

    _round = 0

    def _made(self, condition: dict[str, object], key: str | None = None) -> Segment:
        made = self.world.segment(key or f"{self.prefix}_{len(self.segments)}", condition)
        self.segments.append(made)
        return made

    # --- what happens -----------------------------------------------------------------------------------------------

    @rule(code=st.sampled_from(range(5)), city=st.sampled_from(_CITIES), origin=st.sampled_from(list(Origin)))
    def moves(self, code: int, city: str, origin: Origin) -> None:
        with contextlib.suppress(CustomerErased):
            self.clock.set(self.clock.now() + timedelta(seconds=1))
            name = self.codes[code]
            self.people[name] = self.world.customer(name, city=city, origin=origin)

    @rule(code=st.sampled_from(range(5)), hours=st.integers(0, 100), origin=st.sampled_from(list(Origin)))
    def orders_something(self, code: int, hours: int, origin: Origin) -> None:
        name = self.codes[code]
        at = self.clock.now() - timedelta(hours=hours)
        self.orders.append((self.world.order(name, "10", at, origin=origin), name))

    @rule(place=st.integers(0, 100), code=st.sampled_from(range(5)))
    def an_order_turns_out_to_be_of_another(self, place: int, code: int) -> None:
        if self.orders:
            number, _ = self.orders[place % len(self.orders)]
            self.world.record_order(number, self.codes[code], "12", self.clock.now())

    @rule(left=st.sampled_from(range(5)), right=st.sampled_from(range(5)))
    def merge(self, left: int, right: int) -> None:
        ids = [self.people.get(self.codes[place]) for place in (left, right)]
        if None in ids or left == right:
            return
        with contextlib.suppress(AlreadyMerged, PersonErased), self.world.database.transaction() as uow:
            self.merges.append(
                identity.merge_persons(uow, ids[0], ids[1], reason="same").merge_id  # type: ignore[arg-type]
            )

    @rule()
    def split(self) -> None:
        if self.merges:
            merge_id = self.merges.pop()
            with contextlib.suppress(Exception), self.world.database.transaction() as uow:
                identity.split_merge(uow, merge_id, reason="not the same")

    @rule(code=st.sampled_from(range(5)))
    def erase(self, code: int) -> None:
        person = self.people.pop(self.codes[code], None)
        if person is not None:
            with self.world.database.transaction() as uow:
                identity.erase_person(uow, person)  # type: ignore[arg-type]

    @rule(place=st.integers(0, 5), condition=st.integers(0, 5))
    def edit(self, place: int, condition: int) -> None:
        self.world.edit(self.segments[place], condition=_CONDITIONS[condition])

    @rule(place=st.integers(0, 6), state=st.sampled_from([SegmentState.ACTIVE, SegmentState.PAUSED]))
    def pause(self, place: int, state: SegmentState) -> None:
        self.world.edit(self.segments[place], state=state)

    @rule(code=st.sampled_from(range(5)), is_added=st.booleans())
    def choose_by_hand(self, code: int, is_added: bool) -> None:
        person = self.people.get(self.codes[code])
        if person is not None:
            with self.world.database.transaction() as uow:
                add, remove = ([person], []) if is_added else ([], [person])
                api.change_members(uow, self.hand.segment_id, add=add, remove=remove)  # type: ignore[arg-type]

    @rule(hours=st.sampled_from([1, 7, 26]))
    def time_passes(self, hours: int) -> None:
        self.clock.set(self.clock.now() + timedelta(hours=hours))

    # --- what runs --------------------------------------------------------------------------------------------------

    @rule()
    def forward_only(self) -> None:
        self.world.forward()

    @rule()
    def follow(self) -> None:
        self.world.forward()
        self.world.runner.catch_up()

    @rule(point=st.sampled_from(_POINTS))
    def crash(self, point: str) -> None:
        def crash_here(name: str) -> None:
            if name == point:
                raise _Crashed(name)

        self.world.forward()
        with self.patch.context() as patch:
            patch.setattr(evaluator, "crash_here", crash_here)
            with contextlib.suppress(_Crashed):
                self.world.runner.catch_up()
        self.world.runner = SegmentRunner(self.world.database, self.world.surroundings, self.world.stop)

    # --- what must hold ---------------------------------------------------------------------------------------------

    @invariant()
    def entries_and_exits_alternate(self) -> None:
        """Per person and version, between computations anew."""
        for segment in self.segments:
            for history in self.world.histories(segment):
                assert all(one is not other for one, other in pairwise(history)), (segment.key, history)

    def teardown(self) -> None:
        """Everything follows: stored, freshly looked at, and remembered agree; the log says what the changes say."""
        self.world.follow()
        self.world.runner.catch_up()
        stored = self.world.stored_members()
        fresh = self.world.fresh_members()
        assert {d: stored.get(d, set()) for d in fresh} == fresh
        repairs_before = self.world.repaired()
        assert self.world.another_evaluator().check_everybody()
        assert self.world.repaired() == repairs_before
        after = self.world.stored_members()
        assert {d: after.get(d, set()) for d in fresh} == fresh
        for segment in self.segments:
            logged = defaultdict(list)
            for person, what, cause, _ in self.world.logged(segment):
                logged[person].append((what == "entered", cause))
            written = defaultdict(list)
            for person, has_entered, cause in self.world.changes(segment):
                if cause in ("live", "backfill", "time", "repair"):
                    written[person].append((has_entered, cause))
            assert logged == written


def _run(world: World, clock: FixedClock, patch: pytest.MonkeyPatch, *, examples: int) -> None:
    class Machine(_Histories):
        pass

    Machine.world, Machine.clock, Machine.patch = world, clock, patch
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            # Examples share one log, so one that fails cannot be run again, nor made smaller.
            phases=[Phase.generate],
            database=None,
        ),
    )


@pytest.mark.timeout(300)
def test_incremental_equals_fresh_after_any_history(
    world: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(world, clock, monkeypatch, examples=4)


@pytest.mark.long
@pytest.mark.timeout(3_600)
def test_incremental_equals_fresh_after_many_histories(
    world: World, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    _run(world, clock, monkeypatch, examples=100)
