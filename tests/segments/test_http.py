"""The API of segments as an administrator's page uses it."""

import io
from typing import Any

import python_calamine
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.kernel.ids import opaque
from feilun.segments.contracts import SegmentKind
from tests.segments.conftest import log_in
from tests.segments.world import World, in_city, ordered, refers_to


def _post(page: TestClient, path: str, body: object, status: int = 200) -> Any:
    answer = page.post(f"/api/v1{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def _get(page: TestClient, path: str, status: int = 200, **params: Any) -> Any:
    answer = page.get(f"/api/v1{path}", params=params)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_the_catalogue_speaks_the_callers_language(page: TestClient) -> None:
    english = _get(page, "/conditions/catalogue")
    chinese = page.get("/api/v1/conditions/catalogue", headers={"Accept-Language": "zh-CN"}).json()

    assert english["version"] == 1
    assert {field["name"] for field in english["fields"]} >= {"city", "audiences"}
    assert [m["has_period"] for m in english["measures"] if m["name"] == "order_count"] == [True]
    city = [f["label"] for f in chinese["fields"] if f["name"] == "city"]
    assert city == ["city"]
    assert {g["label"] for g in chinese["groups"]} >= {"资料", "订单"}
    assert english["operators"]["number"][0]["takes"] == "one"


def test_a_condition_is_checked_counted_and_explained(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海", name="王小明")
    world.customer("K2", city="北京")
    world.forward()

    wrong = _post(
        page, "/conditions/check", {"condition": {"version": 1, "where": {"field": "nothing", "op": "eq"}}}
    )
    right = _post(page, "/conditions/check", {"condition": in_city("上海")})
    preview = _post(page, "/conditions/preview", {"condition": in_city("上海"), "editor": "e1"})
    why = _post(page, "/conditions/explain", {"condition": in_city("上海"), "person_id": opaque("c", one)})
    values = _get(page, "/conditions/values", field="city", query="上")

    assert wrong["sentence"] is None
    assert wrong["problems"][0]["path"].startswith("/where")
    assert "conditions." not in wrong["problems"][0]["message"]
    assert right["problems"] == []
    assert "上海" in right["sentence"]
    assert (preview["count"], preview["total"], preview["share"]) == (1, 2, 0.5)
    assert preview["sample"][0]["name"] == "王小明"
    assert why["holds"]
    assert why["tree"]["actual"][0]["value"] == "上海"
    assert values["values"] == [{"value": "上海", "label": "上海", "count": 1}]


def test_a_segment_lives_through_the_api(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海", name="王小明", phone="13800138000")
    world.order("K1", "10")
    made = _post(page, "/segments", {"key": "buyers", "name": "Buyers", "condition": ordered(1)}, 201)
    world.follow()
    path = f"/segments/{made['id']}"
    listed = _get(page, "/segments")
    members = _get(page, f"{path}/members")
    world.order("K1", "20")
    changed = page.patch(f"/api/v1{path}", json={"condition": ordered(3), "note": "stricter"}).json()
    world.follow()
    versions = _get(page, f"{path}/versions")
    explained = _get(page, f"{path}/explain/{opaque('c', one)}")
    restored = _post(page, f"{path}/versions/1/restore", None)
    world.follow()
    trend = _get(page, f"{path}/trend", days=7)["days"]

    assert made["health"] == "waiting"
    assert made["finest_unit"] is None
    assert [(s["key"], s["size"], s["health"]) for s in listed["items"]] == [("buyers", 1, "healthy")]
    assert [m["name"] for m in members["items"]] == ["王小明"]
    assert members["total"] == 1
    assert changed["version"] == 2
    assert [(v["version"], v["is_current"]) for v in versions] == [(2, True), (1, False)]
    assert versions[0]["note"] == "stricter"
    assert (explained["holds"], explained["is_member"]) == (False, False)
    assert restored["version"] == 3
    assert len(trend) == 7
    assert trend[-1]["size"] == 1
    assert trend[-1]["is_recomputed"]
    customer = _get(page, f"/customers/{opaque('c', one)}")
    panel = next(p for p in customer["panels"] if p["name"] == "segments")
    assert [item["key"] for item in panel["content"]["items"]] == ["buyers"]


def test_refusals_name_what_is_wrong(page: TestClient, world: World) -> None:
    base = world.segment("base", in_city("上海"))
    world.segment("above", refers_to("base"))
    path = f"/segments/{opaque('s', base.segment_id)}"

    used = page.delete(f"/api/v1{path}")
    circle = page.patch(f"/api/v1{path}", json={"condition": refers_to("above")})
    taken = page.post("/api/v1/segments", json={"key": "base", "name": "x", "condition": in_city("上海")})
    missing = page.post("/api/v1/segments", json={"key": "none", "name": "x"})
    zone = page.patch(f"/api/v1{path}", json={"zone": "Nowhere/City"})

    assert used.status_code == 409
    assert used.json()["values"]["used_by"] == ["above"]
    assert circle.status_code == 422
    assert circle.json()["values"]["problems"][0]["path"].startswith("/where")
    assert taken.json()["code"] == "segments.key_taken"
    assert missing.json()["code"] == "segments.condition_missing"
    assert zone.json()["code"] == "segments.zone_unknown"
    assert _get(page, "/segments/s_0000000000", 404)["code"] == "segments.not_found"


def test_sets_overlaps_and_profiles(page: TestClient, world: World) -> None:
    world.customer("K1", city="上海")
    world.customer("K2", city="上海")
    world.customer("K3", city="北京")
    world.order("K1", "10")
    world.order("K3", "10")
    city = world.segment("city", in_city("上海"))
    buyers = world.segment("buyers", ordered(1))
    world.follow()
    left, right = opaque("s", city.segment_id), opaque("s", buyers.segment_id)

    overlap = _post(page, "/segments/overlap", {"ids": [left, right]})
    minus = {"minus": [{"segment": left}, {"segment": right}]}
    both = {"and": [{"segment": left}, {"segment": right}]}
    only = _post(page, "/segments/algebra", {"expression": minus, "save_as": "Left over"})
    together = _post(page, "/segments/algebra", {"expression": {"or": [both, minus]}})
    invalid = page.post("/api/v1/segments/algebra", json={"expression": {"segment": left, "audience": "a"}})
    profile = _post(page, f"/segments/{right}/profile", {"fields": ["city"]})["distributions"][0]

    assert [pair["size"] for pair in overlap["pairs"]] == [1]
    assert overlap["union"] == 3
    assert (only["count"], together["count"]) == (1, 2)
    assert _get(page, f"/audiences/{only['audience_id']}")["count"] == 1
    assert invalid.json()["code"] == "segments.expression_invalid"
    assert {(b["value"], b["members"], b["everybody"]) for b in profile["bins"]} == {
        ("上海", 1, 2),
        ("北京", 1, 1),
    }


def test_an_audience_stays_as_it_was_and_conditions_can_name_it(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海")
    segment = world.segment("city", in_city("上海"))
    world.follow()
    path = f"/segments/{opaque('s', segment.segment_id)}"
    audience = _post(page, f"{path}/audiences", {"name": "May"}, 201)
    within = {
        "version": 1,
        "where": {"field": "audiences", "op": "has_any", "value": [audience["key"]]},
    }
    named = world.segment("named", within)
    world.customer("K1", city="北京")
    world.follow()

    people = _get(page, f"/audiences/{audience['id']}/members")
    refused = page.delete(f"/api/v1/audiences/{audience['id']}")

    assert audience["count"] == 1
    assert [item["id"] for item in people["items"]] == [opaque("c", one)]
    assert world.members(named) == {one}
    assert world.members(segment) == set()
    assert refused.json()["values"]["used_by"] == ["named"]


def test_an_export_needs_a_reason_and_is_kept(page: TestClient, world: World) -> None:
    world.customer("K1", city="上海", name="=SUM(A1)", phone="13800138000")
    segment = world.segment("city", in_city("上海"))
    world.follow()
    path = f"/api/v1/segments/{opaque('s', segment.segment_id)}/export"

    short = page.post(path, json={"reason": "x"})
    unknown = page.post(path, json={"reason": "monthly letter", "columns": ["secret"]})
    csv = page.post(path, json={"reason": "monthly letter", "format": "csv", "columns": ["name", "city"]})
    sheet = page.post(path, json={"reason": "monthly letter"})
    log = _get(page, "/segment-exports")["items"]

    assert short.status_code == 422
    assert unknown.json()["code"] == "segments.export_column_unknown"
    assert csv.text.splitlines() == ["\ufeffName,City", "'=SUM(A1),上海"]
    rows = python_calamine.load_workbook(io.BytesIO(sheet.content)).get_sheet_by_index(0).to_python()
    assert rows[1][0] == "'=SUM(A1)"
    assert [(r["reason"], r["people"], r["format"]) for r in log] == [
        ("monthly letter", 1, "xlsx"),
        ("monthly letter", 1, "csv"),
    ]


def test_a_viewer_sees_masked_members_and_may_not_export(page: TestClient, world: World) -> None:
    world.customer("K1", city="上海", name="王小明", phone="13800138000")
    segment = world.segment("city", in_city("上海"))
    world.follow()
    with world.database.transaction() as uow:
        _, one_time = access.create_operator(uow, username="viewer", display_name="V", role=Role.VIEWER)
    viewer = log_in(TestClient(page.app), "viewer", one_time)
    path = f"/segments/{opaque('s', segment.segment_id)}"

    members = _get(viewer, f"{path}/members")
    export = viewer.post(f"/api/v1{path}/export", json={"reason": "monthly letter"})
    saved = viewer.post(
        "/api/v1/segments/algebra",
        json={"expression": {"segment": opaque("s", segment.segment_id)}, "save_as": "x"},
    )

    assert members["is_masked"]
    assert members["items"][0]["name"] != "王小明"
    assert "13800138000" not in str(members)
    assert export.status_code == 403
    assert saved.status_code == 403


def test_definitions_travel_as_a_file(page: TestClient, world: World) -> None:
    world.segment("base", in_city("上海"))
    world.segment("above", refers_to("base"))
    file = _get(page, "/segments/export")
    same = _post(page, "/segments/import", {"file": file})
    for entry in file["segments"]:
        if entry["key"] == "base":
            entry["condition"] = in_city("北京")
    file["segments"].append({"key": "fresh", "name": "Fresh", "condition": refers_to("above")})
    file["segments"].append({"key": "broken", "name": "Broken", "condition": refers_to("nowhere")})
    preview = _post(page, "/segments/import", {"file": file})
    applied = _post(page, "/segments/import", {"file": file, "is_applied": True})

    assert {item["verdict"] for item in same["items"]} == {"same"}
    assert {item["key"]: item["verdict"] for item in preview["items"]} == {
        "base": "changed",
        "above": "same",
        "fresh": "new",
        "broken": "invalid",
    }
    assert applied["is_applied"]
    assert {s["key"] for s in _get(page, "/segments")["items"]} == {"base", "above", "fresh"}


def test_members_of_a_static_segment_are_chosen_by_hand(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海")
    hand = world.segment("hand", kind=SegmentKind.STATIC)
    dynamic = world.segment("city", in_city("上海"))
    body = {"add": [opaque("c", one), "c_0000000000"]}

    added = _post(page, f"/segments/{opaque('s', hand.segment_id)}/members", body)
    refused = page.post(f"/api/v1/segments/{opaque('s', dynamic.segment_id)}/members", json=body)
    world.follow()
    changes = _get(page, f"/segments/{opaque('s', hand.segment_id)}/changes", person=opaque("c", one))

    assert added == {"added": 1, "removed": 0, "unknown": 1}
    assert refused.json()["code"] == "segments.not_static"
    assert world.members(hand) == {one}
    assert changes["next_cursor"] is None
