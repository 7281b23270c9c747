"""The catalog over HTTP."""

import pytest
from fastapi.testclient import TestClient

from feilun.kernel.ids import opaque
from feilun.platform.db import Database
from tests.catalog.builders import product, see, take_products


@pytest.fixture(scope="module")
def cup(database: Database) -> str:
    with database.transaction() as uow:
        take_products(uow, {"sku": "A1", "name": "杯子", "barcode": "690"})
        see(uow, {"77": {"杯": 1}}, source="shop")
        return opaque("p", product(uow, "A1").product_id)


def test_a_product_shows_its_codes(client: TestClient, cup: str) -> None:
    found = client.get("/api/v1/products", params={"query": "杯", "state": "listed"}).json()
    detail = client.get(f"/api/v1/products/{cup}").json()

    assert [item["id"] for item in found["items"]] == [cup]
    assert [(code["kind"], code["code"]) for code in detail["codes"]] == [("barcode", "690")]


def test_an_unmapped_code_is_mapped_and_unmapped(client: TestClient, cup: str) -> None:
    mapping = {"source": "shop", "code": "77", "product_id": cup}
    assert [c["code"] for c in client.get("/api/v1/product-codes/unmapped").json()["items"]] == ["77"]

    assert client.post("/api/v1/product-codes", json=mapping).status_code == 204
    assert client.get("/api/v1/product-codes/unmapped").json()["total"] == 0

    assert client.delete("/api/v1/product-codes", params={"source": "shop", "code": "77"}).status_code == 204
    assert client.get("/api/v1/product-codes/unmapped").json()["total"] == 1


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/products/p_7k3n0q9xw2", 404, "catalog.product_not_found"),
        ("/api/v1/products/1", 404, "catalog.product_not_found"),
        ("/api/v1/products?sort=price;drop", 422, "request.invalid"),
        ("/api/v1/products?query=%00", 422, "request.invalid"),
        ("/api/v1/products?page=0", 422, "request.invalid"),
        ("/api/v1/stores?page_size=9999", 422, "request.invalid"),
    ],
)
def test_bad_requests_are_answered_with_a_problem(
    client: TestClient, path: str, status: int, code: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
