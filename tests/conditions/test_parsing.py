"""Conditions and their JSON form: reading what was written, refusing everything else quickly and in full."""

import json
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feilun.conditions import api
from feilun.conditions.contracts import (
    NODES_MAX,
    VALUES_MAX,
    Compare,
    Condition,
    FieldOperand,
    Operator,
)
from feilun.conditions.errors import ConditionInvalid
from tests.conditions.catalogue import CATALOGUE
from tests.conditions.strategies import conditions

CITY: Final = {"field": "city", "op": "in", "value": ["上海"]}


def whole(where: object) -> dict[str, object]:
    return {"version": 1, "where": where}


def problems_of(data: object) -> list[tuple[str, str]]:
    with pytest.raises(ConditionInvalid) as caught:
        api.parse_condition(data)
    return [(problem.code.removeprefix("conditions."), problem.path) for problem in caught.value.problems]


def value_of(op: str, value: object) -> tuple[object, ...]:
    condition = api.parse_condition(whole({"field": "x", "op": op, "value": value}))
    assert isinstance(condition.where, Compare)
    return condition.where.value


@given(conditions(CATALOGUE, ["other"]))
def test_a_condition_survives_its_json_form(condition: Condition) -> None:
    text = json.dumps(api.dump_condition(condition))

    assert api.parse_condition(json.loads(text)) == condition


@given(conditions(CATALOGUE))
def test_random_conditions_are_sound(condition: Condition) -> None:
    assert api.check_condition(condition, CATALOGUE, segments={}) == []


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (2, "2"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (1e3, "1000"),
        ("0.10", "0.1"),
        ("+12.50", "12.5"),
        (".5", "0.5"),
        ("123456789012345.123456", "123456789012345.123456"),
        (Decimal("7.00"), "7"),
    ],
)
def test_numbers_are_exact(written: object, meant: str) -> None:
    value = value_of("gte", written)

    assert value == (Decimal(meant),)
    assert api.dump_condition(Condition(Compare(FieldOperand("x"), Operator.GTE, (Decimal(meant),))))[
        "where"
    ] == {
        "field": "x",
        "op": "gte",
        "value": int(meant) if meant.lstrip("-").isdigit() else meant,
    }


@pytest.mark.parametrize(
    "written",
    [
        True,
        None,
        "",
        "NaN",
        "Infinity",
        float("nan"),
        float("inf"),
        Decimal("sNaN"),
        "1e5",
        "0x10",
        "١٢",
        "1_000",
        [],
        {},
    ],
)
def test_what_is_no_number_is_refused(written: object) -> None:
    assert problems_of(whole({"field": "x", "op": "gte", "value": written})) == [
        ("number_wanted", "/where/value")
    ]


@pytest.mark.parametrize(
    "written", [10**15, 10**400, "0.0000001", 1e-7, "1.0000000000000000000000000000000001", 1e300]
)
def test_a_number_out_of_range_is_refused(written: object) -> None:
    found = problems_of(whole({"field": "x", "op": "gte", "value": written}))

    assert found == [("number_out_of_range", "/where/value")]


def test_equal_values_are_kept_once() -> None:
    assert value_of("in", ["b", "a", "b", "a"]) == ("b", "a")
    assert value_of("anniversary_in_months", [3, "3", 3.0, 0]) == (Decimal(3), Decimal(0))


