"""Aggregates of rows, as the warehouse computes them, for tests that have none."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from feilun.conditions.contracts import Aggregate, AggregateValue, BoundAggregate, Function, PeopleValues
from feilun.conditions.internal.evaluating import passes
from tests.conditions.catalogue import CATALOGUE
from tests.conditions.facts import Fact, History, value_of
from tests.conditions.oracle import aggregate_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def values_of(aggregate: BoundAggregate, history: History) -> AggregateValue:
    """Return an aggregate of a person's facts, as the warehouse computes it."""
    source = CATALOGUE.sources[aggregate.source]
    facts = [fact for fact in history[aggregate.source] if _is_counted(aggregate, fact)]
    if aggregate.function is Function.MOMENTS:
        moments = (fact[source.moment or ""] for fact in facts)
        return tuple(
            sorted((m - _EPOCH) // timedelta(milliseconds=1) for m in moments if isinstance(m, datetime))
        )
    plain = Aggregate(aggregate.source, aggregate.function, aggregate.column, aggregate.property)
    return aggregate_of(plain, facts, source.moment)


def _is_counted(aggregate: BoundAggregate, fact: Fact) -> bool:
    moment = fact.get(CATALOGUE.sources[aggregate.source].moment or "")
    if aggregate.until is not None:
        assert isinstance(moment, datetime)
        if moment >= aggregate.until or (aggregate.since is not None and moment < aggregate.since):
            return False
    return all(
        passes(test.test)(value_of(fact, test.column, test.property)) != test.is_negated
        for test in aggregate.tests
    )


def people_values(aggregates: Iterable[BoundAggregate], histories: list[History]) -> PeopleValues:
    """Return the aggregates of people numbered from 1."""
    return PeopleValues(
        range(1, len(histories) + 1),
        {aggregate: [values_of(aggregate, history) for history in histories] for aggregate in aggregates},
    )
