"""Evaluation in memory means what the language says, and an explanation says what evaluation does."""

import time
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from feilun.conditions import api
from feilun.conditions.contracts import (
    Actual,
    AggregateValue,
    AllOf,
    AnyOf,
    Between,
    BoundAggregate,
    BoundAll,
    BoundChain,
    BoundCompare,
    BoundStep,
    Condition,
    Explanation,
    Function,
    Locale,
    Node,
    Not,
    OneOf,
    PeopleValues,
    SegmentReference,
    ValueKind,
)
from tests.conditions.aggregating import people_values
from tests.conditions.catalogue import CATALOGUE
from tests.conditions.facts import History, history_of
from tests.conditions.histories import edges_of, tables
from tests.conditions.oracle import Oracle
from tests.conditions.people import EVALUATION, RECORDS, TABLES
from tests.conditions.strategies import conditions, evaluations, single_leaves, timed_leaves

PEOPLE: Final = 3


@pytest.mark.timeout(240)  # beside other tests on two cores
@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_membership_is_what_the_oracle_says(data: st.DataObject) -> None:
    evaluation = data.draw(evaluations())
    segments = {"other": data.draw(conditions(CATALOGUE))}
    given_conditions = [
        data.draw(conditions(CATALOGUE, ["other"])),
        *(data.draw(single_leaves(CATALOGUE)) for _ in range(3)),
    ]
    bounds = {
        i: api.bind_condition(condition, CATALOGUE, evaluation, segments=segments)
        for i, condition in enumerate(given_conditions)
    }
    rows = data.draw(tables(evaluation, PEOPLE, edges_of(bounds.values())))
    histories = [history_of(rows, [person], evaluation) for person in range(1, PEOPLE + 1)]

    masks = api.evaluate_conditions(bounds, people_values(api.aggregates_of(bounds.values()), histories))

    oracles = [Oracle(CATALOGUE, history, evaluation, segments) for history in histories]
    for i, condition in enumerate(given_conditions):
        expected = [oracle.holds(condition.where) for oracle in oracles]
        assert [bool(masks[i] >> person & 1) for person in range(PEOPLE)] == expected
        assert masks[i] < 1 << PEOPLE


@pytest.mark.timeout(240)  # beside other tests on two cores
@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_edges_of_time_are_where_the_oracle_puts_them(data: st.DataObject) -> None:
    evaluation = data.draw(evaluations())
    chosen = data.draw(st.lists(timed_leaves(CATALOGUE), min_size=8, max_size=8))
    bounds = {
        i: api.bind_condition(condition, CATALOGUE, evaluation, segments={})
        for i, condition in enumerate(chosen)
    }
    histories: list[History] = []
    for bound in bounds.values():
        rows = data.draw(tables(evaluation, PEOPLE, edges_of([bound])))
        histories += [history_of(rows, [person], evaluation) for person in range(1, PEOPLE + 1)]

    masks = api.evaluate_conditions(bounds, people_values(api.aggregates_of(bounds.values()), histories))

    for i, condition in enumerate(chosen):
        expected = [Oracle(CATALOGUE, history, evaluation).holds(condition.where) for history in histories]
        assert [bool(masks[i] >> person & 1) for person in range(len(histories))] == expected


@pytest.mark.timeout(240)  # beside other tests on two cores
@given(st.data())
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_explanations_say_what_evaluation_does(data: st.DataObject) -> None:
    evaluation = data.draw(evaluations())
    segments = {"other": data.draw(conditions(CATALOGUE))}
    condition = data.draw(conditions(CATALOGUE, ["other"]))
    bound = api.bind_condition(condition, CATALOGUE, evaluation, segments=segments)
    history = history_of(data.draw(tables(evaluation, 1, edges_of([bound]))), [1], evaluation)
    person = people_values(api.aggregates_of([bound]), [history])

    found = api.explain_condition(
        condition,
        CATALOGUE,
        evaluation,
        segments=segments,
        values={aggregate: values[0] for aggregate, values in person.values.items()},
        locale=data.draw(st.sampled_from(("zh-CN", "en"))),
        segment_names={},
    )

    assert found.holds == bool(api.evaluate_conditions({0: bound}, person)[0])
    oracle = Oracle(CATALOGUE, history, evaluation, segments)
    for part, inner in _pairs(found, condition.where, segments):
        assert part.holds == oracle.holds(inner)
        assert part.sentence
        assert not part.is_decisive or not part.parts or any(below.is_decisive for below in part.parts)


def _pairs(
    found: Explanation, node: Node, segments: Mapping[str, Condition]
) -> Iterator[tuple[Explanation, Node]]:
    yield found, node
    match node:
        case AllOf(parts) | AnyOf(parts):
            below = parts
        case Not(part):
            below = (part,)
        case SegmentReference(key):
            below = (segments[key].where,)
        case _:
            below = ()
    for explained, inner in zip(found.parts, below, strict=True):
        yield from _pairs(explained, inner, segments)


