"""Product, store and stock files."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from feilun.catalog import api
from feilun.catalog.intake import ProductHandler, StockHandler, StoreHandler
from feilun.ingestion.contracts import MappedRow
from feilun.platform.db import UnitOfWork
from feilun.platform.i18n import LOCALES, catalogue
from tests.catalog.builders import a_context, events, product, see, take, take_products

CUP = {
    "sku": "A1",
    "name": "杯子",
    "category_path": "家居>厨房",
    "cost": Decimal("3.1234567"),
    "barcode": "690",
}


def test_a_repeated_product_file_changes_nothing_and_appends_no_event(uow: UnitOfWork) -> None:
    assert take_products(uow, CUP, {"sku": "A2"}) == ["taken", "taken"]
    before = events(uow)

    assert take_products(uow, CUP, {"sku": "A2"}) == ["unchanged", "unchanged"]

    assert events(uow) == before
    stored = product(uow, "A1")
    assert (stored.category_path, stored.cost) == ("家居 / 厨房", Decimal("3.123457"))


def test_what_a_product_file_is_silent_about_stays(uow: UnitOfWork) -> None:
    take_products(uow, CUP)

    assert take_products(uow, {"sku": "a1", "list_price": Decimal(9)}) == ["changed"]

    stored = product(uow, "a1")
    assert (stored.name, stored.list_price) == ("杯子", Decimal(9))


def test_a_code_of_another_product_is_refused(uow: UnitOfWork) -> None:
    take_products(uow, CUP)

    outcomes = take(uow, ProductHandler(), [{"sku": "A2", "barcode": "690"}, {"sku": "A3", "barcode": "691"}])
    twice = take_products(uow, {"sku": "A4", "barcode": "692"}, {"sku": "A5", "barcode": "692"})

    assert [outcome.state.value for outcome in outcomes] == ["rejected", "taken"]
    assert outcomes[0].rejection is not None
    assert (outcomes[0].rejection.code, outcomes[0].rejection.field) == ("catalog.code_conflict", "barcode")
    assert twice == ["taken", "rejected"]


def test_a_new_barcode_changes_the_product_and_claims_items_seen_under_it(uow: UnitOfWork) -> None:
    item = see(uow, {"690": {}}, source="shop")["690"]
    take_products(uow, {"sku": "A1", "category_path": "Home"})

    assert take_products(uow, {"sku": "A1", "barcode": "690"}) == ["changed"]

    assert api.get_product(uow, item).mapped_to_id == product(uow, "A1").product_id
    assert take_products(uow, {"sku": "A1", "barcode": "690"}) == ["unchanged"]


def test_stores_are_listed_and_keep_what_a_file_is_silent_about(uow: UnitOfWork) -> None:
    api.see_stores(uow, source="erp", codes=["S1"])
    handler = StoreHandler()

    states = [
        take(uow, handler, [{"code": "S1", "name": "南京路", "city": "上海"}])[0].state.value,
        take(uow, handler, [{"code": "S1", "name": "南京路"}])[0].state.value,
        take(uow, handler, [{"code": "S1", "region": "华东"}])[0].state.value,
    ]

    store = api.list_stores(uow, limit=10)[0][0]
    assert states == ["taken", "unchanged", "changed"]
    assert (store.name, store.city, store.region) == ("南京路", "上海", "华东")


def test_stock_is_kept_by_batch_and_refused_for_unknown_products(uow: UnitOfWork) -> None:
    take_products(uow, CUP)
    batch = {
        "sku": "690",
        "store": "S1",
        "batch": "B7",
        "quantity": Decimal(5),
        "expires_on": date(2027, 1, 1),
    }
    handler = StockHandler()

    first = take(uow, handler, [batch, {"sku": "nobody", "quantity": Decimal(1)}])
    again = take(uow, handler, [batch])
    less = take(uow, handler, [batch | {"quantity": Decimal(4), "inbound_on": date(2026, 12, 1)}])

    assert [outcome.state.value for outcome in first] == ["taken", "rejected"]
    assert (again[0].state.value, less[0].state.value) == ("unchanged", "changed")
    stock = api.list_stock(uow, product(uow, "A1").product_id)
    assert [(lot.batch, lot.quantity, lot.inbound_on) for lot in stock] == [
        ("B7", Decimal(4), date(2026, 12, 1))
    ]


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"cost": Decimal(-1)}, "catalog.price_negative"),
        ({"cost": Decimal("NaN")}, "catalog.number_out_of_range"),
        ({"list_price": Decimal("1e30")}, "catalog.number_out_of_range"),
        ({"name": "x" * 501}, "catalog.text_too_long"),
        ({"name": "a\x00b"}, "catalog.text_unstorable"),
        ({"launch_on": date(1066, 10, 14)}, "catalog.date_out_of_range"),
        ({"launch_on": date(9999, 12, 31)}, "catalog.date_out_of_range"),
    ],
)
def test_impossible_cells_are_refused_with_a_reason_in_both_languages(
    values: Mapping[str, object], code: str
) -> None:
    rejection = ProductHandler().check(MappedRow(1, "", {"sku": "A1", **values}), a_context())

    assert rejection is not None
    assert rejection.code == code
    assert all(code in catalogue(locale) for locale in LOCALES)


def test_text_is_stored_as_it_is(uow: UnitOfWork) -> None:
    nasty = "'; DROP TABLE products; -- <script>alert(1)</script> =1+1"
    take_products(uow, {"sku": nasty, "name": nasty, "category_path": nasty})

    assert product(uow, nasty).name == nasty
