"""SQL of the dictionary: groups and tags."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from psycopg.errors import UniqueViolation
from sqlalchemy import Row, text
from sqlalchemy.exc import IntegrityError

from feilun.kernel.ids import OperatorId
from feilun.platform.db import UnitOfWork
from feilun.tags.contracts import (
    AllowedValue,
    Tag,
    TagDraft,
    TagGroup,
    TagGroupDraft,
    TagGroupId,
    TagId,
    TagKind,
    ValueMode,
)
from feilun.tags.errors import TagGroupNameTaken, TagKeyTaken, TagNameTaken

_TAGS: Final = (
    "SELECT t.*, g.name AS group_name, g.position, g.is_exclusive,"
    " (SELECT count(*) FROM tags o WHERE o.group_id = t.group_id) AS group_tags"
    " FROM tags t LEFT JOIN tag_groups g ON g.group_id = t.group_id"
)
_GROUPS: Final = (
    "SELECT g.*, (SELECT count(*) FROM tags t WHERE t.group_id = g.group_id) AS tags FROM tag_groups g"
)


def select_tags(uow: UnitOfWork, where: str = "true", **values: object) -> list[Tag]:
    """Return tags by group and name."""
    rows = uow.connection.execute(
        text(f"{_TAGS} WHERE {where} ORDER BY g.position NULLS LAST, g.name, t.name, t.tag_id"), values
    )
    return [_tag(row) for row in rows]


def lock_tag(uow: UnitOfWork, tag_id: TagId, *, for_change: bool) -> bool:
    """Lock a tag against changes of its definition, or for changing it; tells whether it exists."""
    mode = "UPDATE" if for_change else "SHARE"
    found = uow.connection.execute(
        text(f"SELECT 1 FROM tags WHERE tag_id = :tag_id FOR {mode}"), {"tag_id": tag_id}
    )
    return found.first() is not None


def insert_tag(uow: UnitOfWork, draft: TagDraft, ends_at: datetime | None) -> TagId:
    """Insert a tag. Raises: TagKeyTaken, TagNameTaken."""
    values = {**_values(draft, ends_at), "now": uow.now, "actor": uow.actor}
    statement = text(
        "INSERT INTO tags (key, name, group_id, colour, owner_id, description, kind, value_mode, allowed_values,"
        " valid_days, valid_until, ends_at, archived_at, created_at, created_by, updated_at) VALUES (:key, :name, :group_id,"
        " :colour, :owner_id, :description, :kind, :value_mode, CAST(:allowed_values AS jsonb), :valid_days, :valid_until,"
        " :ends_at, CASE WHEN :is_archived THEN :now END, :now, :actor, :now) RETURNING tag_id"
    )
    try:
        with uow.connection.begin_nested():
            return TagId(uow.connection.execute(statement, values).scalar_one())
    except IntegrityError as error:
        raise _taken(error, draft) from error


def update_tag(uow: UnitOfWork, tag_id: TagId, draft: TagDraft, ends_at: datetime | None) -> None:
    """Write a tag's definition. Raises: TagKeyTaken, TagNameTaken."""
    values = {**_values(draft, ends_at), "now": uow.now, "tag_id": tag_id}
    statement = text(
        "UPDATE tags SET key = :key, name = :name, group_id = :group_id, colour = :colour, owner_id = :owner_id,"
        " description = :description, kind = :kind, value_mode = :value_mode,"
        " allowed_values = CAST(:allowed_values AS jsonb), valid_days = :valid_days, valid_until = :valid_until,"
        " ends_at = :ends_at, archived_at = CASE WHEN :is_archived THEN coalesce(archived_at, :now) END,"
        " updated_at = :now WHERE tag_id = :tag_id"
    )
    try:
        with uow.connection.begin_nested():
            uow.connection.execute(statement, values)
    except IntegrityError as error:
        raise _taken(error, draft) from error


def next_number(uow: UnitOfWork) -> int:
    """Return a number that no key ends with yet, for keys that nobody chose."""
    return int(
        uow.connection.execute(text("SELECT nextval(pg_get_serial_sequence('tags', 'tag_id'))")).scalar_one()
    )


def was_ever_carried(uow: UnitOfWork, tag_id: TagId) -> bool:
    """Tell whether anybody carries or carried a tag."""
    return bool(
        uow.connection.execute(
            text(
                "SELECT EXISTS (SELECT 1 FROM tag_history WHERE tag_id = :tag_id)"
                " OR EXISTS (SELECT 1 FROM tag_assignments WHERE tag_id = :tag_id)"
            ),
            {"tag_id": tag_id},
        ).scalar_one()
    )