def test_days_and_moments_are_read() -> None:
    assert value_of("before", "2026-01-31") == (date(2026, 1, 31),)
    moment = datetime(2026, 1, 31, 4, 0, 0, 123_000, tzinfo=UTC)
    assert value_of("on_or_after", "2026-01-31T12:00:00.123999+08:00") == (moment,)
    assert value_of("between", ["2026-01-01", "2026-01-31"]) == (date(2026, 1, 1), date(2026, 1, 31))
    assert value_of("between", ["1", 2.5]) == (Decimal(1), Decimal("2.5"))


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (None, ("object_wanted", "")),
        ([], ("object_wanted", "")),
        ("{}", ("object_wanted", "")),
        ({}, ("version_unknown", "/version")),
        ({"version": True, "where": CITY}, ("version_unknown", "/version")),
        ({"version": 2, "where": CITY}, ("version_unknown", "/version")),
        ({"version": 1}, ("key_missing", "")),
        ({"version": 1, "where": CITY, "x/y~": 1}, ("key_unknown", "/x~1y~0")),
        (whole([]), ("object_wanted", "/where")),
        (whole({}), ("node_unknown", "/where")),
        (whole({"all": [], "any": []}), ("node_unknown", "/where")),
        (whole({"all": {}}), ("list_of_parts_wanted", "/where/all")),
        (whole({"all": [], "op": "eq"}), ("key_unknown", "/where/op")),
        (whole({"not": [CITY]}), ("object_wanted", "/where/not")),
        (whole({"segment": "a b"}), ("name_wanted", "/where/segment")),
        (whole({"segment": 3}), ("name_wanted", "/where/segment")),
        (whole({"field": "city"}), ("operator_unknown", "/where/op")),
        (whole({"field": "city", "op": "like", "value": "x"}), ("operator_unknown", "/where/op")),
        (whole({"field": "city", "op": ["in"], "value": ["x"]}), ("operator_unknown", "/where/op")),
        (whole({"field": "city", "op": "in"}), ("value_missing", "/where")),
        (whole({"field": "city", "op": "in", "value": "x"}), ("list_wanted", "/where/value")),
        (whole({"field": "city", "op": "in", "value": []}), ("list_wanted", "/where/value")),
        (whole({"field": "city", "op": "in", "value": [1]}), ("text_wanted", "/where/value/0")),
        (whole({"field": "city", "op": "in", "value": ["a", ""]}), ("text_empty", "/where/value/1")),
        (whole({"field": "city", "op": "in", "value": ["x" * 201]}), ("text_too_long", "/where/value/0")),
        (whole({"field": "city", "op": "contains", "value": "a\x00b"}), ("text_unstorable", "/where/value")),
        (whole({"field": "city", "op": "contains", "value": "a\nb"}), ("text_unstorable", "/where/value")),
        (whole({"field": "city", "op": "contains", "value": "\ud800"}), ("text_unstorable", "/where/value")),
        (whole({"field": "city", "op": "is_empty", "value": 1}), ("value_not_wanted", "/where/value")),
        (whole({"field": "x", "op": "between", "value": [1]}), ("pair_wanted", "/where/value")),
        (whole({"field": "x", "op": "between", "value": [2, 1]}), ("range_reversed", "/where/value")),
        (whole({"field": "x", "op": "between", "value": [1, "2026-01-01"]}), ("pair_mixed", "/where/value")),
        (whole({"field": "x", "op": "before", "value": "2026-02-30"}), ("day_wanted", "/where/value")),
        (whole({"field": "x", "op": "before", "value": "1899-12-31"}), ("day_wanted", "/where/value")),
        (whole({"field": "x", "op": "before", "value": "2026-01-01T00:00"}), ("day_wanted", "/where/value")),
        (whole({"field": "x", "op": "before", "value": "9999-12-31T23:59:59-12:00"}), ("day_wanted", "/where/value")),
        (whole({"field": "x", "op": "in_last", "value": 30}), ("span_wanted", "/where/value")),
        (whole({"field": "x", "op": "in_last", "value": {"n": 0, "unit": "day"}}), ("span_out_of_range", "/where/value")),
        (whole({"field": "x", "op": "in_last", "value": {"n": 1.5, "unit": "day"}}), ("span_out_of_range", "/where/value")),
        (whole({"field": "x", "op": "in_last", "value": {"n": 101, "unit": "year"}}), ("span_out_of_range", "/where/value")),
        (whole({"field": "x", "op": "in_last", "value": {"n": 1, "unit": "eon"}}), ("unit_unknown", "/where/value/unit")),
        (
            whole({"field": "x", "op": "anniversary_in_next", "value": {"n": 1, "unit": "month"}}),
            ("unit_not_days", "/where/value/unit"),
        ),
        (whole({"field": "x", "op": "anniversary_in_months", "value": [13]}), ("month_wanted", "/where/value/0")),
        (whole({"measure": "order_count", "op": "gte", "value": 1}), ("measure_wanted", "/where/measure")),
        (
            whole({"measure": {"name": "m", "change": "growth"}, "op": "gte", "value": 1}),
            ("change_unknown", "/where/measure/change"),
        ),
        (
            whole({"measure": {"name": "m", "period": {"last": 3}}, "op": "gte", "value": 1}),
            ("period_wanted", "/where/measure/period"),
        ),
        (
            whole({"measure": {"name": "m", "period": {"from": "2026-02-01", "to": "2026-01-01"}}, "op": "gte", "value": 1}),
            ("range_reversed", "/where/measure/period"),
        ),
        (
            whole({"measure": {"name": "m", "where": [{"op": "eq"}]}, "op": "gte", "value": 1}),
            ("filter_wanted", "/where/measure/where/0"),
        ),
        (whole({"sequence": []}), ("steps_wanted", "/where/sequence")),
        (whole({"sequence": [{}]}), ("step_wanted", "/where/sequence/0")),
        (whole({"sequence": [{"source": "s", "absent": "yes"}]}), ("yes_or_no_wanted", "/where/sequence/0/absent")),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_where_it_is(data: object, problem: tuple[str, str]) -> None:
    assert problems_of(data) == [problem]


