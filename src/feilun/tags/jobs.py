"""Worker entry points of tags: what expires, bulk operations, and the consumer that follows merges and erasures."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import structlog

from feilun.identity import api as identity
from feilun.identity import events as identity_events
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database
from feilun.platform.log import Event, Origin, append_events
from feilun.tags.internal import store
from feilun.tags.internal.changing import expire_records, living_people, removal_event
from feilun.tags.internal.dictionary import tags_by_id
from feilun.tags.internal.operations import run_next_step
from feilun.tags.ports import PeopleSource

logger = structlog.get_logger(__name__)

_CHUNK: Final = 2_000
_POLL_SECONDS: Final = 0.5
_ERASED: Final = identity_events.PersonErased.type
_MOVED: Final = frozenset({identity_events.PersonsMerged.type, identity_events.MergeSplit.type})


def expire_due(database: Database) -> int:
    """End every assignment whose time is over, with history and events, a chunk of people per transaction.

    Returns how many ended. Call it every minute, from as many workers as wanted: people are locked.
    """
    ended = 0
    while True:
        with database.transaction() as uow:
            due = store.due_people(uow, limit=_CHUNK)
            step = expire_records(uow, living_people(uow, due, lock=True)) if due else 0
        ended += step
        if not step:
            return ended


def run_operations(
    database: Database,
    sources: Sequence[PeopleSource],
    wait: Callable[[float], object],
    should_stop: Callable[[], bool],
) -> None:
    """Do bulk operations, chunk by chunk, until told to stop. Several workers may run this: each takes what is free."""
    while not should_stop():
        try:
            has_worked = run_next_step(database, sources)
        except Exception as error:  # allow(no-broad-except): the job runner: the next step may do better
            logger.error("tag_operation_failed", error=type(error).__name__, exc_info=error)
            has_worked = False
        if not has_worked:
            wait(_POLL_SECONDS)


class TagPeopleConsumer:
    """Follows whom records belong to, for counting and listing whole people; forgets erased ones. Idempotent."""

    name: str = "tags"

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Process a batch in several short transactions."""
        moved: set[PersonId] = set()
        erased: set[PersonId] = set()
        for event in events:
            if event.type == _ERASED:
                erased.update(_members(event))
            elif event.type in _MOVED:
                moved.update(_members(event))
        for chunk in _chunks(sorted(moved)):
            with database.transaction() as uow:
                store.move_to_roots(uow, identity.root_of(uow, chunk))
        for chunk in _chunks(sorted(erased)):
            _forget(database, chunk)


def _forget(database: Database, chunk: Sequence[PersonId]) -> None:
    with database.transaction() as uow:
        known = {record for person in identity.list_persons(uow, chunk).values() for record in person.members}
        identity.lock_persons(uow, known & set(chunk))
        gone = store.delete_people(uow, chunk)
        tags = tags_by_id(uow)
        append_events(
            uow,
            [removal_event(held, tags, Origin.LIVE, occurred_at=uow.now, cause="erased") for held in gone],
        )


def _members(event: Event) -> Iterator[PersonId]:
    if event.person_id is not None:
        yield event.person_id
    members = event.payload.get("members")
    if isinstance(members, list):
        yield from (PersonId(member) for member in members)


def _chunks(people: Sequence[PersonId]) -> Iterator[Sequence[PersonId]]:
    for start in range(0, len(people), _CHUNK):
        yield people[start : start + _CHUNK]
