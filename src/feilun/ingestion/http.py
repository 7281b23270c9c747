"""Endpoints of intake: record kinds, files, mappings, imports, dead letters."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.ingestion import api
from feilun.ingestion.contracts import (
    DeadLetterFilter,
    DeadLetterId,
    DeadLetterState,
    FileId,
    MappingId,
    ReadOptions,
)
from feilun.ingestion.errors import DeadLetterNotFound, FileNotKnown, ImportNotFound, MappingNotFound
from feilun.ingestion.http_shapes import (
    DeadLetterChoiceIn,
    DeadLetterOut,
    DiscardOut,
    FileOut,
    ImportIn,
    ImportOut,
    InspectIn,
    MappingBody,
    MendedOut,
    MendIn,
    PreviewOut,
    RecordKindOut,
    ReplayIn,
    ReplayOut,
    RetentionBody,
    SavedMappingOut,
    SaveMappingIn,
    dead_letter_out,
    file_out,
    import_out,
    kind_out,
    mapping_of,
    preview_out,
    proposal_out,
    reading_of,
    rejection_out,
    saved_mapping_out,
)
from feilun.ingestion.uploading import UploadReceiver
from feilun.kernel.errors import FeilunError
from feilun.kernel.ids import ImportId, from_opaque, opaque
from feilun.platform.config import Settings
from feilun.platform.db import Database
from feilun.platform.http import DatabaseDep, LocaleDep, Page, PageDep, SettingsDep, UowDep
from feilun.platform.i18n import Locale

router = APIRouter(prefix="/api/v1", tags=["ingestion"])

_FILE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            }
        },
    }
}


def handlers_of(request: Request) -> api.HandlerRegistry:
    """Return the process's record handlers."""
    registry: api.HandlerRegistry = request.app.state.rooms.handlers
    return registry


HandlersDep = Annotated[api.HandlerRegistry, Depends(handlers_of)]


@router.get("/record-kinds", operation_id="listRecordKinds", response_model=list[RecordKindOut])
def list_record_kinds(
    uow: UowDep, handlers: HandlersDep, caller: Caller = Guard("imports.read")
) -> list[RecordKindOut]:
    """Return what can be taken in, with fields and options."""
    return [kind_out(kind) for kind in api.list_kinds(uow, handlers)]


# Files


@router.post(
    "/files", operation_id="uploadFile", response_model=FileOut, status_code=201, openapi_extra=_FILE_BODY
)
async def upload_file(
    request: Request, database: DatabaseDep, settings: SettingsDep, handlers: HandlersDep, locale: LocaleDep,
    kind: str | None = Query(None, max_length=100), caller: Caller = Guard("imports.write"),
) -> FileOut:  # fmt: skip
    """Take a file in; streams to disk, so its size is bounded by the disk alone. With `kind`, a mapping is proposed."""
    stored = await _receive(request, settings)

    def look_into() -> FileOut:
        encoding = api.examine_file(settings, stored)
        with database.transaction(actor=caller.actor) as uow:
            file_id = api.register_file(uow, stored, encoding=encoding).file_id
        # The file has its id before it is read closely, so a rare failure there loses no upload.
        return _file(database, settings, handlers, caller, file_id, ReadOptions(), kind, locale)

    return await run_in_threadpool(look_into)


async def _receive(request: Request, settings: Settings) -> api.StoredUpload:
    """Store the body's file. After a refusal the rest is read and dropped: a client that cannot finish sending never reads why."""
    announced = int(request.headers.get("content-length") or 0)
    receiver: UploadReceiver | None = None
    refusal: FeilunError | None = None
    try:
        try:
            receiver = UploadReceiver(
                request.headers.get("content-type", ""),
                lambda name: api.Upload(settings, name=name, size_bytes=announced),
            )
        except FeilunError as error:
            refusal = error
        async for chunk in request.stream():
            if refusal is None and receiver is not None:
                try:
                    await run_in_threadpool(receiver.feed, chunk)
                except FeilunError as error:
                    refusal = error
        if refusal is not None or receiver is None:
            raise refusal or AssertionError
        return await run_in_threadpool(receiver.finish)
    finally:
        if receiver is not None:
            await run_in_threadpool(receiver.close)


def _file(
    database: Database, settings: Settings, handlers: api.HandlerRegistry, caller: Caller, file_id: FileId,
    reading: ReadOptions, kind: str | None, locale: Locale, *, source: str = "file",
) -> FileOut:  # fmt: skip
    with database.transaction(actor=caller.actor) as uow:
        reveal = caller.may("personal.read")
        layout = api.inspect_file(uow, settings, file_id, reading, reveal=reveal)
        proposal = None
        if kind is not None:
            chosen = None if reading == ReadOptions() else reading
            found = api.propose_mapping(uow, settings, handlers, file_id, kind, reading=chosen, source=source)
            proposal = proposal_out(found, reveal=reveal)
        return file_out(api.get_file(uow, file_id), layout, proposal, locale)


