"""Products in the warehouse: a small table that reports join by product id."""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from feilun.catalog.contracts import Product
from feilun.catalog.events import PRODUCT_RECORDED
from feilun.catalog.internal import store
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage

PRODUCTS: Final = FactTable(
    name="products",
    columns={
        "product_id": "Int64",
        "root_product_id": "Int64",
        "source": "LowCardinality(String)",
        "sku": "String",
        "name": "String",
        "category_path": "LowCardinality(String)",
        "style": "LowCardinality(String)",
        "brand": "LowCardinality(String)",
        "cost": "Nullable(Decimal(18, 6))",
        "list_price": "Nullable(Decimal(18, 6))",
        "life_stage": "LowCardinality(String)",
        "launch_on": "Nullable(Date32)",
        "kind": "LowCardinality(String)",
        "state": "LowCardinality(String)",
    },
    order_by=("product_id",),
    shard_by="product_id",
    comment="Products. root_product_id: the SKU an item is mapped to, else itself.",
)


class CatalogProjector:
    """Writes products."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes."""
        return (PRODUCTS,)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return frozenset({PRODUCT_RECORDED})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return the products that the events name, as they are now."""
        versions = {cast(int, event.payload["product_id"]): event.position for event in events}
        products = list(store.select_products(uow, versions).values())
        return {
            PRODUCTS.name: {
                **_columns(products),
                "version": [versions[product.product_id] for product in products],
            }
        }

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return the next products by id."""
        products = store.select_products_after(uow, cast("int | None", after) or 0, limit)
        next_after = products[-1].product_id if products else None
        return SnapshotPage({PRODUCTS.name: _columns(products)}, next_after)


def _columns(products: Sequence[Product]) -> dict[str, Sequence[object]]:
    return {
        "product_id": [p.product_id for p in products],
        "root_product_id": [p.mapped_to_id or p.product_id for p in products],
        "source": [p.source for p in products],
        "sku": [p.sku for p in products],
        "name": [p.name or "" for p in products],
        "category_path": [p.category_path or "" for p in products],
        "style": [p.style or "" for p in products],
        "brand": [p.brand or "" for p in products],
        "cost": [p.cost for p in products],
        "list_price": [p.list_price for p in products],
        "life_stage": [p.life_stage or "" for p in products],
        "launch_on": [p.launch_on for p in products],
        "kind": [p.kind.value for p in products],
        "state": [p.state.value for p in products],
    }
