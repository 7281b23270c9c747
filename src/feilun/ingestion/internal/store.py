"""SQL of uploaded files, saved mappings and imports. Dead letters: store_letters.py."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, text

from feilun.ingestion.contracts import (
    FileId,
    Import,
    ImportMapping,
    ImportState,
    MappingId,
    OutcomeCounts,
    OutcomeState,
    ReasonCount,
    SavedMapping,
    UploadedFile,
)
from feilun.ingestion.errors import FileNotKnown, ImportNotFound, MappingNotFound
from feilun.ingestion.internal.mapping import from_document, to_document
from feilun.kernel.ids import ImportId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin

_LIST_REASONS_MAX: Final = 100


@dataclass(frozen=True, slots=True)
class StoredFile:
    """An uploaded file and where its content lies."""

    file: UploadedFile
    stored_name: str
    encoding: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an import is; (partition, records_done) is its checkpoint."""

    phase: str
    partitions: int
    partition: int
    records_done: int
    unexpected: int


@dataclass(frozen=True, slots=True)
class RunnableImport:
    """What the runner needs to know of an import."""

    import_id: ImportId
    kind: str
    file_id: FileId
    mapping: ImportMapping
    origin: Origin
    state: ImportState
    wrapped_key: bytes
    attempts: int


# Files


def insert_file(
    uow: UnitOfWork, *, name: str, stored_name: str, size_bytes: int, sha256: str, encoding: str | None
) -> UploadedFile:
    file_id = uow.connection.execute(
        text(
            "INSERT INTO uploaded_files (name, stored_name, size_bytes, sha256, encoding, uploaded_by, uploaded_at)"
            " VALUES (:name, :stored_name, :size_bytes, :sha256, :encoding, :actor, :now) RETURNING file_id"
        ),
        {
            "name": name, "stored_name": stored_name, "size_bytes": size_bytes, "sha256": sha256, "encoding": encoding,
            "actor": uow.actor, "now": uow.now,
        },
    ).scalar_one()  # fmt: skip
    return get_file(uow, FileId(file_id)).file


def get_file(uow: UnitOfWork, file_id: FileId) -> StoredFile:
    row = uow.connection.execute(
        text("SELECT * FROM uploaded_files WHERE file_id = :id"), {"id": file_id}
    ).one_or_none()
    if row is None:
        raise FileNotKnown("no such file", file_id=file_id)
    file = UploadedFile(
        file_id=FileId(row.file_id),
        name=row.name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at,
        is_present=row.removed_at is None,
    )
    return StoredFile(file, row.stored_name, row.encoding)


def removable_files(uow: UnitOfWork, before: datetime) -> list[tuple[FileId, str]]:
    """Return old files that no unfinished import needs."""
    rows = uow.connection.execute(
        text(
            "SELECT f.file_id, f.stored_name FROM uploaded_files f WHERE f.removed_at IS NULL AND f.uploaded_at < :before"
            " AND NOT EXISTS (SELECT 1 FROM imports i WHERE i.file_id = f.file_id AND i.state <> 'done'"
            " AND i.created_at >= :before) ORDER BY f.file_id FOR UPDATE SKIP LOCKED"
        ),
        {"before": before},
    )
    return [(FileId(row.file_id), row.stored_name) for row in rows]


def mark_files_removed(uow: UnitOfWork, file_ids: Sequence[FileId]) -> None:
    uow.connection.execute(
        text("UPDATE uploaded_files SET removed_at = :now WHERE file_id = ANY(:ids)"),
        {"now": uow.now, "ids": list(file_ids)},
    )


def known_stored_names(uow: UnitOfWork) -> set[str]:
    return set(
        uow.connection.execute(
            text("SELECT stored_name FROM uploaded_files WHERE removed_at IS NULL")
        ).scalars()
    )


def imports_with_work(uow: UnitOfWork) -> set[str]:
    """Return the ids, as text, of imports that may still need their spool."""
    rows = uow.connection.execute(
        text(
            "SELECT i.import_id FROM imports i JOIN uploaded_files f USING (file_id)"
            " WHERE i.state <> 'done' AND f.removed_at IS NULL"
        )
    )
    return {str(number) for number in rows.scalars()}


# Saved mappings


