"""HTTP of the dictionary of tags and of what one customer carries; bulk changes are in `bulk_http`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.identity.contracts import IdentifierClaim
from feilun.kernel.ids import from_opaque, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.http import LocaleDep, SettingsDep, UowDep
from feilun.platform.i18n import Locale, translate
from feilun.profiles import api as profiles
from feilun.tags import api
from feilun.tags.contracts import (
    AssignmentSource,
    BatchItem,
    BatchOutcome,
    HistoryPage,
    OperationKind,
    Tag,
    TagChange,
    TagDraft,
    TagGroupDraft,
    TagId,
    TagKind,
)
from feilun.tags.http_answers import (
    allowed_of,
    carried_out,
    entry_out,
    group_id_of,
    group_out,
    owner_of,
    people_out,
    person_id_of,
    tag_id_of,
    tag_out,
)
from feilun.tags.http_shapes import (
    CustomerTagsOut,
    TagAssignIn,
    TagBatchIn,
    TagBatchItemOut,
    TagBatchOut,
    TagCarrierOut,
    TagCarriersOut,
    TagChangeIn,
    TagGroupChangeIn,
    TagGroupIn,
    TagGroupOut,
    TagHistoryOut,
    TagIn,
    TagListOut,
    TagOut,
)

router = APIRouter(prefix="/api/v1", tags=["tags"])

_ID: Final = r"^[a-z0-9_]{0,40}$"
Before = Annotated[str | None, Query(pattern=_ID)]
Limit = Annotated[int, Query(ge=1, le=200)]


# --- the dictionary ---------------------------------------------------------------------------------------------------


@router.get("/tags", operation_id="listTags")
def list_tags(
    uow: UowDep,
    with_archived: Annotated[bool, Query()] = False,  # noqa: FBT002 — a query parameter
    caller: Caller = Guard("segments.read"),
) -> TagListOut:
    """Return the dictionary by group and name, with how many living people carry each static tag."""
    tags = api.list_tags(uow, with_archived=with_archived)
    counts = api.count_people(uow)
    return TagListOut(
        items=[tag_out(tag, _people(tag, counts)) for tag in tags],
        groups=[group_out(group) for group in api.list_groups(uow)],
    )


@router.post("/tags", operation_id="createTag", status_code=201)
def create_tag(
    body: TagIn, uow: UowDep, settings: SettingsDep, caller: Caller = Guard("tags.write")
) -> TagOut:
    """Add a tag to the dictionary."""
    draft = TagDraft(
        key=body.key,
        name=body.name,
        group_id=group_id_of(body.group_id) if body.group_id else None,
        colour=body.colour,
        owner_id=owner_of(body.owner_id),
        description=body.description,
        kind=body.kind,
        value_mode=body.value_mode,
        allowed_values=allowed_of(body.allowed_values),
        valid_days=body.valid_days,
        valid_until=body.valid_until,
    )
    tag = api.create_tag(uow, draft, zone=ZoneInfo(settings.base_zone))
    return tag_out(tag, 0 if tag.kind is TagKind.STATIC else None)


@router.get("/tags/{tag_id}", operation_id="getTag")
def get_tag(tag_id: str, uow: UowDep, caller: Caller = Guard("segments.read")) -> TagOut:
    """Return one tag."""
    tag = api.get_tag(uow, tag_id_of(tag_id))
    return tag_out(tag, _people(tag, api.count_people(uow, tag.tag_id)))


@router.patch("/tags/{tag_id}", operation_id="changeTag")
def change_tag(
    tag_id: str, body: TagChangeIn, uow: UowDep, settings: SettingsDep, caller: Caller = Guard("tags.write")
) -> TagOut:
    """Change a tag; fields left out stay. A new validity counts for assignments made from now on."""
    given: dict[str, object] = {
        name: getattr(body, name)
        for name in body.model_fields_set - {"group_id", "allowed_values", "owner_id"}
        if getattr(body, name) is not None or name in ("valid_days", "valid_until")
    }
    if "group_id" in body.model_fields_set:
        given["group_id"] = group_id_of(body.group_id) if body.group_id else None
    if "owner_id" in body.model_fields_set:
        given["owner_id"] = owner_of(body.owner_id)
    if body.allowed_values is not None:
        given["allowed_values"] = allowed_of(body.allowed_values)
    current = api.get_tag(uow, tag_id_of(tag_id))
    draft = replace(api.draft_of(current), **given)  # type: ignore[arg-type]
    tag = api.change_tag(uow, current.tag_id, draft, zone=ZoneInfo(settings.base_zone))
    return tag_out(tag, _people(tag, api.count_people(uow, tag.tag_id)))


@router.get("/tag-groups", operation_id="listTagGroups")
def list_tag_groups(uow: UowDep, caller: Caller = Guard("segments.read")) -> list[TagGroupOut]:
    """Return the groups in their order."""
    return [group_out(group) for group in api.list_groups(uow)]


@router.post("/tag-groups", operation_id="createTagGroup", status_code=201)
def create_tag_group(body: TagGroupIn, uow: UowDep, caller: Caller = Guard("tags.write")) -> TagGroupOut:
    """Add a group."""
    draft = TagGroupDraft(name=body.name, position=body.position, is_exclusive=body.is_exclusive)
    return group_out(api.create_group(uow, draft))


@router.patch("/tag-groups/{group_id}", operation_id="changeTagGroup")
def change_tag_group(
    group_id: str, body: TagGroupChangeIn, uow: UowDep, caller: Caller = Guard("tags.write")
) -> TagGroupOut:
    """Change a group; fields left out stay. Making it exclusive takes nothing away: the newest of each person shows."""
    current = api.get_group(uow, group_id_of(group_id))
    draft = TagGroupDraft(
        name=current.name if body.name is None else body.name,
        position=current.position if body.position is None else body.position,
        is_exclusive=current.is_exclusive if body.is_exclusive is None else body.is_exclusive,
    )
    return group_out(api.change_group(uow, current.group_id, draft))


@router.delete("/tag-groups/{group_id}", operation_id="deleteTagGroup", status_code=204)
def delete_tag_group(group_id: str, uow: UowDep, caller: Caller = Guard("tags.write")) -> None:
    """Delete a group without tags."""
    api.delete_group(uow, group_id_of(group_id))


# --- who carries it ---------------------------------------------------------------------------------------------------


@router.get("/tags/{tag_id}/people", operation_id="listTagPeople")
def list_tag_people(
    tag_id: str,
    uow: UowDep,
    after: Before = None,
    limit: Limit = 50,
    caller: Caller = Guard("customers.read"),
) -> TagCarriersOut:
    """Return a page of people who carry a static tag; pass `next_after` as `after` for the next."""
    reveal = caller.may("personal.read")
    page = api.list_carriers(
        uow, tag_id_of(tag_id), after=(from_opaque("c", after) or 0) if after else 0, limit=limit
    )
    people = people_out(uow, page.person_ids, reveal=reveal)
    items = [
        TagCarrierOut(person=person, **carried_out(carried).model_dump(exclude={"tag", "record_ids"}))
        for person, carried in zip(people, page.people, strict=True)
    ]
    return TagCarriersOut(
        items=items,
        next_after=opaque("c", page.next_after) if page.next_after else None,
        is_masked=not reveal,
    )


@router.get("/tags/{tag_id}/history", operation_id="listTagHistory")
def list_tag_history(
    tag_id: str,
    uow: UowDep,
    before: Before = None,
    limit: Limit = 50,
    caller: Caller = Guard("customers.read"),
) -> TagHistoryOut:
    """Return who got and lost a tag, newest first; pass `next_before` as `before` for what came earlier."""
    tag = api.get_tag(uow, tag_id_of(tag_id))
    page = api.list_history(uow, tag_id=tag.tag_id, before=_entry_number(before), limit=limit)
    return _history_out(uow, page, reveal=caller.may("personal.read"))


@router.get("/customers/{customer_id}/tags", operation_id="listCustomerTags")
def list_customer_tags(
    customer_id: str, uow: UowDep, caller: Caller = Guard("customers.read")
) -> CustomerTagsOut:
    """Return the static tags a customer carries, with who gave them, when and why."""
    carried = api.list_carried(uow, person_id_of(customer_id))
    return CustomerTagsOut(customer_id=customer_id, items=[carried_out(item) for item in carried])


@router.get("/customers/{customer_id}/tags/history", operation_id="listCustomerTagHistory")
def list_customer_tag_history(
    customer_id: str,
    uow: UowDep,
    before: Before = None,
    limit: Limit = 50,
    caller: Caller = Guard("customers.read"),
) -> TagHistoryOut:
    """Return every change of a customer's tags, newest first."""
    page = api.list_history(
        uow, person_id=person_id_of(customer_id), before=_entry_number(before), limit=limit
    )
    return _history_out(uow, page, reveal=caller.may("personal.read"))