@router.post("/files/{file_id}/inspect", operation_id="inspectFile", response_model=FileOut)
def inspect_file(
    file_id: str, body: InspectIn, database: DatabaseDep, settings: SettingsDep, handlers: HandlersDep, locale: LocaleDep,
    caller: Caller = Guard("imports.write"),
) -> FileOut:  # fmt: skip
    """Look at a file again, read as told, and propose a mapping for a kind."""
    number = _file_id(file_id)
    return _file(
        database,
        settings,
        handlers,
        caller,
        number,
        reading_of(body.reading),
        body.kind,
        locale,
        source=body.source,
    )


@router.post("/files/{file_id}/preview", operation_id="previewImport", response_model=PreviewOut)
def preview_import(
    file_id: str, body: MappingBody, uow: UowDep, settings: SettingsDep, handlers: HandlersDep, locale: LocaleDep,
    caller: Caller = Guard("imports.write"),
) -> PreviewOut:  # fmt: skip
    """Return what an import would take and reject; changes nothing."""
    mapping = mapping_of(body)
    preview = api.preview_import(uow, settings, handlers, _file_id(file_id), mapping)
    hidden: frozenset[str] = frozenset()
    if not caller.may("personal.read"):
        hidden = frozenset(
            spec.name for spec in handlers.get(mapping.kind).describe(uow).fields if spec.is_personal
        )
    return preview_out(preview, hidden, locale)


# Mappings


@router.get("/mappings", operation_id="listMappings", response_model=list[SavedMappingOut])
def list_mappings(
    uow: UowDep, kind: str | None = Query(None, max_length=100), caller: Caller = Guard("imports.read")
) -> list[SavedMappingOut]:
    """Return saved mappings."""
    return [saved_mapping_out(saved) for saved in api.list_mappings(uow, kind)]


@router.post("/mappings", operation_id="saveMapping", response_model=SavedMappingOut, status_code=201)
def save_mapping(
    body: SaveMappingIn,
    uow: UowDep,
    settings: SettingsDep,
    handlers: HandlersDep,
    caller: Caller = Guard("imports.write"),
) -> SavedMappingOut:
    """Keep a mapping under a name; a file with the same headings finds it."""
    mapping = mapping_of(body.mapping)
    file_id = _file_id(body.file_id)
    return saved_mapping_out(
        api.save_mapping(uow, settings, handlers, name=body.name, mapping=mapping, file_id=file_id)
    )


@router.delete("/mappings/{mapping_id}", operation_id="deleteMapping", status_code=204)
def delete_mapping(mapping_id: str, uow: UowDep, caller: Caller = Guard("imports.write")) -> None:
    """Forget a saved mapping."""
    number = from_opaque("im", mapping_id)
    if number is None:
        raise MappingNotFound("no such mapping", mapping_id=mapping_id)
    api.delete_mapping(uow, MappingId(number))


# Imports


@router.post("/imports", operation_id="startImport", response_model=ImportOut, status_code=201)
def start_import(
    body: ImportIn, uow: UowDep, settings: SettingsDep, handlers: HandlersDep, locale: LocaleDep,
    caller: Caller = Guard("imports.write"),
) -> ImportOut:  # fmt: skip
    """Queue an import; a worker takes it up."""
    started = api.start_import(uow, settings, handlers, _file_id(body.file_id), mapping_of(body.mapping))
    return import_out(started, locale)


@router.get("/imports", operation_id="listImports", response_model=Page[ImportOut])
def list_imports(
    uow: UowDep, paging: PageDep, locale: LocaleDep, kind: Annotated[str | None, Query(max_length=100)] = None,
    caller: Caller = Guard("imports.read"),
) -> Page[ImportOut]:  # fmt: skip
    """Return imports, newest first."""
    items, total = api.list_imports(uow, kind=kind, offset=paging.offset, limit=paging.page_size)
    shown = [import_out(item, locale) for item in items]
    return Page[ImportOut](items=shown, total=total, page=paging.page, page_size=paging.page_size)


@router.get("/imports/{import_id}", operation_id="getImport", response_model=ImportOut)
def get_import(
    import_id: str, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("imports.read")
) -> ImportOut:
    """Return an import with its progress."""
    return import_out(api.get_import(uow, _import_id(import_id)), locale)


@router.post("/imports/{import_id}/stop", operation_id="stopImport", response_model=ImportOut)
def stop_import(
    import_id: str, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("imports.write")
) -> ImportOut:
    """Stop an import after its present batch."""
    return import_out(api.stop_import(uow, _import_id(import_id)), locale)


@router.post("/imports/{import_id}/resume", operation_id="resumeImport", response_model=ImportOut)
def resume_import(
    import_id: str, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("imports.write")
) -> ImportOut:
    """Let a stopped or failed import go on."""
    return import_out(api.resume_import(uow, _import_id(import_id)), locale)


# Dead letters