def save_mapping(uow: UnitOfWork, *, name: str, mapping: ImportMapping, headings: bytes) -> SavedMapping:
    mapping_id = uow.connection.execute(
        text(
            "INSERT INTO import_mappings (kind, name, headings, document, updated_by, updated_at)"
            " VALUES (:kind, :name, :headings, :document, :actor, :now) ON CONFLICT (kind, name) DO UPDATE"
            " SET headings = excluded.headings, document = excluded.document, updated_by = excluded.updated_by,"
            " updated_at = excluded.updated_at RETURNING mapping_id"
        ),
        {
            "kind": mapping.kind, "name": name, "headings": headings, "document": json.dumps(to_document(mapping)),
            "actor": uow.actor, "now": uow.now,
        },
    ).scalar_one()  # fmt: skip
    return get_mapping(uow, MappingId(mapping_id))


def get_mapping(uow: UnitOfWork, mapping_id: MappingId) -> SavedMapping:
    row = uow.connection.execute(
        text("SELECT * FROM import_mappings WHERE mapping_id = :id"), {"id": mapping_id}
    ).one_or_none()
    if row is None:
        raise MappingNotFound("no such mapping", mapping_id=mapping_id)
    return _saved_mapping(row)


def list_mappings(uow: UnitOfWork, kind: str | None) -> list[SavedMapping]:
    rows = uow.connection.execute(
        text("SELECT * FROM import_mappings WHERE :kind = '' OR kind = :kind ORDER BY kind, name"),
        {"kind": kind or ""},
    )
    return [_saved_mapping(row) for row in rows]


def find_mapping(uow: UnitOfWork, kind: str, headings: bytes) -> SavedMapping | None:
    row = uow.connection.execute(
        text(
            "SELECT * FROM import_mappings WHERE kind = :kind AND headings = :headings ORDER BY updated_at DESC LIMIT 1"
        ),
        {"kind": kind, "headings": headings},
    ).one_or_none()
    return _saved_mapping(row) if row else None


def delete_mapping(uow: UnitOfWork, mapping_id: MappingId) -> bool:
    deleted = uow.connection.execute(
        text("DELETE FROM import_mappings WHERE mapping_id = :id"), {"id": mapping_id}
    )
    return bool(deleted.rowcount)


def _saved_mapping(row: Row[Any]) -> SavedMapping:
    return SavedMapping(
        mapping_id=MappingId(row.mapping_id),
        name=row.name,
        mapping=from_document(row.document),
        updated_by=row.updated_by,
        updated_at=row.updated_at,
    )


# Imports


def insert_import(
    uow: UnitOfWork, *, file_id: FileId, mapping: ImportMapping, origin: Origin, wrapped_key: bytes
) -> ImportId:
    import_id = uow.connection.execute(
        text(
            "INSERT INTO imports (kind, file_id, mapping, origin, state, wrapped_key, started_by, created_at)"
            " VALUES (:kind, :file_id, :mapping, :origin, 'queued', :wrapped_key, :actor, :now) RETURNING import_id"
        ),
        {
            "kind": mapping.kind, "file_id": file_id, "mapping": json.dumps(to_document(mapping)), "origin": origin.value,
            "wrapped_key": wrapped_key, "actor": uow.actor, "now": uow.now,
        },
    ).scalar_one()  # fmt: skip
    uow.connection.execute(text("INSERT INTO import_progress (import_id) VALUES (:id)"), {"id": import_id})
    return ImportId(import_id)


_IMPORT = (
    "SELECT i.*, p.phase, p.rows_read, p.rows_total, p.rows_handled, p.records_taken, p.records_changed, p.records_unchanged,"
    " p.records_rejected, p.rows_taken, p.rows_changed, p.rows_unchanged, p.rows_rejected, p.new_dead_letters,"
    " f.name AS file_name FROM imports i JOIN import_progress p USING (import_id) JOIN uploaded_files f USING (file_id)"
)


def get_import(uow: UnitOfWork, import_id: ImportId) -> Import:
    row = uow.connection.execute(text(f"{_IMPORT} WHERE i.import_id = :id"), {"id": import_id}).one_or_none()
    if row is None:
        raise ImportNotFound("no such import", import_id=import_id)
    return _import(row, _reasons(uow, [import_id]).get(import_id, ()))


def list_imports(uow: UnitOfWork, *, kind: str | None, offset: int, limit: int) -> tuple[list[Import], int]:
    where = {"kind": kind or ""}
    total = uow.connection.execute(
        text("SELECT count(*) FROM imports WHERE :kind = '' OR kind = :kind"), where
    ).scalar_one()
    rows = uow.connection.execute(
        text(
            f"{_IMPORT} WHERE :kind = '' OR i.kind = :kind ORDER BY i.import_id DESC OFFSET :offset LIMIT :limit"
        ),
        where | {"offset": offset, "limit": limit},
    ).all()
    reasons = _reasons(uow, [ImportId(row.import_id) for row in rows])
    return [_import(row, reasons.get(ImportId(row.import_id), ())) for row in rows], total