def select_groups(uow: UnitOfWork, where: str = "true", **values: object) -> list[TagGroup]:
    """Return groups in their order."""
    rows = uow.connection.execute(
        text(f"{_GROUPS} WHERE {where} ORDER BY g.position, g.name, g.group_id"), values
    )
    return [
        TagGroup(
            group_id=TagGroupId(row.group_id),
            name=row.name,
            position=row.position,
            is_exclusive=row.is_exclusive,
            tags=row.tags,
        )
        for row in rows
    ]


def insert_group(uow: UnitOfWork, draft: TagGroupDraft) -> TagGroupId:
    """Insert a group. Raises: TagGroupNameTaken."""
    statement = text(
        "INSERT INTO tag_groups (name, position, is_exclusive, created_at, created_by, updated_at)"
        " VALUES (:name, :position, :is_exclusive, :now, :actor, :now) RETURNING group_id"
    )
    values = {
        "name": draft.name,
        "position": draft.position,
        "is_exclusive": draft.is_exclusive,
        "now": uow.now,
        "actor": uow.actor,
    }
    try:
        with uow.connection.begin_nested():
            return TagGroupId(uow.connection.execute(statement, values).scalar_one())
    except IntegrityError as error:
        raise TagGroupNameTaken("name taken", name=draft.name) from error


def update_group(uow: UnitOfWork, group_id: TagGroupId, draft: TagGroupDraft) -> None:
    """Write a group. Raises: TagGroupNameTaken."""
    statement = text(
        "UPDATE tag_groups SET name = :name, position = :position, is_exclusive = :is_exclusive, updated_at = :now"
        " WHERE group_id = :group_id"
    )
    values = {
        "name": draft.name,
        "position": draft.position,
        "is_exclusive": draft.is_exclusive,
        "now": uow.now,
        "group_id": group_id,
    }
    try:
        with uow.connection.begin_nested():
            uow.connection.execute(statement, values)
    except IntegrityError as error:
        raise TagGroupNameTaken("name taken", name=draft.name) from error


def delete_group(uow: UnitOfWork, group_id: TagGroupId) -> bool:
    """Delete a group; False when a tag is in it."""
    try:
        with uow.connection.begin_nested():
            uow.connection.execute(
                text("DELETE FROM tag_groups WHERE group_id = :group_id"), {"group_id": group_id}
            )
    except IntegrityError:
        return False
    return True


def _values(draft: TagDraft, ends_at: datetime | None) -> dict[str, object]:
    allowed: Sequence[AllowedValue] = draft.allowed_values
    return {
        "key": draft.key,
        "name": draft.name,
        "group_id": draft.group_id,
        "colour": draft.colour,
        "owner_id": draft.owner_id,
        "description": draft.description,
        "kind": draft.kind.value,
        "value_mode": draft.value_mode.value,
        "allowed_values": json.dumps(
            [{"value": a.value, "label": a.label} for a in allowed], ensure_ascii=False
        ),
        "valid_days": draft.valid_days,
        "valid_until": draft.valid_until,
        "ends_at": ends_at,
        "is_archived": draft.is_archived,
    }


def _taken(error: IntegrityError, draft: TagDraft) -> Exception:
    if not isinstance(error.orig, UniqueViolation):
        return error
    if error.orig.diag.constraint_name == "tags_key_key":
        return TagKeyTaken("key taken", key=draft.key)
    return TagNameTaken("name taken", name=draft.name)


def _tag(row: Row[tuple[object, ...]]) -> Tag:
    group = None
    if row.group_id is not None:
        group = TagGroup(
            group_id=TagGroupId(row.group_id),
            name=row.group_name,
            position=row.position,
            is_exclusive=row.is_exclusive,
            tags=row.group_tags,
        )
    return Tag(
        tag_id=TagId(row.tag_id),
        key=row.key,
        name=row.name,
        group=group,
        colour=row.colour,
        owner_id=None if row.owner_id is None else OperatorId(row.owner_id),
        description=row.description,
        kind=TagKind(row.kind),
        value_mode=ValueMode(row.value_mode),
        allowed_values=tuple(AllowedValue(item["value"], item["label"]) for item in row.allowed_values),
        valid_days=row.valid_days,
        valid_until=row.valid_until,
        ends_at=row.ends_at,
        archived_at=row.archived_at,
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
    )
