"""The test tables in a real warehouse: as facts lie there, with what queries must not be fooled by.

Rows have older versions in parts that are not merged; there are deleted facts, facts of nobody and of erased people, and
records that were merged away.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from random import Random
from typing import Final

from feilun.platform.warehouse import FactTable, Warehouse, quote_name
from feilun.platform.warehouse_tables import create_tables, drop_tables
from tests.conditions.catalogue import TABLES
from tests.conditions.facts import Row

_KEYS: Final = {
    "customers": ("person_id",),
    "order_lines": ("person_id", "line_id"),
    "refund_lines": ("person_id", "line_id"),
    "interactions": ("person_id", "interaction_id"),
    "person_tags": ("person_id", "tag", "value"),
}
_ALIASES: Final = FactTable(
    name="person_aliases",
    columns={"alias_id": "Int64", "person_id": "Int64"},
    order_by=("alias_id",),
    shard_by="alias_id",
)
FACT_TABLES: Final = {
    name: FactTable(name=name, columns=columns, order_by=_KEYS[name], shard_by="person_id")
    for name, columns in TABLES.items()
}
_NOW: Final = 10
"""Version of the rows that count."""
_STRANGER: Final = 999
"""An erased customer."""


def prepare_tables(warehouse: Warehouse) -> None:
    """Make empty tables whose parts are never merged by themselves."""
    tables = (*FACT_TABLES.values(), _ALIASES)
    drop_tables(warehouse, tables)
    create_tables(warehouse, tables)
    for table in tables:
        warehouse.command(f"SYSTEM STOP MERGES {quote_name(table.name)}")


def fill_tables(
    warehouse: Warehouse,
    tables: Mapping[str, Iterable[Row]],
    records: Mapping[int, Sequence[int]],
    *,
    seed: int = 0,
) -> None:
    """Replace the content: `records` are those of each person, the root first."""
    random = Random(seed)
    roots = set(records)
    for name, rows in tables.items():
        table = FACT_TABLES[name]
        warehouse.command(f"TRUNCATE TABLE {quote_name(name)}")
        kept = [dict(row) for row in rows if name != "customers" or row["person_id"] in roots]
        if name == "customers":
            kept += [{**row, "person_id": _STRANGER, "is_erased": 1} for row in kept[:1]]
        old, gone = _noise(random, name, kept)
        _insert(warehouse, table, [{**row, "version": 1} for row in (*old, *gone)])
        _insert(warehouse, table, [{**row, "version": _NOW} for row in kept])
        _insert(warehouse, table, [{**row, "version": _NOW, "is_deleted": 1} for row in gone])
    warehouse.command("TRUNCATE TABLE person_aliases")
    aliases = [(alias, root) for root, members in records.items() for alias in members[1:]]
    first, *others = sorted(roots)
    # Was merged once, and split again.
    parted = [{"alias_id": alias, "person_id": first} for alias in others[:1]]
    _insert(warehouse, _ALIASES, [{**row, "version": 1} for row in parted])
    _insert(warehouse, _ALIASES, [{**row, "version": 2, "is_deleted": 1} for row in parted])
    _insert(
        warehouse, _ALIASES, [{"alias_id": alias, "person_id": root, "version": 3} for alias, root in aliases]
    )


def _noise(
    random: Random, name: str, rows: Sequence[dict[str, object]]
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Return older versions of some rows, and rows that were deleted since or belong to nobody."""
    if name == "person_tags":
        return [], [{**row, "tag": "gold", "value": "gone"} for row in rows[:2]]
    old = [_altered(random, row) for row in rows if random.random() < 0.3]
    if name == "customers":
        return old, [{**row, "person_id": row["person_id"] + 500} for row in rows[:2]]  # type: ignore[operator]
    key = _KEYS[name][1]
    gone = [{**row, key: int(str(row[key])) + 10_000} for row in rows if random.random() < 0.3]
    # Not deleted, but nobody's: they keep version 1.
    old += [{**row, key: int(str(row[key])) + 20_000, "person_id": 0} for row in rows[:3]]
    old += [{**row, key: int(str(row[key])) + 30_000, "person_id": _STRANGER} for row in rows[:3]]
    return old, gone


def _altered(random: Random, row: Mapping[str, object]) -> dict[str, object]:
    return {
        name: value + random.randint(1, 9) if isinstance(value, Decimal) else value
        for name, value in row.items()
    }


def _insert(warehouse: Warehouse, table: FactTable, rows: Sequence[Mapping[str, object]]) -> None:
    if rows:
        columns = {name: [row.get(name) for row in rows] for name in rows[0]}
        warehouse.insert(table.name, table.arrow_rows(columns))
