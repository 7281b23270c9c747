"""HTTP of computed tags: their rules, who carries them, how that changed, and why. The dictionary itself is in `tags`."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.identity import api as identity
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.http import LocaleDep, SettingsDep, UowDep
from feilun.platform.i18n import Locale
from feilun.profiles import api as profiles
from feilun.profiles.http import row_out
from feilun.profiles.timeline_http import person_id_of
from feilun.segments import api
from feilun.segments.contracts import ChangeCause, Health, TagValueRule
from feilun.segments.errors import TagNotComputed, TagRulesInvalid
from feilun.segments.http_answers import definition_problem_out, explanation_out, surroundings_of
from feilun.segments.http_shapes import (
    CleanText,
    ConditionJson,
    ExplanationOut,
    SegmentMembersOut,
    SegmentProblemOut,
)
from feilun.segments.ports import Surroundings
from feilun.tags import api as tags
from feilun.tags.contracts import ALLOWED_VALUES_MAX, VALUE_MAX, AllowedValue, Tag, TagKind, ValueMode
from feilun.tags.errors import TagArchived
from feilun.tags.http_answers import ref_out, tag_id_of
from feilun.tags.http_shapes import TagRefOut

router = APIRouter(prefix="/api/v1", tags=["tags"])

_CURSOR: Final = r"^[0-9a-z_]*$"
TagText = Annotated[str, Field(max_length=VALUE_MAX, pattern=r"^[^\x00]*$")]
Cursor = Annotated[str | None, Query(max_length=40, pattern=_CURSOR)]
PageSize = Annotated[int, Query(ge=1, le=200)]


class TagRuleIn(BaseModel):
    """Who carries a value of the tag."""

    model_config = ConfigDict(extra="forbid")

    value: TagText = Field(
        "", description="Empty only where it is the single rule: the tag then has no values."
    )
    label: TagText = Field("", description="What pages call the value; empty: the value itself.")
    condition: ConditionJson


class TagRulesIn(BaseModel):
    """All rules of a computed tag in their order; they replace those there are."""

    model_config = ConfigDict(extra="forbid")

    is_exclusive: bool = Field(
        default=True, description="A person carries the first value that fits, and not every value that does."
    )
    rules: list[TagRuleIn] = Field(max_length=ALLOWED_VALUES_MAX)


class TagRuleOut(BaseModel):
    """Who carries a value of the tag, and how its evaluation stands."""

    value: str
    label: str
    condition: ConditionJson
    sentence: str
    finest_unit: str | None
    health: Health
    problem: SegmentProblemOut | None
    size: int | None = Field(description="People who carry it; null before the first computation.")
    computed_at: datetime | None
    cost_ms: int | None


class TagRulesOut(BaseModel):
    """The rules of a computed tag in their order."""

    is_exclusive: bool
    people: int | None = Field(description="People with any value; null before the first computation of all.")
    rules: list[TagRuleOut]


class TagValueSizeOut(BaseModel):
    """How many people carry a value."""

    value: str
    label: str
    size: int | None


class ComputedTagPeopleOut(BaseModel):
    """How many people carry a computed tag."""

    tag_id: str
    people: int | None
    failing: int = Field(description="Values that cannot be evaluated.")
    values: list[TagValueSizeOut]


class ComputedTagListOut(BaseModel):
    """Computed tags that have rules."""

    items: list[ComputedTagPeopleOut]


class TagMembersOut(SegmentMembersOut):
    """People who carry a computed tag."""

    values: dict[str, list[str]] = Field(description="What pages call the values they carry, by customer id.")


class TagValueChangeOut(BaseModel):
    """Somebody came to carry a value, or does not any more."""

    id: str
    value: str
    value_label: str
    person_id: str
    has_entered: bool
    cause: ChangeCause
    changed_at: datetime


class TagValueChangesOut(BaseModel):
    """A page of changes, newest first."""

    items: list[TagValueChangeOut]
    next_cursor: str | None


class ComputedTagOut(BaseModel):
    """A computed tag as a customer carries it."""

    tag: TagRefOut
    value: str
    value_label: str
    since: datetime | None = Field(description="Null: from the first computation of its rule.")


class CustomerComputedTagsOut(BaseModel):
    """The computed tags of a customer."""

    customer_id: str
    items: list[ComputedTagOut]


# --- rules ------------------------------------------------------------------------------------------------------------


@router.get("/computed-tags", operation_id="listComputedTags")
def list_computed_tags(uow: UowDep, caller: Caller = Guard("segments.read")) -> ComputedTagListOut:
    """Return how many people carry each computed tag that has rules, by value and together."""
    known = tags.tags_by_id(uow)
    return ComputedTagListOut(
        items=[
            ComputedTagPeopleOut(
                tag_id=opaque("tg", tag_id),
                people=found.people,
                failing=found.failing,
                values=[
                    TagValueSizeOut(value=value, label=known[tag_id].label_of(value), size=size)
                    for value, size in found.sizes.items()
                ],
            )
            for tag_id, found in api.count_tag_people(uow).items()
            if tag_id in known
        ]
    )


@router.get("/tags/{tag_id}/rules", operation_id="getTagRules")
def get_tag_rules(
    tag_id: str,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    caller: Caller = Guard("segments.read"),
) -> TagRulesOut:
    """Return the rules of a computed tag in their order, with how their evaluation stands. 409 for static tags."""
    return _rules_out(uow, surroundings_of(request), _computed(uow, tag_id), locale)


@router.put("/tags/{tag_id}/rules", operation_id="setTagRules")
def set_tag_rules(
    tag_id: str,
    body: TagRulesIn,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    settings: SettingsDep,
    caller: Caller = Guard("tags.write"),
) -> TagRulesOut:
    """Replace the rules of a computed tag, and with them its values. Who then fits or not is no entry or exit.

    422 lists what is wrong with the conditions, with paths into `/rules`; 409 for static and archived tags.
    """
    tag = _computed(uow, tag_id)
    if tag.archived_at is not None:
        raise TagArchived("archived", tag=tag.name)
    has_no_values = [rule.value for rule in body.rules] == [""]
    if not has_no_values and any(not rule.value.strip() for rule in body.rules):
        raise TagRulesInvalid("a rule has no value", value="")
    draft = replace(
        tags.draft_of(tag),
        value_mode=_mode_of(tag, body),
        allowed_values=()
        if has_no_values
        else tuple(AllowedValue(rule.value, rule.label.strip() or rule.value) for rule in body.rules),
    )
    changed = tags.change_tag(uow, tag.tag_id, draft, zone=ZoneInfo(settings.base_zone))
    surroundings = surroundings_of(request)
    rules = [TagValueRule(rule.value, rule.condition) for rule in body.rules]
    api.set_tag_values(uow, surroundings, tag.tag_id, tag.key, rules, is_exclusive=body.is_exclusive)
    return _rules_out(uow, surroundings, changed, locale)


def _mode_of(tag: Tag, body: TagRulesIn) -> ValueMode:
    if not body.rules:
        return tag.value_mode
    if not body.rules[0].value:
        return ValueMode.FLAG
    return ValueMode.ONE if body.is_exclusive else ValueMode.SEVERAL


def _computed(uow: UnitOfWork, text: str) -> Tag:
    """Return a computed tag. Raises: TagNotFound, TagNotComputed."""
    tag = tags.get_tag(uow, tag_id_of(text))
    if tag.kind is not TagKind.COMPUTED:
        raise TagNotComputed("a static tag has no rules", tag=tag.name)
    return tag


def _rules_out(uow: UnitOfWork, surroundings: Surroundings, tag: Tag, locale: Locale) -> TagRulesOut:
    found = api.list_tag_values(uow, tag.tag_id)
    people = api.count_tag_people(uow, tag.tag_id).get(tag.tag_id)
    words = api.condition_words(uow, surroundings, [rule.condition for rule in found], locale=locale)
    return TagRulesOut(
        is_exclusive=found[0].is_exclusive if found else tag.value_mode is not ValueMode.SEVERAL,
        people=people.people if people else None,
        rules=[
            TagRuleOut(
                value=rule.value,
                label=tag.label_of(rule.value),
                condition=api.condition_json(rule.condition),
                sentence=said.sentence,
                finest_unit=said.finest_unit.value if said.finest_unit else None,
                health=rule.status.health,
                problem=definition_problem_out(rule.status.problem, locale) if rule.status.problem else None,
                size=rule.status.size,
                computed_at=rule.status.computed_at,
                cost_ms=rule.status.cost_ms,
            )
            for rule, said in zip(found, words, strict=True)
        ],
    )


# --- who carries it ---------------------------------------------------------------------------------------------------


@router.get("/tags/{tag_id}/members", operation_id="listTagMembers")
def list_tag_members(
    tag_id: str,
    uow: UowDep,
    value: Annotated[TagText | None, Query()] = None,
    cursor: Cursor = None,
    page_size: PageSize = 50,
    caller: Caller = Guard("customers.read"),
) -> TagMembersOut:
    """Return people who carry a computed tag, or one value of it, in the order of their ids."""
    tag = _computed(uow, tag_id)
    reveal = caller.may("personal.read")
    after = person_id_of(cursor) if cursor else PersonId(0)
    found = api.tag_members(uow, tag.tag_id, value, after=after, limit=page_size)
    rows = profiles.list_rows(uow, found.person_ids, reveal=reveal, with_phones=True)
    carried = api.values_of_people(uow, tag.tag_id, found.person_ids)
    return TagMembersOut(
        items=[row_out(row) for row in rows],
        total=found.total,
        next_cursor=opaque("c", found.next_after) if found.next_after else None,
        is_masked=not reveal,
        values={opaque("c", person_id): [tag.label_of(v) for v in vs] for person_id, vs in carried.items()},
    )


@router.get("/tags/{tag_id}/changes", operation_id="listTagChanges")
def list_tag_changes(
    tag_id: str,
    uow: UowDep,
    value: Annotated[TagText | None, Query()] = None,
    person: Annotated[CleanText | None, Query()] = None,
    cursor: Cursor = None,
    page_size: PageSize = 50,
    caller: Caller = Guard("customers.read"),
) -> TagValueChangesOut:
    """Return who came to carry values of a computed tag and who does not any more, newest first."""
    tag = _computed(uow, tag_id)
    found, next_before = api.list_tag_changes(
        uow,
        tag.tag_id,
        value=value,
        person_id=person_id_of(person) if person else None,
        before=from_opaque("sc", cursor) if cursor else None,
        limit=page_size,
    )
    return TagValueChangesOut(
        items=[
            TagValueChangeOut(
                id=opaque("sc", change.change_id),
                value=change.value,
                value_label=tag.label_of(change.value),
                person_id=opaque("c", change.person_id),
                has_entered=change.has_entered,
                cause=change.cause,
                changed_at=change.changed_at,
            )
            for change in found
        ],
        next_cursor=opaque("sc", next_before) if next_before is not None else None,
    )


@router.get("/tags/{tag_id}/explain/{person_id}", operation_id="explainTagValue")
def explain_tag_value(
    tag_id: str,
    person_id: str,
    request: Request,
    uow: UowDep,
    locale: LocaleDep,
    value: Annotated[TagText, Query()] = "",
    caller: Caller = Guard("segments.read"),
) -> ExplanationOut:
    """Tell why a person carries a value of a computed tag, or not, with the values the person really has."""
    tag = _computed(uow, tag_id)
    explained = api.explain_tag_value(
        uow, surroundings_of(request), tag.tag_id, value, person_id_of(person_id), locale=locale
    )
    return explanation_out(explained)


@router.get("/customers/{customer_id}/computed-tags", operation_id="listCustomerComputedTags")
def list_customer_computed_tags(
    customer_id: str, uow: UowDep, caller: Caller = Guard("customers.read")
) -> CustomerComputedTagsOut:
    """Return the computed tags a customer carries, and since when."""
    person = identity.get_person(uow, person_id_of(customer_id))
    known = tags.tags_by_id(uow)
    return CustomerComputedTagsOut(
        customer_id=customer_id,
        items=[
            ComputedTagOut(
                tag=ref_out(known[carried.tag_id]),
                value=carried.value,
                value_label=known[carried.tag_id].label_of(carried.value),
                since=carried.since,
            )
            for carried in api.list_carried_values(uow, person.person_id)
            if carried.tag_id in known and known[carried.tag_id].archived_at is None
        ],
    )
