"""Computed tags over HTTP: rules, who carries them since when and why, archiving; bulk changes and search by people."""

from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.kernel.ids import PersonId, opaque
from feilun.platform.consumers import ConsumerRunner
from feilun.segments.consumers import TagRuleConsumer
from feilun.segments.panel import FittingPeople, SegmentMembers
from feilun.tags.internal.operations import run_next_step
from tests.fakes.clock import FixedClock
from tests.segments.world import World, in_city, ordered, refers_to


@pytest.fixture
def following(world: World) -> ConsumerRunner:
    """What makes the rules follow the dictionary."""
    return ConsumerRunner(world.database, TagRuleConsumer(), world.stop)


def _computed(page: TestClient, key: str = "stage", **more: object) -> str:
    body = {"key": key, "name": key, "kind": "computed", **more}
    answer = page.post("/api/v1/tags", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def _put(page: TestClient, tag: str, rules: list[dict[str, object]], **more: object) -> Any:
    return page.put(f"/api/v1/tags/{tag}/rules", json={"rules": rules, **more})


def _get(page: TestClient, path: str, **params: Any) -> Any:
    answer = page.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _rule(value: str, condition: object, label: str = "") -> dict[str, object]:
    return {"value": value, "label": label, "condition": condition}


def _carried(page: TestClient, person: PersonId) -> list[tuple[str, str, bool]]:
    """Return (tag, value, whether a moment is known) as the customer page shows them."""
    items = _get(page, f"/customers/{opaque('c', person)}/computed-tags")["items"]
    return [(item["tag"]["key"], item["value_label"], item["since"] is not None) for item in items]


def test_a_computed_tag_is_ruled_counted_and_explained(
    page: TestClient, world: World, clock: FixedClock
) -> None:
    one = world.customer("K1", city="上海", name="王小明")
    two = world.customer("K2", city="上海")
    world.order("K1", "10")
    tag = _computed(page)
    rules = [_rule("buyer", ordered(1), "买过"), _rule("local", in_city("上海"))]
    put = _put(page, tag, rules)
    world.follow()
    clock.advance(timedelta(minutes=1))
    world.order("K2", "20")
    world.follow()

    got = _get(page, f"/tags/{tag}/rules")
    counts = _get(page, "/computed-tags")["items"]
    changes = _get(page, f"/tags/{tag}/changes")["items"]
    why = _get(page, f"/tags/{tag}/explain/{opaque('c', one)}", value="buyer")
    why_not = _get(page, f"/tags/{tag}/explain/{opaque('c', two)}", value="local")

    assert put.status_code == 200, put.text
    assert [(r["value"], r["label"], r["health"]) for r in put.json()["rules"]] == [
        ("buyer", "买过", "waiting"),
        ("local", "local", "waiting"),
    ]
    assert got["is_exclusive"]
    assert [(r["size"], r["health"]) for r in got["rules"]] == [(2, "healthy"), (0, "healthy")]
    assert "上海" in got["rules"][1]["sentence"]
    assert got["people"] == 2
    assert [(c["tag_id"], c["people"], [v["size"] for v in c["values"]]) for c in counts] == [
        (tag, 2, [2, 0])
    ]
    assert {(c["value"], c["person_id"], c["has_entered"], c["cause"]) for c in changes} == {
        ("buyer", opaque("c", two), True, "live"),
        ("local", opaque("c", two), False, "live"),
    }
    assert _carried(page, one) == [("stage", "买过", False)]
    assert _carried(page, two) == [("stage", "买过", True)]
    assert (why["holds"], why["is_member"]) == (True, True)
    assert (why_not["holds"], why_not["is_member"]) == (False, False)
    assert _get(page, f"/tags/{tag}")["allowed_values"][0] == {"value": "buyer", "label": "买过"}


def test_carriers_come_in_pages_of_all_values_or_of_one(page: TestClient, world: World) -> None:
    people = [world.customer(f"K{n}", city="上海") for n in range(5)]
    world.order("K0", "10")
    tag = _computed(page)
    _put(page, tag, [_rule("buyer", ordered(1)), _rule("local", in_city("上海"))], is_exclusive=False)
    world.follow()

    first = _get(page, f"/tags/{tag}/members", page_size=3)
    rest = _get(page, f"/tags/{tag}/members", page_size=3, cursor=first["next_cursor"])
    buyers = _get(page, f"/tags/{tag}/members", value="buyer")
    unknown = _get(page, f"/tags/{tag}/members", value="nothing")

    ids = [opaque("c", person) for person in people]
    assert sorted(row["id"] for row in first["items"] + rest["items"]) == sorted(ids)
    assert (first["total"], rest["next_cursor"]) == (5, None)
    assert first["values"][ids[0]] == ["buyer", "local"]
    assert ([row["id"] for row in buyers["items"]], buyers["total"]) == ([ids[0]], 1)
    assert unknown["items"] == []
    assert _get(page, f"/tags/{tag}/rules")["people"] == 5
    assert _get(page, f"/tags/{tag}")["value_mode"] == "several"


def test_the_first_fitting_value_counts_and_order_decides(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海")
    world.order("K1", "10")
    tag = _computed(page)
    buyer, local = _rule("buyer", ordered(1)), _rule("local", in_city("上海"))

    seen = []
    for rules, is_exclusive in (([buyer, local], True), ([local, buyer], True), ([local, buyer], False)):
        assert _put(page, tag, rules, is_exclusive=is_exclusive).status_code == 200
        world.follow()
        seen.append([value for _, value, _ in _carried(page, one)])

    assert seen == [["buyer"], ["local"], ["local", "buyer"]]
    assert _get(page, f"/tags/{tag}/changes")["items"] == []


def test_refusals_name_the_rule_that_is_wrong(page: TestClient, world: World) -> None:
    tag = _computed(page)
    static = page.post("/api/v1/tags", json={"key": "vip", "name": "vip"}).json()["id"]
    fine = _rule("a", in_city("上海"))
    wrong = _rule("b", {"version": 1, "where": {"field": "nothing", "op": "eq", "value": "x"}})

    unknown = _put(page, tag, [fine, wrong])
    unreadable = _put(page, tag, [_rule("a", {"version": 9})])
    circular = _put(page, tag, [_rule("a", refers_to("tag.stage:b")), _rule("b", refers_to("tag.stage:a"))])
    twice = _put(page, tag, [fine, fine])
    unnamed = _put(page, tag, [fine, _rule("", in_city("北京"))])
    of_static = _put(page, static, [fine])
    page.patch(f"/api/v1/tags/{tag}", json={"is_archived": True})
    archived = _put(page, tag, [fine])

    assert unknown.status_code == 422
    (problem,) = unknown.json()["values"]["problems"]
    assert problem["path"].startswith("/rules/1/condition/where")
    assert unreadable.json()["values"]["problems"][0]["path"].startswith("/rules/0/condition")
    assert {p["path"][:8] for p in circular.json()["values"]["problems"]} == {"/rules/0", "/rules/1"}
    assert (twice.status_code, unnamed.status_code) == (422, 422)
    assert unnamed.json()["code"] == "segments.tag_rules_invalid"
    assert (of_static.status_code, of_static.json()["code"]) == (409, "segments.tag_not_computed")
    assert page.get(f"/api/v1/tags/{static}/rules").status_code == 409
    assert (archived.status_code, archived.json()["code"]) == (409, "tags.tag_archived")
    assert _get(page, f"/tags/{tag}/rules")["rules"] == []
    missing = page.get(f"/api/v1/tags/{tag}/explain/{opaque('c', 1)}", params={"value": "zzz"})
    assert (missing.status_code, missing.json()["code"]) == (404, "segments.tag_value_unknown")


def test_an_archived_tag_is_not_evaluated_and_comes_back_quietly(
    page: TestClient, world: World, following: ConsumerRunner
) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="北京")
    tag = _computed(page, "shanghai")
    _put(page, tag, [_rule("", in_city("上海"))])
    world.follow()
    following.catch_up()
    before = _carried(page, one)

    page.patch(f"/api/v1/tags/{tag}", json={"is_archived": True}).raise_for_status()
    hidden_at_once = _carried(page, one)
    world.forward()
    following.catch_up()
    world.customer("K2", city="上海")
    world.follow()
    archived = _get(page, f"/tags/{tag}/members")
    page.patch(f"/api/v1/tags/{tag}", json={"is_archived": False}).raise_for_status()
    world.forward()
    following.catch_up()
    world.follow()

    assert before == [("shanghai", "", False)]
    assert hidden_at_once == []
    assert (archived["items"], archived["total"]) == ([], 0)
    assert _carried(page, one) == _carried(page, two) == [("shanghai", "", False)]
    assert _get(page, f"/tags/{tag}/changes")["items"] == []
    assert _get(page, f"/tags/{tag}")["value_mode"] == "flag"


def test_rules_follow_the_key_and_go_with_the_kind(
    page: TestClient, world: World, following: ConsumerRunner
) -> None:
    world.customer("K1", city="上海")
    tag = _computed(page)
    _put(page, tag, [_rule("", in_city("上海"))])
    page.patch(f"/api/v1/tags/{tag}", json={"key": "renamed"}).raise_for_status()
    world.forward()
    following.catch_up()
    above = page.post("/api/v1/conditions/check", json={"condition": refers_to("tag.renamed")}).json()
    page.patch(f"/api/v1/tags/{tag}", json={"kind": "static"}).raise_for_status()
    world.forward()
    following.catch_up()

    assert above["problems"] == []
    assert _get(page, "/computed-tags")["items"] == []


def test_many_are_tagged_by_segment_and_by_condition(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海", name="王小明")
    world.customer("K2", city="北京")
    world.segment("shanghai", in_city("上海"))
    world.follow()
    tag = page.post("/api/v1/tags", json={"key": "met", "name": "met"}).json()["id"]
    by_segment = {"segment": "shanghai", "dry_run": True}
    by_condition: dict[str, object] = {"condition": in_city("上海")}

    looked = page.post(f"/api/v1/tags/{tag}/assign", json=by_segment).json()["preview"]
    previewed = page.post(f"/api/v1/tags/{tag}/assign", json={**by_condition, "dry_run": True}).json()
    began = page.post(f"/api/v1/tags/{tag}/assign", json=by_condition)
    while run_next_step(world.database, (SegmentMembers(), FittingPeople(world.surroundings))):
        pass
    operation = _get(page, f"/tag-operations/{began.json()['operation']['id']}")
    wrong = page.post(
        f"/api/v1/tags/{tag}/assign",
        json={"condition": {"version": 1, "where": {"field": "nothing", "op": "eq", "value": "x"}}},
    )
    no_segment = page.post(f"/api/v1/tags/{tag}/assign", json={"segment": "none"})

    assert (looked["people"], looked["counts"]["changed"]) == (1, 1)
    assert previewed["preview"]["counts"]["changed"] == 1
    assert previewed["preview"]["sample"][0]["display_name"] == "王小明"
    assert (operation["state"], operation["counts"]["changed"]) == ("done", 1)
    carried = _get(page, f"/customers/{opaque('c', one)}/tags")["items"]
    assert [item["tag"]["key"] for item in carried] == ["met"]
    assert (wrong.status_code, no_segment.status_code) == (422, 404)


def test_the_customer_list_finds_who_carries_a_tag(page: TestClient, world: World) -> None:
    one = world.customer("K1", city="上海")
    two = world.customer("K2", city="北京", name="老朋友")
    world.customer("K3", city="北京")
    computed = _computed(page, "in_shanghai", name="上海客户")
    _put(page, computed, [_rule("", in_city("上海"))])
    static = page.post("/api/v1/tags", json={"key": "regular", "name": "老朋友"}).json()["id"]
    page.post(f"/api/v1/customers/{opaque('c', one)}/tags", json={"tag_id": static})
    world.follow()

    def ids(**params: str) -> set[str]:
        return {row["id"] for row in _get(page, "/customers", **params)["items"]}

    first, second = opaque("c", one), opaque("c", two)
    assert ids(query="上海客户") == ids(query="IN_SHANGHAI") == ids(tag="in_shanghai") == {first}
    assert ids(query="老朋友") == {first, second}
    assert ids(query="老朋友", tag="in_shanghai") == {first}
    assert ids(query="老朋") == {second}


def test_a_viewer_sees_rules_and_changes_none(page: TestClient, world: World) -> None:
    tag = _computed(page)
    with world.database.transaction(actor="test") as uow:
        secret = access.create_api_key(uow, name="viewer", role=Role.VIEWER, expires_at=None)[1]
    viewer = TestClient(page.app, headers={"Authorization": f"Bearer {secret}"})

    seen = viewer.get(f"/api/v1/tags/{tag}/rules")
    refused = _put(viewer, tag, [_rule("", in_city("上海"))])

    assert (seen.status_code, refused.status_code) == (200, 403)
