"""Intake over HTTP on the real application: upload, preview, import, dead letters, refusals, masking."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.ingestion import api
from feilun.platform.db import Database

CONTENT = "订单号,下单时间,商品编码,数量,单价,手机号\nH1,2026-03-05 14:02,S1,2,9.90,13800138000\nH2,2026-03-05,S1,x,1,13912345678\n"


@pytest.fixture(scope="module")
def viewer(app: FastAPI, database: Database) -> TestClient:
    with database.transaction() as uow:
        operator, one_time = access.create_operator(uow, username="looker", display_name="", role=Role.VIEWER)
    viewer = TestClient(app, headers={"X-Feilun-Request": "1", "Accept-Language": "en"})
    viewer.post(
        "/api/v1/session", json={"username": operator.username, "password": one_time}
    ).raise_for_status()
    change = {"current_password": one_time, "new_password": "a-password-of-tests-2026"}
    viewer.post("/api/v1/session/password", json=change).raise_for_status()
    return viewer


def _upload(
    client: TestClient, content: bytes, name: str = "orders.csv", kind: str = "orders"
) -> dict[str, Any]:
    answer = client.post("/api/v1/files", params={"kind": kind}, files={"file": (name, content)})
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


def _run_waiting(app: FastAPI) -> None:
    rooms = app.state.rooms
    while api.run_next_import(rooms.database, rooms.settings, rooms.handlers):
        pass


def test_record_kinds_are_listed_with_labels(client: TestClient) -> None:
    kinds = {kind["name"]: kind for kind in client.get("/api/v1/record-kinds").json()}
    assert {"orders", "customers", "products"} <= set(kinds)
    assert kinds["orders"]["fields"][0]["label"]["zh"]


def test_a_file_becomes_records_and_its_bad_row_is_mended_and_replayed(
    app: FastAPI, client: TestClient, viewer: TestClient
) -> None:
    file = _upload(client, CONTENT.encode("gbk"), "三月 订单.csv")
    assert (file["name"], file["encoding"], file["proposal"]["missing"]) == ("三月 订单.csv", "gb18030", [])
    mapping = file["proposal"]["mapping"] | {"source": "web"}

    preview = client.post(f"/api/v1/files/{file['id']}/preview", json=mapping).json()
    assert (preview["checked"], preview["rejected"]) == (2, 1)
    assert "no number" in preview["rejected_rows"][0]["rejections"][0]["message"]

    started = client.post("/api/v1/imports", json={"file_id": file["id"], "mapping": mapping})
    assert (started.status_code, started.json()["state"]) == (201, "queued")
    _run_waiting(app)
    done = client.get(f"/api/v1/imports/{started.json()['id']}").json()
    assert (done["state"], done["progress"], done["rows"]["taken"], done["rows"]["rejected"]) == (
        "done",
        1.0,
        1,
        1,
    )
    assert done["reasons"][0]["code"] == "ingestion.number_invalid"

    wanted = {"import_id": done["id"], "state": "open"}
    masked = viewer.get("/api/v1/dead-letters", params=wanted).json()["items"][0]
    letter = client.get("/api/v1/dead-letters", params=wanted).json()["items"][0]
    assert (masked["values"]["phone"], masked["raw"]) == ("139****5678", None)
    assert letter["raw"]["手机号"] == "13912345678"

    refused = client.patch(f"/api/v1/dead-letters/{letter['id']}", json={"values": {"quantity": "many"}})
    assert (refused.status_code, refused.json()["code"]) == (422, "ingestion.mend_invalid")
    mended = client.patch(f"/api/v1/dead-letters/{letter['id']}", json={"values": {"quantity": "3"}}).json()
    assert (mended["rejection"], mended["letter"]["mended"]) == (None, ["quantity"])
    replayed = client.post("/api/v1/dead-letters/replay", json={"ids": [letter["id"]]}).json()
    assert replayed == {"replayed": 1, "rejected": 0, "next_after": None}
    assert client.get("/api/v1/dead-letters", params=wanted).json()["total"] == 0


def test_naming_no_letters_touches_none(client: TestClient) -> None:
    assert client.post("/api/v1/dead-letters/discard", json={}).json() == {"discarded": 0}
    assert client.post("/api/v1/dead-letters/replay", json={}).json()["replayed"] == 0


def test_mappings_are_saved_listed_found_and_deleted(client: TestClient) -> None:
    file = _upload(client, "单号,下单时间,单价,数量,特别列\nM1,2026-03-05,1,1,z\n".encode())
    mapping = file["proposal"]["mapping"]
    saved = client.post("/api/v1/mappings", json={"name": "till", "file_id": file["id"], "mapping": mapping})
    assert saved.status_code == 201
    assert [item["name"] for item in client.get("/api/v1/mappings", params={"kind": "orders"}).json()] == [
        "till"
    ]
    again = _upload(client, "单号,下单时间,单价,数量,特别列\nM2,2026-03-05,1,1,z\n".encode())
    assert again["proposal"]["saved_name"] == "till"
    assert client.delete(f"/api/v1/mappings/{saved.json()['id']}").status_code == 204


def test_a_file_can_be_read_again_with_other_settings(client: TestClient) -> None:
    file = _upload(client, b"a;b\n1,5;2\n")
    again = client.post(
        f"/api/v1/files/{file['id']}/inspect", json={"reading": {"delimiter": ",", "header_row": 0}}
    ).json()
    assert [column["name"] for column in again["columns"]] != [column["name"] for column in file["columns"]]


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "ingestion.file_empty"),
        (b"PK\x03\x04broken", 422, "ingestion.file_broken"),
        (b"\x1f\x8b123456", 422, "ingestion.format_unknown"),
        (b"PAR1 broken", 422, "ingestion.file_broken"),
    ],
)
def test_files_that_cannot_be_read_are_refused_in_words(
    client: TestClient, content: bytes, status: int, code: str
) -> None:
    answer = client.post("/api/v1/files", files={"file": ("x", content)})
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not answer.json()["detail"].startswith("ingestion.")


def test_an_upload_too_large_for_the_disk_is_refused_after_reading_it_away(client: TestClient) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.csv"\r\n\r\na,b\r\n--b--\r\n'

    def chunks() -> Iterator[bytes]:
        yield body

    headers = {"Content-Type": "multipart/form-data; boundary=b", "Content-Length": str(1 << 50)}
    answer = client.post("/api/v1/files", content=chunks(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (507, "ingestion.disk_full")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{}"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"--b\r\nnonsense"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"\r\n\r\nx\r\n--b--\r\n',
        ),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nhalf',
        ),
    ],
)
def test_what_is_no_upload_is_refused(client: TestClient, content_type: str, body: bytes) -> None:
    answer = client.post("/api/v1/files", content=body, headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["code"]) == (422, "ingestion.upload_incomplete")


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/imports/i_0000000000", "ingestion.import_not_found"),
        ("GET", "/imports/nonsense", "ingestion.import_not_found"),
        ("POST", "/imports/i_1234567890/stop", "ingestion.import_not_found"),
        ("POST", "/files/zz/inspect", "ingestion.file_not_found"),
        ("PATCH", "/dead-letters/d_1234567890", "ingestion.dead_letter_not_found"),
        ("DELETE", "/mappings/im_1234567890", "ingestion.mapping_not_found"),
    ],
)
def test_unknown_ids_are_not_found(client: TestClient, method: str, path: str, code: str) -> None:
    answer = client.request(method, f"/api/v1{path}", json={"values": {}} if method == "PATCH" else {})
    assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_a_viewer_may_look_and_not_import(viewer: TestClient) -> None:
    assert viewer.get("/api/v1/imports").status_code == 200
    assert viewer.post("/api/v1/files", files={"file": ("x.csv", b"a,b\n1,2\n")}).status_code == 403
    assert viewer.post("/api/v1/dead-letters/discard", json={"all": True}).status_code == 403
    assert viewer.put("/api/v1/dead-letter-retention", json={"dead_letter_days": 5}).status_code == 403


def test_retention_is_read_and_set(client: TestClient) -> None:
    assert client.put("/api/v1/dead-letter-retention", json={"dead_letter_days": 90}).json() == {
        "dead_letter_days": 90
    }
    assert client.get("/api/v1/dead-letter-retention").json() == {"dead_letter_days": 90}
    assert client.put("/api/v1/dead-letter-retention", json={"dead_letter_days": 0}).status_code == 422
