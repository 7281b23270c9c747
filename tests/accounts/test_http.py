"""Company accounts and receivables over HTTP."""

from datetime import date
from decimal import Decimal

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.kernel.ids import opaque
from feilun.platform.db import Database
from tests.accounts.builders import account, receivable, take_accounts, take_receivables


@pytest.fixture(scope="module")
def acme(database: Database) -> str:
    with database.transaction() as uow:
        row = {"code": "K1", "name": "某某贸易", "contact_phone": "13800000001", "contact_role": "采购"}
        take_accounts(uow, row, {"code": "K2", "contact_email": "x@example.com"})
        take_receivables(
            uow,
            {"number": "R1", "account_code": "K1", "amount": Decimal(100), "due_on": date(2026, 10, 31)},
            {"number": "R2", "account_code": "K1", "amount": Decimal(5), "state": "已收"},
            {"number": "R3", "phone": "13800000001", "amount": Decimal(7)},
        )
        return opaque("ac", account(uow, "K1").account_id)


@pytest.fixture(scope="module")
def viewer(app: FastAPI, database: Database) -> TestClient:
    with database.transaction() as uow:
        secret = access.create_api_key(uow, name="viewer", role=Role.VIEWER, expires_at=None)[1]
    return TestClient(app, headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"})


def test_the_list_tells_what_is_owed_today(client: TestClient, acme: str) -> None:
    found = client.get("/api/v1/accounts", params={"query": "贸易", "overdue": True}).json()

    assert [item["id"] for item in found["items"]] == [acme]
    assert found["items"][0]["receivables"] == [
        {
            "currency": "CNY",
            "open_count": 1,
            "open_amount": "100.0000",
            "overdue_count": 1,
            "overdue_amount": "100.0000",
            "days_overdue": 15,
        }
    ]


def test_an_account_names_its_contacts_as_customers(
    client: TestClient, viewer: TestClient, acme: str
) -> None:
    contact = client.get(f"/api/v1/accounts/{acme}").json()["contacts"][0]
    masked = viewer.get(f"/api/v1/accounts/{acme}").json()["contacts"][0]

    assert (contact["role"], contact["phone"], contact["email"]) == ("采购", "+8613800000001", None)
    assert masked["customer_id"] == contact["customer_id"]
    assert "13800000001" not in str(masked)
    accounts = client.get(f"/api/v1/customers/{contact['customer_id']}/accounts").json()
    assert [item["code"] for item in accounts] == ["K1"]
    mine = client.get(f"/api/v1/customers/{contact['customer_id']}/receivables").json()
    assert [item["number"] for item in mine["items"]] == ["R3"]
    assert mine["items"][0]["customer_id"] == contact["customer_id"]


def test_receivables_are_listed_open_ones_first(client: TestClient, database: Database, acme: str) -> None:
    found = client.get(f"/api/v1/accounts/{acme}/receivables").json()
    overdue = client.get("/api/v1/receivables", params={"overdue": True}).json()
    settled = client.get("/api/v1/receivables", params={"state": "settled"}).json()
    totals = client.get("/api/v1/receivables/totals").json()

    assert [(item["number"], item["days_overdue"]) for item in found["items"]] == [("R1", 15), ("R2", 0)]
    assert [item["number"] for item in overdue["items"]] == ["R1"]
    assert [item["number"] for item in settled["items"]] == ["R2"]
    assert [(item["currency"], item["open_amount"]) for item in totals] == [("CNY", "107.0000")]
    with database.transaction() as uow:
        receivable_id = opaque("rc", receivable(uow, "R1").receivable_id)
    assert client.get(f"/api/v1/receivables/{receivable_id}").json()["number"] == "R1"


def test_contacts_are_added_and_removed(client: TestClient, viewer: TestClient, acme: str) -> None:
    other = client.get("/api/v1/accounts", params={"query": "K2"}).json()["items"][0]["id"]
    person = client.get(f"/api/v1/accounts/{acme}").json()["contacts"][0]["customer_id"]
    place = f"/api/v1/accounts/{other}/contacts"

    assert viewer.post(place, json={"customer_id": person}).status_code == 403
    assert client.post(place, json={"customer_id": person, "role": "财务"}).status_code == 204
    assert len(client.get(f"/api/v1/accounts/{other}").json()["contacts"]) == 2
    assert client.delete(f"{place}/{person}").status_code == 204
    again = client.delete(f"{place}/{person}")

    assert (again.status_code, again.json()["code"]) == (404, "accounts.contact_not_found")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/accounts/ac_7k3n0q9xw2", 404, "accounts.account_not_found"),
        ("/api/v1/accounts/1", 404, "accounts.account_not_found"),
        ("/api/v1/accounts/ac_7k3n0q9xw2/receivables", 404, "accounts.account_not_found"),
        ("/api/v1/receivables/rc_7k3n0q9xw2", 404, "accounts.receivable_not_found"),
        ("/api/v1/receivables/x", 404, "accounts.receivable_not_found"),
        ("/api/v1/customers/c_7k3n0q9xw2/accounts", 404, "accounts.customer_not_found"),
        ("/api/v1/customers/x/receivables", 404, "accounts.customer_not_found"),
        ("/api/v1/accounts?sort=name;drop", 422, "request.invalid"),
        ("/api/v1/accounts?query=%00", 422, "request.invalid"),
        ("/api/v1/accounts?state=open", 422, "request.invalid"),
        ("/api/v1/receivables?page_size=9999", 422, "request.invalid"),
    ],
)
def test_bad_requests_are_answered_with_a_problem(
    client: TestClient, path: str, status: int, code: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_contact_with_unstorable_text_is_refused(client: TestClient, acme: str) -> None:
    answer = client.post(f"/api/v1/accounts/{acme}/contacts", json={"customer_id": "c_1", "role": "a\x00"})

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
