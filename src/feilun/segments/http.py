"""HTTP of segments: definitions, members, changes, comparisons, files of definitions."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from feilun.access.contracts import Caller
from feilun.access.errors import PermissionDenied
from feilun.access.guard import Guard
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.http import LocaleDep, Page, PageDep, UowDep
from feilun.profiles import api as profiles
from feilun.profiles.http import row_out
from feilun.profiles.timeline_http import person_id_of
from feilun.segments import api
from feilun.segments.contracts import (
    Health,
    SegmentDraft,
    SegmentEdit,
    SegmentFilter,
    SegmentKind,
    SegmentState,
)
from feilun.segments.errors import SegmentCursorInvalid
from feilun.segments.http_answers import (
    change_out,
    detail_out,
    distribution_out,
    explanation_out,
    import_out,
    person_ids_of,
    segment_id_of,
    segment_out,
    set_expression_of,
    surroundings_of,
)
from feilun.segments.http_shapes import (
    AlgebraIn,
    AlgebraOut,
    CleanText,
    ExplanationOut,
    MembersChangedOut,
    MembersIn,
    OverlapIn,
    OverlapOut,
    OverlapPairOut,
    OverlapSizeOut,
    SegmentChangeIn,
    SegmentChangesOut,
    SegmentDetailOut,
    SegmentFile,
    SegmentFileEntry,
    SegmentImportIn,
    SegmentImportOut,
    SegmentIn,
    SegmentMembersOut,
    SegmentOut,
    SegmentProfileIn,
    SegmentProfileOut,
    SegmentTrendOut,
    SegmentVersionOut,
    TrendDayOut,
)

router = APIRouter(prefix="/api/v1", tags=["segments"])

_CURSOR = r"^[0-9a-z_]*$"


@router.get("/segments", operation_id="listSegments")
def list_segments(
    paging: PageDep,
    uow: UowDep,
    locale: LocaleDep,
    query: Annotated[CleanText | None, Query()] = None,
    kind: SegmentKind | None = None,
    state: SegmentState | None = None,
    health: Health | None = None,
    caller: Caller = Guard("segments.read"),
) -> Page[SegmentOut]:
    """List segments by name; archived ones only when asked for by state."""
    wanted = SegmentFilter(query=query, kind=kind, state=state, health=health)
    found, total = api.list_segments(uow, wanted, offset=paging.offset, limit=paging.page_size)
    return Page(
        items=[segment_out(segment, locale) for segment in found],
        total=total,
        page=paging.page,
        page_size=paging.page_size,
    )


@router.post("/segments", operation_id="createSegment", status_code=201)
def create_segment(
    body: SegmentIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.write"),
) -> SegmentDetailOut:
    """Make a segment; its members are known within seconds."""
    draft = SegmentDraft(
        key=body.key,
        name=body.name,
        kind=body.kind,
        description=body.description,
        condition=body.condition,
        zone=body.zone,
    )
    surroundings = surroundings_of(request)
    return detail_out(uow, surroundings, api.create_segment(uow, surroundings, draft), locale)


@router.get("/segments/export", operation_id="exportSegmentDefinitions")
def export_segment_definitions(
    uow: UowDep,
    ids: Annotated[list[CleanText] | None, Query(max_length=200)] = None,
    caller: Caller = Guard("segments.read"),
) -> SegmentFile:
    """Return definitions as a file (all of them without `ids`), to be taken in here or elsewhere."""
    entries = api.export_definitions(uow, [segment_id_of(text) for text in ids or ()])
    return SegmentFile(segments=[SegmentFileEntry.model_validate(entry) for entry in entries])


@router.post("/segments/import", operation_id="importSegmentDefinitions")
def import_segment_definitions(
    body: SegmentImportIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.write"),
) -> SegmentImportOut:
    """Tell what a file of definitions would change, or take in its new and changed ones, by key."""
    entries = [entry.model_dump() for entry in body.file.segments]
    items = api.import_definitions(uow, surroundings_of(request), entries, is_applied=body.is_applied)
    return import_out(items, locale, is_applied=body.is_applied)


@router.post("/segments/overlap", operation_id="compareSegments")
def compare_segments(body: OverlapIn, uow: UowDep, caller: Caller = Guard("segments.read")) -> OverlapOut:
    """Return how many people segments have, and share."""
    ids = list(dict.fromkeys(segment_id_of(text) for text in body.ids))
    found = api.compare_segments(uow, ids)
    segments = [api.get_segment(uow, segment_id) for segment_id in ids]
    return OverlapOut(
        segments=[
            OverlapSizeOut(
                id=opaque("s", s.segment_id), key=s.key, name=s.name, size=found.sizes[s.segment_id]
            )
            for s in segments
        ],
        pairs=[
            OverlapPairOut(left=opaque("s", left), right=opaque("s", right), size=size)
            for (left, right), size in found.pairs.items()
        ],
        union=found.union,
    )


@router.post("/segments/algebra", operation_id="combineSegments")
def combine_segments(body: AlgebraIn, uow: UowDep, caller: Caller = Guard("segments.read")) -> AlgebraOut:
    """Count the people of segments combined; with a name they are frozen as an audience (needs `segments.write`)."""
    reveal = caller.may("personal.read")
    expression = set_expression_of(body.expression)
    count, sample = api.combine_segments(uow, expression, sample=body.sample)
    audience_id = None
    if body.save_as is not None:
        caller = _demand(caller, "segments.write")
        audience = api.freeze_combination(uow, expression, name=body.save_as)
        audience_id = opaque("a", audience.audience_id)
    rows = profiles.list_rows(uow, sample, reveal=reveal, with_phones=True)
    return AlgebraOut(
        count=count,
        sample=[row_out(row) for row in rows],
        audience_id=audience_id,
        is_masked=not reveal,
    )


def _demand(caller: Caller, permission: str) -> Caller:
    """Return the caller when they hold a second permission that only part of an endpoint needs. Raises: PermissionDenied."""
    if not caller.may(permission):
        raise PermissionDenied("permission denied", permission=permission)
    return caller


@router.get("/segments/{segment_id}", operation_id="getSegment")
def get_segment(
    segment_id: str,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> SegmentDetailOut:
    """Return a segment with its condition, what uses it, and how its evaluation stands."""
    found = api.get_segment(uow, segment_id_of(segment_id))
    return detail_out(uow, surroundings_of(request), found, locale)


@router.patch("/segments/{segment_id}", operation_id="changeSegment")
def change_segment(
    segment_id: str,
    body: SegmentChangeIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.write"),
) -> SegmentDetailOut:
    """Change a segment. Another condition is a new version; members follow within seconds, nobody enters or leaves by it."""
    edit = SegmentEdit(
        name=body.name,
        description=body.description,
        state=body.state,
        owner=body.owner,
        zone=body.zone,
        condition=body.condition,
        note=body.note,
    )
    surroundings = surroundings_of(request)
    changed = api.change_segment(uow, surroundings, segment_id_of(segment_id), edit)
    return detail_out(uow, surroundings, changed, locale)


@router.delete("/segments/{segment_id}", operation_id="deleteSegment", status_code=204)
def delete_segment(segment_id: str, uow: UowDep, caller: Caller = Guard("segments.write")) -> None:
    """Delete a segment with its history; 409 names what uses it."""
    api.delete_segment(uow, segment_id_of(segment_id))


@router.get("/segments/{segment_id}/versions", operation_id="listSegmentVersions")
def list_segment_versions(
    segment_id: str,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> list[SegmentVersionOut]:
    """Return every version of the condition, newest first."""
    surroundings = surroundings_of(request)
    segment = api.get_segment(uow, segment_id_of(segment_id))
    return [
        SegmentVersionOut(
            version=version.version,
            condition=api.condition_json(version.condition),
            sentence=api.describe(uow, surroundings, version.condition, locale=locale),
            note=version.note,
            created_at=version.created_at,
            created_by=version.created_by,
            is_current=version.version == segment.version,
        )
        for version in api.list_versions(uow, segment.segment_id)
    ]


@router.post("/segments/{segment_id}/versions/{version}/restore", operation_id="restoreSegmentVersion")
def restore_segment_version(
    segment_id: str,
    version: int,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.write"),
) -> SegmentDetailOut:
    """Make an earlier condition hold again, as a new version."""
    surroundings = surroundings_of(request)
    restored = api.restore_version(uow, surroundings, segment_id_of(segment_id), version)
    return detail_out(uow, surroundings, restored, locale)


@router.get("/segments/{segment_id}/members", operation_id="listSegmentMembers")
def list_segment_members(
    segment_id: str,
    uow: UowDep,
    cursor: Annotated[str | None, Query(max_length=40, pattern=_CURSOR)] = None,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    caller: Caller = Guard("segments.read"),
) -> SegmentMembersOut:
    """Return members in the order of their ids, as the list of customers shows them."""
    reveal = caller.may("personal.read")
    after = person_id_of(cursor) if cursor else PersonId(0)
    found = api.list_members(uow, segment_id_of(segment_id), after=after, limit=page_size)
    rows = profiles.list_rows(uow, found.person_ids, reveal=reveal, with_phones=True)
    return SegmentMembersOut(
        items=[row_out(row) for row in rows],
        total=found.total,
        next_cursor=opaque("c", found.next_after) if found.next_after else None,
        is_masked=not reveal,
    )


@router.post("/segments/{segment_id}/members", operation_id="changeSegmentMembers")
def change_segment_members(
    segment_id: str, body: MembersIn, uow: UowDep, caller: Caller = Guard("segments.write")
) -> MembersChangedOut:
    """Put people into a static segment and take others out."""
    changed = api.change_members(
        uow,
        segment_id_of(segment_id),
        add=person_ids_of(body.add),
        remove=person_ids_of(body.remove),
    )
    return MembersChangedOut(added=changed.added, removed=changed.removed, unknown=changed.unknown)


@router.get("/segments/{segment_id}/changes", operation_id="listSegmentChanges")
def list_segment_changes(
    segment_id: str,
    uow: UowDep,
    person: Annotated[CleanText | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=40, pattern=_CURSOR)] = None,
    page_size: Annotated[int, Query(ge=1, le=200)] = 50,
    caller: Caller = Guard("segments.read"),
) -> SegmentChangesOut:
    """Return who entered and left, newest first."""
    found, next_before = api.list_changes(
        uow,
        segment_id_of(segment_id),
        person_id=person_id_of(person) if person else None,
        before=_change_id_of(cursor) if cursor else None,
        limit=page_size,
    )
    return SegmentChangesOut(
        items=[change_out(change) for change in found],
        next_cursor=opaque("sc", next_before) if next_before is not None else None,
    )


def _change_id_of(cursor: str) -> int:
    """Raises: SegmentCursorInvalid."""
    found = from_opaque("sc", cursor)
    if found is None:
        raise SegmentCursorInvalid(f"{cursor!r} continues no list", cursor=cursor)
    return found


@router.get("/segments/{segment_id}/trend", operation_id="getSegmentTrend")
def get_segment_trend(
    segment_id: str,
    request: Request,
    uow: UowDep,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
    caller: Caller = Guard("segments.read"),
) -> SegmentTrendOut:
    """Return size, entries and exits of the last days, oldest first."""
    found = api.get_trend(uow, surroundings_of(request), segment_id_of(segment_id), days=days)
    return SegmentTrendOut(
        days=[
            TrendDayOut(
                day=day.day,
                size=day.size,
                entered=day.entered,
                left=day.left,
                is_recomputed=day.is_recomputed,
            )
            for day in found
        ]
    )


@router.get("/segments/{segment_id}/explain/{person_id}", operation_id="explainSegment")
def explain_segment(
    segment_id: str,
    person_id: str,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> ExplanationOut:
    """Tell why a person is in a segment, or not, with the values the person really has; also for paused segments."""
    explained = api.explain_segment(
        uow, surroundings_of(request), segment_id_of(segment_id), person_id_of(person_id), locale=locale
    )
    return explanation_out(explained)


@router.post("/segments/{segment_id}/profile", operation_id="profileSegment")
def profile_segment(
    segment_id: str,
    body: SegmentProfileIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> SegmentProfileOut:
    """Tell who the members are: the spread of chosen fields among them and among everybody."""
    found = api.profile_segment(
        uow, surroundings_of(request), segment_id_of(segment_id), body.fields, locale=locale
    )
    return SegmentProfileOut(distributions=[distribution_out(item) for item in found])
