"""Goal: many transactions at once neither make two people of one identifier, nor break components, nor deadlock.

Method: threads that meet at a barrier and commit for real, over few identifiers so that every attempt collides.
"""

import random
import threading
from collections.abc import Callable
from typing import Final

from sqlalchemy import text

from feilun.identity import api
from feilun.identity.contracts import IdentifierClaim
from feilun.identity.errors import AlreadyMerged, AlreadySplit
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database
from feilun.platform.log import Origin
from tests.identity.builders import card, email, erp, phone

_THREADS: Final = 6


def _race(database: Database, work: Callable[[int], None], threads: int = _THREADS) -> None:
    """Run `work(0..n)` at the same moment and hand on the first exception of any."""
    barrier = threading.Barrier(threads)
    failures: list[BaseException] = []

    def run(number: int) -> None:
        try:
            barrier.wait(10)
            work(number)
        except BaseException as failure:  # noqa: BLE001 — a thread's failure has to reach the test
            failures.append(failure)

    running = [threading.Thread(target=run, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join(50)
    assert not any(thread.is_alive() for thread in running), "somebody waits for ever"
    if failures:
        raise failures[0]


def _resolve(database: Database, *records: list[IdentifierClaim]) -> list[PersonId | None]:
    with database.transaction() as uow:
        return [r.person_id for r in api.resolve_records(uow, records, source="race", origin=Origin.LIVE)]


def test_one_new_identifier_claimed_by_all_at_once_makes_one_person(database: Database) -> None:
    for attempt in range(15):
        found: set[PersonId | None] = set()

        def work(_: int, attempt: int = attempt, found: set[PersonId | None] = found) -> None:
            found.update(_resolve(database, [phone(f"1391000{attempt:04d}")]))

        _race(database, work)

        assert len(found) == 1


def test_overlapping_batches_in_opposite_orders_neither_deadlock_nor_double(database: Database) -> None:
    values = [f"batch-{number}" for number in range(120)]

    def work(number: int) -> None:
        mine = random.Random(number).sample(values, 80)
        _resolve(database, *([card(value), email(f"{value}@qq.com")] for value in mine))

    _race(database, work)

    with database.transaction() as uow:
        owners = [api.find_persons(uow, value) for value in values]
        assert all(len(people) <= 1 for people in owners)
        assert owners == [api.find_persons(uow, f"{value}@qq.com") for value in values]


def test_racing_ties_end_in_the_components_of_union_find(database: Database) -> None:
    for attempt in range(4):
        people = [_resolve(database, [card(f"tie-{attempt}-{n}")])[0] for n in range(10)]

        def work(number: int, attempt: int = attempt) -> None:
            rng = random.Random(attempt * 100 + number)
            links = list(range(9))
            rng.shuffle(links)
            for link in links:
                pair = [card(f"tie-{attempt}-{link}"), card(f"tie-{attempt}-{link + 1}")]
                _resolve(database, pair[:: rng.choice((1, -1))])

        _race(database, work)

        with database.transaction() as uow:
            lowest = people[0]
            assert lowest is not None
            assert api.member_ids(uow, lowest) == sorted(p for p in people if p is not None)
            assert len(api.list_merges(uow, lowest)) == 9


def test_two_codes_that_race_for_one_person_are_never_both_taken(database: Database) -> None:
    for attempt in range(10):
        shared = phone(f"1392000{attempt:04d}")
        _resolve(database, [shared])

        def work(number: int, attempt: int = attempt, shared: IdentifierClaim = shared) -> None:
            _resolve(database, [erp(f"code-{attempt}-{number}"), shared])

        _race(database, work)

        with database.transaction() as uow:
            (root,) = api.find_persons(uow, shared.value)
            codes = [i for i in api.list_identifiers(uow, root, reveal=True) if i.kind == "erp_code"]
            assert len(codes) == 1
            owners = [api.find_persons(uow, f"code-{attempt}-{n}") for n in range(_THREADS)]
            assert len({people[0] for people in owners}) == _THREADS


def test_merging_splitting_erasing_and_arriving_at_once_keep_aliases_and_merges_in_step(
    database: Database,
) -> None:
    people = [p for p in _resolve(database, *([card(f"all-{n}")] for n in range(8))) if p is not None]

    def work(number: int) -> None:
        rng = random.Random(number)
        for step in range(12):
            left, right = rng.sample(range(8), 2)
            try:
                if number % 3 == 0:
                    _resolve(
                        database, [card(f"all-{left}"), card(f"all-{right}"), card(f"extra-{number}-{step}")]
                    )
                elif number % 3 == 1:
                    with database.transaction() as uow:
                        api.merge_persons(uow, people[left], people[right], reason="race")
                else:
                    with database.transaction() as uow:
                        for merge in api.list_merges(uow, people[left])[:1]:
                            api.split_merge(uow, merge.merge_id, reason="race")
            except (AlreadyMerged, AlreadySplit):
                continue

    _race(database, work)

    with database.transaction() as uow:
        _assert_aliases_follow_merges(database)
        api.erase_person(uow, people[0])
    _assert_aliases_follow_merges(database)


def _assert_aliases_follow_merges(database: Database) -> None:
    with database.transaction() as uow:
        edges = uow.connection.execute(
            text("SELECT left_person_id, right_person_id FROM merges WHERE split_at IS NULL")
        ).all()
        ids = uow.connection.execute(text("SELECT person_id FROM persons")).scalars().all()
        rows = uow.connection.execute(text("SELECT alias_id, person_id FROM person_aliases"))
        aliases: dict[int, int] = {row[0]: row[1] for row in rows}
    reached = {person: person for person in ids}
    for _ in ids:
        for left, right in edges:
            reached[left] = reached[right] = min(reached[left], reached[right])
    assert aliases == {person: root for person, root in reached.items() if person != root}


def test_locking_people_in_any_order_does_not_deadlock_and_gives_their_roots(database: Database) -> None:
    people = [p for p in _resolve(database, *([card(f"lock-{n}")] for n in range(6))) if p is not None]
    with database.transaction() as uow:
        api.merge_persons(uow, people[0], people[5], reason="race")

    def work(number: int) -> None:
        for _ in range(20):
            with database.transaction() as uow:
                mine = random.Random(number).sample(people, 4)
                roots = api.lock_persons(uow, mine)
                assert roots == api.root_of(uow, mine)

    _race(database, work)
