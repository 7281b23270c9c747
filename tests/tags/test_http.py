"""Tags over HTTP: the dictionary, a customer's tags, bulk changes, batches, rights."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.kernel.ids import opaque
from feilun.platform.db import Database
from feilun.tags.internal.operations import run_next_step
from feilun.tags.people import ListedCustomers, TagCarriers
from tests.profiles.builders import follow_log, person_of, take_customers


@pytest.fixture(scope="module", autouse=True)
def shop(database: Database) -> None:
    """Three customers in the list."""
    with database.transaction() as uow:
        take_customers(
            uow,
            [
                {"customer_code": "K1", "name": "王小明", "city": "上海"},
                {"customer_code": "K2", "name": "李雷", "city": "上海"},
                {"customer_code": "K3", "name": "韩梅梅", "city": "北京"},
            ],
        )
    follow_log(database)


@pytest.fixture
def viewer(app: FastAPI, database: Database) -> TestClient:
    """A client with the role of a viewer."""
    with database.transaction(actor="test") as uow:
        secret = access.create_api_key(uow, name="viewer", role=Role.VIEWER, expires_at=None)[1]
    return TestClient(app, headers={"Authorization": f"Bearer {secret}", "Accept-Language": "zh-CN"})


def _ids(database: Database) -> list[str]:
    with database.transaction() as uow:
        return [opaque("c", person_of(uow, code)) for code in ("K1", "K2", "K3")]


def _tag(client: TestClient, key: str, **more: object) -> str:
    answer = client.post("/api/v1/tags", json={"key": key, "name": key, **more})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_the_dictionary_is_made_changed_and_listed(client: TestClient) -> None:
    group = client.post("/api/v1/tag-groups", json={"name": "level", "is_exclusive": True}).json()["id"]
    tag = _tag(client, "gold", group_id=group, colour="gold", valid_days=30)

    changed = client.patch(
        f"/api/v1/tags/{tag}", json={"name": "金卡", "valid_days": None, "valid_until": "2027-01-31"}
    ).json()
    taken = client.post("/api/v1/tags", json={"key": "gold", "name": "x"})
    listed = client.get("/api/v1/tags").json()
    archived = client.patch(f"/api/v1/tags/{tag}", json={"is_archived": True}).json()
    in_use = client.delete(f"/api/v1/tag-groups/{group}")

    assert (changed["name"], changed["valid_days"], changed["valid_until"]) == ("金卡", None, "2027-01-31")
    assert (changed["group_name"], changed["colour"], changed["people"]) == ("level", "gold", 0)
    assert (taken.status_code, taken.json()["code"]) == (409, "tags.key_taken")
    assert [item["key"] for item in listed["items"]] == ["gold"]
    assert listed["groups"][0]["is_exclusive"] is True
    assert archived["archived_at"] is not None
    assert client.get("/api/v1/tags").json()["items"] == []
    assert len(client.get("/api/v1/tags", params={"with_archived": True}).json()["items"]) == 1
    assert (in_use.status_code, in_use.json()["code"]) == (409, "tags.group_not_empty")


def test_a_customer_gets_and_loses_a_tag_with_who_and_why(client: TestClient, database: Database) -> None:
    tag = _tag(client, "style", value_mode="several", allowed_values=[{"value": "sport", "label": "运动"}])
    customer = _ids(database)[0]
    path = f"/api/v1/customers/{customer}/tags"

    given = client.post(path, json={"tag_id": tag, "value": "运动", "reason": "told us"}).json()
    page = client.get(f"/api/v1/customers/{customer}").json()
    gone = client.delete(f"{path}/{tag}", params={"value": "sport"}).json()
    history = client.get(f"{path}/history", params={"limit": 1}).json()
    before = client.get(f"{path}/history", params={"before": history["next_before"]}).json()

    (item,) = given["items"]
    assert (item["value"], item["value_label"], item["reason"]) == ("sport", "运动", "told us")
    assert item["actor"].startswith("operator:")
    (panel,) = [panel["content"] for panel in page["panels"] if panel["name"] == "tags"]
    assert [shown["value"] for shown in panel["items"]] == ["运动"]
    assert gone["items"] == []
    assert [entry["action"] for entry in history["items"] + before["items"]] == ["removed", "assigned"]
    assert before["items"][0]["display_name"] == "王小明"
    assert client.post(path, json={"tag_id": tag, "value": "x"}).json()["code"] == "tags.value_invalid"
    assert client.post("/api/v1/customers/c_nothing/tags", json={"tag_id": tag}).status_code == 404


def test_everybody_in_a_list_is_previewed_changed_listed_and_undone(
    client: TestClient, database: Database
) -> None:
    tag = _tag(client, "shanghai")
    body = {"customers": {"city": "上海"}, "reason": "fair"}

    preview = client.post(f"/api/v1/tags/{tag}/assign", json={**body, "dry_run": True}).json()["preview"]
    started = client.post(f"/api/v1/tags/{tag}/assign", json=body).json()["operation"]
    while run_next_step(database, [ListedCustomers(TagCarriers())]):
        pass
    done = client.get(f"/api/v1/tag-operations/{started['id']}").json()
    carriers = client.get(f"/api/v1/tags/{tag}/people", params={"limit": 1}).json()
    rest = client.get(f"/api/v1/tags/{tag}/people", params={"after": carriers["next_after"]}).json()
    narrowed = client.get("/api/v1/customers", params={"tag": "shanghai", "query": "李雷"}).json()
    again = client.post(
        f"/api/v1/tags/{tag}/unassign", json={"customers": {"tag": "shanghai"}, "dry_run": True}
    ).json()
    undoing = client.post(f"/api/v1/tag-operations/{started['id']}/undo").json()
    listed = client.get("/api/v1/tag-operations", params={"tag_id": tag}).json()

    assert (preview["people"], preview["counts"]["changed"]) == (2, 2)
    assert {person["display_name"] for person in preview["sample"]} == {"王小明", "李雷"}
    assert started["state"] == "waiting"
    assert (done["state"], done["counts"]["changed"], done["is_undoable"]) == ("done", 2, True)
    assert [i["person"]["display_name"] for i in carriers["items"] + rest["items"]] == ["王小明", "李雷"]
    assert [row["name"] for row in narrowed["items"]] == ["李雷"]
    assert again["preview"]["counts"]["changed"] == 2
    assert (undoing["state"], undoing["counts"]["changed"], undoing["undoes"]) == ("done", 2, started["id"])
    assert [item["undone_by"] for item in listed["items"]] == [None, undoing["id"]]
    assert client.get(f"/api/v1/tags/{tag}").json()["people"] == 0
    assert client.get("/api/v1/customers", params={"tag": "nothing"}).json()["code"] == "tags.tag_not_found"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "tags.people_choice_invalid"),
        ({"persons": [], "segment": "x"}, "tags.people_choice_invalid"),
        ({"segment": "nothing"}, "tags.people_source_unknown"),
        ({"customers": {"last_ordered_from": "2026-01-01T00:00:00"}}, "tags.people_choice_invalid"),
        ({"customers": {"field": {"custom.nothing": "1"}}}, "profiles.field_unknown"),
        ({"persons": ["c_nothing"]}, "profiles.customer_not_found"),
    ],
)
def test_whom_is_said_in_one_way_that_is_known(
    client: TestClient, body: dict[str, object], code: str
) -> None:
    listed = client.get("/api/v1/tags", params={"with_archived": True}).json()["items"]
    known = next((item["id"] for item in listed if item["key"] == "whom"), None) or _tag(client, "whom")

    for dry_run in (True, False):
        answer = client.post(f"/api/v1/tags/{known}/assign", json={**body, "dry_run": dry_run})
        # Segments fill this port; without it the name is unknown, with it the key.
        assert answer.json()["code"] in (code, "segments.not_found"), answer.text


def test_another_program_sends_a_batch_twice(client: TestClient, database: Database) -> None:
    _tag(client, "batch")
    first, second, _ = _ids(database)
    items = [
        {"customer_id": first, "tag": "batch"},
        {"identifiers": [{"kind": "erp_code", "value": "K2", "scope": "erp"}], "tag": "batch"},
        {"customer_id": second, "tag": "missing"},
    ]

    answers = [
        client.post("/api/v1/tag-assignments", json={"items": items, "source": "crm"}).json()["items"]
        for _ in range(2)
    ]

    assert [[item["state"] for item in answer] for answer in answers] == [
        ["changed", "changed", "rejected"],
        ["unchanged", "unchanged", "rejected"],
    ]
    assert answers[0][1]["customer_id"] == second
    assert answers[0][2]["message"].startswith("The dictionary has no tag")


def test_a_viewer_reads_masked_and_changes_nothing(
    client: TestClient, viewer: TestClient, database: Database
) -> None:
    tag = _tag(client, "seen")
    customer = _ids(database)[0]
    client.post(f"/api/v1/customers/{customer}/tags", json={"tag_id": tag}).raise_for_status()

    people_of_tag = viewer.get(f"/api/v1/tags/{tag}/people").json()
    refused = [
        viewer.post("/api/v1/tags", json={"key": "x", "name": "x"}),
        viewer.post(f"/api/v1/customers/{customer}/tags", json={"tag_id": tag}),
        viewer.delete(f"/api/v1/customers/{customer}/tags/{tag}"),
        viewer.post(f"/api/v1/tags/{tag}/assign", json={"persons": [customer]}),
        viewer.post("/api/v1/tag-assignments", json={"items": []}),
    ]

    assert people_of_tag["is_masked"] is True
    assert people_of_tag["items"][0]["person"]["display_name"] != "王小明"
    assert [answer.status_code for answer in refused] == [403] * 5
