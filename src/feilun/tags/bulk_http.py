"""HTTP of bulk changes: preview, run, progress, stop, undo."""

import json
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query, Request

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.platform.db import UnitOfWork
from feilun.platform.http import Page, PageDep, UowDep
from feilun.tags import api
from feilun.tags.contracts import OperationKind, PeopleChoice, TagChange, TagOperation
from feilun.tags.errors import PeopleChoiceInvalid
from feilun.tags.http import source_of
from feilun.tags.http_answers import operation_id_of, operation_out, person_id_of, preview_out, tag_id_of
from feilun.tags.http_shapes import TagBulkIn, TagBulkOut, TagOperationOut
from feilun.tags.ports import PeopleSource

router = APIRouter(prefix="/api/v1", tags=["tags"])


@router.post("/tags/{tag_id}/assign", operation_id="assignTag")
def assign_tag(
    tag_id: str, body: TagBulkIn, request: Request, uow: UowDep, caller: Caller = Guard("tags.write")
) -> TagBulkOut:
    """Give a tag to many people. Up to 500 named people are done at once, others by a worker; `dry_run` only looks."""
    return _run(OperationKind.ASSIGN, tag_id, body, request, uow, caller)


@router.post("/tags/{tag_id}/unassign", operation_id="unassignTag")
def unassign_tag(
    tag_id: str, body: TagBulkIn, request: Request, uow: UowDep, caller: Caller = Guard("tags.write")
) -> TagBulkOut:
    """Take a tag from many people and all records merged into them; as `assign`."""
    return _run(OperationKind.REMOVE, tag_id, body, request, uow, caller)


@router.get("/tag-operations", operation_id="listTagOperations")
def list_tag_operations(
    uow: UowDep,
    page: PageDep,
    tag_id: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{0,40}$")] = None,
    caller: Caller = Guard("segments.read"),
) -> Page[TagOperationOut]:
    """Return bulk operations, newest first."""
    found, total = api.list_operations(
        uow, tag_id=tag_id_of(tag_id) if tag_id else None, offset=page.offset, limit=page.page_size
    )
    tags = api.tags_by_id(uow)
    items = [operation_out(operation, tags[operation.tag_id]) for operation in found]
    return Page(items=items, total=total, page=page.page, page_size=page.page_size)


@router.get("/tag-operations/{operation_id}", operation_id="getTagOperation")
def get_tag_operation(
    operation_id: str, uow: UowDep, caller: Caller = Guard("segments.read")
) -> TagOperationOut:
    """Return a bulk operation with its progress."""
    return _out(uow, api.get_operation(uow, operation_id_of(operation_id)))


@router.post("/tag-operations/{operation_id}/stop", operation_id="stopTagOperation")
def stop_tag_operation(
    operation_id: str, uow: UowDep, caller: Caller = Guard("tags.write")
) -> TagOperationOut:
    """Stop an operation after the chunk it is at; what it did stays and can be undone."""
    return _out(uow, api.stop_operation(uow, operation_id_of(operation_id)))


@router.post("/tag-operations/{operation_id}/undo", operation_id="undoTagOperation")
def undo_tag_operation(
    operation_id: str, uow: UowDep, caller: Caller = Guard("tags.write")
) -> TagOperationOut:
    """Begin to undo an operation: everything as it was before, save what was changed again since. Returns the undoing."""
    return _out(uow, api.undo_operation(uow, operation_id_of(operation_id), source=source_of(caller)))


def _run(
    kind: OperationKind, tag_id: str, body: TagBulkIn, request: Request, uow: UnitOfWork, caller: Caller
) -> TagBulkOut:
    sources: Sequence[PeopleSource] = getattr(request.app.state, "people_sources", ())
    people = _people_of(body)
    change = TagChange(
        tag_id=tag_id_of(tag_id),
        value=body.value,
        source=source_of(caller),
        reason=body.reason,
        renews=body.renews,
    )
    if body.dry_run:
        preview = api.preview_operation(uow, kind, change, people, sources=sources)
        reveal = caller.may("personal.read")
        return TagBulkOut(
            preview=preview_out(uow, preview, api.tags_by_id(uow), reveal=reveal), operation=None
        )
    operation = api.start_operation(
        uow, kind, change, people, sources=sources, idempotency_key=body.idempotency_key
    )
    return TagBulkOut(preview=None, operation=_out(uow, operation))


def _people_of(body: TagBulkIn) -> PeopleChoice:
    chosen: list[PeopleChoice] = []
    if body.persons is not None:
        chosen.append(api.choose_persons([person_id_of(text) for text in body.persons]))
    if body.customers is not None:
        chosen.append(
            PeopleChoice(source="customers", key=body.customers.model_dump_json(exclude_defaults=True))
        )
    if body.segment is not None:
        chosen.append(PeopleChoice(source="segment", key=body.segment))
    if body.condition is not None:
        chosen.append(PeopleChoice(source="condition", key=json.dumps(body.condition, ensure_ascii=False)))
    if len(chosen) != 1:
        raise PeopleChoiceInvalid("say whom in exactly one way", ways=len(chosen))
    return chosen[0]


def _out(uow: UnitOfWork, operation: TagOperation) -> TagOperationOut:
    return operation_out(operation, api.get_tag(uow, operation.tag_id))
