"""Answering questions about conditions: are they right, how many fit, why does somebody, which values occur."""

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    Aggregate,
    AggregateValue,
    Bound,
    BoundAggregate,
    Catalogue,
    Column,
    Condition,
    Evaluation,
    Explanation,
    FieldDef,
    Function,
    Problem,
    Unit,
    ValueKind,
)
from feilun.conditions.errors import ConditionInvalid
from feilun.identity import api as identity
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.i18n import Locale
from feilun.platform.warehouse import WarehouseRefused
from feilun.segments.contracts import DefinitionId, Preview, Suggestion
from feilun.segments.errors import PreviewSuperseded, PreviewTooSlow, ValuesNotListed, ZoneUnknown
from feilun.segments.internal import store_definitions, store_memberships
from feilun.segments.internal.catalogue import load_catalogue, main_currency
from feilun.segments.internal.computing import failure_of
from feilun.segments.internal.definitions import known_conditions
from feilun.segments.internal.reading import read_members, read_preview, read_values
from feilun.segments.internal.warehouse_state import LimitedWarehouse
from feilun.segments.ports import Surroundings

PREVIEW_SECONDS_MAX: Final = 15
_VALUES_SECONDS_MAX: Final = 5


@dataclass(frozen=True, slots=True)
class Checked:
    """What is wrong with a condition, and what it says."""

    problems: tuple[Problem, ...]
    sentence: str | None
    finest_unit: Unit | None


@dataclass(frozen=True, slots=True)
class Words:
    """A stored condition in words. It may name what is gone."""

    sentence: str
    finest_unit: Unit | None


@dataclass(frozen=True, slots=True)
class Explained:
    """Why somebody fits a condition, or not."""

    person_id: PersonId
    sentence: str
    as_of: datetime
    tree: Explanation
    is_member: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueQuery:
    """Whose values are asked for: a field's, or a column's of a source (with the property, where it is keyed by one)."""

    field: str | None = None
    source: str | None = None
    column: str | None = None
    property: str | None = None
    text: str = ""
    """Only values that contain it."""
    limit: int = 50


def check(uow: UnitOfWork, surroundings: Surroundings, data: object, *, locale: Locale) -> Checked:
    """See `feilun.segments.api.check`."""
    try:
        condition = conditions.parse_condition(data)
    except ConditionInvalid as error:
        return Checked(error.problems, None, None)
    catalogue = load_catalogue(uow, surroundings)
    segments = known_conditions(uow)
    problems = conditions.check_condition(condition, catalogue, segments=segments)
    if problems:
        return Checked(tuple(problems), None, None)
    return Checked(
        (),
        _sentence(uow, catalogue, condition, locale),
        conditions.finest_unit(condition, catalogue, segments=segments),
    )


def condition_words(
    uow: UnitOfWork, surroundings: Surroundings, stored: Sequence[Condition], *, locale: Locale
) -> list[Words]:
    """See `feilun.segments.api.condition_words`."""
    catalogue = load_catalogue(uow, surroundings)
    segments = known_conditions(uow)
    names = store_definitions.reference_names(uow)
    words = []
    for condition in stored:
        sentence = conditions.describe_condition(condition, catalogue, locale=locale, segment_names=names)
        is_whole = not conditions.check_condition(condition, catalogue, segments=segments)
        unit = conditions.finest_unit(condition, catalogue, segments=segments) if is_whole else None
        words.append(Words(sentence, unit))
    return words


def _sentence(uow: UnitOfWork, catalogue: Catalogue, condition: Condition, locale: Locale) -> str:
    names = store_definitions.reference_names(uow)
    return conditions.describe_condition(condition, catalogue, locale=locale, segment_names=names)


def evaluation_now(uow: UnitOfWork, surroundings: Surroundings, zone: str | None) -> Evaluation:
    """Return the evaluation of this moment. Raises: ZoneUnknown."""
    if zone is not None and zone not in available_timezones():
        raise ZoneUnknown(f"no time zone {zone!r}", zone=zone)
    return Evaluation(uow.now, ZoneInfo(zone or surroundings.zone), main_currency(uow, surroundings))


