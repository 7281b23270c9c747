"""Short ways to say what device files hold, and to see what became of it."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from feilun.devices import api
from feilun.devices.contracts import Device, DeviceFilter
from feilun.devices.intake import DeviceHandler
from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from tests.fakes.clock import START


def a_context(source: str = "iot", *, options: Mapping[str, str] | None = None) -> ApplyContext:
    return ApplyContext(source, Origin.LIVE, options or {}, False, "Asia/Shanghai", START)


def take(
    uow: UnitOfWork, *records: Mapping[str, object], context: ApplyContext | None = None
) -> Sequence[Outcome]:
    handler, context = DeviceHandler(), context or a_context()
    groups = [[MappedRow(number, "", values)] for number, values in enumerate(records, 1)]
    for group in groups:
        assert handler.check(group[0], context) is None, handler.check(group[0], context)
    outcomes = handler.apply(uow, groups, context)
    assert [outcome.rows for outcome in outcomes] == [(number,) for number in range(1, len(groups) + 1)]
    return outcomes


def states(uow: UnitOfWork, *records: Mapping[str, object]) -> list[str]:
    return [outcome.state.value for outcome in take(uow, *records)]


def device(uow: UnitOfWork, code: str) -> Device:
    found = api.list_devices(uow, DeviceFilter(), limit=200)[0]
    return next(item for item in found if item.code == code)


def events(uow: UnitOfWork) -> list[Mapping[str, object]]:
    rows = uow.connection.execute(
        text("SELECT payload FROM event_inbox WHERE type = 'devices.device_recorded' ORDER BY event_id")
    )
    return [row.payload for row in rows]
