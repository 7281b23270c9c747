"""A condition is held against the catalogue and the segments it refers to; each problem says where it is."""

import json
import re
import string
import time
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest

import feilun.conditions
from feilun.conditions import api
from feilun.conditions.contracts import (
    Aggregate,
    AllOf,
    Arithmetic,
    Calculated,
    CatalogueParts,
    Condition,
    Constant,
    Evaluation,
    Expression,
    FieldDef,
    Filter,
    Function,
    Not,
    Now,
    Operator,
    Problem,
    SegmentReference,
    Unit,
    ValueKind,
)
from feilun.conditions.errors import ConditionInvalid
from tests.conditions.catalogue import CATALOGUE, CUSTOMERS, ORDER_LINES, PARTS, PERSON_TAGS
from tests.conditions.people import EVALUATION

ROOM: Final = Path(feilun.conditions.__file__).parent


def parse(where: object) -> Condition:
    return api.parse_condition({"version": 1, "where": where})


def problems_of(where: object, segments: Mapping[str, Condition] | None = None) -> list[tuple[str, str]]:
    found = api.check_condition(parse(where), CATALOGUE, segments=segments or {})
    return [(problem.code.removeprefix("conditions."), problem.path) for problem in found]


def measure(name: str, **more: object) -> dict[str, object]:
    return {"measure": {"name": name, **more}, "op": "gte", "value": 1}


def by(column: str, op: str, value: object = None, **more: object) -> dict[str, object]:
    return {"column": column, "op": op, **({} if value is None else {"value": value}), **more}


DAYS: Final = {"n": 1, "unit": "day"}


