"""Aggregates as SQL: the facts of one source, filtered in all the ways asked for, grouped by person once.

Facts lie under the record they came with; a join with the aliases brings them to the person of today.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from enum import Enum, auto
from math import ceil
from typing import Final

from feilun.conditions.contracts import (
    BoundAggregate,
    Catalogue,
    Column,
    Evaluation,
    Everybody,
    FactTest,
    Function,
    PeopleRange,
    PeopleScope,
    Source,
    ThesePeople,
    ValueKind,
)
from feilun.conditions.internal.sql.literals import fill_placeholders, moment_literal
from feilun.conditions.internal.sql.terms import FORM_OF_KIND, Form, Term, milliseconds, passes

PEOPLE_TABLE: Final = "customers"
_ALIASES_TABLE: Final = "person_aliases"
_MOMENT: Final = "moment"
COUNTING: Final = (Function.COUNT, Function.COUNT_DISTINCT)
"""Functions whose values are whole numbers and never missing."""


class Records(Enum):
    """Which people a query is about, by how many records they have."""

    ANY = auto()
    """All of them; facts are joined with the aliases."""
    ALONE = auto()
    """Those who were never merged: no join, and a range of people is a range of facts."""
    MERGED = auto()
    """Those with several records."""


class SourceQuery:
    """Builds the query of one source's aggregates: one row per person that has facts."""

    def __init__(
        self, source: Source, aggregates: Sequence[BoundAggregate], evaluation: Evaluation, *, prefix: str
    ) -> None:
        self._source = source
        self._evaluation = evaluation
        self._columns = {column.name: column for column in source.columns}
        self._prefix = prefix
        self.aggregates = tuple(aggregates)
        self._values: dict[str, str] = {}
        self._tests: dict[str, str] = {}
        self._filters: dict[str, str] = {}
        self._outputs = [self._output(aggregate) for aggregate in aggregates]

    def terms(self, table: str = "") -> dict[BoundAggregate, Term]:
        """Return the columns of the result by aggregate, as columns of `table`."""
        dot = f"{table}." if table else ""
        return {
            aggregate: Term(f"{dot}{self._prefix}{number}", form_of(aggregate, self._columns))
            for number, aggregate in enumerate(self.aggregates)
        }

    def sql(self, scope: PeopleScope, records: Records = Records.ANY) -> str:
        """Return the SELECT."""
        if self._source.is_per_person:
            return self._per_person(scope)
        outputs = [f"{sql} AS {self._prefix}{number}" for number, sql in enumerate(self._outputs)]
        facts = self._facts(scope, records)
        return f"SELECT person_id, {', '.join(outputs)} FROM ({facts}) GROUP BY person_id"

    def _per_person(self, scope: PeopleScope) -> str:
        outputs = [f"{sql} AS {self._prefix}{number}" for number, sql in enumerate(self._outputs)]
        tested = [f"{sql} AS {name}" for sql, name in {**self._values, **self._tests}.items()]
        where = [*self._where(), *people_where(scope)]
        rows = f"SELECT {', '.join(['person_id', *tested])} FROM {self._source.table} FINAL{_where_clause(where)}"
        filtered = [f"{sql} AS {name}" for sql, name in self._filters.items()]
        return f"SELECT {', '.join(['person_id', *outputs])} FROM (SELECT {', '.join(['*', *filtered])} FROM ({rows}))"

    def _facts(self, scope: PeopleScope, records: Records) -> str:
        """Return the facts under the person of today, with the values and filters that the aggregates use."""
        tested = [f"{sql} AS {name}" for sql, name in {**self._values, **self._tests}.items()]
        where = ["person_id > 0", *self._where(), *records_where(scope, records)]
        rows = f"SELECT {', '.join(['person_id AS record_id', *tested])} FROM {self._source.table} FINAL{_where_clause(where)}"
        kept = [*self._values.values(), *(f"{sql} AS {name}" for sql, name in self._filters.items())]
        if records is Records.ALONE:
            return f"SELECT {', '.join(['record_id AS person_id', *kept])} FROM ({rows})"
        person = "if(aliases.root_id = 0, record_id, aliases.root_id) AS person_id"
        return (
            f"SELECT {', '.join([person, *kept])} FROM ({rows}) AS facts"
            f" LEFT JOIN ({aliases(scope)}) AS aliases ON facts.record_id = aliases.alias_id"
        )

    def _where(self) -> list[str]:
        where = (
            [fill_placeholders(self._source.where_sql, self._evaluation)] if self._source.where_sql else []
        )
        if self._source.moment is not None:
            where += _period(
                self._source.moment,
                min((a.since for a in self.aggregates if a.since), default=None)
                if all(a.since for a in self.aggregates)
                else None,
                max((a.until for a in self.aggregates if a.until), default=None)
                if all(a.until for a in self.aggregates)
                else None,
            )
        return where

    def _output(self, aggregate: BoundAggregate) -> str:
        condition = self._condition(aggregate)
        if aggregate.function is Function.COUNT:
            return f"countIf({condition})" if condition else "count()"
        if aggregate.function is Function.MOMENTS:
            moment = self._value(f"toUnixTimestamp64Milli({self._moment_column()})")
            return f"arraySort({_call('groupArray', moment, condition)})"
        column = self._columns[aggregate.column or ""]
        value = self._value(self._expression(column, aggregate.property))
        if aggregate.function is Function.VALUE and self._source.is_per_person:
            whole = value if column.kind is ValueKind.TEXTS else f"toNullable({value})"
            return f"if({condition}, {whole}, {_missing(column.kind)})" if condition else whole
        if FORM_OF_KIND[column.kind] is Form.TEXT:
            condition = " AND ".join(filter(None, [condition, f"{value} != ''"]))
        return self._function(aggregate.function, value, condition)

    def _function(self, function: Function, value: str, condition: str) -> str:
        match function:
            case Function.COUNT_DISTINCT:
                return _call("uniqExact", value, condition)
            case Function.SET:
                return f"arraySort({_call('groupUniqArray', value, condition)})"
            case Function.SUM | Function.MIN | Function.MAX:
                return _call(f"{function.value}OrNull", value, condition)
            case Function.FIRST | Function.LAST:
                moment = self._value(self._moment_column())
                present = " AND ".join(filter(None, [condition, f"isNotNull({value})"]))
                name = "argMinOrNull" if function is Function.FIRST else "argMaxOrNull"
                return _call(name, f"{value}, ({moment}, {value})", present)
            case _:
                # The only value of a source that has one row per person, though not under the root.
                return _call("minOrNull", value, condition)

    def _condition(self, aggregate: BoundAggregate) -> str:
        """Return the column that says which facts count; '' for all of them."""
        # In the order of their texts, so that the same aggregates are always the same query.
        parts = [self._named(self._tests, sql, "t") for sql in sorted(map(self._test, aggregate.tests))]
        if self._source.moment is not None:
            since = None if self._is_common(aggregate, "since") else aggregate.since
            until = None if self._is_common(aggregate, "until") else aggregate.until
            if since is not None or until is not None:
                parts += [
                    self._named(self._tests, sql, "t") for sql in _period(self._source.moment, since, until)
                ]
        return self._named(self._filters, " AND ".join(parts), "f") if parts else ""

    def _is_common(self, aggregate: BoundAggregate, bound: str) -> bool:
        """Say whether the WHERE clause already applies this aggregate's bound."""
        return len({getattr(other, bound) for other in self.aggregates}) == 1

    def _test(self, test: FactTest) -> str:
        column = self._columns[test.column]
        term = Term(self._expression(column, test.property), FORM_OF_KIND[column.kind])
        verdict = passes(term, test.test)
        return f"NOT {verdict}" if test.is_negated else verdict

    def _expression(self, column: Column, name: str | None) -> str:
        return f"({fill_placeholders(column.sql, self._evaluation, name=name)})"

    def _moment_column(self) -> str:
        assert self._source.moment is not None, f"{self._source.name} has no moments"
        return self._source.moment

    def _value(self, sql: str) -> str:
        return self._named(self._values, sql, "v")

    def _named(self, names: dict[str, str], sql: str, letter: str) -> str:
        return names.setdefault(sql, f"{self._prefix}{letter}{len(names)}")


