"""Runs imports: one runner per import, resumable at any point, every expected end written down."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from feilun.ingestion.contracts import ApplyContext, ImportMapping, ImportState
from feilun.ingestion.errors import EngineAway
from feilun.ingestion.internal import store, store_letters, uploads
from feilun.ingestion.internal.engine_errors import is_engine_error, trace_of
from feilun.ingestion.internal.files import open_table
from feilun.ingestion.internal.mapping import validate
from feilun.ingestion.internal.registry import HandlerRegistry
from feilun.ingestion.internal.rows import RowParser
from feilun.ingestion.internal.spool import (
    Spool,
    SpoolStopped,
    find_spool,
    partition_count,
    read_partition,
    remove_spool,
    write_spool,
)
from feilun.ingestion.internal.taking import Intake, PartitionTaker, RunnerReplaced
from feilun.kernel.errors import FeilunError
from feilun.kernel.ids import ImportId
from feilun.platform.config import Settings
from feilun.platform.crashpoints import crash_here
from feilun.platform.db import Database, lock_key

logger = structlog.get_logger(__name__)

_NOTE_SECONDS: Final = 0.5
_ATTEMPTS_MAX: Final = 12
"""About nine minutes with the waits below."""
_WAIT_SECONDS_MAX: Final = 120.0


def spool_folder(settings: Settings, import_id: ImportId) -> Path:
    """Return where an import sorts its rows."""
    return settings.files_dir / "spool" / str(import_id)


def run_next(
    database: Database, settings: Settings, registry: HandlerRegistry, should_stop: Callable[[], bool]
) -> ImportId | None:
    """Run the oldest waiting import that no other worker has; None when there is none."""
    with database.transaction() as uow:
        waiting = store.waiting_imports(uow)
    for import_id in waiting:
        if run(database, settings, import_id, registry, should_stop=should_stop):
            return import_id
    return None


def run(
    database: Database,
    settings: Settings,
    import_id: ImportId,
    registry: HandlerRegistry,
    *,
    should_stop: Callable[[], bool],
) -> bool:
    """Run one import as far as it gets; False when another runner has it."""
    with database.engine.connect() as connection:
        guard = connection.execution_options(isolation_level="AUTOCOMMIT")
        key = {"key": lock_key("import", import_id)}
        if not guard.execute(text("SELECT pg_try_advisory_lock(:key)"), key).scalar_one():
            return False
        runner = _Runner(database, settings, import_id, registry, should_stop, guard)
        try:
            runner.run()
        finally:
            _unlock(guard, key)
    return True


def _unlock(guard: Connection, key: dict[str, int]) -> None:
    """Release the runner's lock. A broken connection has released it already, and must not hide why it broke."""
    if guard.invalidated:
        return
    try:
        guard.execute(text("SELECT pg_advisory_unlock(:key)"), key)
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise


