"""Devices, as files bring them: whose they are, and what identity learns from it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from feilun.devices import api
from feilun.devices.contracts import DeviceFilter, DeviceId, DeviceState
from feilun.devices.errors import DeviceNotFound
from feilun.devices.intake import DeviceHandler
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierKind
from feilun.ingestion.contracts import MappedRow
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from tests.devices.builders import a_context, device, events, states, take
from tests.fakes.clock import START

BOUND = datetime(2026, 5, 1, 2, 0, tzinfo=UTC)
MINE = {"device_id": "D1", "kind": "净水器", "phone": "13800000001", "bound_at": BOUND}


def test_a_device_is_its_owners_and_identity_learns_its_id(uow: UnitOfWork) -> None:
    assert states(uow, MINE) == ["taken"]

    stored = device(uow, "D1")
    assert (stored.state, stored.kind, stored.bound_at) == (DeviceState.BOUND, "净水器", BOUND)
    assert stored.person_id is not None
    kinds = {i.kind: i.value for i in identity.list_identifiers(uow, stored.person_id, reveal=True)}
    assert kinds == {IdentifierKind.PHONE: "+8613800000001", IdentifierKind.DEVICE: "D1"}


def test_a_device_nobody_is_named_for_makes_no_customer(uow: UnitOfWork) -> None:
    assert states(uow, {"device_id": "D1"}, {"device_id": "D2", "store": "S01"}) == ["taken", "taken"]

    assert (device(uow, "D1").person_id, device(uow, "D1").state) == (None, DeviceState.UNBOUND)
    assert (device(uow, "D2").store_code, device(uow, "D2").state) == ("S01", DeviceState.BOUND)
    assert identity.find_persons(uow, "D1") == []


def test_a_new_owner_takes_the_device_and_the_two_are_not_merged(uow: UnitOfWork) -> None:
    take(uow, MINE)
    first = device(uow, "D1").person_id

    assert states(uow, {"device_id": "D1", "phone": "13800000002"}) == ["changed"]

    second = device(uow, "D1").person_id
    assert first is not None
    assert second is not None
    roots = identity.root_of(uow, [first, second])
    assert roots[first] != roots[second]
    assert events(uow)[-1]["previous_person_id"] == first


def test_a_device_goes_from_a_person_to_a_store_and_back(uow: UnitOfWork) -> None:
    take(uow, MINE)

    take(uow, {"device_id": "D1", "store": "S01"})
    assert (device(uow, "D1").person_id, device(uow, "D1").store_code) == (None, "S01")
    take(uow, MINE)
    assert device(uow, "D1").person_id is not None
    assert device(uow, "D1").store_code is None


def test_a_repeated_file_changes_nothing_and_appends_no_event(uow: UnitOfWork) -> None:
    take(uow, MINE)

    assert states(uow, MINE) == ["unchanged"]
    assert states(uow, {"device_id": "D1"}) == ["unchanged"]

    assert len(events(uow)) == 1


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"unbound_at": BOUND + timedelta(days=9)}, DeviceState.UNBOUND),
        ({"state": "离线"}, DeviceState.BOUND),
        ({"state": "故障"}, DeviceState.FAULTY),
        ({"state": "报废"}, DeviceState.RETIRED),
        ({"unbound_at": BOUND - timedelta(days=9)}, DeviceState.BOUND),
    ],
)
def test_a_state_is_read_or_told_by_the_binding(
    uow: UnitOfWork, said: Mapping[str, object], state: DeviceState
) -> None:
    take(uow, MINE | dict(said))

    assert device(uow, "D1").state is state


def test_devices_are_listed_by_person_store_and_kind(uow: UnitOfWork) -> None:
    take(uow, MINE, {"device_id": "D2", "store": "S01", "kind": "体脂秤"}, {"device_id": "D3"})
    person_id = device(uow, "D1").person_id
    assert person_id is not None

    def found(wanted: DeviceFilter) -> list[str]:
        return [item.code for item in api.list_devices(uow, wanted, limit=9)[0]]

    assert found(DeviceFilter(person_ids=(person_id,))) == ["D1"]
    assert found(DeviceFilter(store_code="S01")) == ["D2"]
    assert found(DeviceFilter(kind="体脂秤", state=DeviceState.BOUND)) == ["D2"]
    assert found(DeviceFilter(query="d")) == ["D1", "D2", "D3"]
    assert found(DeviceFilter(query="d", reveal=False)) == ["D2", "D3"]


def test_an_erased_person_has_no_device_and_nothing_leads_back(uow: UnitOfWork) -> None:
    take(uow, MINE | {"serial": "SN-1"})
    person_id = device(uow, "D1").person_id
    assert person_id is not None

    api.erase_owners(uow, [person_id], origin=Origin.LIVE)
    api.erase_owners(uow, [person_id], origin=Origin.LIVE)

    left = api.list_devices(uow, DeviceFilter(), limit=9)[0][0]
    assert (left.person_id, left.serial, left.state) == (None, None, DeviceState.UNBOUND)
    assert "D1" not in left.code
    assert [event.get("previous_person_id") for event in events(uow)] == [None, person_id]


def test_a_device_that_is_not_there_is_an_error(uow: UnitOfWork) -> None:
    with pytest.raises(DeviceNotFound):
        api.get_device(uow, DeviceId(999_999_999))


def test_an_owner_with_a_masked_phone_is_known_by_the_device(uow: UnitOfWork) -> None:
    assert states(uow, {"device_id": "D1", "phone": "138****0001"}) == ["taken"]

    person_id = device(uow, "D1").person_id
    assert person_id is not None
    linking = [i.kind for i in identity.list_identifiers(uow, person_id, reveal=True) if i.is_linking]
    assert linking == [IdentifierKind.DEVICE]


def test_an_owner_who_cannot_be_told_at_all_is_refused(uow: UnitOfWork) -> None:
    outcome = take(uow, {"device_id": "0", "phone": "138****0001"})[0]

    assert outcome.rejection is not None
    assert outcome.rejection.code == "devices.owner_not_identified"


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"store": "S1", "phone": "13800000001"}, "devices.owner_ambiguous"),
        ({"state": "神秘"}, "devices.state_unknown"),
        ({"bound_at": START + timedelta(days=2)}, "devices.date_out_of_range"),
        ({"bound_at": datetime(1969, 1, 1, tzinfo=UTC)}, "devices.date_out_of_range"),
        ({"model": "长" * 201}, "devices.text_too_long"),
        ({"serial": "a\x00"}, "devices.text_unstorable"),
        (
            {"state": "已解绑", "bound_at": BOUND, "unbound_at": BOUND - timedelta(days=1)},
            "devices.unbound_before_bound",
        ),
    ],
)
def test_bad_rows_are_refused_with_a_reason(values: Mapping[str, object], code: str) -> None:
    refused = DeviceHandler().check(MappedRow(1, "", {"device_id": "D1", **values}), a_context())

    assert refused is not None
    assert refused.code == code


def test_a_mapping_explains_its_own_words(uow: UnitOfWork) -> None:
    take(uow, {"device_id": "D1", "state": "返厂"}, context=a_context(options={"state_words": "返厂=faulty"}))

    assert device(uow, "D1").state is DeviceState.FAULTY
