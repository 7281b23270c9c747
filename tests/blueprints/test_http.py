"""Ready definitions as another program uses them."""

from fastapi.testclient import TestClient


def test_a_segment_is_made_from_a_ready_definition_and_edited_like_any_other(client: TestClient) -> None:
    listed = {b["name"]: b for b in client.get("/api/v1/blueprints").json()}
    assert listed["dormant"]["settings"][0]["default"] == "180"
    built = client.post("/api/v1/blueprints/dormant/build", json={"settings": {"days": "90"}}).json()
    assert "90 days" in built["values"][0]["sentence"]

    body = {"settings": {"days": "90"}, "key": "dormant_90", "name": "Asleep"}
    made = client.post("/api/v1/blueprints/dormant", json=body)
    assert made.status_code == 201, made.text
    segment = client.get(f"/api/v1/segments/{made.json()['id']}").json()
    assert (segment["key"], segment["name"]) == ("dormant_90", "Asleep")
    assert segment["condition"] == built["values"][0]["condition"]
    again = client.post("/api/v1/blueprints/dormant", json=body)
    assert (again.status_code, again.json()["code"]) == (409, "segments.key_taken")


def test_a_computed_tag_takes_the_rules_of_new_settings(client: TestClient) -> None:
    made = client.post("/api/v1/blueprints/life_cycle", json={}).json()
    assert made["outcome"] == "tag"
    second = client.post("/api/v1/blueprints/life_cycle", json={"settings": {"dormant": "365"}}).json()
    assert second["id"] == made["id"]
    tag = next(t for t in client.get("/api/v1/tags").json()["items"] if t["key"] == "life_cycle")
    assert [value["value"] for value in tag["allowed_values"]] == [
        "prospect", "dormant", "churn_risk", "mature", "new", "growing",
    ]  # fmt: skip


def test_wrong_settings_are_refused_in_words(client: TestClient) -> None:
    answer = client.post("/api/v1/blueprints/dormant/build", json={"settings": {"days": "0"}})
    assert (answer.status_code, answer.json()["code"]) == (422, "blueprints.setting_invalid")
    assert client.post("/api/v1/blueprints/nothing", json={}).status_code == 404


def test_the_shipped_model_is_shown_and_a_broken_one_refused(client: TestClient) -> None:
    model = client.get("/api/v1/rfm").json()
    assert (model["version"], len(model["regions"])) == (0, 8)
    model["scales"]["recency"] = {"binning": "thresholds", "limits": ["30", "10", "5", "1"]}
    answer = client.put(
        "/api/v1/rfm", json={k: v for k, v in model.items() if k not in ("people", "calibrated_at")}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "blueprints.rfm_invalid")