def test_all_problems_are_told_at_once() -> None:
    where = {"all": [{"field": "", "op": "in", "value": [1, "ok", ""]}, {"segment": None}, 7]}

    assert problems_of(whole(where)) == [
        ("name_wanted", "/where/all/0/field"),
        ("text_wanted", "/where/all/0/value/0"),
        ("text_empty", "/where/all/0/value/2"),
        ("name_wanted", "/where/all/1/segment"),
        ("object_wanted", "/where/all/2"),
    ]


def _deep(levels: int) -> dict[str, Any]:
    where: dict[str, Any] = CITY
    for _ in range(levels):
        where = {"not": where}
    return where


@pytest.mark.parametrize(
    ("where", "code"),
    [
        (_deep(200), "too_deep"),
        (_deep(50_000), "too_deep"),
        ({"all": [CITY] * 10_000}, "too_large"),
        ({"all": [{"any": [CITY] * 100}] * 100}, "too_large"),
        ({"measure": {"name": "m", "where": [{"column": "c", "op": "is_empty"}] * 10_000}, "op": "is_empty"}, "too_large"),
        ({"field": "x", "op": "in", "value": ["x"] * 1_000_000}, "too_many_values"),
        ({"all": [{"field": "x", "op": "in", "value": ["y"] * VALUES_MAX}] * 6}, "too_many_values"),
        ({"field": "x", "op": "in", "value": ["x" * 10_000_000]}, "text_too_long"),
        ({"field": "x" * 10_000_000, "op": "is_empty"}, "name_wanted"),
        ({"field": "x", "op": "gte", "value": "9" * 10_000_000}, "number_wanted"),
        ({f"k{i}": 1 for i in range(100_000)} | {"all": []}, "key_unknown"),
        ({"all": [7] * 10_000}, "object_wanted"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_too_much_is_refused_quickly(where: object, code: str) -> None:
    started = time.process_time()

    found = problems_of(whole(where))

    assert time.process_time() - started < 0.5
    assert code in {found_code for found_code, _ in found}
    assert len(found) <= 50


def test_as_much_as_is_allowed_is_read() -> None:
    condition = api.parse_condition(whole({"all": [CITY] * (NODES_MAX - 1)}))

    assert api.check_condition(condition, CATALOGUE, segments={}) == []


_json: Final = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["city", "in", "all"]),
    lambda parts: (
        st.lists(parts, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "all",
                    "any",
                    "not",
                    "field",
                    "measure",
                    "op",
                    "value",
                    "sequence",
                    "name",
                    "where",
                    "n",
                    "unit",
                ]
            )
            | st.text(max_size=3),
            parts,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(_json)
def test_anything_is_read_or_refused(data: object) -> None:
    try:
        condition = api.parse_condition(whole(data))
    except ConditionInvalid as refused:
        problems = refused.problems
    else:
        problems = ()
        assert api.parse_condition(json.loads(json.dumps(api.dump_condition(condition)))) == condition
        api.check_condition(condition, CATALOGUE, segments={})
        assert api.describe_condition(condition, CATALOGUE, locale="en", segment_names={})
    assert all(problem.path.startswith("/where") for problem in problems)
