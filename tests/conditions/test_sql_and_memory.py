"""SQL and memory agree: random conditions over random histories, in a real warehouse, against each other and the oracle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from feilun.conditions import api
from feilun.conditions.contracts import (
    Compare,
    Condition,
    Evaluation,
    FieldOperand,
    MeasureOperand,
    Operator,
    PeopleValues,
)
from feilun.platform.warehouse import Warehouse
from feilun.segments.internal import reading
from tests.conditions import histories
from tests.conditions.catalogue import CATALOGUE
from tests.conditions.facts import Row, history_of
from tests.conditions.oracle import Oracle
from tests.conditions.strategies import conditions, evaluations, moments, numbers
from tests.conditions.warehouse_tables import fill_tables, prepare_tables

_RECORDS: Final = 7
_PEOPLE: Final = {1: (1,), 2: (2, 5, 7), 3: (3, 6), 4: (4,)}
_CONDITIONS: Final = 16
"""In one example: reading them together costs little more than reading one."""
_COMPARISONS: Final = 60
_COMPARED: Final[tuple[FieldOperand | MeasureOperand, ...]] = (
    *map(
        MeasureOperand, ("order_count", "spend", "net_spend", "return_rate", "average_order", "highest_price")
    ),
    *map(FieldOperand, ("days_since_order", "days_between_orders", "registered_at")),
)
_BOUNDS: Final = (Operator.GTE, Operator.GT, Operator.LTE, Operator.LT, Operator.BETWEEN)
_SECONDS_MAX: Final = 240
"""Half a minute on a calm machine."""
_SUPPRESSED: Final = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.fixture(scope="module")
def tables(warehouse: Warehouse) -> Warehouse:
    prepare_tables(warehouse)
    return warehouse


def _ids(people: PeopleValues, mask: int) -> set[int]:
    return {person for i, person in enumerate(people.person_ids) if mask >> i & 1}


@dataclass(frozen=True)
class _Example:
    evaluation: Evaluation
    rows: Mapping[str, list[Row]]
    chosen: Sequence[Condition]
    seed: int


@st.composite
def _examples(draw: st.DrawFn) -> _Example:
    evaluation = draw(evaluations())
    chosen = draw(st.lists(conditions(CATALOGUE), min_size=_CONDITIONS, max_size=_CONDITIONS))
    return _Example(
        evaluation, draw(histories.tables(evaluation, _RECORDS)), chosen, draw(st.integers(0, 1000))
    )


@st.composite
def _comparisons_of_few_values(draw: st.DrawFn) -> _Example:
    evaluation = draw(evaluations())
    operands = draw(st.lists(st.sampled_from(_COMPARED), min_size=2, max_size=4, unique=True))
    chosen = []
    for number in range(_COMPARISONS):
        operand = operands[number % len(operands)]
        if operand == FieldOperand("registered_at"):
            op = draw(st.sampled_from((Operator.BEFORE, Operator.ON_OR_AFTER)))
            chosen.append(Condition(Compare(operand, op, (draw(moments),))))
        else:
            op = draw(st.sampled_from(_BOUNDS))
            bounds = sorted(draw(numbers) for _ in range(1 + (op is Operator.BETWEEN)))
            chosen.append(Condition(Compare(operand, op, tuple(bounds))))
    return _Example(
        evaluation, draw(histories.tables(evaluation, _RECORDS)), chosen, draw(st.integers(0, 1000))
    )


def _agree(warehouse: Warehouse, example: _Example) -> None:
    evaluation, rows, chosen = example.evaluation, example.rows, example.chosen
    fill_tables(warehouse, rows, _PEOPLE, seed=example.seed)
    bounds = {
        str(i): api.bind_condition(condition, CATALOGUE, evaluation, segments={})
        for i, condition in enumerate(chosen)
    }

    members = reading.read_members(warehouse, bounds, CATALOGUE, evaluation)
    people = reading.read_values(
        warehouse, api.aggregates_of(bounds.values()), CATALOGUE, evaluation, [*_PEOPLE, 5, 999]
    )
    masks = api.evaluate_conditions(bounds, people)

    assert sorted(people.person_ids) == sorted(_PEOPLE)
    oracles = {
        root: Oracle(CATALOGUE, history_of(rows, ids, evaluation), evaluation, {})
        for root, ids in _PEOPLE.items()
    }
    for key, condition in zip(bounds, chosen, strict=True):
        said = {root for root, oracle in oracles.items() if oracle.holds(condition.where)}
        found = {"sql": set(members[key]), "memory": _ids(people, masks[key]), "oracle": said}
        if len({frozenset(ids) for ids in found.values()}) > 1:
            note(str(api.dump_condition(condition)))
            note(str(bounds[key]))
        assert found["sql"] == found["memory"] == found["oracle"]


@pytest.mark.timeout(_SECONDS_MAX)
@settings(max_examples=25, suppress_health_check=_SUPPRESSED)
@given(example=_examples())
def test_sql_and_memory_agree(tables: Warehouse, example: _Example) -> None:
    _agree(tables, example)


@pytest.mark.timeout(_SECONDS_MAX)
@settings(max_examples=15, suppress_health_check=_SUPPRESSED)
@given(example=_examples())
def test_people_may_be_grouped_range_by_range(tables: Warehouse, example: _Example) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(reading, "GROUPING_BYTES", 200)
        _agree(tables, example)


@pytest.mark.timeout(_SECONDS_MAX)
@settings(max_examples=15, suppress_health_check=_SUPPRESSED)
@given(example=_comparisons_of_few_values())
def test_sql_and_memory_agree_on_many_bounds_of_one_value(tables: Warehouse, example: _Example) -> None:
    _agree(tables, example)


@pytest.mark.long
@pytest.mark.timeout(60 * _SECONDS_MAX)
@settings(max_examples=1_500, suppress_health_check=_SUPPRESSED)
@given(example=_examples())
def test_sql_and_memory_agree_in_many_more_cases(tables: Warehouse, example: _Example) -> None:
    _agree(tables, example)
