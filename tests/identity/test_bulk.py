"""Goal: many records at once are stored as the same records one by one, in whatever way they reach the server.

Method: facade on a real database; batches above the size from which rows are copied and looked up in slices.
"""

import gc
import random
import threading
from collections.abc import Sequence
from contextlib import suppress

import pytest
from sqlalchemy import text

from feilun.identity import api
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.identity.internal.collector import collector_paused
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.keys import Keyring, PersonKey
from feilun.platform.log import Origin
from tests.identity.builders import card, email, erp, phone, resolve

_SCOPES = ("plain", "tab\\t", "back\\\\slash", "\\N", "门店", "quo\"te's", "a,b", "")


def _odd_records(count: int) -> list[list[IdentifierClaim]]:
    """Records of every kind, verified and not, masked, repeated, with texts that a careless format would break."""
    records = []
    for n in range(count):
        scope = _SCOPES[n % len(_SCOPES)]
        records.append(
            [
                erp(f"C\\{n}", scope),
                phone(f"1381{n:07d}", verified=n % 3 > 0),
                phone(f"138****{n:04d}"),
                IdentifierClaim(IdentifierKind.OPENID, f"o{n}\\x", scope),
                email(f"用户{n % 50}@例子.中国"),
            ][n % 3 :]
        )
    return records


def _stored(uow: UnitOfWork, people: Sequence[PersonId]) -> list[list[tuple[object, ...]]]:
    found = api.identifiers_of(uow, people, reveal=True)
    columns = (
        "kind",
        "value",
        "scope",
        "is_verified",
        "is_linking",
        "source",
        "first_seen_at",
        "last_seen_at",
    )
    return [sorted(tuple(getattr(i, name) for name in columns) for i in found[person]) for person in people]


def _people(uow: UnitOfWork, *records: list[IdentifierClaim]) -> list[PersonId]:
    return [r.person_id for r in resolve(uow, *records, source="ware\\house\t1") if r.person_id is not None]


@pytest.mark.parametrize("count", [3, 130, 1_300])
def test_a_batch_is_stored_as_its_records_one_by_one(uow: UnitOfWork, count: int) -> None:
    records = _odd_records(count)

    with uow.connection.begin_nested() as attempt:
        together = _stored(uow, _people(uow, *records))
        created = _created(uow)
        attempt.rollback()
    alone = _stored(uow, [person for record in records for person in _people(uow, record)])

    assert len(together) == count
    assert together == alone
    assert created == _created(uow) > 0


def _created(uow: UnitOfWork) -> int:
    rows = uow.connection.execute(
        text("SELECT count(*) FROM event_inbox WHERE type = 'identity.person_created'")
    )
    return int(rows.scalar_one())


def test_a_code_known_in_one_name_space_is_new_in_another(uow: UnitOfWork) -> None:
    first = _people(uow, *([erp(f"K{n}", "north")] for n in range(60)))
    second = _people(uow, *([erp(f"K{n}", "south")] for n in range(60)))
    again = _people(uow, *([erp(f"K{n}", "north")] for n in range(60)))

    assert not set(first) & set(second)
    assert again == first


def test_large_batches_that_overlap_agree_on_everybody(database: Database) -> None:
    values = [f"large-{number}" for number in range(900)]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        mine = random.Random(number).sample(values, 700)
        try:
            with database.transaction() as uow:
                api.resolve_records(
                    uow,
                    [[card(value), email(f"{value}@qq.com")] for value in mine],
                    source="race",
                    origin=Origin.LIVE,
                )
        except BaseException as failure:  # noqa: BLE001 — a thread's failure has to reach the test
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert not failures
    with database.transaction() as uow:
        count = uow.connection.execute(
            text("SELECT count(*), count(DISTINCT person_id) FROM identifiers WHERE source = 'race'")
        ).one()
        people = {person for value in values for person in api.find_persons(uow, value)}
    assert count == (2 * len(people), len(people))


class _NoNewKeys(Keyring):
    """A keyring of a machine that has run out of something."""

    def new_wrapped_key(self) -> tuple[PersonKey, bytes]:
        raise RuntimeError("no key today")


@pytest.mark.parametrize("count", [1, 100])
def test_a_failure_leaves_the_transaction_as_it_was(uow: UnitOfWork, count: int) -> None:
    uow.keyring = Keyring({1: bytes(32)}, bytes(32))
    known = _people(uow, [card("before")])
    before = _counts(uow)

    uow.keyring = _NoNewKeys({1: bytes(32)}, bytes(32))
    with pytest.raises(RuntimeError, match="no key today"):
        _people(uow, *([card(f"lost-{n}")] for n in range(count)))

    assert _people(uow, [card("before")]) == known
    assert _counts(uow) == before


def _counts(uow: UnitOfWork) -> tuple[object, ...]:
    tables = ("persons", "person_keys", "identifiers", "event_inbox")
    return tuple(
        uow.connection.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables
    )


def test_the_collector_runs_again_when_the_last_batch_is_done() -> None:
    assert gc.isenabled()
    with collector_paused():
        with collector_paused():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()

    with suppress(ValueError), collector_paused():
        raise ValueError
    assert gc.isenabled()

    gc.disable()
    try:
        with collector_paused():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
