"""A little of everything, so that made-up requests meet things that exist."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.ingestion import api as ingestion
from tests.profiles.builders import follow_log

Seeds = Mapping[str, Sequence[object]]
"""Name of a parameter or property → values that name something."""

_ORDERS: Final = (
    "订单号,下单时间,商品编码,数量,单价,客户编码\n"
    "F1,2026-03-05 14:02,S1,2,9.90,E-1\n"
    "F2,2026-03-06,S2,1,5.00,E-2\n"
    "F3,2026-03-07,S2,many,5.00,E-3\n"
)
_CUSTOMERS: Final = "客户编码,姓名,手机号\nE-1,林夏,13800138003\nE-2,周舟,13800138003\nE-3,何雨,13800138004\n"
_REASON: Final = {"reason": "seeded"}


def seed(app: FastAPI, client: TestClient) -> Seeds:
    """Take two small files in, merge two customers, and return what can be named."""
    orders, customers = _uploaded(client, "orders", _ORDERS), _uploaded(client, "customers", _CUSTOMERS)
    imports = [_imported(client, file) for file in (orders, customers)]
    rooms = app.state.rooms
    while ingestion.run_next_import(rooms.database, rooms.settings, rooms.handlers):
        pass
    follow_log(rooms.database)
    field = {"label": {"zh": "星座", "en": "Sign"}, "type": "text"}
    client.post("/api/v1/custom-fields", json=field)
    saved = {"name": "seeded", "file_id": orders["id"], "mapping": orders["proposal"]["mapping"]}
    mapping = _posted(client, "/api/v1/mappings", saved)
    people = [item["id"] for item in _items(client, "/api/v1/customers")]
    merge = _posted(client, f"/api/v1/customers/{people[0]}/merge", {"other_id": people[1], **_REASON})
    buyer = client.get("/api/v1/customers", params={"has_orders": True}).json()["items"][0]["id"]
    bought = _items(client, f"/api/v1/customers/{buyer}/orders")
    letters = [item["id"] for item in _items(client, "/api/v1/dead-letters")]
    group = _posted(client, "/api/v1/tag-groups", {"name": "Seeded"})
    tag = _posted(client, "/api/v1/tags", {"key": "seeded", "name": "Seeded", "group_id": group["id"]})
    segment = _posted(client, "/api/v1/blueprints/dormant", {"key": "seeded"})
    return {
        "tag_id": [tag["id"]],
        "group_id": [group["id"]],
        "segment_id": [segment["id"]],
        "condition": [client.get(f"/api/v1/segments/{segment['id']}").json()["condition"]],
        "customer_id": people,
        "other_id": people,
        "other": people,
        "order_id": [order["id"] for order in bought],
        "product_id": [item["id"] for item in _items(client, "/api/v1/products")],
        "file_id": [orders["id"], customers["id"]],
        "import_id": imports,
        "mapping_id": [mapping["id"]],
        "dead_letter_id": letters,
        "ids": [letters],
        "review_id": [item["id"] for item in _items(client, "/api/v1/merge-reviews")],
        "merge_id": [merge["id"]],
        "operator_id": [1, 2],
        "mapping": [orders["proposal"]["mapping"], customers["proposal"]["mapping"]],
        "kind": ["orders", "customers", "products"],
        "name": ["warehouse", "orders.refund_matching", "seeded"],
        "source": ["file"],
    }


def _uploaded(client: TestClient, kind: str, content: str) -> dict[str, Any]:
    answer = client.post(
        "/api/v1/files", params={"kind": kind}, files={"file": (f"{kind}.csv", content.encode())}
    )
    assert answer.status_code == 201, answer.text
    file: dict[str, Any] = answer.json()
    return file


def _imported(client: TestClient, file: dict[str, Any]) -> str:
    started = _posted(
        client, "/api/v1/imports", {"file_id": file["id"], "mapping": file["proposal"]["mapping"]}
    )
    import_id: str = started["id"]
    return import_id


def _posted(client: TestClient, path: str, body: object) -> dict[str, Any]:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    made: dict[str, Any] = answer.json()
    return made


def _items(client: TestClient, path: str) -> list[dict[str, Any]]:
    answer = client.get(path, params={"page_size": 50})
    assert answer.is_success, answer.text
    items: list[dict[str, Any]] = answer.json()["items"]
    assert items, path
    return items
