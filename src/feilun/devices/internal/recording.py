"""Takes drafts into the table: compares with what is stored, writes what differs, appends one event per changed device."""

from collections.abc import Iterable, Mapping

from feilun.devices.events import DEVICE_RECORDED
from feilun.devices.internal import store
from feilun.ingestion.contracts import ApplyContext, OutcomeState
from feilun.kernel.ids import PersonId
from feilun.kernel.origin import Origin
from feilun.platform.db import UnitOfWork
from feilun.platform.log import NewEvent, append_events


def record_devices(
    uow: UnitOfWork,
    drafts: Mapping[str, Mapping[str, object]],
    stored: Mapping[str, store.StoredDevice],
    context: ApplyContext,
) -> dict[str, OutcomeState]:
    """Store devices by code, each with all its values, beside their locked stored ones; returns what became of each."""
    writes = {}
    states: dict[str, OutcomeState] = {}
    for code, after in drafts.items():
        known = stored.get(code)
        if known is not None and dict(known.values) == after:
            states[code] = OutcomeState.UNCHANGED
        else:
            writes[code] = after
            states[code] = OutcomeState.TAKEN if known is None else OutcomeState.CHANGED
    if not writes:
        return states
    ids = store.upsert_devices(uow, context.source, writes)
    events = []
    for code, values in writes.items():
        known = stored.get(code)
        payload = {
            "device_id": ids[code],
            "kind": values["kind"],
            "state": values["state"],
            "is_new": known is None,
        }
        if known is not None and known.values["person_id"] != values["person_id"]:
            payload["previous_person_id"] = known.values["person_id"]
        person_id = values["person_id"]
        assert person_id is None or isinstance(person_id, int)
        events.append(
            _event(uow, context.origin, None if person_id is None else PersonId(person_id), payload)
        )
    append_events(uow, events)
    return states


def erase_owners(uow: UnitOfWork, person_ids: Iterable[PersonId], origin: Origin) -> None:
    """Take devices from erased people. What is left of a device is nobody's, without its own id and serial."""
    append_events(
        uow,
        [
            _event(
                uow,
                origin,
                None,
                {
                    "device_id": device.device_id,
                    "kind": device.kind,
                    "state": "unbound",
                    "is_new": False,
                    "previous_person_id": device.person_id,
                },
            )
            for device in store.erase_owners(uow, person_ids)
        ],
    )


def _event(
    uow: UnitOfWork, origin: Origin, person_id: PersonId | None, payload: Mapping[str, object]
) -> NewEvent:
    return NewEvent(
        type=DEVICE_RECORDED, occurred_at=uow.now, origin=origin, person_id=person_id, payload=payload
    )
