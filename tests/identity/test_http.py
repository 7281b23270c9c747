"""Goal: pages and programs can see, merge, split and decide over HTTP, with masking and permissions. Method: the real app."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.db import Database
from tests.identity.builders import card, email, erp, person, phone, resolve

REASON = {"reason": "spoke to both"}


@pytest.fixture(scope="module")
def viewer(app: FastAPI, database: Database) -> TestClient:
    with database.transaction() as uow:
        operator, one_time = access.create_operator(uow, username="looker", display_name="", role=Role.VIEWER)
    client = TestClient(app, headers={"X-Feilun-Request": "1", "Accept-Language": "en"})
    client.post(
        "/api/v1/session", json={"username": operator.username, "password": one_time}
    ).raise_for_status()
    change = {"current_password": one_time, "new_password": "a-password-of-tests-2026"}
    client.post("/api/v1/session/password", json=change).raise_for_status()
    return client


def _person(database: Database, *claims: object) -> PersonId:
    with database.transaction() as uow:
        return person(uow, *claims)  # type: ignore[arg-type]


def _url(person_id: PersonId, rest: str) -> str:
    return f"/api/v1/customers/{opaque('c', person_id)}/{rest}"


def test_identifiers_are_in_full_for_those_who_may_see_them_and_masked_for_others(
    database: Database, client: TestClient, viewer: TestClient
) -> None:
    someone = _person(database, phone("13712340001"), email("zhang@qq.com"))

    full, masked = (
        client.get(_url(someone, "identifiers")).json(),
        viewer.get(_url(someone, "identifiers")).json(),
    )

    assert [(i["kind"], i["value"]) for i in full["items"]] == [
        ("phone", "+8613712340001"),
        ("email", "zhang@qq.com"),
    ]
    assert not full["is_masked"]
    assert [i["value"] for i in masked["items"]] == ["137****0001", "z***@qq.com"]
    assert masked["is_masked"]
    assert masked["items"][0]["record_id"] == masked["customer_id"] == opaque("c", someone)


def test_two_customers_are_previewed_merged_shown_and_split(database: Database, client: TestClient) -> None:
    first, second = _person(database, phone("13712340002")), _person(database, card("H-1"), erp("H-2"))
    other = opaque("c", second)

    preview = client.get(_url(first, "merge-preview"), params={"other": other}).json()
    merge = client.post(_url(first, "merge"), json={"other_id": other, **REASON}).json()
    shown = client.get(_url(second, "merges")).json()
    split = client.post(f"/api/v1/merges/{merge['id']}/split", json={"reason": "two after all"}).json()

    assert preview["kept"]["customer_id"] == opaque("c", first)
    assert [i["value"] for i in preview["absorbed"]["identifiers"]] == ["H-2", "H-1"]
    assert (preview["conflicting_kinds"], preview["is_kept_apart"]) == ([], False)
    assert (merge["cause"], merge["reason"], merge["split_at"]) == ("manual", "spoke to both", None)
    assert merge["merged_by"].startswith("operator:")
    assert shown["customer_id"] == opaque("c", first)
    assert shown["record_ids"] == [opaque("c", first), other]
    assert [item["id"] for item in shown["items"]] == [merge["id"]]
    assert split["split_reason"] == "two after all"
    assert client.get(_url(second, "merges")).json()["customer_id"] == other


def test_merge_reviews_are_listed_and_decided_once(database: Database, client: TestClient) -> None:
    first = _person(database, erp("R-1"), phone("13712340003"))
    with database.transaction() as uow:
        second = resolve(uow, [erp("R-2"), phone("13712340003")])[0].person_id
    assert second is not None

    listed = client.get("/api/v1/merge-reviews", params={"state": "open", "page_size": 1}).json()
    review = listed["items"][0]
    url = f"/api/v1/merge-reviews/{review['id']}/decision"
    decided = client.post(url, json={"decision": "merged", **REASON}).json()
    again = client.post(url, json={"decision": "kept_apart", **REASON})

    assert (listed["total"], listed["page_size"]) == (1, 1)
    assert (review["left_customer_id"], review["right_customer_id"]) == (
        opaque("c", first),
        opaque("c", second),
    )
    assert (review["shared_kind"], review["conflicting_kind"]) == ("phone", "erp_code")
    assert review["evidence"] == "phone 137****0003; erp_code differs"
    assert (decided["state"], decided["right_customer_id"]) == ("merged", opaque("c", first))
    assert decided["right_record_id"] == opaque("c", second)
    assert (again.status_code, again.json()["code"]) == (409, "identity.review_decided")
    assert again.json()["detail"] == "This merge review was decided before: merged."


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/api/v1/customers/c_0000000000/identifiers", None, 404, "identity.person_not_found"),
        ("GET", f"/api/v1/customers/{opaque('c', 1 << 40)}/merges", None, 404, "identity.person_not_found"),
        ("GET", "/api/v1/customers/%00'--/merges", None, 404, "identity.person_not_found"),
        ("POST", f"/api/v1/merges/{opaque('m', 1 << 40)}/split", REASON, 404, "identity.merge_not_found"),
        ("POST", "/api/v1/merges/nonsense/split", REASON, 404, "identity.merge_not_found"),
        ("POST", "/api/v1/merges/nonsense/split", {"reason": ""}, 422, "request.invalid"),
        (
            "POST",
            "/api/v1/merge-reviews/r_x/decision",
            {"decision": "merged", **REASON},
            404,
            "identity.review_not_found",
        ),
        (
            "POST",
            "/api/v1/merge-reviews/r_x/decision",
            {"decision": "open", **REASON},
            422,
            "request.invalid",
        ),
        ("GET", "/api/v1/merge-reviews?state=nonsense", None, 422, "request.invalid"),
    ],
)
def test_wrong_ids_and_bodies_are_answered_in_words(
    client: TestClient, method: str, path: str, body: object, status: int, code: str
) -> None:
    answer = client.request(method, path, json=body)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["detail"]


def test_a_reason_of_blanks_and_a_merge_with_oneself_are_refused(
    database: Database, client: TestClient
) -> None:
    someone = _person(database, phone("13712340004"))
    other = _person(database, phone("13712340005"))

    blank = client.post(_url(someone, "merge"), json={"other_id": opaque("c", other), "reason": "  "})
    same = client.post(_url(someone, "merge"), json={"other_id": opaque("c", someone), **REASON})

    assert (blank.status_code, blank.json()["code"]) == (422, "identity.reason_missing")
    assert "500" in blank.json()["detail"]
    assert (same.status_code, same.json()["code"]) == (409, "identity.already_merged")


def test_a_viewer_may_look_and_not_merge(database: Database, viewer: TestClient) -> None:
    someone = _person(database, phone("13712340006"))

    assert viewer.get(_url(someone, "merges")).status_code == 200
    assert viewer.get("/api/v1/merge-reviews").status_code == 200
    for answer in (
        viewer.post(_url(someone, "merge"), json={"other_id": "c_x", **REASON}),
        viewer.get(_url(someone, "merge-preview"), params={"other": "c_x"}),
        viewer.post("/api/v1/merges/m_x/split", json=REASON),
        viewer.post("/api/v1/merge-reviews/r_x/decision", json={"decision": "merged", **REASON}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "access.permission_denied")