def form_of(aggregate: BoundAggregate, columns: dict[str, Column]) -> Form:
    """Return how the values of an aggregate are held."""
    if aggregate.function in COUNTING:
        return Form.COUNT
    if aggregate.function is Function.MOMENTS:
        return Form.MOMENTS
    if aggregate.function is Function.SET:
        return Form.TEXTS
    return FORM_OF_KIND[columns[aggregate.column or ""].kind]


def value_kind(aggregate: BoundAggregate, catalogue: Catalogue) -> ValueKind | None:
    """Return the kind of an aggregate's values; None for moments of a sequence."""
    if aggregate.function is Function.MOMENTS:
        return None
    if aggregate.function in COUNTING:
        return ValueKind.NUMBER
    if aggregate.function is Function.SET:
        return ValueKind.TEXTS
    columns = catalogue.sources[aggregate.source].columns
    return next(column.kind for column in columns if column.name == aggregate.column)


def people(scope: PeopleScope, records: Records = Records.ANY) -> str:
    """Return the ids of the people there are."""
    where = ["is_erased = 0", *people_where(scope)]
    if records is not Records.ANY:
        roots = f"SELECT person_id FROM {_ALIASES_TABLE} FINAL"
        where.append(f"person_id {'NOT ' if records is Records.ALONE else ''}IN ({roots})")
    return f"SELECT person_id FROM {PEOPLE_TABLE} FINAL{_where_clause(where)}"


