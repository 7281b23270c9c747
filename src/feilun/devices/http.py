"""Endpoints of the devices room."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.devices import api
from feilun.devices.contracts import Device, DeviceFilter, DeviceId, DeviceState
from feilun.devices.errors import CustomerNotFound, DeviceNotFound
from feilun.identity import api as identity
from feilun.kernel.ids import PersonId, from_opaque, opaque
from feilun.platform.db import UnitOfWork
from feilun.platform.http import Page, UowDep

router = APIRouter(prefix="/api/v1", tags=["devices"])

_TEXT_MAX = 200
_STORABLE = r"^[^\x00]*$"
_SHOWN = 4
"""Characters at the end of a device id or serial that everyone may see."""


class DeviceOut(BaseModel):
    """A device. Its own id and serial are masked for those who may not see personal data, when it is a person's."""

    id: str
    source: str
    device_id: str
    kind: str | None
    model: str | None
    serial: str | None
    customer_id: str | None
    store_code: str | None
    bound_at: datetime | None
    unbound_at: datetime | None
    state: DeviceState
    raw_state: str | None
    updated_at: datetime


class DeviceQuery(BaseModel):
    """Filters of the device list."""

    query: str | None = Field(None, max_length=_TEXT_MAX, pattern=_STORABLE)
    customer_id: str | None = Field(None, max_length=40)
    store_code: str | None = Field(None, max_length=_TEXT_MAX, pattern=_STORABLE)
    kind: str | None = Field(None, max_length=_TEXT_MAX, pattern=_STORABLE)
    state: DeviceState | None = None
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(20, ge=1, le=200)


def _device_out(device: Device, roots: dict[PersonId, PersonId], *, reveal: bool) -> DeviceOut:
    is_shown = reveal or device.person_id is None
    return DeviceOut(
        id=opaque("dv", device.device_id),
        source=device.source,
        device_id=device.code if is_shown else _masked(device.code),
        kind=device.kind,
        model=device.model,
        serial=device.serial if is_shown or device.serial is None else _masked(device.serial),
        customer_id=None if device.person_id is None else opaque("c", roots[device.person_id]),
        store_code=device.store_code,
        bound_at=device.bound_at,
        unbound_at=device.unbound_at,
        state=device.state,
        raw_state=device.raw_state,
        updated_at=device.updated_at,
    )


def _masked(text: str) -> str:
    return "*" * max(len(text) - _SHOWN, _SHOWN) + text[_SHOWN:][-_SHOWN:]


def _members(uow: UnitOfWork, customer_id: str) -> tuple[PersonId, ...]:
    number = from_opaque("c", customer_id)
    if number is None or not identity.list_persons(uow, [PersonId(number)]):
        raise CustomerNotFound(f"no customer {customer_id!r}")
    return tuple(identity.member_ids(uow, PersonId(number)))


@router.get("/devices", operation_id="listDevices")
def list_devices(
    wanted: Annotated[DeviceQuery, Query()], uow: UowDep, caller: Caller = Guard("devices.read")
) -> Page[DeviceOut]:
    """List devices by customer, store, kind and state, those bound last first."""
    reveal = caller.may("personal.read")
    devices, total = api.list_devices(
        uow,
        DeviceFilter(
            query=wanted.query or None,
            reveal=reveal,
            person_ids=_members(uow, wanted.customer_id) if wanted.customer_id else None,
            store_code=wanted.store_code or None,
            kind=wanted.kind or None,
            state=wanted.state,
        ),
        limit=wanted.page_size,
        offset=(wanted.page - 1) * wanted.page_size,
    )
    roots = identity.root_of(uow, {d.person_id for d in devices if d.person_id is not None})
    return Page(
        items=[_device_out(device, roots, reveal=reveal) for device in devices],
        total=total,
        page=wanted.page,
        page_size=wanted.page_size,
    )


@router.get("/devices/{device_id}", operation_id="getDevice")
def get_device(device_id: str, uow: UowDep, caller: Caller = Guard("devices.read")) -> DeviceOut:
    """Return one device."""
    number = from_opaque("dv", device_id)
    if number is None:
        raise DeviceNotFound(f"no device {device_id!r}")
    device = api.get_device(uow, DeviceId(number))
    roots = identity.root_of(uow, [] if device.person_id is None else [device.person_id])
    return _device_out(device, roots, reveal=caller.may("personal.read"))
