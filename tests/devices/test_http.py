"""Devices over HTTP."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.kernel.ids import opaque
from feilun.platform.db import Database
from tests.devices.builders import device, take


@pytest.fixture(scope="module")
def customer(database: Database) -> str:
    with database.transaction() as uow:
        take(
            uow,
            {"device_id": "DEV-778899", "serial": "SN-112233", "phone": "13800000001", "kind": "净水器"},
            {"device_id": "DEV-STORE", "store": "S01"},
        )
        person_id = device(uow, "DEV-778899").person_id
        assert person_id is not None
        return opaque("c", person_id)


@pytest.fixture(scope="module")
def viewer(app: FastAPI, database: Database) -> TestClient:
    with database.transaction() as uow:
        secret = access.create_api_key(uow, name="viewer", role=Role.VIEWER, expires_at=None)[1]
    return TestClient(app, headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"})


def test_devices_are_listed_by_customer_and_store(client: TestClient, customer: str) -> None:
    mine = client.get("/api/v1/devices", params={"customer_id": customer}).json()["items"]
    store = client.get("/api/v1/devices", params={"store_code": "S01"}).json()["items"]

    assert [(item["device_id"], item["customer_id"], item["state"]) for item in mine] == [
        ("DEV-778899", customer, "bound")
    ]
    assert [(item["device_id"], item["customer_id"]) for item in store] == [("DEV-STORE", None)]
    assert client.get(f"/api/v1/devices/{mine[0]['id']}").json() == mine[0]


def test_a_viewer_neither_sees_nor_finds_peoples_device_ids(viewer: TestClient, customer: str) -> None:
    everything = viewer.get("/api/v1/devices")

    assert "778899" not in everything.text
    assert "112233" not in everything.text
    assert "DEV-STORE" in everything.text
    assert viewer.get("/api/v1/devices", params={"query": "778899"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/devices/dv_7k3n0q9xw2", 404, "devices.device_not_found"),
        ("/api/v1/devices/1", 404, "devices.device_not_found"),
        ("/api/v1/devices?customer_id=c_7k3n0q9xw2", 404, "devices.customer_not_found"),
        ("/api/v1/devices?customer_id=1", 404, "devices.customer_not_found"),
        ("/api/v1/devices?state=lost", 422, "request.invalid"),
        ("/api/v1/devices?query=%00", 422, "request.invalid"),
    ],
)
def test_bad_requests_are_answered_with_a_problem(
    client: TestClient, path: str, status: int, code: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
