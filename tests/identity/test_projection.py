"""Goal: the warehouse's aliases follow merges and splits. Method: the real log, a projector call per batch, the table replayed."""

from collections.abc import Sequence
from typing import cast

from feilun.identity import api
from feilun.identity.projection import PERSON_ALIASES, AliasProjector
from feilun.platform.consumers import read_events
from feilun.platform.db import Database
from feilun.platform.log import Event
from feilun.platform.sequencer import sequence_events
from tests.identity.builders import card, person, resolve


class _Aliases:
    """What ReplacingMergeTree would keep: the newest version of each key, deletions left out."""

    def __init__(self) -> None:
        self.rows: dict[int, tuple[int, int, int]] = {}

    def take(self, database: Database, events: Sequence[Event]) -> None:
        projector = AliasProjector()
        wanted = [event for event in events if event.type in projector.event_types]
        with database.transaction() as uow:
            facts = projector.project(uow, wanted)[PERSON_ALIASES.name]
        rows = PERSON_ALIASES.arrow_rows(facts).to_pylist()
        for row in rows:
            old = self.rows.get(row["alias_id"])
            if old is None or old[0] <= row["version"]:
                self.rows[row["alias_id"]] = (row["version"], row["is_deleted"], row["person_id"])

    def now(self) -> dict[int, int]:
        return {alias: person for alias, (_, is_deleted, person) in self.rows.items() if not is_deleted}


def test_aliases_in_the_warehouse_follow_merges_and_splits_whatever_the_batches(database: Database) -> None:
    with database.transaction() as uow:
        first, second, third = (person(uow, card(f"P-{n}")) for n in range(3))
        api.merge_persons(uow, second, third, reason="one")
    with database.transaction() as uow:
        resolve(uow, [card("P-0"), card("P-2")])
        merge = api.list_merges(uow, second)[0]
    together, apart = _Aliases(), _Aliases()
    sequence_events(database)
    with database.engine.connect() as connection:
        events = read_events(connection, after=0, limit=100)
    together.take(database, events)
    assert together.now() == {second: first, third: first}

    with database.transaction() as uow:
        api.split_merge(uow, merge.merge_id, reason="two")
    sequence_events(database)
    with database.engine.connect() as connection:
        events = read_events(connection, after=0, limit=100)
    together.take(database, events)
    for event in (*events, *events):
        if event.type in AliasProjector().event_types:
            apart.take(database, [event])

    assert together.now() == apart.now() == {third: second}
    assert _snapshot(database, limit=1) == _snapshot(database, limit=10) == together.now()


def _snapshot(database: Database, *, limit: int) -> dict[int, int]:
    found: dict[int, int] = {}
    after: object | None = None
    with database.transaction() as uow:
        while True:
            page = AliasProjector().snapshot(uow, after=after, limit=limit)
            rows = cast("dict[str, list[int]]", page.rows[PERSON_ALIASES.name])
            found.update(zip(rows["alias_id"], rows["person_id"], strict=True))
            after = page.next_after
            if after is None:
                return found