def preview(
    database: Database,
    surroundings: Surroundings,
    data: object,
    *,
    zone: str | None,
    sample: int,
    editor: str | None,
    locale: Locale,
) -> Preview:
    """See `feilun.segments.api.preview`."""
    condition = conditions.parse_condition(data)
    with database.transaction() as uow:
        catalogue = load_catalogue(uow, surroundings)
        evaluation = evaluation_now(uow, surroundings, zone)
        bound = conditions.bind_condition(condition, catalogue, evaluation, segments=known_conditions(uow))
        sentence = _sentence(uow, catalogue, condition, locale)
    warehouse = surroundings.warehouse()
    begun = time.monotonic()
    with surroundings.previews.turn(editor, LimitedWarehouse(warehouse).end) as mark:
        limited = LimitedWarehouse(warehouse, mark=mark, settings={"max_execution_time": PREVIEW_SECONDS_MAX})
        try:
            found = read_preview(limited, bound, catalogue, evaluation, sample=sample)
        except WarehouseRefused as error:
            if surroundings.previews.is_old(editor, mark):
                raise PreviewSuperseded("a newer preview took its place") from error
            if failure_of(error).is_too_costly:
                raise PreviewTooSlow("counting takes too long", seconds=PREVIEW_SECONDS_MAX) from error
            raise
    return Preview(
        count=found.count,
        total=found.total,
        sample=tuple(PersonId(person_id) for person_id in found.sample),
        sentence=sentence,
        took_ms=int((time.monotonic() - begun) * 1000),
        as_of=evaluation.now,
    )


def explain(
    uow: UnitOfWork,
    surroundings: Surroundings,
    condition: Condition,
    person_id: PersonId,
    *,
    zone: str | None,
    locale: Locale,
    definition_id: DefinitionId | None = None,
) -> Explained:
    """See `feilun.segments.api.explain`. `definition_id`: whose stored membership is told besides."""
    person = identity.get_person(uow, person_id)
    catalogue = load_catalogue(uow, surroundings)
    evaluation = evaluation_now(uow, surroundings, zone)
    segments = known_conditions(uow)
    bound = conditions.bind_condition(condition, catalogue, evaluation, segments=segments)
    aggregates = conditions.aggregates_of([bound])
    people = read_values(surroundings.warehouse(), aggregates, catalogue, evaluation, [person.person_id])
    values = {
        aggregate: people.values[aggregate][0] if people.person_ids else _nothing(aggregate)
        for aggregate in aggregates
    }
    tree = conditions.explain_condition(
        condition,
        catalogue,
        evaluation,
        segments=segments,
        values=values,
        locale=locale,
        segment_names=store_definitions.reference_names(uow),
    )
    is_member = None
    if definition_id is not None:
        is_member = store_memberships.is_member(uow, definition_id, person.person_id)
    return Explained(
        person.person_id, _sentence(uow, catalogue, condition, locale), evaluation.now, tree, is_member
    )


def bind_now(
    uow: UnitOfWork, surroundings: Surroundings, data: object
) -> tuple[Bound, Catalogue, Evaluation]:
    """Return a condition bound to this moment, and to what. Raises: ConditionInvalid."""
    condition = conditions.parse_condition(data)
    catalogue = load_catalogue(uow, surroundings)
    evaluation = evaluation_now(uow, surroundings, None)
    bound = conditions.bind_condition(condition, catalogue, evaluation, segments=known_conditions(uow))
    return bound, catalogue, evaluation


def iterate_fitting(uow: UnitOfWork, surroundings: Surroundings, data: object) -> Iterator[PersonId]:
    """Yield everybody a condition fits now, by root, in the order of ids.

    Raises: ConditionInvalid, PreviewTooSlow, WarehouseAway.
    """
    bound, catalogue, evaluation = bind_now(uow, surroundings, data)
    limited = LimitedWarehouse(surroundings.warehouse(), settings={"max_execution_time": PREVIEW_SECONDS_MAX})
    try:
        people = read_members(limited, {"": bound}, catalogue, evaluation)[""]
    except WarehouseRefused as error:
        if failure_of(error).is_too_costly:
            raise PreviewTooSlow("counting takes too long", seconds=PREVIEW_SECONDS_MAX) from error
        raise
    return map(PersonId, people)


def _nothing(aggregate: BoundAggregate) -> AggregateValue:
    """Return the value of an aggregate for someone the warehouse does not know yet."""
    if aggregate.function in (Function.COUNT, Function.COUNT_DISTINCT):
        return Decimal(0)
    return () if aggregate.function is Function.MOMENTS else None


