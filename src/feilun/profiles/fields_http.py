"""HTTP of fields: the catalogue, custom fields, survivorship rules. Included by `http`."""

from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.kernel.ids import from_opaque, opaque
from feilun.platform.http import UowDep
from feilun.profiles import api
from feilun.profiles.contracts import (
    CustomField,
    CustomFieldChange,
    CustomFieldDraft,
    CustomFieldId,
    FieldOption,
    Protection,
    Survivorship,
    SurvivorshipRule,
    ValueType,
)
from feilun.profiles.contracts import Field as CustomerField
from feilun.profiles.errors import CustomFieldNotFound

router = APIRouter(prefix="/api/v1", tags=["profiles"])

_LABEL_MAX: Final = 60
_OPTIONS_MAX: Final = 500
_RULES_MAX: Final = 300
_CLEAN: Final = r"^[^\x00]*$"
_DEFAULT_MAX: Final = 4_000

Label = Annotated[str, Field(min_length=1, max_length=_LABEL_MAX, pattern=_CLEAN)]


class OptionIO(BaseModel):
    """One choice of a choice field."""

    value: Label
    label_zh: Label
    label_en: Label
    is_archived: bool = False


class FieldOut(BaseModel):
    """A field of customers, built in or custom."""

    name: str
    type: ValueType
    label_zh: str
    label_en: str
    protection: Protection
    options: list[OptionIO]
    is_custom: bool
    is_required: bool
    default: str | None


class FieldListOut(BaseModel):
    """All fields that take values."""

    items: list[FieldOut]


class CustomFieldOut(BaseModel):
    """A custom field."""

    id: str
    name: str
    type: ValueType
    label_zh: str
    label_en: str
    is_required: bool
    is_personal: bool
    default: str | None
    options: list[OptionIO]
    position: int
    is_archived: bool
    archived_at: datetime | None
    created_at: datetime
    created_by: str


class CustomFieldListOut(BaseModel):
    """All custom fields in their order."""

    items: list[CustomFieldOut]


class CustomFieldIn(BaseModel):
    """A new custom field; name, type and is_personal never change."""

    name: str = Field(min_length=1, max_length=40, pattern=r"^[a-z][a-z0-9_]*$")
    type: ValueType
    label_zh: Label
    label_en: Label
    is_required: bool = False
    is_personal: bool = False
    default: str | None = Field(None, max_length=_DEFAULT_MAX, pattern=_CLEAN)
    options: list[OptionIO] = Field(default_factory=list, max_length=_OPTIONS_MAX)


class CustomFieldChangeIn(BaseModel):
    """What changes about a custom field; left out: stays."""

    label_zh: Label | None = None
    label_en: Label | None = None
    is_required: bool | None = None
    default: str | None = Field(
        None, max_length=_DEFAULT_MAX, pattern=_CLEAN, description="Empty removes the default."
    )
    options: list[OptionIO] | None = Field(None, max_length=_OPTIONS_MAX)
    position: int | None = Field(None, ge=0, le=1_000_000)
    is_archived: bool | None = None


class SurvivorshipIO(BaseModel):
    """The rule of one field; field '*' holds for all without a rule of their own."""

    field: str = Field(min_length=1, max_length=60, pattern=_CLEAN)
    rule: SurvivorshipRule
    sources: list[Annotated[str, Field(min_length=1, max_length=100, pattern=_CLEAN)]] = Field(
        default_factory=list, max_length=100
    )
    manual_wins: bool = True


class SurvivorshipIn(BaseModel):
    """All rules; they replace what is there."""

    rules: list[SurvivorshipIO] = Field(max_length=_RULES_MAX)


class SurvivorshipOut(BaseModel):
    """All rules, and the sources that a priority can name."""

    rules: list[SurvivorshipIO]
    sources: list[str]


def field_out(field: CustomerField) -> FieldOut:
    """Return a field as the API shows it."""
    return FieldOut(
        name=field.name,
        type=field.type,
        label_zh=field.label_zh,
        label_en=field.label_en,
        protection=field.protection,
        options=[_option_out(option) for option in field.options],
        is_custom=field.is_custom,
        is_required=field.is_required,
        default=field.default,
    )


