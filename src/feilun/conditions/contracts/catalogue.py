"""The catalogue: fields, measures and sources that conditions can speak about."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from feilun.conditions.contracts.language import ValueKind
from feilun.conditions.contracts.tree import Filter


@dataclass(frozen=True, slots=True)
class Option:
    """One choice."""

    value: str
    label_zh: str
    label_en: str


WEEKDAYS: Final = (
    Option("1", "周一", "Monday"),
    Option("2", "周二", "Tuesday"),
    Option("3", "周三", "Wednesday"),
    Option("4", "周四", "Thursday"),
    Option("5", "周五", "Friday"),
    Option("6", "周六", "Saturday"),
    Option("7", "周日", "Sunday"),
)
"""Days of the week as ISO numbers them, for columns that hold one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a source: what facts can be filtered by, what measures are taken of."""

    name: str
    kind: ValueKind
    sql: str
    """Expression over the table's columns, missing as NULL. Placeholders: {property} (a quoted name), {zone} (quoted),
    {today_year}, {today_month_day} (month * 100 + day, in the evaluation's zone)."""
    label_zh: str
    label_en: str
    options: tuple[Option, ...] = ()
    is_filter: bool = True
    """Offered as a filter in the editor."""
    suggests: bool = False
    """The editor looks up which values occur."""
    has_property: bool = False
    """Keyed by the name of a property, e.g. of an event."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A fact table of the warehouse as conditions see it."""

    name: str
    table: str
    label_zh: str
    label_en: str
    columns: tuple[Column, ...]
    moment: str | None
    """Column of when a fact happened, DateTime64(3) in the table; None: the table has one row per person, or no time."""
    where_sql: str = ""
    """Which rows count at all, e.g. lines of counted orders. '{main_currency}' stands for the main currency, quoted."""
    is_per_person: bool = False
    """One row per customer under the root's id (`customers`); otherwise rows lie under the record they came with."""


class Function(StrEnum):
    """How facts become one value. Facts that lack the column's value do not count."""

    VALUE = "value"
    """The value in a source with one row per person."""
    COUNT = "count"
    COUNT_DISTINCT = "count_distinct"
    SUM = "sum"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    """The column of the earliest fact; of equal moments the smallest value."""
    LAST = "last"
    """The column of the latest fact; of equal moments the greatest value."""
    SET = "set"
    """The distinct values."""
    MOMENTS = "moments"
    """All moments, for sequences."""


@dataclass(frozen=True, slots=True)
class Aggregate:
    """An aggregate over a source, before filters and period are added."""

    source: str
    function: Function
    column: str | None = None
    property: str | None = None
    """Name of the property, for a column that is keyed by one."""


class Arithmetic(StrEnum):
    """How two values become one."""

    PLUS = "plus"
    """A missing side counts as 0; both missing: missing."""
    MINUS = "minus"
    """As PLUS."""
    RATIO = "ratio"
    """Left / right, cut to 6 decimals towards zero; a missing left counts as 0. Missing unless the right is above 0: shares of
    nothing, and days between orders of who has none or one, are no numbers."""
    DAYS_BETWEEN = "days_between"
    """Whole days from left to right, both moments, as exact 24 hours cut towards zero; missing when one is."""


@dataclass(frozen=True, slots=True)
class Calculated:
    """Two values combined."""

    how: Arithmetic
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that is the same for everybody, e.g. the 1 in (last - first) / (orders - 1)."""

    value: Decimal | datetime


@dataclass(frozen=True, slots=True)
class Now:
    """The evaluation's moment; binding makes it a constant."""


Expression = Aggregate | Calculated | Constant | Now


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDef:
    """A field: one value per person."""

    name: str
    kind: ValueKind
    expression: Expression
    label_zh: str
    label_en: str
    group: str
    """Where the editor lists it: 'profile', 'custom', 'identity', 'consent', 'tags', 'orders', 'events' …"""
    where: tuple[Filter, ...] = ()
    """Fixed filters of its aggregates."""
    options: tuple[Option, ...] = ()
    suggests: bool = False
    description_zh: str = ""
    description_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureDef:
    """A measure: a value per person over facts that a condition chooses."""

    name: str
    kind: ValueKind
    expression: Expression
    label_zh: str
    label_en: str
    group: str
    where: tuple[Filter, ...] = ()
    """Fixed filters, added to every aggregate whose source has the column."""
    unit_zh: str = ""
    unit_en: str = ""
    description_zh: str = ""
    description_en: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueParts:
    """What one room contributes."""

    sources: tuple[Source, ...] = ()
    fields: tuple[FieldDef, ...] = ()
    measures: tuple[MeasureDef, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything conditions can speak about, by name. Build it with `api.join_catalogue`."""

    sources: Mapping[str, Source]
    fields: Mapping[str, FieldDef]
    measures: Mapping[str, MeasureDef]