def _reasons(uow: UnitOfWork, import_ids: Sequence[ImportId]) -> dict[ImportId, tuple[ReasonCount, ...]]:
    rows = uow.connection.execute(
        text(
            "SELECT import_id, code, field, rows FROM (SELECT *, row_number() OVER (PARTITION BY import_id"
            " ORDER BY rows DESC, code, field) AS place FROM import_rejections WHERE import_id = ANY(:ids)) r"
            " WHERE place <= :most ORDER BY import_id, place"
        ),
        {"ids": list(import_ids), "most": _LIST_REASONS_MAX},
    )
    found: dict[ImportId, tuple[ReasonCount, ...]] = {}
    for row in rows:
        reason = ReasonCount(row.code, row.field or None, row.rows)
        found[ImportId(row.import_id)] = (*found.get(ImportId(row.import_id), ()), reason)
    return found


def _import(row: Row[Any], reasons: tuple[ReasonCount, ...]) -> Import:
    return Import(
        import_id=ImportId(row.import_id),
        kind=row.kind,
        file_id=FileId(row.file_id),
        file_name=row.file_name,
        mapping=from_document(row.mapping),
        state=ImportState(row.state),
        phase=row.phase,
        rows_read=row.rows_read,
        rows_total=row.rows_total,
        rows_handled=row.rows_handled,
        records=OutcomeCounts(
            row.records_taken, row.records_changed, row.records_unchanged, row.records_rejected
        ),
        rows=OutcomeCounts(row.rows_taken, row.rows_changed, row.rows_unchanged, row.rows_rejected),
        reasons=reasons,
        new_dead_letters=row.new_dead_letters,
        error_code=row.error_code,
        error_detail=row.error_detail,
        attempts=row.attempts,
        next_attempt_at=row.next_attempt_at,
        started_by=row.started_by,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
    )


def change_state(
    uow: UnitOfWork, import_id: ImportId, changes: Mapping[ImportState, ImportState]
) -> ImportState:
    """Move an import along `changes`; returns its state before. Nothing moves when that state is not among them."""
    row = uow.connection.execute(
        text("SELECT state FROM imports WHERE import_id = :id FOR UPDATE"), {"id": import_id}
    ).one_or_none()
    if row is None:
        raise ImportNotFound("no such import", import_id=import_id)
    before = ImportState(row.state)
    after = changes.get(before)
    if after is not None:
        uow.connection.execute(
            text(
                "UPDATE imports SET state = :state, error_code = NULL, error_detail = '{}', attempts = 0, next_attempt_at = NULL,"
                " started_at = CASE WHEN :state = 'running' THEN coalesce(started_at, :now) ELSE started_at END,"
                " finished_at = CASE WHEN :state IN ('done', 'stopped') THEN cast(:now AS timestamptz) END"
                " WHERE import_id = :id"
            ),
            {"id": import_id, "state": after.value, "now": uow.now},
        )
    return before


def forget_unexpected(uow: UnitOfWork, import_id: ImportId) -> None:
    """Begin counting the program's failures anew: who resumes has mended the program."""
    uow.connection.execute(
        text("UPDATE import_progress SET unexpected = 0 WHERE import_id = :id"), {"id": import_id}
    )


def fail_import(uow: UnitOfWork, import_id: ImportId, *, code: str, detail: Mapping[str, object]) -> None:
    uow.connection.execute(
        text(
            "UPDATE imports SET state = 'failed', error_code = :code, error_detail = :detail, finished_at = :now,"
            " next_attempt_at = NULL WHERE import_id = :id"
        ),
        {"id": import_id, "code": code, "detail": json.dumps(dict(detail), default=str), "now": uow.now},
    )


def postpone_import(uow: UnitOfWork, import_id: ImportId, *, code: str, until: datetime) -> None:
    uow.connection.execute(
        text(
            "UPDATE imports SET attempts = attempts + 1, error_code = :code, error_detail = '{}', next_attempt_at = :until"
            " WHERE import_id = :id"
        ),
        {"id": import_id, "code": code, "until": until},
    )


def waiting_imports(uow: UnitOfWork) -> list[ImportId]:
    """Return imports that want a runner, oldest first; one whose runner died is among them."""
    return [
        ImportId(number)
        for number in uow.connection.execute(
            text(
                "SELECT import_id FROM imports WHERE state IN ('queued', 'running', 'stopping')"
                " AND coalesce(next_attempt_at <= :now, true) ORDER BY import_id LIMIT 20"
            ),
            {"now": uow.now},
        ).scalars()
    ]


