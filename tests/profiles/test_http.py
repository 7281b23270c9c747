"""Profiles over HTTP: list, page, editing, custom fields, export, rights."""

import csv
import io
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from python_calamine import CalamineWorkbook
from sqlalchemy import text

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.identity import api as identity
from feilun.kernel.ids import opaque
from feilun.platform.db import Database
from feilun.profiles import api
from feilun.profiles.contracts import CustomerFilter, CustomerSort
from tests.profiles.builders import at, follow_log, person_of, take_customers, take_order


@pytest.fixture(scope="module", autouse=True)
def shop(database: Database) -> None:
    """Three customers, one with a name that is a formula."""
    with database.transaction() as uow:
        take_customers(
            uow,
            [
                {
                    "customer_code": "K1",
                    "name": "王小明",
                    "phone": "13800138000",
                    "city": "上海",
                    "address": "中山路 1 号",
                },
                {
                    "customer_code": "K2",
                    "name": '=HYPERLINK("http://x","y")',
                    "city": "+1",
                    "email": "a@b.cn",
                },
                {"customer_code": "K3", "name": "@cmd", "city": "-2", "birthday": at(20, month=5).date()},
            ],
        )
    with database.transaction() as uow:
        take_order(uow, "INV-1", "K1", "12.5", at(3))
    follow_log(database)


