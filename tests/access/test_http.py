"""The gate of every endpoint, over HTTP: sessions, one-time passwords, cross-site requests, roles, API keys, languages."""

import re

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api
from feilun.access.contracts import ALL_PERMISSIONS, PERMISSIONS_BY_ROLE, Role
from feilun.platform.db import Database

MARK = {"X-Feilun-Request": "1"}
OPEN = {"logIn", "getSession", "updateSession", "logOut", "changePassword"}
"""Operations that demand a session at most, no permission."""


def _log_in(app: FastAPI, database: Database, username: str, role: Role) -> TestClient:
    """Return a client whose operator has changed the one-time password."""
    with database.transaction() as uow:
        password = api.create_operator(uow, username=username, display_name="", role=role)[1]
    client = TestClient(app, raise_server_exceptions=False)
    assert (
        client.post("/api/v1/session", json={"username": username, "password": password}).status_code == 200
    )
    changed = client.post(
        "/api/v1/session/password",
        json={"current_password": password, "new_password": "飞轮-很长的密码-1"},
        headers=MARK,
    )
    assert changed.status_code == 204
    return client


@pytest.fixture(scope="module")
def viewer(app: FastAPI, database: Database) -> TestClient:
    return _log_in(app, database, "a-viewer", Role.VIEWER)


@pytest.fixture(scope="module")
def admin(app: FastAPI, database: Database) -> TestClient:
    return _log_in(app, database, "an-admin", Role.ADMIN)


def test_without_a_session_the_answer_is_a_problem_in_the_callers_language(app: FastAPI) -> None:
    client = TestClient(app)

    chinese = client.get("/api/v1/session")
    english = client.get("/api/v1/session", headers={"Accept-Language": "en"})

    assert (chinese.status_code, chinese.headers["content-type"]) == (401, "application/problem+json")
    assert (chinese.json()["code"], chinese.json()["detail"]) == ("access.unauthenticated", "请先登录。")
    assert english.json()["detail"] == "Please log in."


def test_a_one_time_password_opens_nothing_but_its_own_change(app: FastAPI, database: Database) -> None:
    with database.transaction() as uow:
        password = api.create_operator(uow, username="newcomer", display_name="", role=Role.ADMIN)[1]
    client = TestClient(app)
    session = client.post("/api/v1/session", json={"username": "newcomer", "password": password})

    assert session.json()["must_change_password"] is True
    assert client.get("/api/v1/session").status_code == 200
    refused = client.get("/api/v1/operators")
    assert (refused.status_code, refused.json()["code"]) == (403, "access.password_change_required")


def test_a_changing_request_without_the_consoles_header_is_refused(admin: TestClient) -> None:
    body = {"username": "forged", "role": "admin"}

    refused = admin.post("/api/v1/operators", json=body)
    accepted = admin.post("/api/v1/operators", json=body, headers=MARK)

    assert refused.json()["code"] == "access.cross_site"
    assert accepted.status_code == 201
    assert accepted.json()["one_time_password"]


def test_an_operator_without_the_permission_is_told_which(viewer: TestClient) -> None:
    refused = viewer.get("/api/v1/operators", headers={"Accept-Language": "en"})

    assert refused.status_code == 403
    assert refused.json()["values"] == {"permission": "operators.manage"}


def test_an_api_key_acts_with_its_role_and_needs_no_header(app: FastAPI, admin: TestClient) -> None:
    secret = admin.post("/api/v1/api-keys", json={"name": "bi", "role": "admin"}, headers=MARK).json()[
        "secret"
    ]
    client = TestClient(app, headers={"Authorization": f"Bearer {secret}"})

    assert client.get("/api/v1/operators").status_code == 200
    assert client.post("/api/v1/operators", json={"username": "by-key", "role": "viewer"}).status_code == 201
    wrong = TestClient(app, headers={"Authorization": "Bearer fl_000000000000_wrong"}).get(
        "/api/v1/operators"
    )
    assert wrong.status_code == 401