@router.post("/customers/{customer_id}/tags", operation_id="assignCustomerTag")
def assign_customer_tag(
    customer_id: str, body: TagAssignIn, uow: UowDep, caller: Caller = Guard("tags.write")
) -> CustomerTagsOut:
    """Give a customer a tag; one they carry already stays as it is. Returns what they then carry."""
    person_id = person_id_of(customer_id)
    change = TagChange(
        tag_id=tag_id_of(body.tag_id),
        value=body.value,
        source=source_of(caller),
        reason=body.reason,
        renews=body.renews,
    )
    api.change_person(uow, OperationKind.ASSIGN, change, person_id)
    return list_customer_tags(customer_id, uow, caller)


@router.delete("/customers/{customer_id}/tags/{tag_id}", operation_id="removeCustomerTag")
def remove_customer_tag(
    customer_id: str,
    tag_id: str,
    uow: UowDep,
    value: Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")] = None,
    reason: Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")] = "",
    caller: Caller = Guard("tags.write"),
) -> CustomerTagsOut:
    """Take a tag from a customer and all records merged into them; without a value, whatever the value."""
    change = TagChange(tag_id=tag_id_of(tag_id), value=value, source=source_of(caller), reason=reason)
    api.change_person(uow, OperationKind.REMOVE, change, person_id_of(customer_id))
    return list_customer_tags(customer_id, uow, caller)