def get_runnable(uow: UnitOfWork, import_id: ImportId) -> RunnableImport:
    row = uow.connection.execute(
        text("SELECT * FROM imports WHERE import_id = :id"), {"id": import_id}
    ).one_or_none()
    if row is None:
        raise ImportNotFound("no such import", import_id=import_id)
    return RunnableImport(
        ImportId(row.import_id),
        row.kind,
        FileId(row.file_id),
        from_document(row.mapping),
        Origin(row.origin),
        ImportState(row.state),
        bytes(row.wrapped_key),
        row.attempts,
    )


def read_state(connection: Connection, import_id: ImportId) -> ImportState:
    return ImportState(
        connection.execute(
            text("SELECT state FROM imports WHERE import_id = :id"), {"id": import_id}
        ).scalar_one()
    )


def note_rows_read(connection: Connection, import_id: ImportId, rows: int) -> None:
    connection.execute(
        text("UPDATE import_progress SET rows_read = :rows WHERE import_id = :id"),
        {"id": import_id, "rows": rows},
    )


def get_progress(uow: UnitOfWork, import_id: ImportId, *, lock: bool = False) -> Progress:
    row = uow.connection.execute(
        text(f"SELECT * FROM import_progress WHERE import_id = :id {'FOR UPDATE' if lock else ''}"),
        {"id": import_id},
    ).one()
    return Progress(row.phase, row.partitions, row.partition, row.records_done, row.unexpected)


def set_partitions(uow: UnitOfWork, import_id: ImportId, partitions: int) -> None:
    uow.connection.execute(
        text("UPDATE import_progress SET partitions = :n WHERE import_id = :id"),
        {"id": import_id, "n": partitions},
    )


def begin_taking(uow: UnitOfWork, import_id: ImportId, *, rows: int, mapping: ImportMapping) -> None:
    """Note that every row is sorted, and the mapping with what the whole file proved."""
    uow.connection.execute(
        text(
            "UPDATE import_progress SET phase = 'taking', rows_read = :rows, rows_total = :rows"
            " WHERE import_id = :id AND phase = 'reading'"
        ),
        {"id": import_id, "rows": rows},
    )
    uow.connection.execute(
        text("UPDATE imports SET mapping = :mapping WHERE import_id = :id"),
        {"id": import_id, "mapping": json.dumps(to_document(mapping))},
    )


def begin_finishing(uow: UnitOfWork, import_id: ImportId) -> None:
    uow.connection.execute(
        text("UPDATE import_progress SET phase = 'finishing' WHERE import_id = :id"), {"id": import_id}
    )


def advance(
    uow: UnitOfWork, import_id: ImportId, *, partition: int, records_done: int,
    records: Mapping[OutcomeState, int], rows: Mapping[OutcomeState, int], new_dead_letters: int, unexpected: int,
) -> None:  # fmt: skip
    """Move the checkpoint and add to the counts; the row is locked by `get_progress(lock=True)`."""
    sums = {f"records_{state.value}": records.get(state, 0) for state in OutcomeState}
    sums |= {f"rows_{state.value}": rows.get(state, 0) for state in OutcomeState}
    sums |= {
        "rows_handled": sum(rows.values()),
        "new_dead_letters": new_dead_letters,
        "unexpected": unexpected,
    }
    additions = ", ".join(f"{name} = {name} + :{name}" for name in sums)
    uow.connection.execute(
        text(
            f"UPDATE import_progress SET partition = :partition, records_done = :records_done, {additions}"
            " WHERE import_id = :id"
        ),
        sums | {"id": import_id, "partition": partition, "records_done": records_done},
    )
    uow.connection.execute(
        text("UPDATE imports SET attempts = 0, error_code = NULL WHERE import_id = :id AND attempts > 0"),
        {"id": import_id},
    )


def add_rejections(uow: UnitOfWork, import_id: ImportId, counts: Mapping[tuple[str, str], int]) -> None:
    if counts:
        uow.connection.execute(
            text(
                "INSERT INTO import_rejections (import_id, code, field, rows) VALUES (:id, :code, :field, :rows)"
                " ON CONFLICT (import_id, code, field) DO UPDATE SET rows = import_rejections.rows + excluded.rows"
            ),
            [
                {"id": import_id, "code": code, "field": field, "rows": rows}
                for (code, field), rows in sorted(counts.items())
            ],
        )