def list_values(
    uow: UnitOfWork, surroundings: Surroundings, wanted: ValueQuery, *, locale: Locale
) -> list[Suggestion]:
    """See `feilun.segments.api.list_values`."""
    catalogue = load_catalogue(uow, surroundings)
    if wanted.field is not None:
        field = catalogue.fields.get(wanted.field)
        if field is None:
            raise ValuesNotListed(f"no field {wanted.field}", name=wanted.field)
        if field.options:
            return _options(field, wanted, locale)
        source, column = _column_of_field(field, catalogue)
    else:
        source, column = wanted.source or "", _column(catalogue, wanted.source, wanted.column)
    if not column.suggests and not column.has_property and wanted.field is None:
        raise ValuesNotListed(f"values of {column.name} are not listed", name=column.name)
    return _occurring(uow, surroundings, catalogue, source, column, wanted, locale)


def _options(field: FieldDef, wanted: ValueQuery, locale: Locale) -> list[Suggestion]:
    found = [
        Suggestion(option.value, option.label_zh if locale == "zh-CN" else option.label_en, None)
        for option in field.options
    ]
    needle = wanted.text.casefold()
    return [s for s in found if needle in s.label.casefold() or needle in s.value.casefold()][: wanted.limit]


def _column_of_field(field: FieldDef, catalogue: Catalogue) -> tuple[str, Column]:
    expression = field.expression
    if not isinstance(expression, Aggregate) or expression.column is None or not field.suggests:
        raise ValuesNotListed(f"values of {field.name} are not listed", name=field.name)
    return expression.source, _column(catalogue, expression.source, expression.column)


def _column(catalogue: Catalogue, source: str | None, name: str | None) -> Column:
    found = catalogue.sources.get(source or "")
    for column in found.columns if found is not None else ():
        if column.name == name:
            return column
    raise ValuesNotListed(f"no column {source}.{name}", name=f"{source}.{name}")


_TEXT_KINDS: Final = (ValueKind.TEXT, ValueKind.CHOICE, ValueKind.PATH, ValueKind.TEXTS)


def _occurring(
    uow: UnitOfWork,
    surroundings: Surroundings,
    catalogue: Catalogue,
    source_name: str,
    column: Column,
    wanted: ValueQuery,
    locale: Locale,
) -> list[Suggestion]:
    if column.kind not in _TEXT_KINDS or (column.has_property and not wanted.property):
        raise ValuesNotListed(f"values of {column.name} are not listed", name=column.name)
    source = catalogue.sources[source_name]
    evaluation = evaluation_now(uow, surroundings, None)
    expression = _sql(column.sql)
    if column.kind is ValueKind.TEXTS:
        expression = f"arrayJoin({expression})"
    where = f" WHERE {_sql(source.where_sql)}" if source.where_sql else ""
    limited = LimitedWarehouse(surroundings.warehouse(), settings={"max_execution_time": _VALUES_SECONDS_MAX})
    rows = limited.rows(
        "SELECT toString(x) AS v, count() AS n FROM"
        f" (SELECT {expression} AS x FROM {source.table} FINAL{where}) WHERE x IS NOT NULL AND v != ''"
        " AND ({text:String} = '' OR positionCaseInsensitiveUTF8(v, {text:String}) > 0)"
        " GROUP BY v ORDER BY n DESC, v LIMIT {limit:UInt32}",
        {
            "text": wanted.text,
            "limit": wanted.limit,
            **bound_words(evaluation, property_name=wanted.property or ""),
        },
    )
    labels: Mapping[str, str] = {
        option.value: option.label_zh if locale == "zh-CN" else option.label_en for option in column.options
    }
    return [Suggestion(str(value), labels.get(value, str(value)), int(count)) for value, count in rows]


_WORD: Final = re.compile(r"\{(property|zone|today_year|today_month_day|main_currency)\}")
_TYPES: Final = {
    "property": "String",
    "zone": "String",
    "main_currency": "String",
    "today_year": "UInt16",
    "today_month_day": "UInt16",
}


def _sql(expression: str) -> str:
    """Return a catalogue's expression with its words as parameters that the warehouse binds."""
    return _WORD.sub(lambda found: f"{{{found[1]}:{_TYPES[found[1]]}}}", expression)


def bound_words(evaluation: Evaluation, *, property_name: str) -> dict[str, object]:
    """Return the values of the words in a catalogue's expressions."""
    today = evaluation.now.astimezone(evaluation.zone)
    return {
        "property": property_name,
        "zone": evaluation.zone.key,
        "main_currency": evaluation.main_currency,
        "today_year": today.year,
        "today_month_day": today.month * 100 + today.day,
    }
