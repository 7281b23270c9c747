"""The warehouse holds devices under the person they belong to, whichever way it came by them."""

from feilun.devices.projection import DEVICES, DeviceProjector
from feilun.platform.consumers import read_events
from feilun.platform.db import Database
from feilun.platform.sequencer import ensure_partitions, sequence_events
from feilun.platform.warehouse import (
    Warehouse,
    WarehouseForwarder,
    content_digest,
    prove_position,
    rebuild_warehouse,
)
from feilun.platform.warehouse_projection import store_position
from tests.devices.builders import device, take

PROJECTORS = (DeviceProjector(),)


def test_forwarding_in_any_batches_ends_like_a_rebuild(database: Database, warehouse: Warehouse) -> None:
    prove_position(database, warehouse, PROJECTORS)
    with database.transaction() as uow:
        take(uow, {"device_id": "D2", "store": "S01"})
    for phone in ("13800000001", "13800000002", "13800000001", "13800000002"):
        with database.transaction() as uow:
            take(uow, {"device_id": "D1", "kind": "净水器", "phone": phone})
    with database.transaction() as uow:
        owner = device(uow, "D1").person_id
    ensure_partitions(database)
    sequence_events(database)
    with database.engine.connect() as connection:
        events = read_events(connection, after=0, limit=1_000)
    forwarder = WarehouseForwarder(warehouse, PROJECTORS)
    for start in range(0, len(events), 3):
        part = events[start : start + 3]
        forwarder.handle(database, part)
        forwarder.handle(database, part)
        with database.transaction() as uow:
            store_position(uow, part[-1].position)

    rows = warehouse.rows("SELECT person_id, kind, state, store_code FROM devices FINAL ORDER BY device_id")

    assert rows == [(0, "", "bound", "S01"), (owner, "净水器", "bound", "")]
    before = content_digest(warehouse, [DEVICES])
    rebuild_warehouse(database, warehouse, PROJECTORS)
    assert content_digest(warehouse, [DEVICES]) == before
