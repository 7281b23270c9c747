"""Facade of intake: files, mappings, previews, imports, dead letters. The only module other rooms call.

Functions take an open unit of work first; the two that run imports open their own transactions, one per batch.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import (
    ApplyContext,
    DeadLetter,
    DeadLetterFilter,
    DeadLetterId,
    DeadLetterState,
    FileId,
    FileLayout,
    Import,
    ImportMapping,
    ImportState,
    MappingId,
    Preview,
    Proposal,
    ProposedBinding,
    ReadOptions,
    RecordKind,
    Rejection,
    ReplayResult,
    SavedMapping,
    UploadedFile,
)
from feilun.ingestion.errors import (
    ImportNotResumable,
    ImportNotStoppable,
    MappingNotFound,
    MappingSourceInvalid,
)
from feilun.ingestion.internal import mending, previewing, running, store, store_letters, uploads
from feilun.ingestion.internal.files import Table, open_table, with_samples_hidden
from feilun.ingestion.internal.mapping import headings_digest, validate, with_options_filled
from feilun.ingestion.internal.proposing import with_known_columns
from feilun.ingestion.internal.registry import HandlerRegistry
from feilun.ingestion.internal.sealing import blinds_of
from feilun.ingestion.internal.uploads import StoredUpload, Upload
from feilun.kernel.ids import ImportId, PersonId
from feilun.platform.config import Settings
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Origin

__all__ = ["HandlerRegistry", "StoredUpload", "Upload"]

_COPY_BYTES = 1 << 20
_RETENTION_DAYS_MAX = 3650
_NAME_CHARACTERS_MAX = 100
_ANY = DeadLetterFilter()


def list_kinds(uow: UnitOfWork, registry: HandlerRegistry) -> list[RecordKind]:
    """Return every record kind with its fields and options, custom fields included."""
    return [handler.describe(uow) for handler in registry.all()]


# Files


def receive_file(settings: Settings, chunks: Iterable[bytes], *, name: str, size_bytes: int) -> StoredUpload:
    """Stream a file of known size to disk; nothing is left when it fails. `register_file` gives it an id.

    Raises: DiskFull, UploadIncomplete.
    """
    return uploads.receive(settings, chunks, name=name, size_bytes=size_bytes)


def examine_file(settings: Settings, upload: StoredUpload) -> str | None:
    """Look whether a received file can be read at all; returns its text encoding. Removes it when it cannot.

    Opens no transaction, because a large workbook takes its time.

    Raises: FileEmpty, FormatUnknown, FileBroken, WorkbookTooLarge, WorkbookProtected, DiskFull.
    """
    return uploads.examine(settings, upload)


def register_file(uow: UnitOfWork, upload: StoredUpload, *, encoding: str | None) -> UploadedFile:
    """Give a received and examined file its id."""
    return store.insert_file(
        uow,
        name=upload.name,
        stored_name=upload.stored_name,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        encoding=encoding,
    )


def take_file(uow: UnitOfWork, settings: Settings, path: Path) -> UploadedFile:
    """Copy a file of this machine in, as an upload would. Raises: as `receive_file` and `examine_file`."""
    with path.open("rb") as source:
        chunks = iter(lambda: source.read(_COPY_BYTES), b"")
        upload = receive_file(settings, chunks, name=path.name, size_bytes=path.stat().st_size)
    return register_file(uow, upload, encoding=examine_file(settings, upload))


def get_file(uow: UnitOfWork, file_id: FileId) -> UploadedFile:
    """Return an uploaded file. Raises: FileNotKnown."""
    return store.get_file(uow, file_id).file


def inspect_file(
    uow: UnitOfWork,
    settings: Settings,
    file_id: FileId,
    reading: ReadOptions | None = None,
    *,
    reveal: bool = True,
) -> FileLayout:
    """Return what is in a file, read as detected or as told; without `reveal` no sample cells.

    Raises: FileNotKnown, FileEmpty, FormatUnknown, FileBroken, EncodingWrong, SheetNotFound.
    """
    layout = _open(uow, settings, file_id, reading or ReadOptions()).layout
    return layout if reveal else with_samples_hidden(layout)


def _open(uow: UnitOfWork, settings: Settings, file_id: FileId, reading: ReadOptions) -> Table:
    stored = store.get_file(uow, file_id)
    return open_table(uploads.content_path(settings, stored), reading, encoding=stored.encoding)


def delete_old_files(uow: UnitOfWork, settings: Settings, *, older_than: timedelta) -> int:
    """Remove the content of files uploaded before, and what interrupted uploads and ended imports left; returns how many files.

    Files that an unfinished recent import needs stay. The rows stay, so that imports still name their file.
    """
    return uploads.delete_old(uow, settings, older_than=older_than)


# Mappings


def propose_mapping(
    uow: UnitOfWork, settings: Settings, registry: HandlerRegistry, file_id: FileId, kind: str, *,
    reading: ReadOptions | None = None, source: str = "file",
) -> Proposal:  # fmt: skip
    """Propose how a file's columns become the fields of a kind: a saved mapping for the same headings, else by headings and cells.

    Raises: KindNotFound, FileNotKnown and what `inspect_file` raises.
    """
    handler = registry.get(kind)
    described = handler.describe(uow)
    table = _open(uow, settings, file_id, reading or ReadOptions())
    columns = table.layout.columns
    saved = store.find_mapping(uow, kind, headings_digest(column.name for column in columns))
    if saved is not None:
        mapping = with_options_filled(with_known_columns(saved.mapping, columns), described)
        if reading is not None:
            mapping = replace(mapping, reading=reading)
        reasons = [
            ProposedBinding(field=binding.field, column=binding.column, confidence=1.0, reason="saved")
            for binding in mapping.bindings
        ]
        return previewing.describe_proposal(mapping, reasons, columns, described, saved_name=saved.name)
    proposal = previewing.propose(table, handler, described, zone=settings.base_zone, source=source)
    return (
        replace(proposal, mapping=replace(proposal.mapping, reading=reading))
        if reading is not None
        else proposal
    )


def save_mapping(
    uow: UnitOfWork,
    settings: Settings,
    registry: HandlerRegistry,
    *,
    name: str,
    mapping: ImportMapping,
    file_id: FileId,
) -> SavedMapping:
    """Keep a mapping under a name (replacing the one of that name); a later file with the same headings finds it.

    Raises: MappingSourceInvalid (empty name), FileNotKnown and what validation raises (see `preview_import`).
    """
    if not name.strip() or len(name) > _NAME_CHARACTERS_MAX:
        raise MappingSourceInvalid("a mapping needs a name", source=name[:_NAME_CHARACTERS_MAX])
    table = _checked(uow, settings, registry, file_id, mapping)
    headings = headings_digest(column.name for column in table.layout.columns)
    return store.save_mapping(uow, name=name.strip(), mapping=mapping, headings=headings)


def list_mappings(uow: UnitOfWork, kind: str | None = None) -> list[SavedMapping]:
    """Return saved mappings by kind and name."""
    return store.list_mappings(uow, kind)


def delete_mapping(uow: UnitOfWork, mapping_id: MappingId) -> None:
    """Forget a saved mapping; imports made with it keep their copy. Raises: MappingNotFound."""
    if not store.delete_mapping(uow, mapping_id):
        raise MappingNotFound("no such mapping", mapping_id=mapping_id)


def _checked(
    uow: UnitOfWork, settings: Settings, registry: HandlerRegistry, file_id: FileId, mapping: ImportMapping
) -> Table:
    described = registry.get(mapping.kind).describe(uow)
    table = _open(uow, settings, file_id, mapping.reading)
    validate(mapping, described, [column.name for column in table.layout.columns])
    return table


# Imports


def preview_import(
    uow: UnitOfWork, settings: Settings, registry: HandlerRegistry, file_id: FileId, mapping: ImportMapping
) -> Preview:
    """Return what an import would take and reject, by the first rows (all rows of a small file). Changes nothing.

    Raises: KindNotFound, FileNotKnown, MappingFieldUnknown, MappingFieldTwice, MappingColumnMissing, MappingFieldRequired,
        MappingConstantInvalid, MappingOptionInvalid, MappingZoneUnknown, MappingSourceInvalid, CsvBroken, FileBroken.
    """
    handler = registry.get(mapping.kind)
    table = _checked(uow, settings, registry, file_id, mapping)
    described = handler.describe(uow)
    filled = with_options_filled(mapping, described)
    context = ApplyContext(
        filled.source, Origin.BACKFILL, filled.options, filled.is_whole, filled.zone, uow.now
    )
    return previewing.preview(table, handler, described, filled, context)


def start_import(
    uow: UnitOfWork, settings: Settings, registry: HandlerRegistry, file_id: FileId, mapping: ImportMapping, *,
    origin: Origin = Origin.BACKFILL,
) -> Import:  # fmt: skip
    """Queue an import; a worker takes it up. Repeating the same file is safe: known records stay unchanged.

    Raises: as `preview_import`, and DiskFull when there is no room to sort the file.
    """
    table = _checked(uow, settings, registry, file_id, mapping)
    uploads.check_space(settings, store.get_file(uow, file_id).file.size_bytes)
    described = registry.get(mapping.kind).describe(uow)
    reading = replace(mapping.reading, sheets=mapping.reading.sheets or table.layout.read_sheets)
    filled = with_options_filled(replace(mapping, reading=reading), described)
    _, wrapped_key = uow.keyring.new_wrapped_key()
    import_id = store.insert_import(
        uow, file_id=file_id, mapping=filled, origin=origin, wrapped_key=wrapped_key
    )
    return store.get_import(uow, import_id)


def get_import(uow: UnitOfWork, import_id: ImportId) -> Import:
    """Return an import with its progress and counts. Raises: ImportNotFound."""
    return store.get_import(uow, import_id)


def list_imports(
    uow: UnitOfWork, *, kind: str | None = None, offset: int = 0, limit: int = 20
) -> tuple[list[Import], int]:
    """Return one page of imports, newest first, and how many there are."""
    return store.list_imports(uow, kind=kind, offset=offset, limit=limit)


def stop_import(uow: UnitOfWork, import_id: ImportId) -> Import:
    """Ask an import to stop after its present batch; what was taken stays taken. Asking twice is the same.

    Raises: ImportNotFound, ImportNotStoppable.
    """
    changes = {ImportState.QUEUED: ImportState.STOPPED, ImportState.RUNNING: ImportState.STOPPING}
    before = store.change_state(uow, import_id, changes)
    if before not in changes and before not in (ImportState.STOPPING, ImportState.STOPPED):
        raise ImportNotStoppable(f"the import is {before.value}", state=before.value)
    return store.get_import(uow, import_id)


def resume_import(uow: UnitOfWork, import_id: ImportId) -> Import:
    """Let a stopped or failed import go on where it was. Raises: ImportNotFound, ImportNotResumable."""
    changes = dict.fromkeys((ImportState.STOPPED, ImportState.FAILED), ImportState.QUEUED)
    before = store.change_state(uow, import_id, changes)
    if before not in changes:
        raise ImportNotResumable(f"the import is {before.value}", state=before.value)
    store.forget_unexpected(uow, import_id)
    return store.get_import(uow, import_id)


def run_import(
    database: Database, settings: Settings, import_id: ImportId, registry: HandlerRegistry, *,
    should_stop: Callable[[], bool] = lambda: False,
) -> bool:  # fmt: skip
    """Run one import until it is done, stopped, failed or postponed, or `should_stop` says that the process ends.

    One transaction per batch, with the checkpoint in it: killed anywhere and run again, every record is taken once.
    Returns False when another runner has the import (advisory lock). The outcome is in the import's state.
    """
    return running.run(database, settings, import_id, registry, should_stop=should_stop)


def run_next_import(
    database: Database,
    settings: Settings,
    registry: HandlerRegistry,
    *,
    should_stop: Callable[[], bool] = lambda: False,
) -> ImportId | None:
    """Run the oldest waiting import that no other worker has, one whose worker died included; None when there is none."""
    return running.run_next(database, settings, registry, should_stop)


# Dead letters


def list_dead_letters(
    uow: UnitOfWork,
    registry: HandlerRegistry,
    wanted: DeadLetterFilter,
    *,
    reveal: bool,
    offset: int = 0,
    limit: int = 20,
) -> tuple[list[DeadLetter], int]:
    """Return one page of dead letters, newest first, and how many there are. Without `reveal` personal values are masked."""
    letters, total = store_letters.list_letters(uow, wanted, offset=offset, limit=limit)
    kinds = {kind: registry.get(kind).describe(uow) for kind in {letter.kind for letter in letters}}
    return [mending.show(uow, letter, kinds[letter.kind], reveal=reveal) for letter in letters], total


def get_dead_letter(
    uow: UnitOfWork, registry: HandlerRegistry, dead_letter_id: DeadLetterId, *, reveal: bool
) -> DeadLetter:
    """Return one dead letter. Raises: DeadLetterNotFound."""
    letter = store_letters.get_letter(uow, dead_letter_id)
    return mending.show(uow, letter, registry.get(letter.kind).describe(uow), reveal=reveal)


def mend_dead_letter(
    uow: UnitOfWork, registry: HandlerRegistry, dead_letter_id: DeadLetterId, values: Mapping[str, str | None]
) -> Rejection | None:
    """Edit values of an open dead letter (field → text, empty or None to clear). Locks the letter.

    Returns what still stands against the row, None when it is ready to be replayed.

    Raises: DeadLetterNotFound, DeadLetterDecided, MendInvalid (no such field, or not readable as its type).
    """
    return mending.mend(uow, registry, dead_letter_id, values)


def replay_dead_letters(
    uow: UnitOfWork,
    registry: HandlerRegistry,
    *,
    ids: Sequence[DeadLetterId] | None = None,
    wanted: DeadLetterFilter = _ANY,
    after: int = 0,
) -> ReplayResult:
    """Take open dead letters in with their mended values: those named by id, else those that `wanted` names (up to a limit
    per call; call again with `next_after`). The filter's state does not matter: only open letters are taken.

    Rows enter as parts of their records, so other lines stay. Decided letters are passed over, so repeating is safe.
    The mended values apply again when the same raw row comes in a later file. Locks the letters in id order.
    """
    wanted = replace(wanted, state=DeadLetterState.OPEN)
    return mending.replay_named(uow, registry, ids, wanted, after=after)


def discard_dead_letters(
    uow: UnitOfWork, *, ids: Sequence[DeadLetterId] | None = None, wanted: DeadLetterFilter = _ANY
) -> int:
    """Set open dead letters aside for good, by id or else by filter; returns how many. They do not return with a repeated file."""
    if ids is not None:
        return store_letters.decide(uow, ids, DeadLetterState.DISCARDED)
    return store_letters.discard_matching(uow, replace(wanted, state=DeadLetterState.OPEN))


def erase_dead_letters(uow: UnitOfWork, identifiers: Iterable[tuple[IdentifierKind, str]]) -> int:
    """Destroy the content of dead letters that name one of these identifiers; returns how many.

    The rows do not come back with a repeated file: their fingerprints stay.
    """
    return store_letters.scrub_letters(uow, blinds_of(uow.keyring, identifiers))


def erase_dead_letters_of(uow: UnitOfWork, person_id: PersonId) -> int:
    """Destroy the content of dead letters that name an identifier of this person. Call it before `identity.erase_person`,
    which destroys the identifiers that lead here. Raises: PersonNotFound.
    """
    known = identity.list_identifiers(uow, person_id, reveal=True)
    return erase_dead_letters(uow, [(identifier.kind, identifier.value) for identifier in known])


def delete_old_dead_letters(uow: UnitOfWork) -> int:
    """Delete dead letters older than the retention setting; mended ones that still apply to later files stay."""
    return store_letters.delete_old_letters(uow, uow.now - timedelta(days=store_letters.retention_days(uow)))


def get_dead_letter_days(uow: UnitOfWork) -> int:
    """Return for how many days dead letters are kept."""
    return store_letters.retention_days(uow)


def set_dead_letter_days(uow: UnitOfWork, days: int) -> None:
    """Set for how many days dead letters are kept (1 to 3650; others are a programmer's error)."""
    assert 1 <= days <= _RETENTION_DAYS_MAX
    store_letters.set_retention_days(uow, days)
