"""HTTP of audiences and exports of people."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.http import LocaleDep, Page, PageDep, UowDep
from feilun.profiles import api as profiles
from feilun.profiles.http import row_out
from feilun.profiles.timeline_http import person_id_of
from feilun.segments import api
from feilun.segments.contracts import ExportFormat, ExportRecord
from feilun.segments.http_answers import (
    audience_id_of,
    audience_out,
    export_out,
    segment_id_of,
    surroundings_of,
)
from feilun.segments.http_shapes import (
    AudienceIn,
    AudienceOut,
    ExportColumnOut,
    ExportRecordOut,
    SegmentExportIn,
    SegmentMembersOut,
)

router = APIRouter(prefix="/api/v1", tags=["segments"])

_PIECE_BYTES: Final = 64 * 1024
_MEDIA_TYPES: Final = {
    ExportFormat.CSV: "text/csv; charset=utf-8",
    ExportFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@router.post("/segments/{segment_id}/audiences", operation_id="freezeAudience", status_code=201)
def freeze_audience(
    segment_id: str, body: AudienceIn, uow: UowDep, caller: Caller = Guard("segments.write")
) -> AudienceOut:
    """Freeze the members of a segment as they are now."""
    return audience_out(api.freeze_segment(uow, segment_id_of(segment_id), name=body.name))


@router.get("/audiences", operation_id="listAudiences")
def list_audiences(
    paging: PageDep,
    uow: UowDep,
    segment: Annotated[str | None, Query(max_length=40)] = None,
    caller: Caller = Guard("segments.read"),
) -> Page[AudienceOut]:
    """List audiences, newest first."""
    segment_id = segment_id_of(segment) if segment else None
    found, total = api.list_audiences(uow, segment_id, offset=paging.offset, limit=paging.page_size)
    return Page(
        items=[audience_out(audience) for audience in found],
        total=total,
        page=paging.page,
        page_size=paging.page_size,
    )


@router.get("/audiences/{audience_id}", operation_id="getAudience")
def get_audience(audience_id: str, uow: UowDep, caller: Caller = Guard("segments.read")) -> AudienceOut:
    """Return one audience."""
    return audience_out(api.get_audience(uow, audience_id_of(audience_id)))


@router.delete("/audiences/{audience_id}", operation_id="deleteAudience", status_code=204)
def delete_audience(audience_id: str, uow: UowDep, caller: Caller = Guard("segments.write")) -> None:
    """Delete an audience; 409 names the segments whose condition uses it."""
    api.delete_audience(uow, audience_id_of(audience_id))


@router.get("/audiences/{audience_id}/members", operation_id="listAudienceMembers")
def list_audience_members(
    audience_id: str,
    uow: UowDep,
    cursor: Annotated[str | None, Query(max_length=40, pattern=r"^[0-9a-z_]*$")] = None,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    caller: Caller = Guard("segments.read"),
) -> SegmentMembersOut:
    """Return the people of an audience in the order of their ids; those merged since show as whom they belong to."""
    reveal = caller.may("personal.read")
    after = person_id_of(cursor) if cursor else PersonId(0)
    found = api.list_audience_members(uow, audience_id_of(audience_id), after=after, limit=page_size)
    rows = profiles.list_rows(uow, found.person_ids, reveal=reveal, with_phones=True)
    return SegmentMembersOut(
        items=[row_out(row) for row in rows],
        total=found.total,
        next_cursor=opaque("c", found.next_after) if found.next_after else None,
        is_masked=not reveal,
    )


@router.get("/segments-export/columns", operation_id="listExportColumns")
def list_export_columns(
    uow: UowDep, locale: LocaleDep, caller: Caller = Guard("segments.export")
) -> list[ExportColumnOut]:
    """Return the columns an export of people may have."""
    return [
        ExportColumnOut(name=name, label=label)
        for name, label in profiles.list_export_columns(uow, locale=locale)
    ]


@router.post(
    "/segments/{segment_id}/export", operation_id="exportSegmentMembers", response_class=StreamingResponse
)
def export_segment_members(
    segment_id: str,
    body: SegmentExportIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.export"),
) -> StreamingResponse:
    """Export members as a file, for a reason that is kept; personal values are masked without `personal.read`."""
    wanted = api.begin_segment_export(
        uow,
        segment_id_of(segment_id),
        reason=body.reason,
        columns=body.columns,
        export_format=body.format,
        reveal=caller.may("personal.read"),
    )
    return _file(request, uow, wanted, locale, reveal=caller.may("personal.read"))


@router.post(
    "/audiences/{audience_id}/export", operation_id="exportAudienceMembers", response_class=StreamingResponse
)
def export_audience_members(
    audience_id: str,
    body: SegmentExportIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.export"),
) -> StreamingResponse:
    """Export the people of an audience as a file, for a reason that is kept."""
    wanted = api.begin_audience_export(
        uow,
        audience_id_of(audience_id),
        reason=body.reason,
        columns=body.columns,
        export_format=body.format,
        reveal=caller.may("personal.read"),
    )
    return _file(request, uow, wanted, locale, reveal=caller.may("personal.read"))


@router.get("/segment-exports", operation_id="listSegmentExports")
def list_segment_exports(
    paging: PageDep, uow: UowDep, caller: Caller = Guard("segments.export")
) -> Page[ExportRecordOut]:
    """List who exported whom, why and when, newest first."""
    found, total = api.list_exports(uow, offset=paging.offset, limit=paging.page_size)
    return Page(
        items=[export_out(record) for record in found],
        total=total,
        page=paging.page,
        page_size=paging.page_size,
    )


def _file(
    request: Request, uow: UowDep, record: ExportRecord, locale: LocaleDep, *, reveal: bool
) -> StreamingResponse:
    zone = ZoneInfo(surroundings_of(request).zone)
    folder = tempfile.TemporaryDirectory(prefix="feilun-export-")
    path = Path(folder.name) / f"people.{record.format.value}"
    api.write_export(uow, record, path, locale=locale, zone=zone, reveal=reveal)
    name = f"{record.subject}-{record.exported_at.astimezone(zone):%Y%m%d-%H%M%S}.{record.format.value}"
    return StreamingResponse(
        _pieces(path, folder),
        media_type=_MEDIA_TYPES[record.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _pieces(path: Path, folder: tempfile.TemporaryDirectory[str]) -> Iterator[bytes]:
    """Yield a file and remove its folder afterwards, also when the client goes away."""
    with folder, path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece
