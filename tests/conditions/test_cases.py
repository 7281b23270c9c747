"""Cases to read: a condition, its sentences, and who of `people` it means. `./feilun test --update-golden` writes sentences."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from feilun.conditions import api
from feilun.conditions.contracts import Condition
from tests.conditions.aggregating import people_values
from tests.conditions.catalogue import CATALOGUE
from tests.conditions.facts import history_of
from tests.conditions.oracle import Oracle
from tests.conditions.people import EVALUATION, RECORDS, TABLES

CASES: Final = sorted((Path(__file__).parent / "cases").glob("*.json"))
SEGMENT_NAMES: Final = {"core": "核心客户"}
SEGMENTS: Final = {
    "core": api.parse_condition(
        {"version": 1, "where": {"measure": {"name": "spend"}, "op": "gt", "value": 1000}}
    )
}


def _read(path: Path) -> tuple[dict[str, Any], Condition]:
    case = json.loads(path.read_text(encoding="utf-8"))
    return case, api.parse_condition(case["condition"])


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_sentences_and_form(path: Path, check_golden: Callable[[Path, str], None]) -> None:
    case, condition = _read(path)

    case["condition"] = api.dump_condition(condition)
    for locale in ("zh-CN", "en"):
        case[locale] = api.describe_condition(
            condition, CATALOGUE, locale=locale, segment_names=SEGMENT_NAMES, zone=EVALUATION.zone
        )
    unit = api.finest_unit(condition, CATALOGUE, segments=SEGMENTS)
    case["changes_by_itself"] = None if unit is None else unit.value

    check_golden(path, json.dumps(case, ensure_ascii=False, indent=2) + "\n")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_members(path: Path) -> None:
    case, condition = _read(path)
    people = list(RECORDS)
    histories = [history_of(TABLES, RECORDS[person], EVALUATION) for person in people]
    bound = api.bind_condition(condition, CATALOGUE, EVALUATION, segments=SEGMENTS)

    mask = api.evaluate_conditions({0: bound}, people_values(api.aggregates_of([bound]), histories))[0]

    oracles = [Oracle(CATALOGUE, history, EVALUATION, SEGMENTS) for history in histories]
    assert [people[i] for i in range(len(people)) if mask >> i & 1] == case["members"]
    assert [people[i] for i, oracle in enumerate(oracles) if oracle.holds(condition.where)] == case["members"]
