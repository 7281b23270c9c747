"""The event log: rooms append events inside the transaction that makes them true; a sequencer gives committed ones a position.

Appends go to `event_inbox`. The sequencer (one at a time, advisory lock) moves what has committed to `events` with a
gapless `position`, by inbox id, which is person order because writers hold the person's lock while they append.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from feilun.kernel.ids import PersonId
from feilun.kernel.origin import Origin
from feilun.platform.db import UnitOfWork

__all__ = ["Event", "NewEvent", "Origin", "append_events"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """An event to append. `payload` holds ids and non-identifying facts only; direct personal values are sealed first."""

    type: str
    """Past tense with its room, e.g. 'orders.order_recorded'."""
    occurred_at: datetime
    origin: Origin
    person_id: PersonId | None = None
    payload: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A sequenced event as consumers see it."""

    position: int
    type: str
    occurred_at: datetime
    recorded_at: datetime
    origin: Origin
    person_id: PersonId | None
    payload: Mapping[str, object]
    actor: str


_COLUMNS = ("type", "occurred_at", "recorded_at", "origin", "person_id", "payload", "actor")


_encode = json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode
"""One encoder for all events: `json.dumps` with options would build a new one each time."""


def append_events(uow: UnitOfWork, events: Iterable[NewEvent]) -> int:
    """Append events to the log in this transaction; returns how many. The caller holds the locks of the persons named."""
    return uow.copy_rows(
        "event_inbox",
        _COLUMNS,
        (
            (
                e.type,
                e.occurred_at,
                uow.now,
                e.origin.value,
                e.person_id,
                _encode(e.payload),
                uow.actor,
            )
            for e in events
        ),
    )
