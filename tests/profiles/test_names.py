"""Names beside ids over HTTP: full for those who may see them, shortened for others, unknown ids left out."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.platform.db import Database


@pytest.fixture
def viewer(app: FastAPI, database: Database) -> TestClient:
    with database.transaction() as uow:
        _, secret = access.create_api_key(uow, name="looker", role=Role.VIEWER, expires_at=None)
    return TestClient(app, headers={"Authorization": f"Bearer {secret}"})


def test_customers_are_named_as_the_reader_may_see_them(client: TestClient, viewer: TestClient) -> None:
    body = {"identifiers": [{"kind": "phone", "value": "13812340001"}], "values": {"name": "欧阳若兰"}}
    known = client.post("/api/v1/customers", json=body).json()["id"]
    asked = {"id": [known, "c_0000000000", "nonsense", known]}

    full = client.get("/api/v1/customer-names", params=asked).json()
    shortened = viewer.get("/api/v1/customer-names", params=asked).json()

    assert full == [{"id": known, "name": "欧阳若兰"}]
    assert [item["id"] for item in shortened] == [known]
    assert shortened[0]["name"] != "欧阳若兰"
