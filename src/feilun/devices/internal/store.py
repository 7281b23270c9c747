"""All SQL of the devices room."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import Row, text

from feilun.devices.contracts import Device, DeviceFilter, DeviceId, DeviceState
from feilun.devices.internal.domain import like_pattern
from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork

COLUMNS: Final[Mapping[str, str]] = {
    "kind": "text",
    "model": "text",
    "serial": "text",
    "person_id": "bigint",
    "store_code": "text",
    "bound_at": "timestamptz",
    "unbound_at": "timestamptz",
    "state": "text",
    "raw_state": "text",
}
"""What a file says of a device, with the type its values are sent as."""
_DEVICE: Final = f"device_id, source, code, {', '.join(COLUMNS)}, first_seen_at, updated_at"


class StoredDevice(NamedTuple):
    """A stored device as comparison needs it."""

    device_id: int
    values: Mapping[str, object]


class ErasedDevice(NamedTuple):
    """A device that was taken from an erased person."""

    device_id: int
    person_id: int
    kind: str | None


def device_of(row: Row[tuple[object, ...]]) -> Device:
    """Map a row to its contract."""
    return Device(
        device_id=DeviceId(row.device_id),
        source=row.source,
        code=row.code,
        kind=row.kind,
        model=row.model,
        serial=row.serial,
        person_id=None if row.person_id is None else PersonId(row.person_id),
        store_code=row.store_code,
        bound_at=row.bound_at,
        unbound_at=row.unbound_at,
        state=DeviceState(row.state),
        raw_state=row.raw_state,
        first_seen_at=row.first_seen_at,
        updated_at=row.updated_at,
    )


def find_owners(uow: UnitOfWork, source: str, codes: Iterable[str]) -> set[PersonId]:
    """Return the person records that have devices of a source now; they are locked before the devices are."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT person_id FROM devices WHERE source = :source AND code = ANY(:codes) AND person_id IS NOT NULL"
        ),
        {"source": source, "codes": list(codes)},
    )
    return {PersonId(row.person_id) for row in rows}


def lock_devices(uow: UnitOfWork, source: str, codes: Iterable[str]) -> dict[str, StoredDevice]:
    """Return a source's devices by code, locked in code order."""
    rows = uow.connection.execute(
        text(
            f"SELECT code, device_id, {', '.join(COLUMNS)} FROM devices"
            " WHERE source = :source AND code = ANY(:codes) ORDER BY code FOR UPDATE"
        ),
        {"source": source, "codes": list(codes)},
    )
    return {
        row.code: StoredDevice(row.device_id, {name: getattr(row, name) for name in COLUMNS}) for row in rows
    }


def upsert_devices(
    uow: UnitOfWork, source: str, writes: Mapping[str, Mapping[str, object]]
) -> dict[str, int]:
    """Store devices by code with all their values; returns ids by code."""
    names = list(COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in COLUMNS.items())
    replaced = ", ".join(f"{name} = excluded.{name}" for name in names)
    rows = uow.connection.execute(
        text(
            f"INSERT INTO devices (source, code, {', '.join(names)}, first_seen_at, updated_at)"
            f" SELECT :source, code, {', '.join(names)}, :now, :now FROM unnest(CAST(:codes AS text[]), {arrays})"
            f"  AS item (code, {', '.join(names)}) ORDER BY code"
            f" ON CONFLICT (source, code) DO UPDATE SET {replaced}, updated_at = excluded.updated_at"
            " RETURNING code, device_id"
        ),
        {
            "source": source,
            "now": uow.now,
            "codes": list(writes),
            **{name: [values[name] for values in writes.values()] for name in names},
        },
    )
    return {row.code: row.device_id for row in rows}


def erase_owners(uow: UnitOfWork, person_ids: Iterable[PersonId]) -> list[ErasedDevice]:
    """Take devices from person records, with what could lead back to them; returns whose they were."""
    rows = uow.connection.execute(
        text(
            "WITH gone AS (SELECT device_id, person_id FROM devices WHERE person_id = ANY(:ids) ORDER BY device_id FOR UPDATE)"
            " UPDATE devices d SET person_id = NULL, state = CASE d.state WHEN 'bound' THEN 'unbound' ELSE d.state END,"
            "  serial = NULL, code = 'erased:' || d.device_id, raw_state = NULL, updated_at = :now"
            " FROM gone WHERE d.device_id = gone.device_id RETURNING d.device_id, gone.person_id, d.kind"
        ),
        {"ids": sorted(person_ids), "now": uow.now},
    )
    return sorted(ErasedDevice(row.device_id, row.person_id, row.kind) for row in rows)


def select_devices(uow: UnitOfWork, device_ids: Iterable[int]) -> dict[DeviceId, Device]:
    """Return devices by id."""
    rows = uow.connection.execute(
        text(f"SELECT {_DEVICE} FROM devices WHERE device_id = ANY(:ids)"), {"ids": list(device_ids)}
    )
    return {device.device_id: device for device in map(device_of, rows)}


def select_devices_after(uow: UnitOfWork, after: int, limit: int) -> list[Device]:
    """Return the next devices by id."""
    rows = uow.connection.execute(
        text(f"SELECT {_DEVICE} FROM devices WHERE device_id > :after ORDER BY device_id LIMIT :limit"),
        {"after": after, "limit": limit},
    )
    return list(map(device_of, rows))


def select_device_page(
    uow: UnitOfWork, wanted: DeviceFilter, *, limit: int, offset: int
) -> tuple[list[Device], int]:
    """Return one page of devices, newest bound first, and the number of all that fit."""
    conditions = ["true"]
    values: dict[str, object] = {"limit": limit, "offset": offset}
    if wanted.query:
        values["pattern"] = like_pattern(wanted.query)
        ids = "(code ILIKE :pattern OR serial ILIKE :pattern)"
        ids = ids if wanted.reveal else f"(person_id IS NULL AND {ids})"
        conditions.append(f"({ids} OR model ILIKE :pattern)")
    if wanted.person_ids is not None:
        values["person_ids"] = list(wanted.person_ids)
        conditions.append("person_id = ANY(:person_ids)")
    for column, value in (
        ("store_code", wanted.store_code),
        ("kind", wanted.kind),
        ("state", wanted.state),
    ):
        if value is not None:
            conditions.append(f"{column} = :{column}")
            values[column] = str(value)
    where = " AND ".join(conditions)
    total = uow.connection.execute(text(f"SELECT count(*) FROM devices WHERE {where}"), values).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_DEVICE} FROM devices WHERE {where}"
            " ORDER BY bound_at DESC NULLS LAST, device_id LIMIT :limit OFFSET :offset"
        ),
        values,
    )
    return list(map(device_of, rows)), int(total)