def test_bad_input_names_the_field(admin: TestClient) -> None:
    answer = admin.post("/api/v1/operators", json={"username": "x", "role": "king"}, headers=MARK)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert {error["pointer"] for error in answer.json()["errors"]} == {"/body/username", "/body/role"}


def test_an_unknown_address_under_the_api_is_a_problem_not_a_page(admin: TestClient) -> None:
    answer = admin.get("/api/v1/nothing")

    assert (answer.status_code, answer.json()["code"]) == (404, "request.not_found")


def test_responses_carry_the_security_headers(admin: TestClient) -> None:
    headers = admin.get("/api/v1/session").headers

    assert headers["x-content-type-options"] == "nosniff"
    assert "script-src" not in headers["content-security-policy"]
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["cache-control"] == "no-store"


def _operations(app: FastAPI) -> list[tuple[str, str, dict[str, object]]]:
    """Return method, path and description of every operation that the OpenAPI document names."""
    found = [
        (method.upper(), path, operation)
        for path, methods in app.openapi()["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(found) > 50
    return found


def test_every_endpoint_declares_the_permission_it_demands(app: FastAPI) -> None:
    undeclared = [
        operation["operationId"]
        for _, _, operation in _operations(app)
        if operation["operationId"] not in OPEN and operation.get("x-permission") not in ALL_PERMISSIONS
    ]

    assert undeclared == []


@pytest.mark.parametrize("role", list(Role))
def test_every_endpoint_refuses_who_lacks_its_permission_and_lets_others_through(
    app: FastAPI, database: Database, role: Role
) -> None:
    client = _log_in(app, database, f"matrix-{role.value}", role)
    anonymous = TestClient(app, headers=MARK, raise_server_exceptions=False)
    wrong = []
    for method, path, operation in _operations(app):
        if operation["operationId"] in OPEN:
            continue
        address = re.sub(r"\{\w+\}", "1", path)
        answer = client.request(method, address, headers=MARK)
        is_denied = answer.status_code == 403 and answer.json()["code"] == "access.permission_denied"
        is_allowed = operation["x-permission"] in PERMISSIONS_BY_ROLE[role]
        if anonymous.request(method, address).status_code != 401 or is_denied == is_allowed:
            wrong.append((method, path, operation["x-permission"], answer.status_code))

    assert wrong == []


def test_the_language_is_kept_with_the_account(app: FastAPI, database: Database) -> None:
    here = _log_in(app, database, "two.browsers", Role.VIEWER)

    changed = here.patch("/api/v1/session", json={"locale": "en"}, headers=MARK)
    forged = here.patch("/api/v1/session", json={"locale": "zh-CN"})
    unknown = here.patch("/api/v1/session", json={"locale": "fr"}, headers=MARK)

    assert changed.json()["operator"]["locale"] == "en"
    assert (forged.json()["code"], unknown.status_code) == ("access.cross_site", 422)
    there = TestClient(app)
    credentials = {"username": "two.browsers", "password": "飞轮-很长的密码-1"}
    assert there.post("/api/v1/session", json=credentials).json()["operator"]["locale"] == "en"


def test_everyone_may_read_who_acted_but_not_their_user_names(
    viewer: TestClient, admin: TestClient, database: Database
) -> None:
    with database.transaction() as uow:
        someone, _ = api.create_operator(uow, username="zhang.min", display_name="张敏", role=Role.OPERATOR)
        key, _ = api.create_api_key(uow, name="报表", role=Role.VIEWER, expires_at=None)
        api.update_operator(uow, someone.operator_id, is_active=False)
        api.revoke_api_key(uow, key.key_id)

    answer = viewer.get("/api/v1/actors")

    names = {item["actor"]: item["name"] for item in answer.json()}
    assert names[f"operator:{someone.operator_id}"] == "张敏"
    assert names[f"api_key:{key.key_id}"] == "报表"
    assert "zhang.min" not in answer.text
    assert TestClient(viewer.app).get("/api/v1/actors").status_code == 401
