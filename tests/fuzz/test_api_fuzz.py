"""Made-up requests to every operation of the API: never a 5xx, and every refusal is a problem document whose code is known.

Requests come from the application's own OpenAPI description, well-formed and broken ones; addresses name things that exist
about every second time, so that more than "not found" is reached.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.schemas import BaseSchema

from feilun.access import api as access
from feilun.access.contracts import Role
from feilun.platform.db import Database
from feilun.platform.i18n import LOCALES, catalogue
from tests.fuzz.seeding import Seeds, seed

_DOCUMENT: Final = Path(__file__).resolve().parents[2] / "web" / "openapi.json"
_EXAMPLES: Final = 20
_EXAMPLES_LONG: Final = 400
_LONG_SECONDS: Final = 600
_METHODS: Final = ("get", "post", "put", "patch", "delete")
_PROBLEM: Final = "application/problem+json"
_REFUSALS: Final = frozenset({400, 401, 403, 404, 405, 409, 413, 415, 422, 429, 507})
_AWAY: Final = frozenset({"warehouse.away", "engines.not_running"})
"""The tests' application has no warehouse; what needs one says so."""


def _operations() -> list[tuple[str, str, str]]:
    described = json.loads(_DOCUMENT.read_text(encoding="utf-8"))
    return [
        (operation["operationId"], method, path)
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if method in _METHODS
    ]


@pytest.fixture(scope="module")
def seeds(app: FastAPI, client: TestClient) -> Seeds:
    return seed(app, client)


@pytest.fixture(scope="module")
def schema(app: FastAPI) -> BaseSchema:
    config = schemathesis.Config.from_dict(
        {"generation": {"mode": "all", "exclude-header-characters": "\x00\r\n"}}
    )
    return schemathesis.openapi.from_asgi("/api/openapi.json", app, config=config)


@pytest.fixture
def headers(database: Database) -> dict[str, str]:
    """A fresh administrator's key: what a test before this one revoked does not matter."""
    with database.transaction(actor="fuzz") as uow:
        _, secret = access.create_api_key(uow, name="fuzz", role=Role.ADMIN, expires_at=None)
    return {"Authorization": f"Bearer {secret}", "Accept-Language": "en"}


def test_every_operation_is_tried(app: FastAPI) -> None:
    described = {
        operation["operationId"]
        for methods in app.openapi()["paths"].values()
        for method, operation in methods.items()
        if method in _METHODS
    }
    assert described == {name for name, _, _ in _operations()}, "run .venv/bin/python -m tools.openapi"


@pytest.mark.timeout(_LONG_SECONDS)
@pytest.mark.parametrize(
    ("name", "method", "path"), _operations(), ids=[name for name, _, _ in _operations()]
)
def test_no_request_breaks_the_operation(
    name: str,
    method: str,
    path: str,
    schema: BaseSchema,
    headers: dict[str, str],
    seeds: Seeds,
    pytestconfig: pytest.Config,
) -> None:
    operation = schema[path][method.upper()]
    is_long = pytestconfig.getoption("--long")
    modes = [GenerationMode.POSITIVE]
    if operation.body or any(operation.iter_parameters()):
        modes.append(GenerationMode.NEGATIVE)
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

    @settings(
        max_examples=_EXAMPLES_LONG if is_long else _EXAMPLES,
        derandomize=not is_long,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, data=st.data())
    def run(case: Case[Any], data: st.DataObject) -> None:
        _name_what_exists(case, data, seeds)
        _check(case.call(headers=headers), operation.definition.raw["responses"])

    run()


def _name_what_exists(case: Case[Any], data: st.DataObject, seeds: Seeds) -> None:
    """Put ids of seeded things in place of made-up ones, about every second time."""
    places: tuple[Any, ...] = (case.path_parameters, case.query, case.body)
    for place in places:
        if isinstance(place, dict):
            for parameter, known in seeds.items():
                if parameter in place and data.draw(st.booleans(), label=f"known {parameter}"):
                    place[parameter] = data.draw(st.sampled_from(known), label=parameter)


def _check(answer: Response, documented: Mapping[str, Any]) -> None:
    status = answer.status_code
    if status < 300:
        assert str(status) in documented, f"{status} is not documented"
        return
    assert answer.headers["content-type"] == [_PROBLEM], answer.text
    body = answer.json()
    assert (body["status"], body["title"]) == (status, body["code"])
    for locale in LOCALES:
        assert body["code"] in catalogue(locale), f"{body['code']} has no message in {locale}"
    assert body["detail"]
    assert "?" not in body["detail"] or "?" in str(body["values"]), body["detail"]
    if status == 503 and body["code"] in _AWAY:
        return
    assert status in _REFUSALS, answer.text
    assert str(status) in documented or "default" in documented, f"{status} is not documented"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/v1/mappings?kind=%00", None),
        ("POST", "/api/v1/api-keys", {"name": "\x00"}),
        ("POST", "/api/v1/session", {"username": "\x00", "password": "x"}),
    ],
)
def test_a_nul_character_is_refused_in_words(
    client: TestClient, headers: dict[str, str], method: str, path: str, body: object
) -> None:
    """Found by the long run: text with a NUL cannot be stored and was answered with 500."""
    answer = client.request(method, path, json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.nul_character")