@router.post("/tag-assignments", operation_id="changeTagAssignments")
def change_tag_assignments(
    body: TagBatchIn, uow: UowDep, locale: LocaleDep, caller: Caller = Guard("tags.write")
) -> TagBatchOut:
    """Give and take tags of many people at once, for other programs. Idempotent: sending it again changes nothing."""
    items = [
        BatchItem(
            person_id=person_id_of(item.customer_id) if item.customer_id else None,
            claims=tuple(IdentifierClaim(i.kind, i.value, scope=i.scope) for i in item.identifiers),
            tag=item.tag,
            value=item.value,
            is_removal=item.remove,
            reason=item.reason,
        )
        for item in body.items
    ]
    return TagBatchOut(items=_batch_out(api.change_batch(uow, items, source_name=body.source), locale))


def source_of(caller: Caller) -> AssignmentSource:
    """Return what a caller's change counts as."""
    return AssignmentSource.API if caller.operator_id is None else AssignmentSource.HAND


def _people(tag: Tag, counts: dict[TagId, int]) -> int | None:
    return None if tag.kind is TagKind.COMPUTED else counts.get(tag.tag_id, 0)


def _entry_number(before: str | None) -> int | None:
    return from_opaque("th", before) if before else None


def _history_out(uow: UnitOfWork, page: HistoryPage, *, reveal: bool) -> TagHistoryOut:
    tags = api.tags_by_id(uow)
    names = profiles.names_of(uow, {entry.person_id for entry in page.entries}, reveal=reveal)
    return TagHistoryOut(
        items=[entry_out(entry, tags, names) for entry in page.entries],
        next_before=opaque("th", page.next_before) if page.next_before else None,
    )


def _batch_out(outcomes: Sequence[BatchOutcome], locale: Locale) -> list[TagBatchItemOut]:
    return [
        TagBatchItemOut(
            state=outcome.state.value,
            code=outcome.code,
            message=translate(outcome.code, locale, outcome.detail) if outcome.code else None,
            customer_id=opaque("c", outcome.person_id) if outcome.person_id else None,
        )
        for outcome in outcomes
    ]