def people_where(scope: PeopleScope) -> list[str]:
    """Return the conditions on a column person_id that holds roots."""
    match scope:
        case Everybody():
            return []
        case ThesePeople(person_ids):
            return [f"person_id IN ({_ids(person_ids)})"]
        case PeopleRange(first, last):
            return [f"person_id BETWEEN {first} AND {last}"]


def records_where(scope: PeopleScope, records: Records) -> list[str]:
    """Return the conditions on a column person_id that holds the records facts came with."""
    roots = people_where(scope)
    if records is Records.ANY and not roots:
        return []
    absorbed = f"SELECT alias_id FROM {aliases_of(scope)}"
    merged = f"{absorbed} UNION ALL SELECT person_id FROM {aliases_of(scope)}"
    match records:
        case Records.ANY:
            return [f"({roots[0]} OR person_id IN ({absorbed}))"]
        case Records.ALONE:
            # Whoever was absorbed counts elsewhere, wherever that is; so all of them are left out.
            everyone = aliases_of(Everybody())
            merged = f"SELECT alias_id FROM {everyone} UNION ALL SELECT person_id FROM {everyone}"
            return [*roots, f"person_id NOT IN ({merged})"]
        case Records.MERGED:
            return [f"person_id IN ({merged})"]


def aliases_of(scope: PeopleScope) -> str:
    """Return the table of aliases limited to roots of a scope, for a FROM."""
    return f"{_ALIASES_TABLE} FINAL{_where_clause(people_where(scope))}"


def aliases(scope: PeopleScope) -> str:
    """Return the roots of records that were merged away."""
    return f"SELECT alias_id, person_id AS root_id FROM {_ALIASES_TABLE} FINAL{_where_clause(people_where(scope))}"


def _ids(person_ids: Iterable[int]) -> str:
    return ", ".join(map(str, person_ids)) or "NULL"


def _where_clause(where: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(where)}" if where else ""


def _period(column: str, since: datetime | None, until: datetime | None) -> list[str]:
    bounds = []
    if since is not None:
        bounds.append(f"{column} >= {moment_literal(ceil(milliseconds(since)))}")
    if until is not None:
        bounds.append(f"{column} < {moment_literal(ceil(milliseconds(until)))}")
    return bounds


def _call(function: str, arguments: str, condition: str) -> str:
    return f"{function}If({arguments}, {condition})" if condition else f"{function}({arguments})"


def _missing(kind: ValueKind) -> str:
    return "[]" if kind is ValueKind.TEXTS else "NULL"
