"""Ids from outside, and how contracts become what the endpoints of tags answer."""

from collections.abc import Mapping

from feilun.kernel.ids import OperatorId, PersonId, from_opaque, opaque
from feilun.platform.db import UnitOfWork
from feilun.profiles import api as profiles
from feilun.profiles.errors import CustomerNotFound
from feilun.tags.contracts import (
    AllowedValue,
    CarriedTag,
    HistoryEntry,
    OperationKind,
    OperationPreview,
    OperationState,
    Tag,
    TagGroup,
    TagGroupId,
    TagId,
    TagOperation,
    TagOperationId,
)
from feilun.tags.errors import TagGroupNotFound, TagNotFound, TagOperationNotFound
from feilun.tags.http_shapes import (
    CarriedTagOut,
    TagCountsOut,
    TagDisplacementOut,
    TaggedPersonOut,
    TagGroupOut,
    TagHistoryEntryOut,
    TagOperationOut,
    TagOut,
    TagPreviewOut,
    TagRefOut,
    TagValueIO,
)


def tag_id_of(text: str) -> TagId:
    """Return the tag of an outside id. Raises: TagNotFound."""
    number = from_opaque("tg", text)
    if number is None:
        raise TagNotFound("no such tag", tag=text)
    return TagId(number)


def group_id_of(text: str) -> TagGroupId:
    """Return the group of an outside id. Raises: TagGroupNotFound."""
    number = from_opaque("gr", text)
    if number is None:
        raise TagGroupNotFound("no such group", group=text)
    return TagGroupId(number)


def operation_id_of(text: str) -> TagOperationId:
    """Return the operation of an outside id. Raises: TagOperationNotFound."""
    number = from_opaque("to", text)
    if number is None:
        raise TagOperationNotFound("no such operation", operation=text)
    return TagOperationId(number)


def person_id_of(text: str) -> PersonId:
    """Return the person of an outside id. Raises: CustomerNotFound."""
    number = from_opaque("c", text)
    if number is None:
        raise CustomerNotFound("no such customer", person_id=text)
    return PersonId(number)


def owner_of(number: int | None) -> OperatorId | None:
    """Return an operator's id."""
    return None if number is None else OperatorId(number)


def allowed_of(values: list[TagValueIO]) -> tuple[AllowedValue, ...]:
    """Return allowed values; one without a label is called by itself."""
    return tuple(AllowedValue(item.value, item.label or item.value) for item in values)


# --- out --------------------------------------------------------------------------------------------------------------


def group_out(group: TagGroup) -> TagGroupOut:
    """Return a group as answered."""
    return TagGroupOut(
        id=opaque("gr", group.group_id),
        name=group.name,
        position=group.position,
        is_exclusive=group.is_exclusive,
        tags=group.tags,
    )


def tag_out(tag: Tag, people: int | None) -> TagOut:
    """Return a tag as answered."""
    return TagOut(
        id=opaque("tg", tag.tag_id),
        key=tag.key,
        name=tag.name,
        group_id=opaque("gr", tag.group.group_id) if tag.group else None,
        group_name=tag.group.name if tag.group else None,
        colour=tag.colour,
        owner_id=tag.owner_id,
        description=tag.description,
        kind=tag.kind,
        value_mode=tag.value_mode,
        allowed_values=[TagValueIO(value=a.value, label=a.label) for a in tag.allowed_values],
        valid_days=tag.valid_days,
        valid_until=tag.valid_until,
        archived_at=tag.archived_at,
        created_at=tag.created_at,
        created_by=tag.created_by,
        updated_at=tag.updated_at,
        people=people,
    )


def ref_out(tag: Tag) -> TagRefOut:
    """Return a tag as lists show it."""
    return TagRefOut(
        id=opaque("tg", tag.tag_id),
        key=tag.key,
        name=tag.name,
        colour=tag.colour,
        kind=tag.kind,
        group_name=tag.group.name if tag.group else None,
    )