@router.get("/customer-fields", operation_id="listFields")
def list_fields(uow: UowDep, caller: Caller = Guard("customers.read")) -> FieldListOut:
    """List the fields that customers have, built-in ones first."""
    return FieldListOut(items=[field_out(field) for field in api.list_fields(uow)])


@router.get("/custom-fields", operation_id="listCustomFields")
def list_custom_fields(uow: UowDep, caller: Caller = Guard("customers.read")) -> CustomFieldListOut:
    """List custom fields, archived ones included."""
    return CustomFieldListOut(items=[_custom_field_out(field) for field in api.list_custom_fields(uow)])


@router.post("/custom-fields", operation_id="createCustomField", status_code=201)
def create_custom_field(
    body: CustomFieldIn, uow: UowDep, caller: Caller = Guard("settings.manage")
) -> CustomFieldOut:
    """Add a custom field."""
    draft = CustomFieldDraft(
        name=body.name,
        type=body.type,
        label_zh=body.label_zh,
        label_en=body.label_en,
        is_required=body.is_required,
        is_personal=body.is_personal,
        default=body.default,
        options=tuple(_option_of(option) for option in body.options),
    )
    return _custom_field_out(api.create_custom_field(uow, draft))


@router.patch("/custom-fields/{custom_field_id}", operation_id="changeCustomField")
def change_custom_field(
    custom_field_id: str, body: CustomFieldChangeIn, uow: UowDep, caller: Caller = Guard("settings.manage")
) -> CustomFieldOut:
    """Change labels, options, default or order; archive a field or bring it back."""
    number = from_opaque("x", custom_field_id)
    if number is None:
        raise CustomFieldNotFound(f"no custom field {custom_field_id!r}")
    change = CustomFieldChange(
        label_zh=body.label_zh,
        label_en=body.label_en,
        is_required=body.is_required,
        default=body.default,
        options=None if body.options is None else tuple(_option_of(option) for option in body.options),
        position=body.position,
        is_archived=body.is_archived,
    )
    return _custom_field_out(api.change_custom_field(uow, CustomFieldId(number), change))


@router.get("/survivorship", operation_id="getSurvivorship")
def get_survivorship(uow: UowDep, caller: Caller = Guard("customers.read")) -> SurvivorshipOut:
    """Return which value of a field holds when sources disagree."""
    return SurvivorshipOut(
        rules=[_rule_out(rule) for rule in api.list_survivorship(uow)], sources=api.list_sources(uow)
    )


@router.put("/survivorship", operation_id="setSurvivorship")
def set_survivorship(
    body: SurvivorshipIn, uow: UowDep, caller: Caller = Guard("settings.manage")
) -> SurvivorshipOut:
    """Replace all rules; customers are chosen anew."""
    rules = [Survivorship(r.field, r.rule, tuple(r.sources), r.manual_wins) for r in body.rules]
    return SurvivorshipOut(
        rules=[_rule_out(rule) for rule in api.set_survivorship(uow, rules)], sources=api.list_sources(uow)
    )


def _option_of(option: OptionIO) -> FieldOption:
    return FieldOption(option.value, option.label_zh, option.label_en, option.is_archived)


def _option_out(option: FieldOption) -> OptionIO:
    return OptionIO(
        value=option.value, label_zh=option.label_zh, label_en=option.label_en, is_archived=option.is_archived
    )


def _custom_field_out(field: CustomField) -> CustomFieldOut:
    return CustomFieldOut(
        id=opaque("x", field.custom_field_id),
        name=field.name,
        type=field.type,
        label_zh=field.label_zh,
        label_en=field.label_en,
        is_required=field.is_required,
        is_personal=field.is_personal,
        default=field.default,
        options=[_option_out(option) for option in field.options],
        position=field.position,
        is_archived=field.archived_at is not None,
        archived_at=field.archived_at,
        created_at=field.created_at,
        created_by=field.created_by,
    )


def _rule_out(rule: Survivorship) -> SurvivorshipIO:
    return SurvivorshipIO(
        field=rule.field, rule=rule.rule, sources=list(rule.sources), manual_wins=rule.manual_wins
    )