@pytest.fixture(scope="module")
def viewer(app: FastAPI, database: Database) -> TestClient:
    """A client with the role of a viewer."""
    with database.transaction(actor="test") as uow:
        secret = access.create_api_key(uow, name="viewer", role=Role.VIEWER, expires_at=None)[1]
    return TestClient(app, headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"})


def _id(database: Database, code: str) -> str:
    with database.transaction() as uow:
        return opaque("c", person_of(uow, code))


def test_the_list_and_the_page_answer(client: TestClient, database: Database) -> None:
    listed = client.get("/api/v1/customers", params={"query": "8000"}).json()
    page = client.get(f"/api/v1/customers/{listed['items'][0]['id']}").json()

    assert (listed["total"], listed["items"][0]["name"], listed["items"][0]["phone"]) == (
        1,
        "王小明",
        "+8613800138000",
    )
    assert page["display_name"] == "王小明"
    assert page["figures"]["orders"] == 1
    assert Decimal(page["figures"]["net_spend"]) == Decimal("12.5")
    timeline = client.get(f"/api/v1/customers/{page['id']}/timeline", params={"kind": "order"}).json()
    assert [entry["values"]["number"] for entry in timeline["items"]] == ["INV-1"]
    fields = client.get(f"/api/v1/customers/{page['id']}/fields").json()["items"]
    assert {f["field"]["name"]: f["chosen"]["text"] for f in fields if f["chosen"]}[
        "address"
    ] == "中山路 1 号"


def test_a_viewer_sees_masked_values_only(viewer: TestClient, database: Database) -> None:
    customer_id = _id(database, "K1")

    answers = [
        viewer.get("/api/v1/customers").text,
        viewer.get(f"/api/v1/customers/{customer_id}").text,
        viewer.get(f"/api/v1/customers/{customer_id}/fields").text,
        viewer.get(f"/api/v1/customers/{customer_id}/timeline").text,
    ]

    for answer in answers:
        assert "王小明" not in answer
        assert "13800138000" not in answer
        assert "中山路" not in answer
    assert "王**" in answers[0]
    assert "138****8000" in answers[1]


def test_a_viewer_can_neither_export_nor_edit(viewer: TestClient, database: Database) -> None:
    customer_id = _id(database, "K1")

    assert viewer.get("/api/v1/customers/export").status_code == 403
    assert (
        viewer.patch(f"/api/v1/customers/{customer_id}", json={"values": {"city": "北京"}}).status_code == 403
    )
    assert viewer.post("/api/v1/custom-fields", json={}).status_code == 403


def test_unknown_and_foreign_ids_are_not_found(client: TestClient) -> None:
    for customer_id in ("c_0000000001", "nonsense", "o_7k3n0q9xw2", "c_7k3n0q9xw2"):
        answer = client.get(f"/api/v1/customers/{customer_id}")
        assert (answer.status_code, answer.json()["code"]) == (404, "profiles.customer_not_found")


def test_the_id_of_a_merged_record_answers_with_the_customer(client: TestClient, database: Database) -> None:
    with database.transaction() as uow:
        take_customers(uow, [{"customer_code": "D1", "name": "甲"}, {"customer_code": "D2", "name": "乙"}])
        left, right = person_of(uow, "D1"), person_of(uow, "D2")
        identity.merge_persons(uow, left, right, reason="same")

    page = client.get(f"/api/v1/customers/{opaque('c', right)}").json()

    assert (page["id"], page["requested_id"], page["is_alias"]) == (
        opaque("c", left),
        opaque("c", right),
        True,
    )


def test_an_erased_customer_says_so(client: TestClient, database: Database) -> None:
    with database.transaction() as uow:
        take_customers(uow, [{"customer_code": "E1", "name": "某某"}])
        person_id = person_of(uow, "E1")
        identity.erase_person(uow, person_id)
    address = f"/api/v1/customers/{opaque('c', person_id)}"

    page = client.get(address).json()
    refused = client.patch(address, json={"values": {"city": "北京"}})

    assert (page["is_erased"], page["display_name"]) == (True, None)
    assert (refused.status_code, refused.json()["code"]) == (409, "profiles.customer_erased")


def test_making_and_editing_a_customer(client: TestClient) -> None:
    body = {
        "identifiers": [{"kind": "phone", "value": "13600001111"}],
        "values": {"name": "新客", "city": "上海"},
    }

    made = client.post("/api/v1/customers", json=body)
    again = client.post("/api/v1/customers", json=body)
    address = f"/api/v1/customers/{made.json()['id']}"
    edited = client.patch(address, json={"values": {"city": "北京", "remark": "重要"}}).json()
    wrong = client.patch(address, json={"values": {"birthday": "yesterday"}})

    assert made.status_code == 201
    assert (again.status_code, again.json()["values"]["customer_id"]) == (409, made.json()["id"])
    assert edited["city"] == "北京"
    assert (wrong.status_code, wrong.json()["code"]) == (422, "profiles.not_a_date")
    assert "birthday" in wrong.json()["detail"]


def test_consents_are_stated_and_listed(client: TestClient, database: Database) -> None:
    address = f"/api/v1/customers/{_id(database, 'K3')}/consents"

    stated = client.post(address, json={"channel": "sms", "state": "refused"})

    assert stated.status_code == 201
    assert [(c["channel"], c["state"], c["source"]) for c in client.get(address).json()] == [
        ("sms", "refused", "manual")
    ]


def test_a_custom_field_lives_from_settings_to_list_and_export(
    client: TestClient, database: Database
) -> None:
    options = [{"value": "oily", "label_zh": "油性", "label_en": "Oily"}]
    field = {"name": "skin", "type": "choice", "label_zh": "肤质", "label_en": "Skin", "options": options}
    customer_id = _id(database, "K1")

    made = client.post("/api/v1/custom-fields", json=field).json()
    twice = client.post("/api/v1/custom-fields", json=field)
    client.patch(
        f"/api/v1/customers/{customer_id}", json={"values": {"custom.skin": "Oily"}}
    ).raise_for_status()
    found = client.get("/api/v1/customers", params={"field": "custom.skin:oily"}).json()
    export = client.get("/api/v1/customers/export", params={"field": "custom.skin:oily"}).content.decode(
        "utf-8-sig"
    )
    renamed = client.patch(
        f"/api/v1/custom-fields/{made['id']}",
        json={"label_en": "Skin type", "options": [{"value": "dry", "label_zh": "干性", "label_en": "Dry"}]},
    ).json()
    archived = client.patch(f"/api/v1/custom-fields/{made['id']}", json={"is_archived": True}).json()
    refused = client.patch(f"/api/v1/customers/{customer_id}", json={"values": {"custom.skin": "dry"}})

    assert twice.json()["code"] == "profiles.custom_field_exists"
    assert [row["custom"] for row in found["items"]] == [{"skin": "oily"}]
    assert next(csv.DictReader(io.StringIO(export)))["Skin"] == "Oily"
    assert [(o["value"], o["is_archived"]) for o in renamed["options"]] == [("dry", False), ("oily", True)]
    assert archived["is_archived"] is True
    assert refused.json()["code"] == "profiles.field_unknown"
    assert "custom.skin" not in {f["name"] for f in client.get("/api/v1/customer-fields").json()["items"]}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"name": "Skin"}, "request.invalid"),
        ({"label_zh": "  "}, "profiles.custom_field_label_invalid"),
        ({"type": "choice"}, "profiles.custom_field_options_invalid"),
        (
            {"options": [{"value": "a", "label_zh": "a", "label_en": "a"}]},
            "profiles.custom_field_options_invalid",
        ),
        ({"type": "number", "default": "many"}, "profiles.not_a_number"),
    ],
)
def test_a_custom_field_that_contradicts_itself_is_refused(
    client: TestClient, change: dict[str, object], code: str
) -> None:
    field = {"name": "broken", "type": "text", "label_zh": "坏", "label_en": "Broken", **change}

    refused = client.post("/api/v1/custom-fields", json=field)

    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_survivorship_is_read_and_replaced(client: TestClient) -> None:
    rule = {"field": "city", "rule": "source_priority", "sources": ["erp"], "manual_wins": False}

    replaced = client.put("/api/v1/survivorship", json={"rules": [rule]}).json()
    read = client.get("/api/v1/survivorship").json()
    refused = client.put("/api/v1/survivorship", json={"rules": [{"field": "nothing", "rule": "newest"}]})
    client.put("/api/v1/survivorship", json={"rules": []})

    assert replaced["rules"] == read["rules"] == [rule]
    assert "erp" in read["sources"]
    assert (refused.status_code, refused.json()["code"]) == (422, "profiles.survivorship_invalid")


