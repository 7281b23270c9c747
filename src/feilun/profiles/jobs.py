"""Worker entry point of profiles: the log consumer that keeps the list of customers and forgets erased ones."""

from collections.abc import Iterator, Sequence
from typing import Final

from feilun.identity import events as identity_events
from feilun.kernel.ids import PersonId
from feilun.orders import events as orders_events
from feilun.platform.consumers import head_position
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event
from feilun.profiles import events
from feilun.profiles.internal import store_customers
from feilun.profiles.internal.editing import forget_person_records
from feilun.profiles.internal.refresh import refresh_customers
from feilun.profiles.internal.touched import affected_people

_CHUNK: Final = 2_000
"""People per transaction: short enough that nobody waits for a row, long enough that statements are set-based."""

_REMEMBERED_MAX: Final = 500_000
_IDENTITY_EVENTS: Final = frozenset(
    {
        identity_events.PersonCreated.type,
        identity_events.IdentifierAdded.type,
        identity_events.PersonsMerged.type,
        identity_events.MergeSplit.type,
        identity_events.PersonErased.type,
    }
)
_CONTENT_EVENTS: Final = frozenset(
    {orders_events.ORDER_RECORDED, orders_events.REFUND_RECORDED, events.PROFILE_CHANGED}
)


class CustomerListConsumer:
    """Follows the log; whatever touched a person brings that person's row up to date. Idempotent: rows are computed anew."""

    name: str = "customers"

    def __init__(self) -> None:
        self._fresh_until: dict[PersonId, int] = {}
        """Person record -> head of the log before its row was last computed: what events up to there said is in the row."""

    def handle(self, database: Database, events_in_order: Sequence[Event]) -> None:
        """Process a batch in several short transactions."""
        self._forget_before(events_in_order[0].position)
        touched = {
            person_id
            for event in events_in_order
            for person_id in affected_people(event)
            if event.type in _IDENTITY_EVENTS
            or (event.type in _CONTENT_EVENTS and self._fresh_until.get(person_id, -1) < event.position)
        }
        with database.transaction(actor="system") as uow:
            head = head_position(uow.connection)
            _note_records(uow, events_in_order)
            erased = {
                person_id
                for event in events_in_order
                if event.type == identity_events.PersonErased.type
                for person_id in affected_people(event)
            }
            if erased:
                forget_person_records(uow, sorted(erased))
        for chunk in _chunks(sorted(touched)):
            with database.transaction(actor="system") as uow:
                refresh_customers(uow, chunk)
            self._fresh_until.update(dict.fromkeys(chunk, head))
        if any(event.type == events.SURVIVORSHIP_CHANGED for event in events_in_order):
            refresh_all(database)

    def _forget_before(self, position: int) -> None:
        """Keep what may still save work: a large import names the same people in many batches behind the head."""
        if len(self._fresh_until) > _REMEMBERED_MAX:
            self._fresh_until.clear()
        self._fresh_until = {
            person_id: head for person_id, head in self._fresh_until.items() if head >= position
        }


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
