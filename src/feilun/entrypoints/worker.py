"""The worker process: sequencer, consumers, imports and upkeep. Run as many as wanted; each part runs in one of them at a time."""

import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from feilun.blueprints.jobs import recalibrate
from feilun.entrypoints.wiring import Rooms, consumers, people_sources
from feilun.ingestion import api as ingestion
from feilun.platform.consumers import ConsumerRunner
from feilun.platform.db import Database, lock_key
from feilun.platform.sequencer import ensure_partitions, run_sequencer
from feilun.segments.jobs import SegmentRunner, delete_old_changes
from feilun.tags.jobs import expire_due, run_operations

logger = structlog.get_logger(__name__)

_IMPORT_POLL_SECONDS: Final = 0.5
_UPKEEP_SECONDS: Final = 3600.0
_TAG_EXPIRY_SECONDS: Final = 60.0
_JOIN_SECONDS: Final = 20.0
_FILES_KEPT: Final = timedelta(days=30)


def run_worker(rooms: Rooms, stop: threading.Event) -> None:
    """Run all parts in threads until `stop` is set; a part that fails is started again."""
    database = rooms.database
    parts: list[tuple[str, Callable[[], None]]] = [
        ("sequencer", lambda: run_sequencer(database, stop)),
        ("imports", lambda: _run_imports(database, rooms, stop)),
        ("tag operations", lambda: run_operations(database, people_sources(rooms), stop.wait, stop.is_set)),
        ("tag expiry", lambda: _run_tag_expiry(database, stop)),
        ("segments", SegmentRunner(database, rooms.segments, stop).run),
        ("upkeep", lambda: _run_upkeep(database, rooms, stop)),
    ]
    for consumer in consumers(rooms):
        runner = ConsumerRunner(database, consumer, stop)
        parts.append((f"consumer:{consumer.name}", runner.run))
    threads = [
        threading.Thread(target=_keep_running, args=(name, part, stop), name=name) for name, part in parts
    ]
    for thread in threads:
        thread.start()
    stop.wait()
    for thread in threads:
        thread.join(_JOIN_SECONDS)


def stop_on_signals(stop: threading.Event) -> None:
    """Set `stop` on INT and TERM."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())


def _keep_running(name: str, part: Callable[[], None], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            part()
        except Exception as error:
            logger.error("worker_part_failed", part=name, error=type(error).__name__, exc_info=error)
            stop.wait(2.0)


def _run_imports(database: Database, rooms: Rooms, stop: threading.Event) -> None:
    while not stop.is_set():
        if not ingestion.run_next_import(database, rooms.settings, rooms.handlers, should_stop=stop.is_set):
            stop.wait(_IMPORT_POLL_SECONDS)


def _run_tag_expiry(database: Database, stop: threading.Event) -> None:
    while not stop.is_set():
        expire_due(database)
        stop.wait(_TAG_EXPIRY_SECONDS)


def _run_upkeep(database: Database, rooms: Rooms, stop: threading.Event) -> None:
    """Once an hour, in one worker: coming months' partitions, ended sessions, old uploads."""
    while not stop.is_set():
        try:
            with database.transaction() as uow:
                is_ours = uow.connection.execute(
                    text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": lock_key("upkeep")}
                ).scalar_one()
                if is_ours:
                    ingestion.delete_old_files(uow, rooms.settings, older_than=_FILES_KEPT)
                    ingestion.delete_old_dead_letters(uow)
            if is_ours:
                delete_old_changes(database)
                recalibrate(database, rooms.segments)
            ensure_partitions(database)
        except DBAPIError as error:
            logger.warning("upkeep_postponed", error=str(error.orig))
        stop.wait(_UPKEEP_SECONDS)
