"""Merged people in the warehouse: facts keep the person they came with, queries map it through a dictionary of aliases."""

from typing import Final

from feilun.platform.warehouse_client import Warehouse, quote_name

_DICTIONARY: Final = "person_alias"


def create_alias_dictionary(warehouse: Warehouse, *, table: str) -> None:
    """Create the dictionary over a fact table with columns alias_id and person_id (alias_id its key).

    It looks once a second whether the table has changed and only then loads it again, so a merge shows within about two
    seconds; `reload_aliases` makes it show at once. Raises: WarehouseAway, WarehouseRefused.
    """
    source = f"{quote_name(warehouse.database)}.{quote_name(table)}"
    on_cluster = f" ON CLUSTER {quote_name(warehouse.cluster)}" if warehouse.cluster else ""
    warehouse.command(
        f"CREATE DICTIONARY IF NOT EXISTS {_name(warehouse)}{on_cluster} (alias_id UInt64, person_id Int64)"
        f" PRIMARY KEY alias_id SOURCE(CLICKHOUSE("
        f"QUERY 'SELECT alias_id, person_id FROM {source} FINAL'"
        f" INVALIDATE_QUERY 'SELECT count(), max(version) FROM {source}'))"
        f" LAYOUT(HASHED()) LIFETIME(MIN 1 MAX 2)"
    )


def reload_aliases(warehouse: Warehouse) -> None:
    """Load the aliases now. Raises: WarehouseAway, WarehouseRefused."""
    warehouse.command(f"SYSTEM RELOAD DICTIONARY {_name(warehouse)}")


def resolved_person(warehouse: Warehouse, column: str = "person_id") -> str:
    """Return the SQL expression for the person a fact belongs to today; ids without an alias stay as they are."""
    return (
        f"dictGetOrDefault('{warehouse.database}.{_DICTIONARY}', 'person_id', toUInt64({column}), {column})"
    )


def _name(warehouse: Warehouse) -> str:
    return f"{quote_name(warehouse.database)}.{_DICTIONARY}"
