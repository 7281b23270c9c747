"""Items met on orders, the codes that mean them, and people who say what they mean."""

import pytest

from feilun.catalog import api
from feilun.catalog.contracts import ProductFilter, ProductKind, ProductSort, ProductState
from feilun.catalog.errors import CodeNotFound, CodeTaken, MappingCircular, ProductNotFound
from feilun.kernel.ids import ProductId
from feilun.platform.db import UnitOfWork
from tests.catalog.builders import events, product, see, take_products


def test_an_item_met_on_orders_is_a_seen_product_named_by_its_most_frequent_description(
    uow: UnitOfWork,
) -> None:
    found = see(uow, {"85123a": {"cup": 2, "Cup": 1}, "85123A": {"Cup": 2, "": 4}})

    assert found["85123a"] == found["85123A"]
    seen = api.get_product(uow, found["85123a"])
    assert (seen.sku, seen.name, seen.state) == ("85123A", "Cup", ProductState.SEEN)
    see(uow, {"85123A": {"cup": 2}})
    assert product(uow, "85123A").name == "cup"


def test_a_product_file_names_what_orders_brought_and_keeps_its_id(uow: UnitOfWork) -> None:
    seen = see(uow, {"A1": {"thing": 9}})["A1"]

    take_products(uow, {"sku": "a1", "name": "Cup", "kind": "fee"})
    see(uow, {"A1": {"thing": 9}})

    listed = api.get_product(uow, seen)
    assert (listed.sku, listed.name, listed.kind, listed.state) == (
        "a1",
        "Cup",
        ProductKind.FEE,
        ProductState.LISTED,
    )
    assert api.listed_kinds(uow, source="erp", codes=["A1", "B2"]) == {"A1": "fee"}


def test_codes_are_found_as_sku_then_as_the_sources_code_then_as_barcode(uow: UnitOfWork) -> None:
    take_products(
        uow,
        {"sku": "A1", "item_code": "99", "item_source": "shop"},
        {"sku": "A2", "barcode": "6901234567892"},
        {"sku": "99"},
    )

    in_shop = see(uow, {"99": {}, "６９０１２３４５６７８９２": {}}, source="shop")
    in_erp = see(uow, {"99": {}})

    assert in_shop["99"] == product(uow, "A1").product_id
    assert in_shop["６９０１２３４５６７８９２"] == product(uow, "A2").product_id
    assert in_erp["99"] == product(uow, "99").product_id


def test_a_barcode_of_two_products_means_neither(uow: UnitOfWork) -> None:
    take_products(uow, {"sku": "A1", "barcode": "690"})
    take_products(uow, {"sku": "A1", "barcode": "690"}, source="second")

    found = see(uow, {"690": {}}, source="shop")["690"]

    assert api.get_product(uow, found).state is ProductState.SEEN


def test_unmapped_codes_are_listed_until_somebody_says_what_they_mean(uow: UnitOfWork) -> None:
    take_products(uow, {"sku": "A1", "category_path": "Home>Cups"})
    item = see(uow, {"77": {"杯子": 3, "": 1}, "POST": {"": 1}}, source="shop", kinds={"POST": "fee"})["77"]
    unmapped, total = api.list_unmapped_codes(uow, limit=10)
    assert [(code.code, code.name, code.lines) for code in unmapped] == [("77", "杯子", 4)]
    assert total == 1

    api.map_code(uow, source="shop", code="77", product_id=product(uow, "A1").product_id)

    assert api.list_unmapped_codes(uow, limit=10) == ([], 0)
    assert see(uow, {"77": {}}, source="shop")["77"] == item
    assert api.items_of(uow, product_ids=[item])[item].category_path == "Home / Cups"
    assert [code.code for code in api.list_codes(uow, product(uow, "A1").product_id)] == ["77"]
    api.unmap_code(uow, source="shop", code="77")
    assert api.list_unmapped_codes(uow, limit=10)[1] == 1


def test_mapping_refuses_what_makes_no_sense(uow: UnitOfWork) -> None:
    take_products(uow, {"sku": "A1"}, {"sku": "A2"})
    item = see(uow, {"77": {}})["77"]

    with pytest.raises(ProductNotFound):
        api.map_code(uow, source="erp", code="77", product_id=ProductId(10**12))
    with pytest.raises(CodeTaken):
        api.map_code(uow, source="erp", code="a1", product_id=product(uow, "A2").product_id)
    with pytest.raises(MappingCircular):
        api.map_code(uow, source="erp", code="77", product_id=item)
    with pytest.raises(CodeNotFound):
        api.unmap_code(uow, source="erp", code="nothing")


def test_aliases_stay_one_step_long(uow: UnitOfWork) -> None:
    items = see(uow, {"1": {}, "2": {}, "3": {}})
    api.map_code(uow, source="erp", code="1", product_id=items["2"])

    api.map_code(uow, source="erp", code="2", product_id=items["3"])

    assert [api.get_product(uow, items[code]).mapped_to_id for code in "123"] == [
        items["3"],
        items["3"],
        None,
    ]


def test_products_are_found_filtered_and_sorted(uow: UnitOfWork) -> None:
    take_products(
        uow,
        {"sku": "A1", "name": "100% cotton", "category_path": "Home / Bed", "brand": "X"},
        {"sku": "A2", "name": "100 cups", "category_path": "Home", "brand": "Y"},
        {"sku": "A3", "name": "Homer", "category_path": "Homeware", "item_code": "77"},
    )

    def skus(sort: ProductSort = ProductSort.SKU, **wanted: str) -> list[str]:
        return [p.sku for p in api.list_products(uow, ProductFilter(**wanted), sort=sort, limit=10)[0]]  # type: ignore[arg-type]

    assert skus(query="100%") == ["A1"]
    assert skus(query="77") == ["A3"]
    assert skus(category="Home", sort=ProductSort.SKU_DESC) == ["A2", "A1"]
    assert skus(brand="Y") == ["A2"]
    assert skus(query="' OR 1=1 --") == []


def test_events_name_what_changed_and_reach_aliases(uow: UnitOfWork) -> None:
    item = see(uow, {"77": {"x": 1}})["77"]
    take_products(uow, {"sku": "A1"})
    api.map_code(uow, source="erp", code="77", product_id=product(uow, "A1").product_id)
    before = len(events(uow))

    take_products(uow, {"sku": "A1", "category_path": "Home"})

    new = {payload["product_id"]: payload["fields"] for payload in events(uow)[before:]}
    assert new == {item: ["category_path"], product(uow, "A1").product_id: ["category_path"]}


def test_stores_met_on_orders_are_known_once(uow: UnitOfWork) -> None:
    api.see_stores(uow, source="erp", codes=["S1", "S2"])
    api.see_stores(uow, source="erp", codes=["S1"])

    assert [store.code for store in api.list_stores(uow, query="s", limit=10)[0]] == ["S1", "S2"]
