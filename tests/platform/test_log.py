"""Goal: the log loses, repeats and reorders nothing, whatever commits late, fails or dies.

Method: real transactions on a throw-away database, held open, rolled back, raced from threads and killed in processes.
"""

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from feilun.kernel.ids import PersonId
from feilun.platform.consumers import (
    ConsumerNotFound,
    ConsumerRunner,
    ConsumerState,
    list_consumers,
    read_events,
    retry_now,
    set_paused,
    skip_event,
)
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event, NewEvent, Origin, append_events
from feilun.platform.sequencer import ensure_partitions, sequence_events


def _append(uow: UnitOfWork, *numbers: int, person: int | None = None) -> None:
    append_events(
        uow,
        [
            NewEvent(
                type="test.happened",
                occurred_at=uow.now,
                origin=Origin.LIVE,
                person_id=None if person is None else PersonId(person),
                payload={"number": number},
            )
            for number in numbers
        ],
    )


def _log(database: Database, after: int = 0) -> list[Event]:
    with database.engine.connect() as connection:
        return read_events(connection, after=after, limit=1_000_000)


def _head(database: Database) -> int:
    with database.engine.connect() as connection:
        return int(connection.execute(text("SELECT position FROM log_head")).scalar_one())


class Collector:
    """Keeps what it was given; fails on the numbers it is told to."""

    name = "collector"

    def __init__(self, poison: set[int] | None = None) -> None:
        self.seen: list[int] = []
        self.poison = poison or set()

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        numbers = [int(str(event.payload["number"])) for event in events]
        if self.poison & set(numbers):
            raise ValueError("poison")
        self.seen += numbers


def _drain(database: Database, consumer: Collector) -> None:
    ConsumerRunner(database, consumer, threading.Event()).catch_up()


@pytest.fixture
def at_head(database: Database) -> int:
    """Sequence what earlier tests left and return where this test starts."""
    while sequence_events(database):
        pass
    return _head(database)


def test_an_event_that_commits_late_comes_after_and_is_not_lost(database: Database, at_head: int) -> None:
    with database.transaction() as late:
        _append(late, 1)
        with database.transaction() as early:
            _append(early, 2)
        assert sequence_events(database) == 1
    assert sequence_events(database) == 1

    events = _log(database, at_head)
    assert [event.payload["number"] for event in events] == [2, 1]
    assert [event.position for event in events] == [at_head + 1, at_head + 2]


def test_a_rolled_back_event_leaves_no_gap(database: Database, at_head: int) -> None:
    with database.transaction() as uow:
        _append(uow, 1)
        uow.connection.get_transaction().rollback()  # type: ignore[union-attr]
    with database.transaction() as uow:
        _append(uow, 2)
    sequence_events(database)

    assert [(event.position, event.payload["number"]) for event in _log(database, at_head)] == [
        (at_head + 1, 2)
    ]


def test_two_sequencers_at_once_give_each_position_once(database: Database, at_head: int) -> None:
    count = 3_000
    with database.transaction() as uow:
        _append(uow, *range(count))

    def sequence() -> None:
        idle = 0
        while idle < 20:
            idle = 0 if sequence_events(database, limit=100) else idle + 1

    threads = [threading.Thread(target=sequence) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    events = _log(database, at_head)
    assert [event.position for event in events] == list(range(at_head + 1, at_head + count + 1))
    assert [event.payload["number"] for event in events] == list(range(count))


def test_events_of_a_person_keep_the_order_in_which_the_lock_was_held(
    database: Database, at_head: int
) -> None:
    people, rounds, writers = 5, 30, 6
    counters = dict.fromkeys(range(1, people + 1), 0)
    mutex = threading.Lock()
    stop = threading.Event()

    def write(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(rounds):
            person = chance.randint(1, people)
            with database.transaction() as uow:
                uow.connection.execute(text("SELECT pg_advisory_xact_lock(77, :p)"), {"p": person})
                with mutex:
                    counters[person] += 1
                    number = counters[person]
                _append(uow, number, person=person)

    def sequence() -> None:
        while not stop.is_set():
            sequence_events(database, limit=7)

    sequencer = threading.Thread(target=sequence)
    sequencer.start()
    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    sequencer.join()
    while sequence_events(database):
        pass

    events = _log(database, at_head)
    assert len(events) == rounds * writers
    for person in counters:
        numbers = [event.payload["number"] for event in events if event.person_id == person]
        assert numbers == list(range(1, counters[person] + 1))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["append", "commit", "roll_back", "sequence"])),
        max_size=40,
    )
)
def test_any_interleaving_of_commits_yields_every_committed_event_once(
    database: Database, script: list[tuple[int, str]]
) -> None:
    while sequence_events(database):
        pass
    start, committed, number = _head(database), set[int](), 0
    open_units: dict[int, tuple[AbstractContextManager[UnitOfWork, bool | None], UnitOfWork, list[int]]] = {}
    for writer, action in script:
        if action == "sequence":
            sequence_events(database, limit=3)
        elif action == "append":
            if writer not in open_units:
                opened = database.transaction()
                open_units[writer] = (opened, opened.__enter__(), [])
            number += 1
            _append(open_units[writer][1], number)
            open_units[writer][2].append(number)
        elif writer in open_units:
            manager, uow, numbers = open_units.pop(writer)
            if action == "commit":
                manager.__exit__(None, None, None)
                committed |= set(numbers)
            else:
                uow.connection.rollback()
                manager.__exit__(None, None, None)
    for manager, _, numbers in open_units.values():
        manager.__exit__(None, None, None)
        committed |= set(numbers)
    while sequence_events(database, limit=3):
        pass

    events = _log(database, start)
    assert sorted(int(str(event.payload["number"])) for event in events) == sorted(committed)
    assert [event.position for event in events] == list(range(start + 1, start + len(events) + 1))