def carried_out(carried: CarriedTag) -> CarriedTagOut:
    """Return a carried tag as answered."""
    held = carried.holding
    return CarriedTagOut(
        tag=ref_out(carried.tag),
        value=held.value,
        value_label=carried.tag.label_of(held.value),
        source=held.source,
        actor=held.actor,
        reason=held.reason,
        assigned_at=held.assigned_at,
        expires_at=held.expires_at,
        record_ids=[opaque("c", person_id) for person_id in carried.records],
    )


def entry_out(
    entry: HistoryEntry, tags: dict[TagId, Tag], names: Mapping[PersonId, str | None]
) -> TagHistoryEntryOut:
    """Return a change as answered; `names` by person record."""
    tag = tags[entry.tag_id]
    return TagHistoryEntryOut(
        id=opaque("th", entry.history_id),
        person_id=opaque("c", entry.person_id),
        display_name=names.get(entry.person_id),
        tag=ref_out(tag),
        value=entry.value,
        value_label=tag.label_of(entry.value),
        action=entry.action,
        displaced_by=ref_out(tags[entry.displaced_by]) if entry.displaced_by else None,
        source=entry.source,
        actor=entry.actor,
        reason=entry.reason,
        changed_at=entry.changed_at,
        expires_at=entry.expires_at,
        operation_id=opaque("to", entry.operation_id) if entry.operation_id else None,
    )


def people_out(uow: UnitOfWork, person_ids: tuple[PersonId, ...], *, reveal: bool) -> list[TaggedPersonOut]:
    """Return people as lists show them, in the order given."""
    names = profiles.names_of(uow, person_ids, reveal=reveal)
    return [TaggedPersonOut(id=opaque("c", p), display_name=names.get(p)) for p in person_ids]


def operation_out(operation: TagOperation, tag: Tag) -> TagOperationOut:
    """Return an operation as answered."""
    value = operation.value
    has_ended = operation.state in (OperationState.DONE, OperationState.STOPPED)
    return TagOperationOut(
        id=opaque("to", operation.operation_id),
        kind=operation.kind,
        tag=ref_out(tag),
        value=value,
        value_label=tag.label_of(value) if value else None,
        renews=operation.renews,
        people_source=operation.people.source,
        people_key="" if operation.people.source == "persons" else operation.people.key,
        source=operation.source,
        reason=operation.reason,
        undoes=opaque("to", operation.undoes) if operation.undoes else None,
        undone_by=opaque("to", operation.undone_by) if operation.undone_by else None,
        is_undoable=has_ended
        and operation.kind is not OperationKind.UNDO
        and operation.undone_by is None
        and operation.counts.changed > 0,
        state=operation.state,
        is_stopping=operation.is_stopping,
        people_total=operation.people_total,
        people_done=operation.people_done,
        counts=TagCountsOut(
            changed=operation.counts.changed,
            unchanged=operation.counts.unchanged,
            skipped=operation.counts.skipped,
            displaced=operation.counts.displaced,
        ),
        error_code=operation.error_code,
        actor=operation.actor,
        created_at=operation.created_at,
        finished_at=operation.finished_at,
    )


def preview_out(
    uow: UnitOfWork, preview: OperationPreview, tags: dict[TagId, Tag], *, reveal: bool
) -> TagPreviewOut:
    """Return a preview as answered."""
    return TagPreviewOut(
        people=preview.people,
        counts=TagCountsOut(
            changed=preview.counts.changed,
            unchanged=preview.counts.unchanged,
            skipped=preview.counts.skipped,
            displaced=preview.counts.displaced,
        ),
        displacements=[
            TagDisplacementOut(
                tag=ref_out(tags[d.tag_id]),
                value=d.value,
                value_label=tags[d.tag_id].label_of(d.value),
                people=d.people,
            )
            for d in preview.displacements
        ],
        sample=people_out(uow, preview.sample, reveal=reveal),
        is_masked=not reveal,
    )
