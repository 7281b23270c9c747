"""Facade of the condition language. Everything here is a function of its arguments."""

from collections.abc import Hashable, Iterable, Mapping
from typing import Literal, TypeVar
from zoneinfo import ZoneInfo

from feilun.conditions.contracts import (
    AggregateValue,
    Bound,
    BoundAggregate,
    Catalogue,
    CatalogueParts,
    Column,
    Condition,
    Evaluation,
    Explanation,
    Locale,
    MeasureDef,
    Operator,
    PeopleValues,
    Problem,
    Unit,
)
from feilun.conditions.errors import ConditionInvalid
from feilun.conditions.internal import (
    binding,
    checking,
    dumping,
    evaluating,
    explaining,
    expressions,
    joining,
    parsing,
    reading_values,
    sentences,
    walking,
    words,
)
from feilun.conditions.internal.sql.aggregating import (
    Records,
    value_kind,
)
from feilun.conditions.internal.sql.queries import (
    LeafGroup,
    figures_query,
    leaf_groups,
    merged_people_query,
    people_query,
    values_query,
    verdict_query,
)

__all__ = [
    "LeafGroup",
    "Records",
    "aggregates_of",
    "bind_condition",
    "check_condition",
    "describe_condition",
    "dump_condition",
    "evaluate_conditions",
    "explain_condition",
    "figures_query",
    "filter_columns",
    "finest_unit",
    "has_period",
    "join_catalogue",
    "leaf_groups",
    "measure_sources",
    "merged_people_query",
    "names_used",
    "operator_label",
    "operator_takes",
    "parse_condition",
    "people_query",
    "references_of",
    "unit_label",
    "value_kind",
    "values_query",
    "verdict_query",
]

Key = TypeVar("Key", bound=Hashable)


def parse_condition(data: object) -> Condition:
    """Read a condition from its JSON form, as `json.loads` gives it.

    Values get the type their operator asks for: numbers become exact decimals (a float counts as its shortest text), dates and
    moments are read from ISO 8601 texts; equal values of a list are kept once.

    Raises:
        ConditionInvalid: with every problem found, each with the place it is at. Hostile input is answered as quickly.
    """
    return parsing.parse(data)


def dump_condition(condition: Condition) -> dict[str, object]:
    """Return the canonical JSON form; `parse_condition` of it is the same condition."""
    return dumping.dump(condition)


def join_catalogue(parts: Iterable[CatalogueParts]) -> Catalogue:
    """Join what rooms offer to one catalogue.

    Raises:
        ValueError: two parts use the same name, or a definition does not fit the sources; an error in a room's program.
    """
    return joining.join(parts)


def filter_columns(measure: MeasureDef, catalogue: Catalogue) -> tuple[Column, ...]:
    """Return the columns that facts of a measure can be chosen by: those that all its sources have, of one kind."""
    return expressions.shared_columns(measure, catalogue)


def measure_sources(measure: MeasureDef) -> tuple[str, ...]:
    """Return the names of the sources a measure is taken from, in the order of its definition."""
    return expressions.source_names(measure.expression)


def has_period(measure: MeasureDef, catalogue: Catalogue) -> bool:
    """Tell whether facts of a measure can be chosen by when they happened."""
    return expressions.is_timed(measure, catalogue)


def check_condition(
    condition: Condition, catalogue: Catalogue, *, segments: Mapping[str, Condition]
) -> list[Problem]:
    """Return what is wrong with a condition, the segments it refers to included; of a sound one nothing.

    `segments` are all conditions it may refer to, by key, the one edited included once it has a key: circles are found.
    """
    return checking.Checker(catalogue, segments).check(condition)


def bind_condition(
    condition: Condition,
    catalogue: Catalogue,
    evaluation: Evaluation,
    *,
    segments: Mapping[str, Condition],
) -> Bound:
    """Return the condition with all names, dates and references resolved for one moment.

    Raises:
        ConditionInvalid: `check_condition` finds problems.
    """
    problems = check_condition(condition, catalogue, segments=segments)
    if problems:
        raise ConditionInvalid(problems)
    return binding.Binder(catalogue, evaluation, segments).node(condition.where)


def aggregates_of(bounds: Iterable[Bound]) -> list[BoundAggregate]:
    """Return the distinct aggregates that bound conditions need, in the order they are first met."""
    return evaluating.aggregates_of(bounds)


def evaluate_conditions(bounds: Mapping[Key, Bound], people: PeopleValues) -> dict[Key, int]:
    """Evaluate conditions for people whose aggregates are known; bit i of a result is set when `person_ids[i]` is in."""
    return evaluating.evaluate(bounds, people)


def explain_condition(
    condition: Condition,
    catalogue: Catalogue,
    evaluation: Evaluation,
    *,
    segments: Mapping[str, Condition],
    values: Mapping[BoundAggregate, AggregateValue],
    locale: Locale,
    segment_names: Mapping[str, str],
) -> Explanation:
    """Return why a person is in or out, part by part, with the values that decided.

    `values` are the person's aggregates: those of `aggregates_of` the condition bound to the same evaluation.

    Raises:
        ConditionInvalid: `check_condition` finds problems.
    """
    problems = check_condition(condition, catalogue, segments=segments)
    if problems:
        raise ConditionInvalid(problems)
    explainer = explaining.Explainer(catalogue, evaluation, segments, values, locale, segment_names)
    return explainer.explain(condition)


def describe_condition(
    condition: Condition,
    catalogue: Catalogue,
    *,
    locale: Locale,
    segment_names: Mapping[str, str],
    zone: ZoneInfo | None = None,
) -> str:
    """Return the condition as a sentence. Names the catalogue does not know stand in quotation marks.

    `zone` is that of moments the condition names; without one they are said in UTC.
    """
    return sentences.Speaker(catalogue, locale, segment_names, zone).sentence(condition.where)


def finest_unit(
    condition: Condition, catalogue: Catalogue, *, segments: Mapping[str, Condition]
) -> Unit | None:
    """Return how often time alone can change who is in, of a condition that `check_condition` found sound.

    MINUTE or HOUR: at any moment; DAY: at the zone's midnight; None: never.
    """
    return walking.finest_unit(condition, catalogue, segments)


def references_of(condition: Condition) -> frozenset[str]:
    """Return the keys of segments that a condition names itself."""
    return walking.references_of(condition)


def names_used(condition: Condition) -> frozenset[str]:
    """Return the fields and measures that a condition names itself, so that none is deleted while used."""
    return walking.names_used(condition)


def operator_label(op: Operator, locale: Locale) -> str:
    """Return an operator as a list of choices names it."""
    return words.operator_label(op, locale)


def unit_label(unit: Unit, locale: Locale) -> str:
    """Return a unit of time as a list of choices names it."""
    return words.unit_label(unit, locale)


def operator_takes(op: Operator) -> Literal["none", "one", "list", "two", "span", "months"]:
    """Return what stands under "value" beside an operator."""
    match reading_values.FORMS[op]:
        case reading_values.Form.NOTHING:
            return "none"
        case reading_values.Form.TEXTS:
            return "list"
        case reading_values.Form.PAIR:
            return "two"
        case reading_values.Form.SPAN | reading_values.Form.DAYS:
            return "span"
        case reading_values.Form.MONTHS:
            return "months"
        case _:
            return "one"
