"""Consumers of the event log: each has a position of its own, retries what fails, and can be paused or made to skip.

A consumer runs in exactly one worker at a time (session advisory lock); its position moves by compare-and-set, so a worker
that lost its lock without noticing cannot move it. Handling is at least once: handlers are idempotent.
"""

import threading
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from feilun.kernel.errors import FeilunError, NotFound
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork, lock_key
from feilun.platform.log import Event, Origin

logger = structlog.get_logger(__name__)

BATCH_SIZE: Final = 5_000
_IDLE_SECONDS: Final = 0.2
_RETRY_SECONDS_MAX: Final = 60.0
_ERROR_CHARACTERS_MAX: Final = 2_000


class Consumer(Protocol):
    """Reads the log in position order. `handle` may see a batch again after a crash and must then change nothing."""

    @property
    def name(self) -> str:
        """Stable name; the position is stored under it."""
        ...

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Process a batch, in transactions of its own. Any exception means: nothing of it counts, try again later."""
        ...


@runtime_checkable
class PreparedConsumer(Protocol):
    """A consumer that has something to do before its first batch, whether or not there is one."""

    def prepare(self, database: Database) -> None:
        """Called by whoever runs it, once it alone may. What it raises is logged; `handle` then has to do it."""
        ...


class ConsumerState(StrEnum):
    """What a consumer does now."""

    RUNNING = "running"
    RETRYING = "retrying"
    PAUSED = "paused"


class ConsumerNotFound(NotFound):
    """No consumer of that name has ever run."""

    code = "system.consumer_not_found"


@dataclass(frozen=True, slots=True)
class ConsumerStatus:
    """A consumer as the health page shows it."""

    name: str
    state: ConsumerState
    position: int
    lag: int
    """Sequenced events it has not handled yet."""
    attempts: int
    """Failed tries at the present batch."""
    last_error: str | None
    next_attempt_at: datetime | None
    updated_at: datetime


def read_events(connection: Connection, *, after: int, limit: int, skip_for: str = "") -> list[Event]:
    """Return sequenced events after a position, in order, without those that consumer `skip_for` was told to skip."""
    rows = connection.execute(
        text(
            "SELECT e.position, e.type, e.occurred_at, e.recorded_at, e.origin, e.person_id, e.payload, e.actor FROM events e"
            " WHERE e.position > :after AND NOT EXISTS (SELECT 1 FROM consumer_skips s"
            " WHERE s.consumer = :consumer AND s.position = e.position) ORDER BY e.position LIMIT :limit"
        ),
        {"after": after, "limit": limit, "consumer": skip_for},
    )
    return [
        Event(
            position=row.position,
            type=row.type,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            origin=Origin(row.origin),
            person_id=None if row.person_id is None else PersonId(row.person_id),
            payload=row.payload,
            actor=row.actor,
        )
        for row in rows
    ]


def head_position(connection: Connection) -> int:
    """Return the position of the newest sequenced event, 0 for an empty log."""
    return int(connection.execute(text("SELECT position FROM log_head")).scalar_one())


def list_consumers(uow: UnitOfWork) -> list[ConsumerStatus]:
    """Return every consumer that ever ran, with its lag."""
    rows = uow.connection.execute(
        text("SELECT c.*, h.position - c.position AS lag FROM consumers c, log_head h ORDER BY c.name")
    )
    return [
        ConsumerStatus(
            row.name,
            ConsumerState.PAUSED
            if row.is_paused
            else (ConsumerState.RETRYING if row.attempts else ConsumerState.RUNNING),
            row.position,
            row.lag,
            row.attempts,
            row.last_error,
            row.next_attempt_at,
            row.updated_at,
        )
        for row in rows
    ]


def retry_now(uow: UnitOfWork, name: str) -> None:
    """Make a failing consumer try again at once. Raises: ConsumerNotFound."""
    _update(uow, name, "next_attempt_at = NULL")


def set_paused(uow: UnitOfWork, name: str, *, is_paused: bool) -> None:
    """Pause a consumer or let it go on. Raises: ConsumerNotFound."""
    _update(uow, name, "is_paused = :is_paused", is_paused=is_paused)


def skip_event(uow: UnitOfWork, name: str, position: int, *, reason: str) -> None:
    """Make a consumer pass over one event for good; kept with who and why. Raises: ConsumerNotFound."""
    _update(uow, name, "next_attempt_at = NULL")
    uow.connection.execute(
        text(
            "INSERT INTO consumer_skips (consumer, position, reason, actor, skipped_at)"
            " VALUES (:name, :position, :reason, :actor, :now) ON CONFLICT DO NOTHING"
        ),
        {"name": name, "position": position, "reason": reason, "actor": uow.actor, "now": uow.now},
    )


def _update(uow: UnitOfWork, name: str, assignment: str, **values: object) -> None:
    result = uow.connection.execute(
        text(f"UPDATE consumers SET {assignment}, updated_at = :now WHERE name = :name"),
        {"name": name, "now": uow.now, **values},
    )
    if result.rowcount == 0:
        raise ConsumerNotFound(f"no consumer named {name!r}", name=name)


class ConsumerRunner:
    """Runs one consumer in a thread of a worker process, for as long as this worker holds the consumer's lock."""

    def __init__(
        self,
        database: Database,
        consumer: Consumer,
        stop: threading.Event,
    ) -> None:
        self._database = database
        self._consumer = consumer
        self._stop = stop
        self._batch_size = BATCH_SIZE

    def run(self) -> None:
        """Loop until told to stop; survives lost connections."""
        while not self._stop.is_set():
            try:
                with self._database.engine.connect() as connection:
                    guard = connection.execution_options(isolation_level="AUTOCOMMIT")
                    if self._acquire(guard):
                        self._run_while_locked(guard)
                    else:
                        self._stop.wait(2.0)
            except DBAPIError as error:
                logger.warning(
                    "consumer_connection_lost", consumer=self._consumer.name, error=str(error.orig)
                )
                self._stop.wait(1.0)

    def catch_up(self) -> int:
        """Handle what the log holds now; returns how far the position moved. Stops early at a failure, a pause, or another
        worker's lock. For commands and tests; a worker uses `run`.
        """
        moved = 0
        with self._database.engine.connect() as connection:
            guard = connection.execution_options(isolation_level="AUTOCOMMIT")
            if self._acquire(guard):
                try:
                    while self._is_progressing(guard, step := self.step(guard)):
                        moved += step
                finally:
                    self._release(guard)
        return moved

    def _is_progressing(self, guard: Connection, step: int) -> bool:
        """Tell whether another step may do something: the last one moved, or it failed on more than one event."""
        if step:
            return True
        is_halving = guard.execute(
            text(
                "SELECT attempts > 0 AND NOT is_paused AND next_attempt_at <= now() FROM consumers WHERE name = :name"
            ),
            {"name": self._consumer.name},
        ).scalar_one()
        return bool(is_halving)

    def _acquire(self, guard: Connection) -> bool:
        held = guard.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": lock_key(f"consumer:{self._consumer.name}")}
        ).scalar_one()
        if held:
            guard.execute(
                text(
                    "INSERT INTO consumers (name, position, updated_at) VALUES (:name, 0, now()) ON CONFLICT DO NOTHING"
                ),
                {"name": self._consumer.name},
            )
        return bool(held)

    def _run_while_locked(self, guard: Connection) -> None:
        try:
            self._prepare()
            while not self._stop.is_set():
                if self.step(guard) == 0:
                    self._stop.wait(_IDLE_SECONDS)
        finally:
            self._release(guard)

    def _prepare(self) -> None:
        if isinstance(self._consumer, PreparedConsumer):
            try:
                self._consumer.prepare(self._database)
            except FeilunError as error:
                logger.warning(
                    "consumer_not_prepared", consumer=self._consumer.name, error=type(error).__name__
                )

    def _release(self, guard: Connection) -> None:
        guard.execute(
            text("SELECT pg_advisory_unlock(:key)"), {"key": lock_key(f"consumer:{self._consumer.name}")}
        )

    def step(self, guard: Connection) -> int:
        """Handle one batch; returns how far the position moved (0: nothing to do, paused, waiting for a retry, or failed)."""
        row = guard.execute(
            text(
                "SELECT c.position, c.attempts, h.position AS head,"
                " c.is_paused OR coalesce(c.next_attempt_at > now(), false) AS is_waiting"
                " FROM consumers c, log_head h WHERE c.name = :name"
            ),
            {"name": self._consumer.name},
        ).one()
        if row.is_waiting or row.position >= row.head:
            return 0
        events = read_events(guard, after=row.position, limit=self._batch_size, skip_for=self._consumer.name)
        target = events[-1].position if events else self._skipped_end(guard, row.position)
        if target == row.position:
            return 0
        if events:
            try:
                self._consumer.handle(self._database, events)
            except Exception as error:  # noqa: BLE001 — the job runner's edge: every failure is stored and retried
                self._record_failure(guard, error, events, row.attempts)
                return 0
        return self._advance(guard, row.position, target)

    def _skipped_end(self, guard: Connection, after: int) -> int:
        """Return how far the log reaches when all that follows `after` is to be skipped."""
        skipped = guard.execute(
            text(
                "SELECT coalesce(max(position), :after) FROM consumer_skips WHERE consumer = :name AND position > :after"
            ),
            {"after": after, "name": self._consumer.name},
        ).scalar_one()
        return min(int(skipped), head_position(guard))

    def _advance(self, guard: Connection, position: int, target: int) -> int:
        moved = guard.execute(
            text(
                "UPDATE consumers SET position = :target, attempts = 0, last_error = NULL, next_attempt_at = NULL,"
                " updated_at = now() WHERE name = :name AND position = :position"
            ),
            {"target": target, "name": self._consumer.name, "position": position},
        ).rowcount
        self._batch_size = min(BATCH_SIZE, self._batch_size * 2)
        return target - position if moved else 0

    def _record_failure(
        self, guard: Connection, error: Exception, events: Sequence[Event], attempts: int
    ) -> None:
        """Store the error; halve the batch at once, so that the event that fails is soon alone and named."""
        is_alone = len(events) == 1
        self._batch_size = max(1, len(events) // 2)
        delay = min(_RETRY_SECONDS_MAX, 0.5 * 2.0 ** min(attempts, 10)) if is_alone else 0.0
        where = (
            f"position {events[0].position}"
            if is_alone
            else f"positions {events[0].position}-{events[-1].position}"
        )
        summary = "".join(traceback.format_exception_only(error)).strip()
        logger.error(
            "consumer_failed",
            consumer=self._consumer.name,
            where=where,
            error=type(error).__name__,
            exc_info=error,
        )
        guard.execute(
            text(
                "UPDATE consumers SET attempts = attempts + 1, last_error = :error, updated_at = now(),"
                " next_attempt_at = now() + :delay WHERE name = :name"
            ),
            {
                "name": self._consumer.name,
                "error": f"{where}: {summary}"[:_ERROR_CHARACTERS_MAX],
                "delay": timedelta(seconds=delay),
            },
        )
