"""Takes the sorted rows of one partition in: batches of whole records, one transaction each, with the checkpoint inside."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pyarrow as pa
import structlog

from feilun.ingestion.contracts import (
    ApplyContext,
    ImportMapping,
    MappedRow,
    OutcomeState,
    RecordKind,
    Rejection,
)
from feilun.ingestion.errors import TooManyUnexpected
from feilun.ingestion.internal import store, store_letters
from feilun.ingestion.internal.cells import raw_rows
from feilun.ingestion.internal.engine_errors import is_engine_error, trace_of
from feilun.ingestion.internal.rows import RowParser
from feilun.ingestion.internal.sealing import Sealer, fingerprint, occurrences
from feilun.ingestion.internal.spool import data_columns
from feilun.ingestion.ports import RecordHandler
from feilun.kernel.ids import ImportId
from feilun.platform.crashpoints import crash_here
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.keys import PersonKey

logger = structlog.get_logger(__name__)

BATCH_RECORDS: Final = 4_000
BATCH_ROWS: Final = 20_000
"""Per transaction; a stop waits for one of them."""
_UNEXPECTED_MAX: Final = 200
"""Records set aside because the program failed on them; more means that the program is wrong, not the records."""


class RunnerReplaced(Exception):
    """The checkpoint is not where this runner left it: another one has taken over."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What stays the same for a whole import."""

    database: Database
    import_id: ImportId
    handler: RecordHandler
    kind: RecordKind
    mapping: ImportMapping
    context: ApplyContext
    key: PersonKey
    mended: frozenset[bytes]
    """Fingerprints of rows that were mended earlier."""

    @property
    def actor(self) -> str:
        """Who acts in the transactions of this import."""
        return f"import:{self.import_id}"


@dataclass(slots=True)
class _Record:
    """All rows of one record: those to take, and those that were refused, by index into the partition."""

    rows: list[int]
    refused: list[int]


@dataclass(slots=True)
class _Tally:
    records: Counter[OutcomeState]
    rows: Counter[OutcomeState]
    reasons: Counter[tuple[str, str]]
    refused: dict[int, Rejection]


