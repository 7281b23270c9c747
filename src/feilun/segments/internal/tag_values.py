"""Values of computed tags: their rules, who carries them since when, why, and what becomes of them with their tag."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from pyroaring import BitMap64
from sqlalchemy import Row

from feilun.conditions import api as conditions
from feilun.conditions.contracts import Condition, Problem
from feilun.conditions.errors import ConditionInvalid
from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import Locale
from feilun.segments.contracts import (
    CarriedValue,
    ChangeCause,
    ComputedTagValue,
    DefinitionId,
    MemberPage,
    OwnerKind,
    TagPeople,
    TagValueChange,
    TagValueRule,
)
from feilun.segments.errors import TagRulesInvalid, TagValueUnknown
from feilun.segments.internal import questions, store_definitions
from feilun.segments.internal import store_memberships as store
from feilun.segments.internal.catalogue import load_catalogue
from feilun.segments.internal.definitions import known_conditions
from feilun.segments.internal.questions import Explained
from feilun.segments.ports import Surroundings
from feilun.tags.contracts import Tag, TagId, TagKind

_CONDITION: Final = "/rules/{place}/condition{path}"
"""Where a problem lies in all rules together."""


def set_tag_values(
    uow: UnitOfWork,
    surroundings: Surroundings,
    tag_id: TagId,
    tag_key: str,
    rules: Sequence[TagValueRule],
    *,
    is_exclusive: bool,
) -> list[ComputedTagValue]:
    """See `feilun.segments.api.set_tag_values`."""
    values = [rule.value for rule in rules]
    for value in values:
        if values.count(value) > 1:
            raise TagRulesInvalid(f"{value!r} has two rules", value=value)
    wanted = _checked(uow, surroundings, tag_key, rules, is_exclusive=is_exclusive)
    known = {row.value: row for row in store_definitions.tag_definitions(uow, tag_id)}
    gone = [DefinitionId(row.definition_id) for value, row in known.items() if value not in wanted]
    if gone:
        store_definitions.delete_definitions(uow, gone)
    for place, (value, condition) in enumerate(wanted.items()):
        data = conditions.dump_condition(condition)
        row = known.get(value)
        if row is None:
            store_definitions.insert_definition(
                uow,
                owner_kind=OwnerKind.TAG_VALUE,
                owner_id=tag_id,
                owner_key=tag_key,
                condition=data,
                zone=None,
                value=value,
                place=place,
                is_exclusive=is_exclusive,
            )
        elif (row.condition, row.place, row.is_exclusive) != (data, place, is_exclusive):
            store_definitions.update_definition(
                uow,
                DefinitionId(row.definition_id),
                condition=data,
                version=row.version + 1,
                place=place,
                is_exclusive=is_exclusive,
            )
    return list_tag_values(uow, tag_id)


def _checked(
    uow: UnitOfWork,
    surroundings: Surroundings,
    tag_key: str,
    rules: Sequence[TagValueRule],
    *,
    is_exclusive: bool,
) -> dict[str, Condition]:
    """Return readable conditions by value, checked against each other too: rules may name other values. Raises: ConditionInvalid."""
    parsed: dict[str, Condition] = {}
    problems: list[Problem] = []
    for place, rule in enumerate(rules):
        try:
            parsed[rule.value] = conditions.parse_condition(rule.condition)
        except ConditionInvalid as error:
            problems.extend(_placed(error.problems, place))
    if problems:
        raise ConditionInvalid(problems)
    if not rules:
        return {}
    catalogue = load_catalogue(uow, surroundings)
    segments = known_conditions(uow)
    dumped = [(value, conditions.dump_condition(condition)) for value, condition in parsed.items()]
    for key, data in store_definitions.value_conditions(tag_key, dumped, is_exclusive=is_exclusive).items():
        try:
            segments[key] = conditions.parse_condition(data)
        except ConditionInvalid:
            # Too large with all earlier values: then nothing can refer to it, but it can be evaluated.
            segments.pop(key, None)
    for place, condition in enumerate(parsed.values()):
        problems.extend(_placed(conditions.check_condition(condition, catalogue, segments=segments), place))
    if problems:
        raise ConditionInvalid(problems)
    return parsed


def _placed(problems: Iterable[Problem], place: int) -> list[Problem]:
    return [
        Problem(problem.code, _CONDITION.format(place=place, path=problem.path), problem.detail)
        for problem in problems
    ]


def list_tag_values(uow: UnitOfWork, tag_id: TagId) -> list[ComputedTagValue]:
    """See `feilun.segments.api.list_tag_values`."""
    return [
        ComputedTagValue(
            row.value,
            conditions.parse_condition(row.condition),
            store_definitions.status_of(row),
            is_exclusive=row.is_exclusive,
        )
        for row in store_definitions.tag_definitions(uow, tag_id)
    ]


# --- who carries them -------------------------------------------------------------------------------------------------


def carried_values(uow: UnitOfWork, person_id: PersonId) -> list[CarriedValue]:
    """See `feilun.segments.api.list_carried_values`."""
    root = identity.root_of(uow, [person_id])[person_id]
    fitting = store.definitions_with(uow, root)
    since = store.entered_at(uow, [root])
    return [
        CarriedValue(TagId(tag_id), value, since.get(definition_id))
        for tag_id, value, definition_id in store_definitions.tag_values_among(uow, fitting)
    ]


def tag_members(
    uow: UnitOfWork, tag_id: TagId, value: str | None, *, after: PersonId, limit: int
) -> MemberPage:
    """See `feilun.segments.api.tag_members`."""
    rows = [row for row in _live_rows(uow, tag_id) if value is None or row.value == value]
    if len(rows) == 1:
        found, has_more = store.page_of_members(uow, rows[0].definition_id, after=after, limit=limit)
        total = rows[0].size or 0
    else:
        everybody = _union(uow, rows)
        first = everybody.rank(after)
        found = [everybody[place] for place in range(first, min(first + limit, len(everybody)))]
        has_more, total = first + limit < len(everybody), len(everybody)
    people = tuple(PersonId(person_id) for person_id in found)
    return MemberPage(person_ids=people, total=total, next_after=people[-1] if has_more else None)


def carriers(uow: UnitOfWork, tag_id: TagId) -> list[PersonId]:
    """See `feilun.segments.api.list_tag_carriers`."""
    return [PersonId(person_id) for person_id in _union(uow, _live_rows(uow, tag_id))]


def values_of(uow: UnitOfWork, tag_id: TagId, person_ids: Sequence[PersonId]) -> dict[PersonId, list[str]]:
    """See `feilun.segments.api.values_of_people`."""
    rows = _live_rows(uow, tag_id)
    members = store.load_members(uow, [row.definition_id for row in rows])
    return {
        person_id: [row.value for row in rows if person_id in members.get(row.definition_id, BitMap64())]
        for person_id in person_ids
    }


def count_people(uow: UnitOfWork, tag_id: TagId | None) -> dict[TagId, TagPeople]:
    """See `feilun.segments.api.count_tag_people`."""
    by_tag: dict[TagId, list[Row[Any]]] = {}
    for row in store_definitions.live_tag_definitions(uow, tag_id):
        by_tag.setdefault(TagId(row.owner_id), []).append(row)
    return {owner: _people_of(uow, rows) for owner, rows in by_tag.items()}


def _people_of(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> TagPeople:
    sizes = {row.value: row.size for row in rows}
    people: int | None = None
    if all(size is not None for size in sizes.values()):
        # Values of which the first fitting one counts share nobody.
        is_disjoint = len(rows) == 1 or rows[0].is_exclusive
        people = sum(sizes.values()) if is_disjoint else len(_union(uow, rows))
    failing = sum(row.problem_code is not None for row in rows)
    return TagPeople(people=people, sizes=sizes, failing=failing)


def _live_rows(uow: UnitOfWork, tag_id: TagId) -> list[Row[Any]]:
    return store_definitions.live_tag_definitions(uow, tag_id)


def _union(uow: UnitOfWork, rows: Sequence[Row[Any]]) -> BitMap64:
    members = store.load_members(uow, [row.definition_id for row in rows])
    return BitMap64.union(BitMap64(), *members.values())


# --- history and explanations -----------------------------------------------------------------------------------------


def list_changes(
    uow: UnitOfWork,
    tag_id: TagId,
    *,
    value: str | None,
    person_id: PersonId | None,
    before: int | None,
    limit: int,
) -> tuple[list[TagValueChange], int | None]:
    """See `feilun.segments.api.list_tag_changes`."""
    people = identity.member_ids(uow, person_id) if person_id is not None else None
    found: list[TagValueChange] = []
    for definition in store_definitions.tag_definitions(uow, tag_id):
        if value is not None and definition.value != value:
            continue
        found.extend(
            TagValueChange(
                change_id=row.change_id,
                value=definition.value,
                version=row.version,
                person_id=PersonId(row.person_id),
                has_entered=row.has_entered,
                cause=ChangeCause(row.cause),
                changed_at=row.changed_at,
            )
            for row in store.list_changes(
                uow, definition.definition_id, people=people, before=before, limit=limit + 1
            )
        )
    found.sort(key=lambda change: change.change_id, reverse=True)
    return found[:limit], found[limit - 1].change_id if len(found) > limit else None


def explain_value(
    uow: UnitOfWork,
    surroundings: Surroundings,
    tag_id: TagId,
    value: str,
    person_id: PersonId,
    *,
    locale: Locale,
) -> Explained:
    """See `feilun.segments.api.explain_tag_value`."""
    for row in store_definitions.tag_definitions(uow, tag_id):
        if row.value == value:
            break
    else:
        raise TagValueUnknown(f"no value {value!r}", value=value)
    # With the earlier values that must not fit, as far as that can be read at once.
    whole = known_conditions(uow).get(store_definitions.tag_reference(row.owner_key, value))
    condition = whole or conditions.parse_condition(row.condition)
    return questions.explain(
        uow,
        surroundings,
        condition,
        person_id,
        zone=row.zone,
        locale=locale,
        definition_id=DefinitionId(row.definition_id) if row.size is not None else None,
    )


# --- their tag --------------------------------------------------------------------------------------------------------


def follow_tag(uow: UnitOfWork, tag: Tag) -> None:
    """Let the rules of a tag follow it. Idempotent.

    Archived: they are not evaluated, and nobody carries them. Brought back: computed anew, quietly as a first time. No longer
    computed: they go.
    """
    rows = store_definitions.tag_definitions(uow, tag.tag_id)
    if tag.kind is not TagKind.COMPUTED:
        store_definitions.delete_definitions(uow, [DefinitionId(row.definition_id) for row in rows])
        return
    is_live = tag.archived_at is None
    for row in rows:
        if (row.is_live, row.owner_key) != (is_live, tag.key):
            store_definitions.update_definition(
                uow, DefinitionId(row.definition_id), is_live=is_live, owner_key=tag.key
            )
