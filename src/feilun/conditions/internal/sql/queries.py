"""The queries: values of chosen people, and verdicts of many leaves about everybody.

For a full pass the leaves are grouped by the sources they need. Leaves of one source need no join: people without facts there
are left out of its answer, because what holds for an empty history is known beforehand. Comparisons travel as places of
values, other verdicts eight in a byte.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from feilun.conditions.contracts import (
    Bound,
    BoundAggregate,
    BoundValue,
    Catalogue,
    Evaluation,
    Everybody,
    Function,
    PeopleScope,
    QueryText,
)
from feilun.conditions.internal.sql.aggregating import Records, SourceQuery, aliases_of, people
from feilun.conditions.internal.sql.leaves import (
    Leaf,
    aggregates_of_leaf,
    aggregates_of_value,
    figure_sql,
    leaf_sql,
    leaves_of,
)
from feilun.conditions.internal.sql.places import PlacedValue, place_sql, placed_values
from feilun.conditions.internal.sql.terms import Term

BITS: Final = 8
_SETTINGS: Final = {"join_use_nulls": 0, "transform_null_in": 0}
_MANY_LEAVES: Final = 64
_SETTINGS_OF_MANY: Final = {
    "max_block_size": 8192,
    "group_by_two_level_threshold": 0,
    "group_by_two_level_threshold_bytes": 0,
}
"""A block costs some microseconds per expression, and there are thousands of them. Two-level grouping would hand over 256 small
blocks: 8.4 instead of 2.7 s for 45,000 people and 2,300 leaves (measured). Larger blocks gain nothing more, because each
aggregate walks over the states of all people of a block, which then no longer fit the cache."""
_SETTINGS_OF_MERGED: Final = {"optimize_move_to_prewhere_if_final": 1}
"""Merged people are few and lie everywhere: their ids, part of the sorting key, are looked at before other columns are read
(4.0 instead of 5.8 s for 50,000 of a million people, measured)."""
_PERSON_BYTES: Final = 64
_STATE_BYTES: Final = {
    Function.COUNT: 8,
    Function.COUNT_DISTINCT: 200,
    Function.FIRST: 128,
    Function.LAST: 128,
    Function.SET: 128,
    Function.MOMENTS: 128,
}
_STATE_BYTES_USUAL: Final = 32


@dataclass(frozen=True, slots=True)
class LeafGroup:
    """Leaves of conditions that are answered by one query, because they need the same sources."""

    sources: tuple[str, ...]
    placed: tuple[PlacedValue, ...]
    """Values that leaves compare with bounds."""
    others: tuple[Leaf, ...]
    """Leaves that compare nothing."""
    aggregates: tuple[BoundAggregate, ...]

    @property
    def leaves(self) -> tuple[Leaf, ...]:
        """All leaves: the others first, then those of each value."""
        return (*self.others, *(leaf for placed in self.placed for leaf in placed.leaves))

    @property
    def bytes_per_person(self) -> int:
        """Roughly what the warehouse holds in memory for one person while it groups facts; 0 when it need not group."""
        if all(aggregate.function is Function.VALUE for aggregate in self.aggregates):
            return 0
        return _PERSON_BYTES + sum(_STATE_BYTES.get(a.function, _STATE_BYTES_USUAL) for a in self.aggregates)


def values_query(
    aggregates: Sequence[BoundAggregate], catalogue: Catalogue, evaluation: Evaluation, scope: PeopleScope
) -> QueryText:
    """Return the query of aggregates of people: columns person_id, c0, c1 … in the order given; a row per customer.

    Numbers come as integers or decimals, moments as DateTime64, months with days as integers, texts and sets as they are.
    """
    tables, terms = _joined(aggregates, catalogue, evaluation, scope)
    columns = [f"{terms[aggregate].sql} AS c{number}" for number, aggregate in enumerate(aggregates)]
    return QueryText(
        f"SELECT {', '.join(['people.person_id AS person_id', *columns])} FROM {tables}", _SETTINGS
    )


def figures_query(
    values: Sequence[BoundValue], catalogue: Catalogue, evaluation: Evaluation, scope: PeopleScope
) -> QueryText:
    """Return the query of numbers of people: columns person_id, v0, v1 …, whole millionths (Int128) or NULL; a row per customer."""
    aggregates = [aggregate for value in values for aggregate in aggregates_of_value(value)]
    tables, terms = _joined(aggregates, catalogue, evaluation, scope)
    columns = [f"{figure_sql(value, terms)} AS v{number}" for number, value in enumerate(values)]
    return QueryText(
        f"SELECT {', '.join(['people.person_id AS person_id', *columns])} FROM {tables}", _SETTINGS
    )


def people_query(scope: PeopleScope) -> QueryText:
    """Return the query of the customers there are: column person_id."""
    return QueryText(people(scope), _SETTINGS)


def merged_people_query() -> QueryText:
    """Return the query of people with several records: column person_id."""
    return QueryText(f"SELECT DISTINCT person_id FROM {aliases_of(Everybody())}", _SETTINGS)


def leaf_groups(bounds: Iterable[Bound]) -> list[LeafGroup]:
    """Return the distinct leaves of conditions, grouped by the sources they need."""
    groups: dict[tuple[str, ...], dict[Leaf, None]] = defaultdict(dict)
    for bound in bounds:
        for leaf in leaves_of(bound):
            groups[tuple(sorted({a.source for a in aggregates_of_leaf(leaf)}))][leaf] = None
    return [_group(sources, tuple(leaves)) for sources, leaves in sorted(groups.items())]


def _group(sources: tuple[str, ...], leaves: tuple[Leaf, ...]) -> LeafGroup:
    placed = tuple(placed_values(leaves))
    known = {leaf for value in placed for leaf in value.leaves}
    return LeafGroup(
        sources,
        placed,
        tuple(leaf for leaf in leaves if leaf not in known),
        tuple(dict.fromkeys(a for leaf in leaves for a in aggregates_of_leaf(leaf))),
    )


def verdict_query(
    group: LeafGroup,
    catalogue: Catalogue,
    evaluation: Evaluation,
    scope: PeopleScope,
    records: Records = Records.ANY,
) -> QueryText:
    """Return the query of a group's verdicts: columns person_id, b0, b1 …, p0, p1 …

    Bit j of b_i is the verdict of `group.others[8 * i + j]`; p_i is the place of `group.placed[i]`.
    People who are not in its answer have the verdicts of someone without facts. It may hold people who are no customers
    (erased ones); `people_query` says who is.
    """
    terms: Mapping[BoundAggregate, Term]
    if len(group.sources) == 1:
        source = SourceQuery(catalogue.sources[group.sources[0]], group.aggregates, evaluation, prefix="a")
        tables, terms, person = f"({source.sql(scope, records)})", source.terms(), "person_id"
    else:
        tables, terms = _joined(group.aggregates, catalogue, evaluation, scope, records)
        person = "people.person_id AS person_id"
    verdicts = [leaf_sql(leaf, terms) for leaf in group.others]
    bytes_ = [
        f"{_packed(verdicts[start : start + BITS])} AS b{start // BITS}"
        for start in range(0, len(verdicts), BITS)
    ]
    places = [f"{place_sql(value, terms, f'p{n}v')} AS p{n}" for n, value in enumerate(group.placed)]
    return QueryText(
        f"SELECT {', '.join([person, *bytes_, *places])} FROM {tables}",
        {
            **_SETTINGS,
            **(_SETTINGS_OF_MANY if len(group.leaves) > _MANY_LEAVES else {}),
            **(_SETTINGS_OF_MERGED if records is Records.MERGED else {}),
        },
    )


def _packed(verdicts: Sequence[str]) -> str:
    first, *others = verdicts
    packed = first
    for place, verdict in enumerate(others, 1):
        packed = f"bitOr({packed}, bitShiftLeft({verdict}, {place}))"
    return packed


def _joined(
    aggregates: Iterable[BoundAggregate],
    catalogue: Catalogue,
    evaluation: Evaluation,
    scope: PeopleScope,
    records: Records = Records.ANY,
) -> tuple[str, Mapping[BoundAggregate, Term]]:
    """Return people joined with their aggregates of all sources, and where each aggregate is found."""
    by_source: dict[str, list[BoundAggregate]] = defaultdict(list)
    for aggregate in dict.fromkeys(aggregates):
        by_source[aggregate.source].append(aggregate)
    tables = f"({people(scope, records)}) AS people"
    terms: dict[BoundAggregate, Term] = {}
    for number, (name, wanted) in enumerate(sorted(by_source.items())):
        query = SourceQuery(catalogue.sources[name], wanted, evaluation, prefix=f"s{number}_")
        tables += (
            f" LEFT JOIN ({query.sql(scope, records)}) AS s{number} ON s{number}.person_id = people.person_id"
        )
        terms |= query.terms(f"s{number}")
    return tables, terms
