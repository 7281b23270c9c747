"""Devices in the warehouse, under the person record they belong to. Device ids and serials stay out: they lead back to people."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from feilun.devices.contracts import Device
from feilun.devices.events import DEVICE_RECORDED
from feilun.devices.internal import store
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage

NOBODY: Final = 0
"""Stands for 'no person' in the key, which cannot be null; person ids begin at 1."""

DEVICES: Final = FactTable(
    name="devices",
    columns={
        "person_id": "Int64",
        "device_id": "Int64",
        "kind": "LowCardinality(String)",
        "model": "LowCardinality(String)",
        "state": "LowCardinality(String)",
        "store_code": "LowCardinality(String)",
        "source": "LowCardinality(String)",
        "bound_at": "Nullable(DateTime64(3, 'UTC'))",
        "unbound_at": "Nullable(DateTime64(3, 'UTC'))",
    },
    order_by=("person_id", "device_id"),
    shard_by="person_id",
    comment="Devices. person_id 0: a store's or nobody's.",
)


class DeviceProjector:
    """Writes devices."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes."""
        return (DEVICES,)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return frozenset({DEVICE_RECORDED})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return the devices that the events name, and deletions where the owner changed."""
        versions = {cast(int, event.payload["device_id"]): event.position for event in events}
        found = list(store.select_devices(uow, versions).values())
        owners: dict[int, int] = {device.device_id: device.person_id or NOBODY for device in found}
        left: dict[tuple[int, int], int] = {}
        for event in events:
            if "previous_person_id" in event.payload:
                device_id = cast(int, event.payload["device_id"])
                previous = cast("int | None", event.payload["previous_person_id"]) or NOBODY
                if owners.get(device_id) != previous:
                    left[previous, device_id] = event.position
        columns = _columns(found)
        gone: list[object] = [None] * len(left)
        return {
            DEVICES.name: {
                **{name: [*values, *gone] for name, values in columns.items()},
                "person_id": [*columns["person_id"], *(person_id for person_id, _ in left)],
                "device_id": [*columns["device_id"], *(device_id for _, device_id in left)],
                "version": [*(versions[device.device_id] for device in found), *left.values()],
                "is_deleted": [0] * len(found) + [1] * len(left),
            }
        }

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return the next devices by id."""
        found = store.select_devices_after(uow, cast("int | None", after) or 0, limit)
        return SnapshotPage({DEVICES.name: _columns(found)}, found[-1].device_id if found else None)


def _columns(devices: Sequence[Device]) -> dict[str, Sequence[object]]:
    return {
        "person_id": [d.person_id or NOBODY for d in devices],
        "device_id": [d.device_id for d in devices],
        "kind": [d.kind or "" for d in devices],
        "model": [d.model or "" for d in devices],
        "state": [d.state.value for d in devices],
        "store_code": [d.store_code or "" for d in devices],
        "source": [d.source for d in devices],
        "bound_at": [d.bound_at for d in devices],
        "unbound_at": [d.unbound_at for d in devices],
    }