def test_a_sequencer_killed_between_move_and_head_loses_and_repeats_nothing(
    database: Database, at_head: int
) -> None:
    with database.transaction() as uow:
        _append(uow, *range(50))
    script = (
        "import sys; from feilun.platform.db import Database; from feilun.platform.keys import Keyring;"
        "from feilun.platform.sequencer import sequence_events;"
        "sequence_events(Database(sys.argv[1], Keyring({1: bytes(32)}, bytes(32))))"
    )
    url = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    died = subprocess.run(
        [sys.executable, "-c", script, url],
        env={**os.environ, "FEILUN_TESTING": "1", "FEILUN_CRASH_AT": "sequencer.after_move"},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert _log(database, at_head) == []

    sequence_events(database)

    assert [event.payload["number"] for event in _log(database, at_head)] == list(range(50))


def test_partitions_reach_into_the_coming_months(database: Database) -> None:
    ensure_partitions(database, months_ahead=14)

    with database.engine.connect() as connection:
        count = connection.execute(
            text("SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass")
        ).scalar_one()
    assert count >= 15


def test_a_consumer_sees_everything_once_in_order(database: Database, at_head: int) -> None:
    with database.transaction() as uow:
        _append(uow, *range(12_000))
    sequence_events(database)
    consumer = Collector()
    consumer.name = "in_order"

    _drain(database, consumer)

    assert consumer.seen[-12_000:] == list(range(12_000))
    assert len(consumer.seen) == len(set(range(_head(database))))


def test_a_poison_event_is_found_named_and_can_be_skipped(database: Database, at_head: int) -> None:
    with database.transaction() as uow:
        _append(uow, *range(900_000, 900_020))
    sequence_events(database)
    consumer = Collector({900_007})
    consumer.name = "poisoned"

    _drain(database, consumer)

    with database.transaction() as uow:
        status = next(item for item in list_consumers(uow) if item.name == "poisoned")
    assert status.state is ConsumerState.RETRYING
    assert status.position == at_head + 7
    assert status.last_error == f"position {at_head + 8}: ValueError: poison"
    assert consumer.seen[-1] == 900_006

    with database.transaction() as uow:
        skip_event(uow, "poisoned", at_head + 8, reason="broken by hand")
    _drain(database, consumer)

    assert consumer.seen[-12:] == list(range(900_008, 900_020))
    with database.transaction() as uow:
        status = next(item for item in list_consumers(uow) if item.name == "poisoned")
    assert (status.state, status.lag, status.last_error) == (ConsumerState.RUNNING, 0, None)


def test_a_mended_consumer_goes_on_when_told_to_retry(database: Database, at_head: int) -> None:
    with database.transaction() as uow:
        _append(uow, 950_001)
    sequence_events(database)
    consumer = Collector({950_001})
    consumer.name = "mended"
    _drain(database, consumer)

    consumer.poison = set()
    _drain(database, consumer)
    assert 950_001 not in consumer.seen
    with database.transaction() as uow:
        retry_now(uow, "mended")
    _drain(database, consumer)

    assert consumer.seen[-1] == 950_001


def test_a_paused_consumer_rests(database: Database, at_head: int) -> None:
    consumer = Collector()
    consumer.name = "paused"
    _drain(database, consumer)
    with database.transaction() as uow:
        set_paused(uow, "paused", is_paused=True)
        _append(uow, 960_001)
    sequence_events(database)

    _drain(database, consumer)
    assert 960_001 not in consumer.seen
    with database.transaction() as uow:
        set_paused(uow, "paused", is_paused=False)
    _drain(database, consumer)

    assert consumer.seen[-1] == 960_001


def test_only_one_worker_runs_a_consumer(database: Database) -> None:
    first = ConsumerRunner(database, Collector(), threading.Event())
    second = ConsumerRunner(database, Collector(), threading.Event())
    with database.engine.connect() as one, database.engine.connect() as two:
        one_guard = one.execution_options(isolation_level="AUTOCOMMIT")
        two_guard = two.execution_options(isolation_level="AUTOCOMMIT")

        assert first._acquire(one_guard)
        assert not second._acquire(two_guard)
        one.invalidate()  # the first worker's connection dies, as with kill -9
        held = False
        for _ in range(100):
            held = held or second._acquire(two_guard)
        assert held


def test_an_unknown_consumer_is_an_error(uow: UnitOfWork) -> None:
    with pytest.raises(ConsumerNotFound):
        retry_now(uow, "nobody")