@router.get("/dead-letters", operation_id="listDeadLetters", response_model=Page[DeadLetterOut])
def list_dead_letters(
    uow: UowDep, handlers: HandlersDep, paging: PageDep, locale: LocaleDep,
    state: DeadLetterState | None = None,
    kind: Annotated[str | None, Query(max_length=100)] = None,
    import_id: Annotated[str | None, Query(max_length=40)] = None,
    code: Annotated[str | None, Query(max_length=100)] = None,
    field: Annotated[str | None, Query(max_length=100)] = None,
    caller: Caller = Guard("imports.read"),
) -> Page[DeadLetterOut]:  # fmt: skip
    """Return rejected rows, newest first; personal values are masked without the right to them."""
    wanted = DeadLetterFilter(
        state=state, kind=kind, import_id=_import_id(import_id) if import_id else None, code=code, field=field
    )
    items, total = api.list_dead_letters(
        uow,
        handlers,
        wanted,
        reveal=caller.may("personal.read"),
        offset=paging.offset,
        limit=paging.page_size,
    )
    shown = [dead_letter_out(item, locale) for item in items]
    return Page[DeadLetterOut](items=shown, total=total, page=paging.page, page_size=paging.page_size)


@router.patch("/dead-letters/{dead_letter_id}", operation_id="mendDeadLetter", response_model=MendedOut)
def mend_dead_letter(
    dead_letter_id: str, body: MendIn, uow: UowDep, handlers: HandlersDep, locale: LocaleDep,
    caller: Caller = Guard("imports.write"),
) -> MendedOut:  # fmt: skip
    """Edit values of a rejected row; the answer says what still stands against it."""
    number = _dead_letter_id(dead_letter_id)
    rejection = api.mend_dead_letter(uow, handlers, number, body.values)
    letter = api.get_dead_letter(uow, handlers, number, reveal=caller.may("personal.read"))
    return MendedOut(
        letter=dead_letter_out(letter, locale),
        rejection=rejection_out(rejection, locale) if rejection else None,
    )


@router.post("/dead-letters/replay", operation_id="replayDeadLetters", response_model=ReplayOut)
def replay_dead_letters(
    body: ReplayIn, uow: UowDep, handlers: HandlersDep, caller: Caller = Guard("imports.write")
) -> ReplayOut:
    """Take rejected rows in with their mended values; call again with `after` while `next_after` is not null."""
    ids, wanted = _choice(body)
    after = 0 if body.after is None else _dead_letter_id(body.after)
    result = api.replay_dead_letters(uow, handlers, ids=ids, wanted=wanted, after=after)
    next_after = None if result.next_after is None else opaque("d", result.next_after)
    return ReplayOut(replayed=result.replayed, rejected=result.rejected, next_after=next_after)


@router.post("/dead-letters/discard", operation_id="discardDeadLetters", response_model=DiscardOut)
def discard_dead_letters(
    body: DeadLetterChoiceIn, uow: UowDep, caller: Caller = Guard("imports.write")
) -> DiscardOut:
    """Set rejected rows aside for good."""
    ids, wanted = _choice(body)
    return DiscardOut(discarded=api.discard_dead_letters(uow, ids=ids, wanted=wanted))


@router.get("/dead-letter-retention", operation_id="getDeadLetterRetention", response_model=RetentionBody)
def get_dead_letter_retention(uow: UowDep, caller: Caller = Guard("imports.read")) -> RetentionBody:
    """Return for how many days dead letters are kept."""
    return RetentionBody(dead_letter_days=api.get_dead_letter_days(uow))


@router.put("/dead-letter-retention", operation_id="setDeadLetterRetention", response_model=RetentionBody)
def set_dead_letter_retention(
    body: RetentionBody, uow: UowDep, caller: Caller = Guard("settings.manage")
) -> RetentionBody:
    """Set for how many days dead letters are kept."""
    api.set_dead_letter_days(uow, body.dead_letter_days)
    return body


def _choice(body: DeadLetterChoiceIn) -> tuple[list[DeadLetterId] | None, DeadLetterFilter]:
    """Read which letters are meant; naming nothing means none, and all only when asked for in so many words."""
    if body.ids is not None:
        return [_dead_letter_id(text) for text in body.ids], DeadLetterFilter()
    import_id = _import_id(body.import_id) if body.import_id is not None else None
    wanted = DeadLetterFilter(kind=body.kind, import_id=import_id, code=body.code, field=body.field)
    return (None if body.all or wanted != DeadLetterFilter() else []), wanted


def _file_id(text: str) -> FileId:
    number = from_opaque("f", text)
    if number is None:
        raise FileNotKnown("no such file", file_id=text)
    return FileId(number)


def _import_id(text: str) -> ImportId:
    number = from_opaque("i", text)
    if number is None:
        raise ImportNotFound("no such import", import_id=text)
    return ImportId(number)


def _dead_letter_id(text: str) -> DeadLetterId:
    number = from_opaque("d", text)
    if number is None:
        raise DeadLetterNotFound("no such dead letter", dead_letter_id=text)
    return DeadLetterId(number)
