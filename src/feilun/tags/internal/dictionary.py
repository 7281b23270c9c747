"""Making and changing groups and tags."""

from dataclasses import fields, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.tags import events
from feilun.tags.contracts import (
    Tag,
    TagDraft,
    TagGroup,
    TagGroupDraft,
    TagGroupId,
    TagId,
    TagKind,
)
from feilun.tags.errors import (
    TagArchived,
    TagComputed,
    TagGroupNotEmpty,
    TagGroupNotFound,
    TagInUse,
    TagNotFound,
)
from feilun.tags.internal import store_dictionary as store
from feilun.tags.internal.domain import check_draft, check_name


def tags_by_id(uow: UnitOfWork) -> dict[TagId, Tag]:
    """Return the whole dictionary; it has hundreds of entries, so rules look things up in it."""
    return {tag.tag_id: tag for tag in store.select_tags(uow)}


def get_tag(uow: UnitOfWork, tag_id: TagId) -> Tag:
    """Return one tag. Raises: TagNotFound."""
    found = store.select_tags(uow, "t.tag_id = :tag_id", tag_id=tag_id)
    if not found:
        raise TagNotFound("no such tag", tag=tag_id)
    return found[0]


def get_assignable(uow: UnitOfWork, tag_id: TagId, *, gives: bool) -> Tag:
    """Return a tag that is about to be given or taken, locked against changes. Raises: TagNotFound, TagArchived, TagComputed."""
    store.lock_tag(uow, tag_id, for_change=False)
    tag = get_tag(uow, tag_id)
    check_assignable(tag, gives=gives)
    return tag


def check_assignable(tag: Tag, *, gives: bool) -> None:
    """Refuse tags that hands do not change. Raises: TagArchived, TagComputed."""
    if tag.kind is TagKind.COMPUTED:
        raise TagComputed("computed", tag=tag.name)
    if gives and tag.archived_at is not None:
        raise TagArchived("archived", tag=tag.name)


def create_tag(uow: UnitOfWork, draft: TagDraft, zone: ZoneInfo) -> Tag:
    """See `feilun.tags.api.create_tag`."""
    clean = _checked(uow, draft)
    tag_id = store.insert_tag(uow, clean, _ends_at(clean, zone))
    _append_changed(uow, tag_id, clean.key, ["key"])
    return get_tag(uow, tag_id)


def change_tag(uow: UnitOfWork, tag_id: TagId, draft: TagDraft, zone: ZoneInfo) -> Tag:
    """See `feilun.tags.api.change_tag`."""
    if not store.lock_tag(uow, tag_id, for_change=True):
        raise TagNotFound("no such tag", tag=tag_id)
    current = draft_of(get_tag(uow, tag_id))
    clean = _checked(uow, draft)
    changed = [f.name for f in fields(TagDraft) if getattr(clean, f.name) != getattr(current, f.name)]
    if not changed:
        return get_tag(uow, tag_id)
    if {"key", "kind", "value_mode"} & set(changed) and store.was_ever_carried(uow, tag_id):
        raise TagInUse("carried by somebody, now or before", tag=current.name)
    store.update_tag(uow, tag_id, clean, _ends_at(clean, zone))
    _append_changed(uow, tag_id, clean.key, changed)
    return get_tag(uow, tag_id)


def draft_of(tag: Tag) -> TagDraft:
    """Return a tag as a draft that changes nothing."""
    return TagDraft(
        key=tag.key,
        name=tag.name,
        group_id=tag.group.group_id if tag.group else None,
        colour=tag.colour,
        owner_id=tag.owner_id,
        description=tag.description,
        kind=tag.kind,
        value_mode=tag.value_mode,
        allowed_values=tag.allowed_values,
        valid_days=tag.valid_days,
        valid_until=tag.valid_until,
        is_archived=tag.archived_at is not None,
    )


def get_group(uow: UnitOfWork, group_id: TagGroupId) -> TagGroup:
    """Return one group. Raises: TagGroupNotFound."""
    found = store.select_groups(uow, "g.group_id = :group_id", group_id=group_id)
    if not found:
        raise TagGroupNotFound("no such group", group=group_id)
    return found[0]


def create_group(uow: UnitOfWork, draft: TagGroupDraft) -> TagGroup:
    """See `feilun.tags.api.create_group`."""
    return get_group(uow, store.insert_group(uow, replace(draft, name=check_name(draft.name))))


def change_group(uow: UnitOfWork, group_id: TagGroupId, draft: TagGroupDraft) -> TagGroup:
    """See `feilun.tags.api.change_group`."""
    current = get_group(uow, group_id)
    store.update_group(uow, group_id, replace(draft, name=check_name(draft.name)))
    if draft.is_exclusive != current.is_exclusive:
        append_events(
            uow,
            [
                NewEvent(
                    type=events.TAG_GROUP_CHANGED,
                    occurred_at=uow.now,
                    origin=Origin.LIVE,
                    payload={"group_id": group_id},
                )
            ],
        )
    return get_group(uow, group_id)


def delete_group(uow: UnitOfWork, group_id: TagGroupId) -> None:
    """See `feilun.tags.api.delete_group`."""
    group = get_group(uow, group_id)
    if not store.delete_group(uow, group_id):
        raise TagGroupNotEmpty("has tags", group=group.name, tags=group.tags)


def _checked(uow: UnitOfWork, draft: TagDraft) -> TagDraft:
    clean = replace(draft, name=check_name(draft.name), description=draft.description.strip())
    check_draft(clean)
    if clean.group_id is not None:
        get_group(uow, clean.group_id)
    return clean


def _ends_at(draft: TagDraft, zone: ZoneInfo) -> datetime | None:
    if draft.valid_until is None:
        return None
    next_day = draft.valid_until + timedelta(days=1)
    return datetime.combine(next_day, time(), zone).astimezone(UTC)


def _append_changed(uow: UnitOfWork, tag_id: TagId, key: str, names: list[str]) -> None:
    append_events(
        uow,
        [
            NewEvent(
                type=events.TAG_CHANGED,
                occurred_at=uow.now,
                origin=Origin.LIVE,
                payload={"tag_id": tag_id, "key": key, "fields": names},
            )
        ],
    )
