"""The warehouse: what rooms declare (fact tables, projectors) and what processes wire (client, forwarder, proof, rebuild).

The parts live in `warehouse_client`, `warehouse_tables`, `warehouse_projection` and `warehouse_rebuild`; import from here.
"""

from feilun.platform.warehouse_aliases import create_alias_dictionary, reload_aliases, resolved_person
from feilun.platform.warehouse_client import (
    Warehouse,
    WarehouseAway,
    WarehouseNotReady,
    WarehouseRefused,
    connect_warehouse,
    name_list,
    quote_name,
)
from feilun.platform.warehouse_projection import (
    PositionProof,
    Projector,
    ProofOutcome,
    SnapshotPage,
    SnapshotProjector,
    WarehouseForwarder,
    WarehouseRebuildNeeded,
    ensure_proved,
    prove_position,
)
from feilun.platform.warehouse_rebuild import Progress, rebuild_warehouse
from feilun.platform.warehouse_tables import FactRows, FactTable, TableDigest, content_digest

__all__ = [
    "FactRows",
    "FactTable",
    "PositionProof",
    "Progress",
    "Projector",
    "ProofOutcome",
    "SnapshotPage",
    "SnapshotProjector",
    "TableDigest",
    "Warehouse",
    "WarehouseAway",
    "WarehouseForwarder",
    "WarehouseNotReady",
    "WarehouseRebuildNeeded",
    "WarehouseRefused",
    "connect_warehouse",
    "content_digest",
    "create_alias_dictionary",
    "ensure_proved",
    "name_list",
    "prove_position",
    "quote_name",
    "rebuild_warehouse",
    "reload_aliases",
    "resolved_person",
]
