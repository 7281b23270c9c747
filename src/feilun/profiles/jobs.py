"""Worker entry point of profiles: the log consumer that keeps the list of customers and forgets erased ones."""

from collections.abc import Iterator, Sequence
from typing import Final

from feilun.identity import events as identity_events
from feilun.kernel.ids import PersonId
from feilun.orders import events as orders_events
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event
from feilun.profiles import events
from feilun.profiles.internal import store_customers
from feilun.profiles.internal.editing import forget_person_records
from feilun.profiles.internal.refresh import refresh_customers
from feilun.profiles.internal.touched import affected_people

_CHUNK: Final = 2_000
"""People per transaction: short enough that nobody waits for a row, long enough that statements are set-based."""

_FOLLOWED: Final = frozenset(
    {
        identity_events.PersonCreated.type,
        identity_events.IdentifierAdded.type,
        identity_events.PersonsMerged.type,
        identity_events.MergeSplit.type,
        identity_events.PersonErased.type,
        orders_events.ORDER_RECORDED,
        orders_events.REFUND_RECORDED,
        events.PROFILE_CHANGED,
    }
)


class CustomerListConsumer:
    """Follows the log; whatever touched a person brings that person's row up to date. Idempotent: rows are computed anew."""

    name: str = "customers"

    def handle(self, database: Database, events_in_order: Sequence[Event]) -> None:
        """Process a batch in several short transactions."""
        touched: set[PersonId] = set()
        erased: set[PersonId] = set()
        for event in events_in_order:
            if event.type in _FOLLOWED:
                touched.update(affected_people(event))
            if event.type == identity_events.PersonErased.type:
                erased.update(affected_people(event))
        with database.transaction(actor="system") as uow:
            _note_records(uow, events_in_order)
            if erased:
                forget_person_records(uow, sorted(erased))
        for chunk in _chunks(sorted(touched)):
            with database.transaction(actor="system") as uow:
                refresh_customers(uow, chunk)
        if any(event.type == events.SURVIVORSHIP_CHANGED for event in events_in_order):
            refresh_all(database)


def refresh_all(database: Database) -> int:
    """Compute every row anew, a chunk per transaction; returns how many customers there are."""
    after, count = 0, 0
    while True:
        with database.transaction(actor="system") as uow:
            chunk = store_customers.customer_ids_after(uow, after, _CHUNK)
            refresh_customers(uow, chunk)
        if not chunk:
            return count
        after, count = chunk[-1], count + len(chunk)


def _note_records(uow: UnitOfWork, batch: Sequence[Event]) -> None:
    records: list[tuple[int, str, str]] = []
    for event in batch:
        if event.person_id is None:
            continue
        if event.type == identity_events.PersonCreated.type:
            source = str(event.payload["source"])
            kinds = event.payload["kinds"]
            assert isinstance(kinds, list), "identity publishes a list"
            records.extend((event.person_id, source, str(kind)) for kind in (kinds or [""]))
        elif event.type == identity_events.IdentifierAdded.type:
            records.append((event.person_id, "", str(event.payload["kind"])))
    if records:
        store_customers.note_person_records(uow, records)


def _chunks(people: Sequence[PersonId]) -> Iterator[Sequence[PersonId]]:
    for start in range(0, len(people), _CHUNK):
        yield people[start : start + _CHUNK]
