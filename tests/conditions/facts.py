"""Rows of the test tables as conditions see them: by column of the catalogue, without SQL."""

import json
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from feilun.conditions.contracts import AggregateValue, Evaluation

Row = Mapping[str, object]
"""A row of a warehouse table (`catalogue.TABLES`), person_id included."""
Tables = Mapping[str, Iterable[Row]]
Fact = Mapping[str, object]
"""A row by columns of its source; a column keyed by a property holds the values by property."""
History = Mapping[str, list[Fact]]
"""The facts of one person by source."""


def history_of(tables: Tables, members: Iterable[int], evaluation: Evaluation) -> History:
    """Return the facts of a person whose records are `members`, the root first."""
    ids = list(members)
    found: dict[str, list[Fact]] = {}
    for table, rows in tables.items():
        owners = ids[:1] if table == "customers" else ids
        read = _READERS[table]
        found[table] = [
            read(row, evaluation)
            for row in rows
            if row["person_id"] in owners and _counts(table, row, evaluation)
        ]
    return found


def _counts(table: str, row: Row, evaluation: Evaluation) -> bool:
    if table == "order_lines" and row["order_kind"] != "sale":
        return False
    return row.get("currency", evaluation.main_currency) == evaluation.main_currency


def _customer(row: Row, evaluation: Evaluation) -> Fact:
    month, day, year = row["birth_month"], row["birth_day"], row["birth_year"]
    birthday = None if month is None or day is None else int(str(month)) * 100 + int(str(day))
    return {
        "city": row["city"] or None,
        "gender": row["gender"] or None,
        "registered_at": row["registered_at"],
        "wedding": row["wedding"],
        "birthday": birthday,
        "age": None if year is None or birthday is None else _age(int(str(year)), birthday, evaluation),
        "sources": frozenset(_texts(row["sources"])),
        "is_vip": row["is_vip"],
        "credit": row["credit"],
    }


def _age(year: int, birthday: int, evaluation: Evaluation) -> Decimal:
    today = evaluation.now.astimezone(evaluation.zone).date()
    return Decimal(today.year - year - (birthday > today.month * 100 + today.day))


def _texts(value: object) -> list[str]:
    assert isinstance(value, (list, tuple))
    return [str(item) for item in value]


def _order_line(row: Row, evaluation: Evaluation) -> Fact:
    moment = row["ordered_at"]
    assert isinstance(moment, datetime)
    return {
        "order": str(row["order_id"]),
        **{name: row[name] or None for name in ("sku", "category", "store")},
        **{name: row[name] for name in ("is_gift", "quantity", "unit_price", "amount", "ordered_at")},
        "ordered_on": moment.astimezone(evaluation.zone).date(),
    }


def _refund_line(row: Row, evaluation: Evaluation) -> Fact:
    del evaluation
    return {
        **{name: row[name] or None for name in ("sku", "category")},
        **{name: row[name] for name in ("quantity", "amount", "refunded_at")},
    }


def _interaction(row: Row, evaluation: Evaluation) -> Fact:
    del evaluation
    texts: dict[str, str] = json.loads(str(row["properties"]))
    return {
        "kind": row["kind"] or None,
        "occurred_at": row["occurred_at"],
        "text_property": {name: text or None for name, text in texts.items()},
        "number_property": {name: _decimal(text) for name, text in texts.items()},
    }


def _decimal(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except ArithmeticError:
        return None


def _tag(row: Row, evaluation: Evaluation) -> Fact:
    del evaluation
    return {"tag": row["tag"] or None, "value": row["value"] or None}


_READERS: Final[Mapping[str, Callable[[Row, Evaluation], Fact]]] = {
    "customers": _customer,
    "order_lines": _order_line,
    "refund_lines": _refund_line,
    "interactions": _interaction,
    "person_tags": _tag,
}


def value_of(fact: Fact, column: str, named: str | None) -> AggregateValue:
    """Return a fact's value in a column, of a property where it is keyed by one."""
    found = fact[column]
    if isinstance(found, Mapping):
        found = found.get(named)
    assert found is None or isinstance(found, (Decimal, str, bool, date, int, frozenset))
    return found
