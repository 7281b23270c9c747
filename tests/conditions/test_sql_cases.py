"""The cases to read once more, by SQL: which text a condition becomes, and whom it finds in a real warehouse."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from feilun.conditions import api
from feilun.conditions.contracts import Bound, Everybody
from feilun.conditions.internal.sql.literals import quote_text
from feilun.platform.warehouse import Warehouse
from feilun.segments.internal.reading import read_members
from tests.conditions.catalogue import CATALOGUE
from tests.conditions.people import EVALUATION, RECORDS, TABLES
from tests.conditions.test_cases import CASES, SEGMENTS
from tests.conditions.warehouse_tables import fill_tables, prepare_tables

_CLAUSES: Final = (" FROM ", " WHERE ", " GROUP BY ", " LEFT JOIN ")


def _read(path: Path) -> tuple[dict[str, Any], Bound]:
    case = json.loads(path.read_text(encoding="utf-8"))
    condition = api.parse_condition(case["condition"])
    return case, api.bind_condition(condition, CATALOGUE, EVALUATION, segments=SEGMENTS)


@pytest.fixture(scope="module")
def people(warehouse: Warehouse) -> Warehouse:
    prepare_tables(warehouse)
    fill_tables(warehouse, TABLES, RECORDS)
    return warehouse


def _lines(sql: str) -> str:
    for clause in _CLAUSES:
        sql = sql.replace(clause, f"\n{clause.strip()} ")
    return sql


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_condition_becomes_this_sql(path: Path, check_golden: Callable[[Path, str], None]) -> None:
    _, bound = _read(path)

    queries = [
        api.verdict_query(group, CATALOGUE, EVALUATION, Everybody()).sql for group in api.leaf_groups([bound])
    ]

    check_golden(path.with_suffix(".sql"), ";\n\n".join(map(_lines, queries)) + "\n")


def test_sql_finds_the_members_of_every_case(people: Warehouse) -> None:
    cases = {path.stem: _read(path) for path in CASES}

    found = read_members(people, {name: bound for name, (_, bound) in cases.items()}, CATALOGUE, EVALUATION)

    assert {name: list(members) for name, members in found.items()} == {
        name: case["members"] for name, (case, _) in cases.items()
    }


def test_no_text_ends_its_quotation(people: Warehouse) -> None:
    odd = [chr(code) for code in range(1, 300)] + [
        "\0",
        "\\'",
        "a\\",
        "{x:String}",
        "{{",
        "%(x)s",
        "%s",
        "\u2028",
        "👩‍👧",
    ]
    texts = [*odd, "".join(odd), "' OR 1 = 1 --"]

    selected = people.rows(f"SELECT {', '.join(map(quote_text, texts))}")

    assert list(selected[0]) == texts
