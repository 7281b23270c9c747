"""Orders over HTTP."""

import pytest
from fastapi.testclient import TestClient

from feilun.kernel.ids import opaque
from feilun.platform.db import Database
from tests.orders.builders import DAY, PREFIX, T0, a_row, order_id_of, take, the_person


@pytest.fixture(scope="module")
def customer(database: Database) -> str:
    with database.transaction() as uow:
        take(
            uow,
            a_row("1", "A1", 2, "5.25", description="cup"),
            a_row("2", "A2", 1, 7, at=T0 + DAY),
            a_row("C3", "A1", -1, "5.25", at=T0 + 2 * DAY),
            a_row("C4", "A9", -1, 9, customer=None),
            options=PREFIX,
        )
        return opaque("c", the_person(uow))


def test_a_customers_orders_come_newest_first_in_pages(client: TestClient, customer: str) -> None:
    page = client.get(f"/api/v1/customers/{customer}/orders", params={"page_size": 1}).json()

    assert (page["total"], [item["number"] for item in page["items"]]) == (2, ["2"])
    assert page["items"][0]["customer_id"] == customer


def test_an_order_shows_its_lines_and_what_was_given_back(
    client: TestClient, customer: str, database: Database
) -> None:
    with database.transaction() as uow:
        order_id = opaque("o", order_id_of(uow, "1"))

    order = client.get(f"/api/v1/orders/{order_id}").json()

    assert (order["number"], order["total_amount"], order["refunded_amount"]) == ("1", "10.5000", "5.2500")
    assert [(line["sku"], line["refunded_quantity"]) for line in order["lines"]] == [("A1", "1.0000")]


def test_a_customers_refunds_name_the_purchase_they_give_back(client: TestClient, customer: str) -> None:
    page = client.get(f"/api/v1/customers/{customer}/refunds").json()

    assert [(item["number"], item["total_amount"]) for item in page["items"]] == [("C3", "5.2500")]
    assert page["items"][0]["lines"][0]["matches"][0]["order_number"] == "1"


def test_unmatched_refund_lines_are_listed_with_the_reason(client: TestClient, customer: str) -> None:
    unmatched = client.get("/api/v1/refunds", params={"matched": "false"}).json()
    by_reason = client.get("/api/v1/refunds", params={"reason": "no_purchase"}).json()

    assert [(line["refund_number"], line["unmatched_reason"]) for line in unmatched["items"]] == [
        ("C4", "anonymous")
    ]
    assert by_reason["total"] == 0


def test_totals_can_be_checked_against_the_source(client: TestClient, customer: str) -> None:
    totals = client.get("/api/v1/orders/totals").json()

    assert [
        (total["source"], total["orders"], total["refunds"], total["net_amount"]) for total in totals
    ] == [("erp", 2, 2, "3.2500")]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/api/v1/orders/o_7k3n0q9xw2", "orders.order_not_found"),
        ("/api/v1/orders/'; DROP TABLE orders", "orders.order_not_found"),
        ("/api/v1/customers/c_7k3n0q9xw2/orders", "orders.customer_not_found"),
        ("/api/v1/customers/1/refunds", "orders.customer_not_found"),
    ],
)
def test_unknown_ids_are_answered_with_a_problem(client: TestClient, path: str, code: str) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (404, code)
