"""Facade of the devices room."""

from collections.abc import Iterable

from feilun.devices.contracts import Device, DeviceFilter, DeviceId
from feilun.devices.errors import DeviceNotFound
from feilun.devices.internal import recording, store
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


def get_device(uow: UnitOfWork, device_id: DeviceId) -> Device:
    """Return a device. Raises: DeviceNotFound."""
    device = store.select_devices(uow, [device_id]).get(device_id)
    if device is None:
        raise DeviceNotFound(f"no device {device_id}")
    return device


def list_devices(
    uow: UnitOfWork, wanted: DeviceFilter, *, limit: int, offset: int = 0
) -> tuple[list[Device], int]:
    """Return one page of devices, those bound last first, and the number of all that fit."""
    return store.select_device_page(uow, wanted, limit=limit, offset=offset)


def erase_owners(uow: UnitOfWork, person_ids: Iterable[PersonId], *, origin: Origin) -> None:
    """Take devices from erased people; what is left of them is nobody's, without their own id and serial. Idempotent."""
    recording.erase_owners(uow, person_ids, origin)