@pytest.mark.parametrize(
    ("where", "problem"),
    [
        ({"field": "gone", "op": "is_empty"}, ("field_unknown", "/where/field")),
        (measure("gone"), ("measure_unknown", "/where/measure/name")),
        ({"field": "order_count", "op": "is_empty"}, ("field_unknown", "/where/field")),
        ({"field": "city", "op": "gte", "value": 1}, ("operator_not_for_kind", "/where/op")),
        ({"field": "city", "op": "under", "value": ["a"]}, ("operator_not_for_kind", "/where/op")),
        ({"field": "age", "op": "in", "value": ["1"]}, ("operator_not_for_kind", "/where/op")),
        ({"field": "birthday", "op": "before", "value": "2026-01-01"}, ("operator_not_for_kind", "/where/op")),
        ({"field": "age", "op": "between", "value": ["2026-01-01", "2026-01-02"]}, ("value_not_for_kind", "/where/value")),
        ({"field": "registered_at", "op": "between", "value": [1, 2]}, ("value_not_for_kind", "/where/value")),
        ({"field": "wedding", "op": "before", "value": "2026-01-01T00:00:00Z"}, ("date_wanted", "/where/value")),
        ({"field": "wedding", "op": "in_last", "value": {"n": 3, "unit": "hour"}}, ("unit_not_for_dates", "/where/value/unit")),
        (measure("tag_count", period={"last": 3, "unit": "day"}), ("period_not_for_measure", "/where/measure/period")),
        (measure("spend", change="ratio"), ("change_needs_period", "/where/measure/change")),
        (measure("spend", change="ratio", period={"from": "2026-01-01"}), ("change_needs_period", "/where/measure/change")),
        (
            {"measure": {"name": "first_store", "change": "ratio", "period": {"last": 3, "unit": "day"}}, "op": "is_empty"},
            ("change_needs_number", "/where/measure/change"),
        ),
        (measure("spend", where=[by("page", "is_empty")]), ("column_unknown", "/where/measure/where/0/column")),
        (measure("net_spend", where=[by("store", "is_empty")]), ("column_not_shared", "/where/measure/where/0/column")),
        (measure("spend", where=[by("amount", "in", ["a"])]), ("operator_not_for_kind", "/where/measure/where/0/op")),
        (measure("spend", where=[by("sku", "is_empty", property="x")]), ("property_not_wanted", "/where/measure/where/0/property")),
        (measure("interaction_count", where=[by("text_property", "is_empty")]), ("property_wanted", "/where/measure/where/0")),
        ({"sequence": [{"source": "gone"}]}, ("source_unknown", "/where/sequence/0/source")),
        ({"sequence": [{"source": "person_tags"}]}, ("source_without_moment", "/where/sequence/0/source")),
        ({"sequence": [{"source": "order_lines", "within": DAYS}]}, ("first_step_within", "/where/sequence/0/within")),
        (
            {"sequence": [{"source": "order_lines"}, {"source": "order_lines", "absent": True}]},
            ("absent_needs_within", "/where/sequence/1/absent"),
        ),
        (
            {"sequence": [{"source": "order_lines"}, {"source": "order_lines", "absent": True, "within": DAYS}, {"source": "order_lines"}]},
            ("absent_not_last", "/where/sequence/1/absent"),
        ),
        (
            {"sequence": [{"source": "order_lines", "where": [by("page", "is_empty")]}]},
            ("column_unknown", "/where/sequence/0/where/0/column"),
        ),
        ({"segment": "gone"}, ("segment_unknown", "/where/segment")),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_where_it_is(where: object, problem: tuple[str, str]) -> None:
    assert problems_of({"all": [where]}) == [(problem[0], problem[1].replace("/where", "/where/all/0", 1))]


def test_a_filter_of_all_sources_goes_for_all() -> None:
    where = measure("net_spend", where=[by("category", "under", ["女装"])])
    bound = api.bind_condition(parse(where), CATALOGUE, EVALUATION, segments={})

    assert problems_of(where) == []
    assert {(a.source, len(a.tests)) for a in api.aggregates_of([bound])} == {
        ("order_lines", 1),
        ("refund_lines", 1),
    }
    assert [column.name for column in api.filter_columns(CATALOGUE.measures["net_spend"], CATALOGUE)] == [
        "sku",
        "category",
        "quantity",
        "amount",
    ]


def test_binding_refuses_what_checking_refuses() -> None:
    with pytest.raises(ConditionInvalid) as caught:
        api.bind_condition(parse({"field": "gone", "op": "is_empty"}), CATALOGUE, EVALUATION, segments={})

    assert caught.value.problems == (Problem("conditions.field_unknown", "/where/field", {"field": "gone"}),)


def test_a_field_deleted_while_used_is_known_by_its_users_and_still_described() -> None:
    condition = parse(
        {"all": [{"field": "city", "op": "in", "value": ["上海"]}, measure("spend"), {"segment": "core"}]}
    )
    left = replace(CATALOGUE, fields={name: f for name, f in CATALOGUE.fields.items() if name != "city"})

    assert api.names_used(condition) == {"city", "spend"}
    assert api.references_of(condition) == {"core"}
    found = api.check_condition(condition, left, segments={"core": parse({"all": []})})
    assert [problem.code for problem in found] == ["conditions.field_unknown"]
    sentence = api.describe_condition(condition, left, locale="zh-CN", segment_names={})
    assert sentence == "“city”是“上海”，且消费金额不少于 1 元，且在人群“core”中。"


def test_a_circle_is_named() -> None:
    segments = {
        "a": parse({"all": [{"segment": "b"}]}),
        "b": parse({"not": {"segment": "c"}}),
        "c": parse({"any": [{"segment": "a"}]}),
        "self": parse({"segment": "self"}),
    }

    found = api.check_condition(segments["a"], CATALOGUE, segments=segments)

    assert [(p.code, p.path, p.detail) for p in found] == [
        ("conditions.circle", "/where/all/0/segment", {"circle": "b → c → a → b"})
    ]
    assert problems_of({"segment": "self"}, segments) == [("circle", "/where/segment")]


def test_a_segment_that_is_not_sound_is_named() -> None:
    segments = {"broken": parse({"field": "gone", "op": "is_empty"}), "outer": parse({"segment": "broken"})}

    found = api.check_condition(parse({"segment": "outer"}), CATALOGUE, segments=segments)

    assert [(p.code, p.detail) for p in found] == [
        ("conditions.segment_broken", {"key": "broken", "problem": "conditions.field_unknown"})
    ]


def test_references_that_double_at_every_step_are_refused_quickly() -> None:
    leaf = parse({"field": "city", "op": "is_empty"})
    segments = {"s0": leaf} | {
        f"s{i}": parse({"all": [{"segment": f"s{i - 1}"}, {"segment": f"s{i - 1}"}]}) for i in range(1, 25)
    }
    started = time.process_time()

    found = problems_of({"segment": "s24"}, segments)

    assert found == [("expands_too_large", "/where")]
    assert time.process_time() - started < 0.2
    assert problems_of({"segment": "s5"}, segments) == []


@pytest.mark.parametrize("length", [61, 5_000])
def test_a_long_chain_of_references_is_refused(length: int) -> None:
    segments = {"s0": parse({"all": []})} | {
        f"s{i}": parse({"segment": f"s{i - 1}"}) for i in range(1, length)
    }

    assert problems_of({"segment": f"s{length - 1}"}, segments) == [("expands_too_deep", "/where/segment")]
    assert problems_of({"segment": "s50"}, segments) == []


def test_conditions_made_by_programs_are_limited_too() -> None:
    deep = SegmentReference("x")
    node: Not | SegmentReference = deep
    for _ in range(5_000):
        node = Not(node)
    wide = Condition(AllOf((SegmentReference("x"),) * 5_000))

    assert [p.code for p in api.check_condition(Condition(node), CATALOGUE, segments={})] == [
        "conditions.too_deep"
    ]
    assert [p.code for p in api.check_condition(wide, CATALOGUE, segments={})] == ["conditions.too_large"]


def _field(expression: Expression, kind: ValueKind = ValueKind.NUMBER, **more: Any) -> CatalogueParts:
    field = FieldDef(
        name="new", kind=kind, expression=expression, label_zh="新", label_en="new", group="profile", **more
    )
    return CatalogueParts(fields=(field,))


@pytest.mark.parametrize(
    "part",
    [
        CatalogueParts(sources=(ORDER_LINES,)),
        CatalogueParts(fields=(CATALOGUE.fields["city"],)),
        CatalogueParts(measures=(CATALOGUE.measures["spend"],)),
        CatalogueParts(sources=(replace(CUSTOMERS, name="again", moment="registered_at"),)),
        CatalogueParts(sources=(replace(PERSON_TAGS, name="again", columns=PERSON_TAGS.columns * 2),)),
        _field(Aggregate("gone", Function.COUNT)),
        _field(Aggregate("order_lines", Function.SUM, "gone")),
        _field(Aggregate("order_lines", Function.SUM, "sku")),
        _field(Aggregate("order_lines", Function.VALUE, "amount")),
        _field(Aggregate("order_lines", Function.COUNT, "sku")),
        _field(Aggregate("order_lines", Function.MOMENTS)),
        _field(Aggregate("person_tags", Function.LAST, "value"), ValueKind.TEXT),
        _field(Aggregate("order_lines", Function.MAX, "sku"), ValueKind.TEXT),
        _field(Aggregate("order_lines", Function.SET, "sku"), ValueKind.TEXT),
        _field(Aggregate("order_lines", Function.SUM, "amount"), ValueKind.TEXT),
        _field(Aggregate("interactions", Function.SUM, "number_property")),
        _field(Constant(Decimal(1))),
        _field(Calculated(Arithmetic.PLUS, Aggregate("order_lines", Function.COUNT), Now())),
        _field(Calculated(Arithmetic.DAYS_BETWEEN, Aggregate("order_lines", Function.COUNT), Now())),
        _field(Aggregate("order_lines", Function.COUNT), where=(Filter("page", Operator.IS_EMPTY),)),
        _field(Aggregate("order_lines", Function.COUNT), where=(Filter("sku", Operator.GT, ("a",)),)),
    ],
)
def test_a_part_that_cannot_be_computed_is_refused(part: CatalogueParts) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts are for programmers
        api.join_catalogue((*PARTS, part))


def test_every_problem_has_a_message_with_the_values_it_names() -> None:
    texts = json.loads((ROOM / "locales.json").read_text(encoding="utf-8"))
    sources = "\n".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    codes = set(re.findall(r'"(conditions\.[a-z_]+)"', sources))

    assert codes == texts["zh-CN"].keys() == texts["en"].keys()
    for code in codes:
        named = [
            {name for _, name, _, _ in string.Formatter().parse(texts[locale][code]) if name}
            for locale in ("zh-CN", "en")
        ]
        assert named[0] == named[1]


def test_choices_of_the_editor_are_named_in_both_languages() -> None:
    for locale in ("zh-CN", "en"):
        assert len({api.operator_label(op, locale) for op in Operator}) == len(Operator)
        assert len({api.unit_label(unit, locale) for unit in Unit}) == len(Unit)
    assert api.unit_label(Unit.DAY, "zh-CN") == "天"
    assert api.unit_label(Unit.MONTH, "en") == "months"
    assert {api.operator_takes(op) for op in Operator} == {"none", "one", "list", "two", "span", "months"}


def test_moments_are_said_in_the_zone() -> None:
    condition = parse({"field": "registered_at", "op": "before", "value": "2026-01-01T00:00:00Z"})

    def said(evaluation: Evaluation | None) -> str:
        zone = None if evaluation is None else evaluation.zone
        return api.describe_condition(condition, CATALOGUE, locale="en", segment_names={}, zone=zone)

    assert said(None) == "Registration before 2026-01-01 00:00:00 UTC."
    assert said(EVALUATION) == "Registration before 2026-01-01 08:00:00."


def test_long_lists_are_cut_and_odd_texts_stay() -> None:
    values = [f"v{i}" for i in range(30)]
    condition = parse(
        {
            "any": [
                {"field": "city", "op": "in", "value": values},
                {"field": "city", "op": "contains", "value": "{a}%s"},
            ]
        }
    )

    english = api.describe_condition(condition, CATALOGUE, locale="en", segment_names={})

    assert english == ("City is “v0”, “v1”, “v2”, “v3”, “v4” … (30 in all), or city contains “{a}%s”.")
