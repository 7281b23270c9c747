"""SQL of custom fields and survivorship rules."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import Row, text

from feilun.platform.db import UnitOfWork
from feilun.profiles.contracts import (
    CustomField,
    CustomFieldDraft,
    CustomFieldId,
    FieldOption,
    Survivorship,
    SurvivorshipRule,
    ValueType,
)


def list_custom_fields(uow: UnitOfWork) -> list[CustomField]:
    """Return all custom fields, archived ones included, in their order."""
    rows = uow.connection.execute(text("SELECT * FROM custom_fields ORDER BY position, custom_field_id"))
    return [_custom_field(row) for row in rows]


def find_custom_field(uow: UnitOfWork, custom_field_id: CustomFieldId) -> CustomField | None:
    """Return one custom field, locked until the transaction ends."""
    row = uow.connection.execute(
        text("SELECT * FROM custom_fields WHERE custom_field_id = :id FOR UPDATE"), {"id": custom_field_id}
    ).one_or_none()
    return None if row is None else _custom_field(row)


def insert_custom_field(uow: UnitOfWork, draft: CustomFieldDraft) -> CustomFieldId | None:
    """Store a new custom field after all others; None when the name is taken."""
    found = uow.connection.execute(
        text(
            "INSERT INTO custom_fields (name, type, label_zh, label_en, is_required, is_personal, default_value, options,"
            " position, created_at, created_by, updated_at)"
            " VALUES (:name, :type, :label_zh, :label_en, :is_required, :is_personal, :default_value, CAST(:options AS jsonb),"
            " (SELECT coalesce(max(position), 0) + 1 FROM custom_fields), :now, :actor, :now)"
            " ON CONFLICT (object, name) DO NOTHING RETURNING custom_field_id"
        ),
        {
            "name": draft.name,
            "type": draft.type.value,
            "label_zh": draft.label_zh,
            "label_en": draft.label_en,
            "is_required": draft.is_required,
            "is_personal": draft.is_personal,
            "default_value": draft.default,
            "options": _options_json(draft.options),
            "now": uow.now,
            "actor": uow.actor,
        },
    ).scalar_one_or_none()
    return None if found is None else CustomFieldId(found)


def update_custom_field(uow: UnitOfWork, field: CustomField) -> None:
    """Store what may change about a custom field."""
    uow.connection.execute(
        text(
            "UPDATE custom_fields SET label_zh = :label_zh, label_en = :label_en, is_required = :is_required,"
            " default_value = :default_value, options = CAST(:options AS jsonb), position = :position,"
            " archived_at = :archived_at, updated_at = :now WHERE custom_field_id = :id"
        ),
        {
            "id": field.custom_field_id,
            "label_zh": field.label_zh,
            "label_en": field.label_en,
            "is_required": field.is_required,
            "default_value": field.default,
            "options": _options_json(field.options),
            "position": field.position,
            "archived_at": field.archived_at,
            "now": uow.now,
        },
    )


def list_survivorship(uow: UnitOfWork) -> dict[str, Survivorship]:
    """Return the rules by field."""
    rows = uow.connection.execute(
        text("SELECT field, rule, sources, manual_wins FROM survivorship ORDER BY field")
    )
    return {
        row.field: Survivorship(row.field, SurvivorshipRule(row.rule), tuple(row.sources), row.manual_wins)
        for row in rows
    }


def replace_survivorship(uow: UnitOfWork, rules: Iterable[Survivorship]) -> None:
    """Store exactly these rules."""
    uow.connection.execute(text("LOCK TABLE survivorship IN EXCLUSIVE MODE"))
    uow.connection.execute(text("DELETE FROM survivorship"))
    for rule in rules:
        uow.connection.execute(
            text(
                "INSERT INTO survivorship VALUES (:field, :rule, CAST(:sources AS text[]), :manual_wins, :now, :actor)"
            ),
            {
                "field": rule.field,
                "rule": rule.rule.value,
                "sources": list(rule.sources),
                "manual_wins": rule.manual_wins,
                "now": uow.now,
                "actor": uow.actor,
            },
        )


def list_sources(uow: UnitOfWork) -> list[str]:
    """Return the sources that made person records: those a priority can name."""
    # A loose index scan: there are a handful of sources among millions of customers.
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT source FROM (SELECT unnest(sources) AS source FROM customers LIMIT 200000) s ORDER BY 1"
        )
    )
    return [row.source for row in rows]


def _custom_field(row: Row[tuple[object, ...]]) -> CustomField:
    archived_at: datetime | None = row.archived_at
    return CustomField(
        custom_field_id=CustomFieldId(row.custom_field_id),
        name=row.name,
        type=ValueType(row.type),
        label_zh=row.label_zh,
        label_en=row.label_en,
        is_required=row.is_required,
        is_personal=row.is_personal,
        default=row.default_value,
        options=tuple(
            FieldOption(o["value"], o["label_zh"], o["label_en"], o["is_archived"]) for o in row.options
        ),
        position=row.position,
        archived_at=archived_at,
        created_at=row.created_at,
        created_by=row.created_by,
    )


def _options_json(options: Sequence[FieldOption]) -> str:
    return json.dumps(
        [
            {"value": o.value, "label_zh": o.label_zh, "label_en": o.label_en, "is_archived": o.is_archived}
            for o in options
        ],
        ensure_ascii=False,
    )