def _export(client: TestClient, **query: str) -> list[dict[str, str]]:
    content = client.get("/api/v1/customers/export", params={"sort": "created_at", **query}).content.decode(
        "utf-8-sig"
    )
    return [row for row in csv.DictReader(io.StringIO(content)) if row["Sources"]]


def test_a_csv_export_cannot_be_read_as_formulas(client: TestClient) -> None:
    rows = _export(client)
    by_phone = {row["Phone"]: row for row in rows}

    assert {row["Name"] for row in rows} >= {'\'=HYPERLINK("http://x","y")', "'@cmd"}
    assert {row["City"] for row in rows} >= {"'+1", "'-2"}
    assert (by_phone["13800138000"]["Net spend"], by_phone["13800138000"]["Orders"]) == ("12.5", "1")
    assert not [cell for row in rows for cell in row.values() if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_a_workbook_keeps_numbers_as_numbers(client: TestClient) -> None:
    answer = client.get("/api/v1/customers/export", params={"format": "xlsx", "query": "王小明"})

    heading, row = (
        CalamineWorkbook.from_filelike(io.BytesIO(answer.content)).get_sheet_by_index(0).to_python()
    )
    cells = dict(zip(heading, row, strict=True))

    assert (cells["Name"], cells["Orders"], cells["Net spend"]) == ("王小明", 1, 12.5)
    assert cells["Last order"] == datetime(2026, 10, 3, 20, 0)  # noqa: DTZ001 — a sheet has no zones; this is Beijing's
    assert ".xlsx" in answer.headers["content-disposition"]


def test_every_export_is_recorded_before_it_leaves(client: TestClient, database: Database) -> None:
    _export(client, query="王小明")

    with database.transaction() as uow:
        payload, actor = uow.connection.execute(
            text(
                "SELECT payload, actor FROM event_inbox WHERE type = 'profiles.customers_exported'"
                " ORDER BY event_id DESC LIMIT 1"
            )
        ).one()

    assert payload == {"format": "csv", "rows": 1, "is_masked": False, "filters": ["query"]}
    assert actor.startswith("operator:")


def test_an_export_without_the_right_to_personal_data_is_masked(database: Database) -> None:
    pieces = api.stream_csv(
        database,
        CustomerFilter(),
        sort=CustomerSort.NAME,
        actor="test",
        locale="en",
        zone=ZoneInfo("Asia/Shanghai"),
        reveal=False,
    )
    content = b"".join(pieces).decode()

    assert "王**" in content
    assert "138****8000" in content
    assert "王小明" not in content


def test_the_list_refuses_what_makes_no_sense(client: TestClient) -> None:
    for query in (
        {"sort": "name; DROP TABLE customers"},
        {"page": "0"},
        {"page_size": "1000"},
        {"last_ordered_from": "2026-01-01T00:00:00"},
        {"query": "a\x00b"},
        {"cursor": "!!"},
    ):
        assert client.get("/api/v1/customers", params=query).status_code == 422
    assert (
        client.get("/api/v1/customers", params={"field": "city"}).json()["code"] == "profiles.field_unknown"
    )