class _Runner:
    def __init__(
        self, database: Database, settings: Settings, import_id: ImportId, registry: HandlerRegistry,
        should_stop: Callable[[], bool], guard: Connection,
    ) -> None:  # fmt: skip
        self._database = database
        self._settings = settings
        self._import_id = import_id
        self._registry = registry
        self._should_stop = should_stop
        self._guard = guard
        self._noted_at = 0.0

    def run(self) -> None:
        """Run to an end that is written down: done, stopped, failed, or postponed after an error of the engine."""
        try:
            if self._begin():
                self._work()
        except RunnerReplaced:
            logger.warning("import_runner_replaced", import_id=self._import_id)
        except FeilunError as error:
            if is_engine_error(error):
                self._postpone(error)
            else:
                self._fail(error.code, dict(error.detail))
        except Exception as error:  # noqa: BLE001 # allow(no-broad-except): the job runner: marked, never left hanging
            if is_engine_error(error):
                self._postpone(error)
            else:
                trace = trace_of(error)
                logger.error(
                    "import_failed", import_id=self._import_id, error=type(error).__name__, trace=trace
                )
                self._fail("ingestion.unexpected", {"error": type(error).__name__})

    def _begin(self) -> bool:
        changes = {
            ImportState.QUEUED: ImportState.RUNNING,
            ImportState.STOPPING: ImportState.STOPPED,
        }
        with self._database.transaction() as uow:
            job = store.get_runnable(uow, self._import_id)
            if job.attempts >= _ATTEMPTS_MAX:
                raise EngineAway("the database stayed away", attempts=job.attempts)
            if job.state is ImportState.RUNNING:
                # Its runner died or was postponed; the count of attempts goes on.
                return True
            before = store.change_state(uow, self._import_id, changes)
        return before is ImportState.QUEUED

    def _work(self) -> None:
        with self._database.transaction() as uow:
            job = store.get_runnable(uow, self._import_id)
            progress = store.get_progress(uow, self._import_id)
        if progress.phase != "finishing":
            spool = self._spool(job, progress)
            if spool is None or not self._take(job, spool):
                self._stopped()
                return
        self._finish(job)

    def _spool(self, job: store.RunnableImport, progress: store.Progress) -> Spool | None:
        folder = spool_folder(self._settings, self._import_id)
        found = find_spool(folder)
        if found is not None and progress.phase == "taking":
            return found
        with self._database.transaction() as uow:
            stored = store.get_file(uow, job.file_id)
            kind = self._registry.get(job.kind).describe(uow)
        path = uploads.content_path(self._settings, stored)
        table = open_table(path, job.mapping.reading, encoding=stored.encoding)
        validate(job.mapping, kind, [column.name for column in table.layout.columns])
        partitions = progress.partitions or partition_count(table.layout.rows, stored.file.size_bytes)
        with self._database.transaction() as uow:
            store.set_partitions(uow, self._import_id, partitions)
        if found is None:
            uploads.check_space(self._settings, stored.file.size_bytes)
            try:
                found = write_spool(
                    table, job.mapping, kind, folder, partitions=partitions, on_rows=self._on_rows
                )
            except SpoolStopped:
                return None
        with self._database.transaction() as uow:
            store.begin_taking(uow, self._import_id, rows=found.rows, mapping=found.mapping)
        crash_here("import.before_taking")
        return found

    def _on_rows(self, rows: int) -> bool:
        now = time.monotonic()
        if now - self._noted_at > _NOTE_SECONDS:
            self._noted_at = now
            store.note_rows_read(self._guard, self._import_id, rows)
            return self._goes_on()
        return not self._should_stop()

    def _goes_on(self) -> bool:
        if self._should_stop():
            return False
        return store.read_state(self._guard, self._import_id) is ImportState.RUNNING

    def _take(self, job: store.RunnableImport, spool: Spool) -> bool:
        intake = self._intake(job, spool.mapping)
        parser = RowParser(spool.mapping, intake.kind)
        with self._database.transaction() as uow:
            progress = store.get_progress(uow, self._import_id)
        done = progress.records_done
        for partition in range(progress.partition, spool.partitions):
            batch = read_partition(spool, partition)
            if batch is not None:
                taker = PartitionTaker(intake, parser, batch, partition)
                if not taker.take(done, go_on=self._goes_on):
                    return False
            done = 0
            self._next_partition(partition)
        return True

    def _next_partition(self, partition: int) -> None:
        with self._database.transaction() as uow:
            progress = store.get_progress(uow, self._import_id, lock=True)
            if progress.partition != partition:
                raise RunnerReplaced
            store.advance(
                uow, self._import_id, partition=partition + 1, records_done=0, records={}, rows={}, new_dead_letters=0, unexpected=0
            )  # fmt: skip

    def _intake(self, job: store.RunnableImport, mapping: ImportMapping) -> Intake:
        handler = self._registry.get(job.kind)
        with self._database.transaction() as uow:
            kind = handler.describe(uow)
            mended = store_letters.mended_fingerprints(uow, kind=job.kind, source=mapping.source)
            now = uow.now
        return Intake(
            database=self._database,
            import_id=self._import_id,
            handler=handler,
            kind=kind,
            mapping=mapping,
            context=ApplyContext(
                mapping.source, job.origin, mapping.options, mapping.is_whole, mapping.zone, now
            ),
            key=self._database.keyring.unwrap(job.wrapped_key),
            mended=frozenset(mended),
        )

    def _finish(self, job: store.RunnableImport) -> None:
        with self._database.transaction() as uow:
            store.begin_finishing(uow, self._import_id)
        crash_here("import.before_finish")
        with self._database.transaction(actor=f"import:{self._import_id}") as uow:
            mapping = store.get_runnable(uow, self._import_id).mapping
            context = ApplyContext(
                mapping.source, job.origin, mapping.options, mapping.is_whole, mapping.zone, uow.now
            )
            self._registry.get(job.kind).finish(uow, context)
            crash_here("import.after_finish")
            changes = dict.fromkeys((ImportState.RUNNING, ImportState.STOPPING), ImportState.DONE)
            store.change_state(uow, self._import_id, changes)
        remove_spool(spool_folder(self._settings, self._import_id))

    def _stopped(self) -> None:
        """Write a stop down when a person asked for it; a worker that shuts down leaves the import to the next one."""
        with self._database.transaction() as uow:
            store.change_state(uow, self._import_id, {ImportState.STOPPING: ImportState.STOPPED})

    def _fail(self, code: str, detail: dict[str, object]) -> None:
        with self._database.transaction() as uow:
            store.fail_import(uow, self._import_id, code=code, detail=detail)

    def _postpone(self, error: Exception) -> None:
        logger.warning("import_postponed", import_id=self._import_id, error=type(error).__name__)
        try:
            with self._database.transaction() as uow:
                attempts = store.get_runnable(uow, self._import_id).attempts
                wait = timedelta(seconds=min(_WAIT_SECONDS_MAX, 0.5 * 2.0**attempts))
                store.postpone_import(uow, self._import_id, code=EngineAway.code, until=uow.now + wait)
        except DBAPIError as away:
            # Nothing can be written now; the import stays 'running' and the next poll finds it without a runner.
            logger.warning(
                "import_postponement_not_stored", import_id=self._import_id, error=type(away).__name__
            )
