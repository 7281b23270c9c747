"""Worker entry point of segments: one evaluator at a time follows the log and the clock."""

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from feilun.kernel.errors import Transient
from feilun.platform.consumers import ConsumerRunner
from feilun.platform.db import Database, lock_key
from feilun.segments.internal import store_memberships
from feilun.segments.internal.evaluator import CONSUMER, EvaluatorOvertaken, Found, Pass, SegmentEvaluator
from feilun.segments.ports import Surroundings

logger = structlog.get_logger(__name__)

_IDLE_SECONDS: Final = 0.1
_DUE_SECONDS: Final = 0.5
"""How often it is looked whether a pass is due: a new segment waits so long at most."""
_STANDBY_SECONDS: Final = 2.0
_POSTPONED_SECONDS: Final = 1.0
_CHANGES_KEPT: Final = timedelta(days=400)
_DELETED_AT_ONCE: Final = 50_000


class SegmentRunner:
    """Runs the evaluator in a thread of a worker, for as long as this worker holds its lock.

    The lock is that of the log consumer `segments`, so that one worker both follows events and goes over everybody, with one
    memory of who is in.
    """

    def __init__(self, database: Database, surroundings: Surroundings, stop: threading.Event) -> None:
        self._database = database
        self._stop = stop
        self._evaluator = SegmentEvaluator(database, surroundings, stop.is_set)
        self._runner = ConsumerRunner(database, self._evaluator, stop)
        self._reading: tuple[Pass, Future[Found]] | None = None

    def run(self) -> None:
        """Loop until told to stop; survives lost connections."""
        while not self._stop.is_set():
            try:
                with self._database.engine.connect() as connection:
                    guard = connection.execution_options(isolation_level="AUTOCOMMIT")
                    if self._acquire(guard):
                        self._run_while_locked(guard)
                    else:
                        self._stop.wait(_STANDBY_SECONDS)
            except DBAPIError as error:
                logger.warning("evaluator_connection_lost", error=str(error.orig))
                self._stop.wait(1.0)

    def catch_up(self) -> None:
        """Follow the log and do what is due until nothing is left, or another worker is at it. For commands and tests."""
        with self._database.engine.connect() as connection:
            guard = connection.execution_options(isolation_level="AUTOCOMMIT")
            if self._acquire(guard):
                try:
                    while self._runner.step(guard) or self._evaluator.run_due():
                        pass
                finally:
                    self._release(guard)

    def _run_while_locked(self, guard: Connection) -> None:
        """Follow events in this thread; passes over everybody are read in another, so that events need not wait for them."""
        due_at = 0.0
        with ThreadPoolExecutor(1, thread_name_prefix="segments-pass") as reader:
            try:
                while not self._stop.is_set():
                    has_moved = self._runner.step(guard) > 0
                    if time.monotonic() >= due_at:
                        due_at = time.monotonic() + self._do_due(reader)
                    if not has_moved:
                        self._stop.wait(_IDLE_SECONDS)
            finally:
                self._reading = None
                self._release(guard)

    def _do_due(self, reader: ThreadPoolExecutor) -> float:
        """Begin the pass that is due, or finish the one that was read; returns the seconds until to look again."""
        try:
            if self._reading is None:
                begun = self._evaluator.begin_due()
                if begun is None:
                    return _DUE_SECONDS
                self._reading = (begun, reader.submit(self._evaluator.read, begun))
            elif self._reading[1].done():
                begun, read = self._reading
                self._reading = None
                self._evaluator.finish(begun, read.result())
        except (Transient, EvaluatorOvertaken) as error:
            logger.warning("evaluation_postponed", error=type(error).__name__)
            return _POSTPONED_SECONDS
        return 0.0

    def _acquire(self, guard: Connection) -> bool:
        held = guard.execute(
            text("SELECT pg_try_advisory_lock(:key)"), {"key": lock_key(f"consumer:{CONSUMER}")}
        ).scalar_one()
        if held:
            guard.execute(
                text(
                    "INSERT INTO consumers (name, position, updated_at) VALUES (:name, 0, now()) ON CONFLICT DO NOTHING"
                ),
                {"name": CONSUMER},
            )
        return bool(held)

    def _release(self, guard: Connection) -> None:
        guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": lock_key(f"consumer:{CONSUMER}")})


def delete_old_changes(database: Database) -> int:
    """Delete entries and exits older than 400 days; returns how many. Called once an hour."""
    deleted = 0
    while True:
        with database.transaction() as uow:
            count = store_memberships.delete_old_changes(
                uow, before=uow.now - _CHANGES_KEPT, limit=_DELETED_AT_ONCE
            )
        deleted += count
        if count < _DELETED_AT_ONCE:
            return deleted
