"""The catalogue of fields: built-in ones and those an administrator added. Also keeps the survivorship rules."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, Origin, append_events
from feilun.profiles import events
from feilun.profiles.contracts import (
    CustomField,
    CustomFieldChange,
    CustomFieldDraft,
    CustomFieldId,
    Field,
    FieldOption,
    Protection,
    Survivorship,
    SurvivorshipRule,
    ValueType,
)
from feilun.profiles.errors import (
    CustomFieldExists,
    CustomFieldLabelInvalid,
    CustomFieldNameInvalid,
    CustomFieldNotFound,
    CustomFieldOptionsInvalid,
    FieldUnknown,
    NotAnOption,
    SurvivorshipInvalid,
    TooManyCustomFields,
)
from feilun.profiles.internal import store_fields
from feilun.profiles.internal.domain.builtin import BUILTIN_FIELDS, CUSTOM_PREFIX
from feilun.profiles.internal.domain.survivorship import DEFAULT
from feilun.profiles.internal.domain.values import ValueRefused, canonical

CUSTOM_FIELDS_MAX: Final = 200
OPTIONS_MAX: Final = 500
_LABEL_CHARACTERS_MAX: Final = 60
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_CHOICES: Final = (ValueType.CHOICE, ValueType.MULTI_CHOICE)

Catalogue = Mapping[str, Field]


def load_catalogue(uow: UnitOfWork) -> Catalogue:
    """Return every field by name, archived ones included: their values are still there."""
    custom = store_fields.list_custom_fields(uow)
    return {**BUILTIN_FIELDS, **{CUSTOM_PREFIX + field.name: as_field(field) for field in custom}}


def as_field(custom: CustomField) -> Field:
    """Return a custom field as the catalogue lists it."""
    return Field(
        name=CUSTOM_PREFIX + custom.name,
        type=custom.type,
        label_zh=custom.label_zh,
        label_en=custom.label_en,
        protection=Protection.SEALED if custom.is_personal else Protection.OPEN,
        options=custom.options,
        is_custom=True,
        is_required=custom.is_required,
        default=custom.default,
        is_archived=custom.archived_at is not None,
    )


def writable(catalogue: Catalogue, name: str) -> Field:
    """Return a field that takes values. Raises: FieldUnknown."""
    field = catalogue.get(name)
    if field is None or field.is_archived:
        raise FieldUnknown(f"no field {name!r}", field=name)
    return field


def parse(field: Field, value: object) -> str | None:
    """Return the canonical text of a value. Raises: FieldInvalid."""
    try:
        text = canonical(field, value)
    except ValueRefused as refused:
        raise refused.refusal(f"{field.name}: {refused}", field=field.name) from None
    chosen = {option.value: option for option in field.options}
    if text in chosen and chosen[text].is_archived:
        raise NotAnOption(f"{field.name}: archived option", field=field.name)
    return text


# --- custom fields ----------------------------------------------------------------------------------------------------


def create_custom_field(uow: UnitOfWork, draft: CustomFieldDraft) -> CustomField:
    """See `feilun.profiles.api.create_custom_field`."""
    if _NAME.fullmatch(draft.name) is None:
        raise CustomFieldNameInvalid("name of a custom field", name=draft.name)
    existing = store_fields.list_custom_fields(uow)
    if len(existing) >= CUSTOM_FIELDS_MAX:
        raise TooManyCustomFields("too many custom fields", limit=CUSTOM_FIELDS_MAX)
    draft = replace(
        draft, label_zh=_label(draft.label_zh, "label_zh"), label_en=_label(draft.label_en, "label_en")
    )
    _check_options(draft.type, draft.options)
    draft = replace(draft, default=_default(_as_draft_field(draft), draft.default))
    custom_field_id = store_fields.insert_custom_field(uow, draft)
    if custom_field_id is None:
        raise CustomFieldExists(f"field {draft.name!r} exists", name=draft.name)
    created = _get(uow, custom_field_id)
    _publish(uow, created)
    return created


def change_custom_field(
    uow: UnitOfWork, custom_field_id: CustomFieldId, change: CustomFieldChange
) -> CustomField:
    """See `feilun.profiles.api.change_custom_field`."""
    field = _get(uow, custom_field_id)
    options = field.options if change.options is None else _kept_options(field, change.options)
    changed = replace(
        field,
        label_zh=field.label_zh if change.label_zh is None else _label(change.label_zh, "label_zh"),
        label_en=field.label_en if change.label_en is None else _label(change.label_en, "label_en"),
        is_required=field.is_required if change.is_required is None else change.is_required,
        options=options,
        position=field.position if change.position is None else change.position,
    )
    if change.default is not None:
        changed = replace(changed, default=_default(as_field(changed), change.default))
    if change.is_archived is not None:
        archived_at = (field.archived_at or uow.now) if change.is_archived else None
        changed = replace(changed, archived_at=archived_at)
    if changed == field:
        return field
    store_fields.update_custom_field(uow, changed)
    _publish(uow, changed)
    return changed


def _get(uow: UnitOfWork, custom_field_id: CustomFieldId) -> CustomField:
    field = store_fields.find_custom_field(uow, custom_field_id)
    if field is None:
        raise CustomFieldNotFound(f"no custom field {custom_field_id}", custom_field_id=custom_field_id)
    return field


def _as_draft_field(draft: CustomFieldDraft) -> Field:
    return Field(
        name=CUSTOM_PREFIX + draft.name,
        type=draft.type,
        label_zh=draft.label_zh,
        label_en=draft.label_en,
        options=draft.options,
    )


def _label(text: str, where: str) -> str:
    label = " ".join(text.split())
    if not label or len(label) > _LABEL_CHARACTERS_MAX or "\x00" in label:
        raise CustomFieldLabelInvalid(f"label {where}", field=where, characters_max=_LABEL_CHARACTERS_MAX)
    return label


def _default(field: Field, text: str | None) -> str | None:
    try:
        return canonical(field, text)
    except ValueRefused as refused:
        raise refused.refusal("default does not fit", field="default") from None


def _check_options(value_type: ValueType, options: Sequence[FieldOption]) -> None:
    if value_type not in _CHOICES:
        if options:
            raise CustomFieldOptionsInvalid("options", options_max=OPTIONS_MAX)
        return
    if not options or len(options) > OPTIONS_MAX:
        raise CustomFieldOptionsInvalid("options", options_max=OPTIONS_MAX)
    for option in options:
        _label(option.value, "options")
        _label(option.label_zh, "options")
        _label(option.label_en, "options")
    if len({option.value for option in options}) < len(options):
        raise CustomFieldOptionsInvalid("options", options_max=OPTIONS_MAX)


def _kept_options(field: CustomField, options: Sequence[FieldOption]) -> tuple[FieldOption, ...]:
    """Check changed options; one that values may have cannot go, it is archived instead."""
    _check_options(field.type, options)
    given = {option.value for option in options}
    lost = tuple(replace(option, is_archived=True) for option in field.options if option.value not in given)
    return (*options, *lost)


def _publish(uow: UnitOfWork, field: CustomField) -> None:
    payload = {
        "custom_field_id": field.custom_field_id,
        "name": field.name,
        "is_archived": field.archived_at is not None,
    }
    append_events(
        uow,
        [
            NewEvent(
                type=events.CUSTOM_FIELD_CHANGED, occurred_at=uow.now, origin=Origin.LIVE, payload=payload
            )
        ],
    )


# --- survivorship -----------------------------------------------------------------------------------------------------


def set_survivorship(uow: UnitOfWork, rules: Sequence[Survivorship]) -> list[Survivorship]:
    """See `feilun.profiles.api.set_survivorship`."""
    catalogue = load_catalogue(uow)
    if len({rule.field for rule in rules}) < len(rules):
        raise SurvivorshipInvalid("a field has two rules", field="")
    for rule in rules:
        if rule.field != DEFAULT and rule.field not in catalogue:
            raise SurvivorshipInvalid(f"no field {rule.field!r}", field=rule.field)
        if rule.rule is SurvivorshipRule.SOURCE_PRIORITY and not rule.sources:
            raise SurvivorshipInvalid(f"{rule.field}: name sources", field=rule.field)
        if len(set(rule.sources)) < len(rule.sources):
            raise SurvivorshipInvalid(f"{rule.field}: a source twice", field=rule.field)
    before = store_fields.list_survivorship(uow)
    after = {rule.field: rule for rule in rules}
    changed = sorted(field for field in before.keys() | after.keys() if before.get(field) != after.get(field))
    if changed:
        store_fields.replace_survivorship(uow, rules)
        append_events(
            uow,
            [
                NewEvent(
                    type=events.SURVIVORSHIP_CHANGED,
                    occurred_at=uow.now,
                    origin=Origin.LIVE,
                    payload={"fields": changed},
                )
            ],
        )
    return sorted(rules, key=lambda rule: rule.field)
