"""The sequencer: gives committed events a gapless position, in the order their writers appended them.

An id taken at insert cannot be a cursor: a transaction with a lower id may commit later. Here events wait in `event_inbox`
until they are committed and visible; one sequencer at a time (the row lock on `log_head`) moves them to `events`.
"""

import threading
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from feilun.platform.crashpoints import crash_here
from feilun.platform.db import Database

logger = structlog.get_logger(__name__)

_BATCH_SIZE: Final = 20_000
_IDLE_SECONDS: Final = 0.05
"""How long an event waits at most when the log was idle. The look costs one round trip; a transaction would cost four."""

_IS_WAITING = text("SELECT EXISTS (SELECT 1 FROM event_inbox)")

_MOVE = text(
    """
    WITH taken AS (
        DELETE FROM event_inbox WHERE event_id IN (
            SELECT event_id FROM event_inbox ORDER BY event_id LIMIT :limit)
        RETURNING *
    ), placed AS (
        INSERT INTO events (position, type, occurred_at, recorded_at, sequenced_at, origin, person_id, payload, actor)
        SELECT :head + row_number() OVER (ORDER BY event_id), type, occurred_at, recorded_at, :sequenced_at, origin,
               person_id, payload, actor
        FROM taken
        RETURNING position
    )
    SELECT max(position) FROM placed
    """
)


def sequence_events(database: Database, *, limit: int = _BATCH_SIZE) -> int:
    """Give positions to up to `limit` committed events; returns how many. 0 also when another sequencer is at work."""
    with database.transaction() as uow:
        head = uow.connection.execute(
            text("SELECT position, greatest(sequenced_at, :now) AS at FROM log_head FOR UPDATE SKIP LOCKED"),
            {"now": uow.now},
        ).one_or_none()
        if head is None:
            return 0
        newest = uow.connection.execute(
            _MOVE, {"limit": limit, "head": head.position, "sequenced_at": head.at}
        ).scalar_one()
        if newest is None:
            return 0
        crash_here("sequencer.after_move")
        uow.connection.execute(
            text("UPDATE log_head SET position = :position, sequenced_at = :at"),
            {"position": newest, "at": head.at},
        )
        return int(newest) - int(head.position)


def ensure_partitions(database: Database, *, months_ahead: int = 3) -> None:
    """Create the monthly partitions of `events` from this month on; the sequencer's rows always find one."""
    with database.transaction() as uow:
        uow.connection.execute(
            text(
                "SELECT ensure_event_partition(cast(:now AS timestamptz) + make_interval(months => n)) FROM generate_series(0, :n) n"
            ),
            {"now": uow.now, "n": months_ahead},
        )


def run_sequencer(database: Database, stop: threading.Event) -> None:
    """Sequence until told to stop; survives lost connections."""
    while not stop.is_set():
        try:
            with database.engine.connect() as connection:
                watch = connection.execution_options(isolation_level="AUTOCOMMIT")
                while not stop.is_set():
                    if not watch.execute(_IS_WAITING).scalar_one() or sequence_events(database) == 0:
                        stop.wait(_IDLE_SECONDS)
        except DBAPIError as error:
            logger.warning("sequencer_connection_lost", error=str(error.orig))
            stop.wait(1.0)