class PartitionTaker:
    """Works through the records of one partition."""

    def __init__(self, intake: Intake, parser: RowParser, batch: pa.RecordBatch, partition: int) -> None:
        self._intake = intake
        self._parser = parser
        self._batch = batch
        self._partition = partition
        self._columns = data_columns(batch)
        parsed = parser.parse(batch, lambda row: intake.handler.check(row, intake.context))
        self._rows: list[MappedRow] = list(parsed.rows)
        self._refused: dict[int, Rejection] = {row: found[0] for row, found in parsed.rejections.items()}
        self._records = self._group()
        if intake.mended:
            self._apply_mended()

    def take(self, records_done: int, *, go_on: Callable[[], bool]) -> bool:
        """Take the records from a checkpoint on; False when `go_on` said stop. Raises: RunnerReplaced, TooManyUnexpected."""
        start = records_done
        while start < len(self._records):
            if not go_on():
                return False
            end = self._batch_end(start)
            self._take_range(start, end)
            start = end
        return True

    def _group(self) -> list[_Record]:
        records: dict[tuple[object, ...], _Record] = {}
        ordered: list[_Record] = []
        for index, row in enumerate(self._rows):
            key = self._parser.key_of(row)
            record = records.get(key) if key is not None else None
            if record is None:
                record = _Record([], [])
                ordered.append(record)
                if key is not None:
                    records[key] = record
            (record.refused if index in self._refused else record.rows).append(index)
        return ordered

    def _apply_mended(self) -> None:
        """Put mended values in place of the cells that were mended when the same raw row came before."""
        everything = list(range(len(self._rows)))
        prints = self._fingerprints(everything)
        known = {
            index: mark for index, mark in zip(everything, prints, strict=True) if mark in self._intake.mended
        }
        if not known:
            return
        intake = self._intake
        with intake.database.transaction(actor=intake.actor) as uow:
            mended = store_letters.mended_values(
                uow, set(known.values()), kind=intake.kind.name, source=intake.mapping.source
            )
        indices = sorted(known)
        for index, raw in zip(indices, raw_rows(self._batch, self._columns, indices), strict=True):
            old = self._rows[index]
            texts = self._parser.field_texts(raw) | mended.get(known[index], {})
            row, rejections = self._parser.compose(number=old.number, part=old.part, texts=texts)
            refused = rejections[0] if rejections else intake.handler.check(row, intake.context)
            self._rows[index] = row
            self._refused.pop(index, None)
            if refused is not None:
                self._refused[index] = refused
        self._records = self._group()

    def _batch_end(self, start: int) -> int:
        end, rows = start, 0
        while end < len(self._records) and end - start < BATCH_RECORDS and rows < BATCH_ROWS:
            record = self._records[end]
            rows += len(record.rows) + len(record.refused)
            end += 1
        return end

    def _take_range(self, start: int, end: int) -> None:
        """Take records in one transaction; halve the range when it fails, until the record that fails is alone."""
        try:
            self._commit_range(start, end)
        except (RunnerReplaced, TooManyUnexpected):
            raise
        except Exception as error:  # allow(no-broad-except): the job runner: the record is set aside
            if is_engine_error(error):
                raise
            if end - start == 1:
                self._set_aside(start, error)
                return
            middle = (start + end) // 2
            self._take_range(start, middle)
            self._take_range(middle, end)

    def _commit_range(self, start: int, end: int) -> None:
        intake = self._intake
        records = self._records[start:end]
        with intake.database.transaction(actor=intake.actor) as uow:
            self._lock_checkpoint(uow, start)
            tally = self._apply(uow, records)
            crash_here("import.after_apply")
            self._store(uow, tally, end, unexpected=0)
            crash_here("import.before_commit")
        crash_here("import.after_commit")

    def _set_aside(self, start: int, error: Exception) -> None:
        """Keep a record that the program fails on as dead letters, and go on with the next."""
        intake = self._intake
        logger.error(
            "record_failed", import_id=intake.import_id, error=type(error).__name__, trace=trace_of(error)
        )
        record = self._records[start]
        tally = _Tally(Counter(), Counter(), Counter(), {})
        rejection = Rejection("ingestion.unexpected", None, "", {"error": type(error).__name__})
        for index in (*record.rows, *record.refused):
            tally.refused[index] = self._refused.get(index, rejection)
        tally.records[OutcomeState.REJECTED] = 1
        with intake.database.transaction(actor=intake.actor) as uow:
            progress = self._lock_checkpoint(uow, start)
            if progress.unexpected >= _UNEXPECTED_MAX:
                raise TooManyUnexpected("the program fails on too many records", error=type(error).__name__)
            self._store(uow, tally, start + 1, unexpected=1)

    def _lock_checkpoint(self, uow: UnitOfWork, expected: int) -> store.Progress:
        progress = store.get_progress(uow, self._intake.import_id, lock=True)
        if (progress.partition, progress.records_done) != (self._partition, expected):
            raise RunnerReplaced
        return progress

    def _apply(self, uow: UnitOfWork, records: Sequence[_Record]) -> _Tally:
        tally = _Tally(Counter(), Counter(), Counter(), {})
        whole, in_part = [], []
        for record in records:
            for index in record.refused:
                tally.refused[index] = self._refused[index]
            if not record.rows:
                tally.records[OutcomeState.REJECTED] += 1
            elif record.refused:
                # What was refused is missing from the record, so the rest must not make lines disappear.
                in_part.append(record)
            else:
                whole.append(record)
        self._hand_over(uow, whole, self._intake.context, tally)
        self._hand_over(uow, in_part, replace(self._intake.context, is_whole=False), tally)
        return tally

    def _hand_over(
        self, uow: UnitOfWork, records: Sequence[_Record], context: ApplyContext, tally: _Tally
    ) -> None:
        if not records:
            return
        groups = [[self._rows[index] for index in record.rows] for record in records]
        index_of = {self._rows[index].number: index for record in records for index in record.rows}
        outcomes = self._intake.handler.apply(uow, groups, context)
        handled = 0
        for outcome in outcomes:
            tally.records[outcome.state] += 1
            handled += len(outcome.rows)
            if outcome.state is OutcomeState.REJECTED:
                assert outcome.rejection is not None, "a rejected outcome says why"
                for number in outcome.rows:
                    tally.refused[index_of[number]] = outcome.rejection
            else:
                tally.rows[outcome.state] += len(outcome.rows)
        assert handled == len(index_of), "the handler answers for every row once"

    def _store(self, uow: UnitOfWork, tally: _Tally, records_done: int, *, unexpected: int) -> None:
        intake = self._intake
        refused = sorted(tally.refused)
        tally.rows[OutcomeState.REJECTED] += len(refused)
        for index in refused:
            tally.reasons[(tally.refused[index].code, tally.refused[index].field or "")] += 1
        added = self._store_letters(uow, refused, tally) if refused else 0
        store.add_rejections(uow, intake.import_id, tally.reasons)
        store.advance(
            uow,
            intake.import_id,
            partition=self._partition,
            records_done=records_done,
            records=tally.records,
            rows=tally.rows,
            new_dead_letters=added,
            unexpected=unexpected,
        )

    def _store_letters(self, uow: UnitOfWork, refused: Sequence[int], tally: _Tally) -> int:
        intake = self._intake
        sealer = Sealer(uow.keyring, intake.key, intake.kind)
        raws = raw_rows(self._batch, self._columns, refused)
        letters = []
        for index, raw, mark in zip(refused, raws, self._fingerprints(refused), strict=True):
            row = self._rows[index]
            letters.append(
                sealer.letter(
                    row_number=row.number,
                    part=row.part,
                    raw=raw,
                    texts=self._parser.field_texts(raw),
                    rejection=tally.refused[index],
                    row_fingerprint=mark,
                )
            )
        return store_letters.insert_letters(
            uow, letters, import_id=intake.import_id, kind=intake.kind.name, source=intake.mapping.source
        )

    def _fingerprints(self, indices: Sequence[int]) -> list[bytes]:
        """Return fingerprints; identical rows lie in one partition and keep the file's order, so their numbering is stable."""
        raws = raw_rows(self._batch, self._columns, indices)
        texts = [self._parser.field_texts(raw) for raw in raws]
        numbers = occurrences(
            (self._rows[index].part, text) for index, text in zip(indices, texts, strict=True)
        )
        keyring = self._intake.database.keyring
        return [fingerprint(keyring, text, number) for text, number in zip(texts, numbers, strict=True)]