def test_the_parts_that_keep_a_person_out_are_marked() -> None:
    condition = api.parse_condition(
        {
            "version": 1,
            "where": {
                "all": [
                    {"field": "tags", "op": "has_any", "value": ["gold"]},
                    {
                        "not": {
                            "measure": {"name": "order_count", "period": {"last": 60, "unit": "day"}},
                            "op": "lt",
                            "value": 2,
                        }
                    },
                    {
                        "any": [
                            {"field": "city", "op": "in", "value": ["上海"]},
                            {"field": "is_vip", "op": "is_true"},
                        ]
                    },
                ]
            },
        }
    )
    history = history_of(TABLES, RECORDS[10], EVALUATION)
    bound = api.bind_condition(condition, CATALOGUE, EVALUATION, segments={})
    person = people_values(api.aggregates_of([bound]), [history])
    values = {aggregate: column[0] for aggregate, column in person.values.items()}
    later = {aggregate: Decimal(1) if aggregate.since else value for aggregate, value in values.items()}

    def explain(seen: dict[BoundAggregate, AggregateValue], locale: Locale) -> Explanation:
        return api.explain_condition(
            condition, CATALOGUE, EVALUATION, segments={}, values=seen, locale=locale, segment_names={}
        )

    inside, outside = explain(values, "en"), explain(later, "zh-CN")

    assert inside.holds
    assert [part.is_decisive for part in inside.parts] == [True, True, True]
    assert [part.is_decisive for part in inside.parts[2].parts] == [True, False]
    assert not outside.holds
    assert [part.is_decisive for part in outside.parts] == [False, True, False]
    assert outside.sentence == "以下条件全部满足（2/3）"
    assert outside.parts[1].parts[0].path == "/where/all/1/not"
    assert outside.parts[1].parts[0].sentence == "近 60 天的订单数：1 笔，不应小于 2 笔"
    assert outside.parts[1].parts[0].actual == (Actual("近 60 天的订单数", "1 笔"),)


_COUNT: Final = BoundAggregate("order_lines", Function.COUNT, None, frozenset(), None, None)


def _holds_chain(
    *moments: tuple[int, ...], within_ms: int | None, is_absent: bool, now_ms: int = 1_000
) -> bool:
    columns = [
        BoundAggregate(str(i), Function.MOMENTS, None, frozenset(), None, None) for i in range(len(moments))
    ]
    last = len(moments) - 1
    steps = [
        BoundStep(column, within_ms if i else None, is_absent=is_absent and i == last)
        for i, column in enumerate(columns)
    ]
    people = PeopleValues([7], {column: [seen] for column, seen in zip(columns, moments, strict=True)})
    return api.evaluate_conditions({"": BoundChain(tuple(steps), now_ms)}, people)[""] == 1


@pytest.mark.parametrize(
    ("before", "after", "within_ms", "holds"),
    [
        ((10,), (20,), 10, True),
        ((10,), (21,), 10, False),
        ((10,), (10,), 10, False),
        ((20,), (10,), None, False),
        ((10,), (999,), None, True),
        ((1, 15), (20,), 10, True),
        ((), (20,), 10, False),
        ((10,), (), 10, False),
    ],
)
def test_a_fact_follows_strictly_later_and_within_its_span(
    before: tuple[int, ...], after: tuple[int, ...], within_ms: int | None, holds: bool
) -> None:
    assert _holds_chain(before, after, within_ms=within_ms, is_absent=False) is holds


@pytest.mark.parametrize(
    ("before", "after", "now_ms", "holds"),
    [
        ((10,), (), 21, True),
        ((10,), (), 20, False),
        ((10,), (20,), 99, False),
        ((10,), (21,), 99, True),
        ((10,), (10,), 99, True),
        ((10, 40), (15,), 99, True),
        ((10, 95), (15,), 99, False),
        ((), (), 99, False),
    ],
)
def test_an_absent_step_waits_until_its_span_is_over(
    before: tuple[int, ...], after: tuple[int, ...], now_ms: int, holds: bool
) -> None:
    assert _holds_chain(before, after, within_ms=10, is_absent=True, now_ms=now_ms) is holds


def test_a_later_choice_can_fit_where_the_first_does_not() -> None:
    assert _holds_chain((1, 50), (2, 55), (60,), within_ms=10, is_absent=False)
    assert not _holds_chain((1, 50), (2, 55), (40, 70), within_ms=10, is_absent=False)


@pytest.mark.parametrize("distinct", [2, 40, 64, 65, 500])
def test_few_and_many_distinct_values_give_the_same_mask(distinct: int) -> None:
    column = [None if i % 7 == 0 else Decimal(i % distinct) for i in range(1_000)]
    leaf = BoundCompare(_COUNT, ValueKind.NUMBER, Between(Decimal(1), Decimal(distinct // 2)))

    mask = api.evaluate_conditions({0: leaf}, PeopleValues(range(1_000), {_COUNT: column}))[0]

    expected = [value is not None and 1 <= value <= distinct // 2 for value in column]
    assert [bool(mask >> i & 1) for i in range(1_000)] == expected


def test_nobody_is_no_bits() -> None:
    leaf = BoundCompare(_COUNT, ValueKind.NUMBER, OneOf(frozenset({Decimal(0)})))

    assert api.evaluate_conditions({0: leaf, 1: BoundAll(())}, PeopleValues([], {_COUNT: []})) == {0: 0, 1: 0}


def test_a_thousand_definitions_of_a_thousand_people_take_a_fraction_of_a_second() -> None:
    columns = {
        BoundAggregate("order_lines", Function.SUM, f"c{i}", frozenset(), None, None): [
            Decimal(j * (i + 3) % (50 if i % 2 else 997)) for j in range(1_000)
        ]
        for i in range(50)
    }
    aggregates = list(columns)
    bounds = {
        i: BoundAll(
            tuple(
                BoundCompare(
                    aggregates[(i * k) % 50], ValueKind.NUMBER, Between(Decimal(i * k % 4 * 10), None)
                )
                for k in (1, 2, 3)
            )
        )
        for i in range(1_000)
    }

    started = time.process_time()
    masks = api.evaluate_conditions(bounds, PeopleValues(range(1_000), columns))
    elapsed = time.process_time() - started

    assert len(masks) == 1_000
    assert elapsed < 0.2, f"{elapsed:.3f} s, where 0.011 s were measured"
