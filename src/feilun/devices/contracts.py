"""What devices tell."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType

from feilun.kernel.ids import PersonId

DeviceId = NewType("DeviceId", int)


class DeviceState(StrEnum):
    """Standard states of a device; the source's own word is kept beside it."""

    BOUND = "bound"
    """In use by its person or store."""
    UNBOUND = "unbound"
    """In use by nobody; `person_id` or `store_code` say whose it was last."""
    FAULTY = "faulty"
    RETIRED = "retired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device of one source."""

    device_id: DeviceId
    source: str
    code: str
    """The device's id as its source writes it."""
    kind: str | None
    """What it is: 'purifier', 'scale' …, in the source's words."""
    model: str | None
    serial: str | None
    person_id: PersonId | None
    """The person record it came with; see `identity.api.root_of`."""
    store_code: str | None
    bound_at: datetime | None
    unbound_at: datetime | None
    state: DeviceState
    raw_state: str | None
    first_seen_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceFilter:
    """Which devices to list; None means any."""

    query: str | None = None
    """Part of the device id, serial or model."""
    reveal: bool = True
    """False: ids and serials of people's devices are not searched, for those who may not see them."""
    person_ids: tuple[PersonId, ...] | None = None
    """Pass all records of the customer: `identity.api.member_ids`."""
    store_code: str | None = None
    kind: str | None = None
    state: DeviceState | None = None
