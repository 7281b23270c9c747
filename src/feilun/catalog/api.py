"""Facade of the catalog room."""

from collections.abc import Iterable, Mapping

from feilun.catalog.contracts import (
    Product,
    ProductCode,
    ProductFilter,
    ProductSort,
    StockBatch,
    Store,
    UnmappedCode,
)
from feilun.catalog.errors import ProductNotFound
from feilun.catalog.internal import service, store
from feilun.kernel.ids import ProductId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin


def listed_kinds(uow: UnitOfWork, *, source: str, codes: Iterable[str]) -> Mapping[str, str]:
    """Return the kind ('service', 'fee', …) of those codes that a product file lists as something else than a product."""
    return service.listed_kinds(uow, source, codes)


def resolve_items(
    uow: UnitOfWork,
    *,
    source: str,
    names_by_code: Mapping[str, Mapping[str, int]],
    kind_by_code: Mapping[str, str],
    origin: Origin,
) -> Mapping[str, ProductId]:
    """Return the product that each item code of a source means.

    A code is the SKU of a product of its source, else a code mapped in its source, else a barcode that means one product
    everywhere; else a 'seen' product is created with the kind given. `names_by_code` says how many *new* lines described
    the code how: not idempotent, so callers pass each line once. Appends catalog.product_recorded for what it changes.
    """
    return service.resolve_items(uow, source, names_by_code, kind_by_code, origin)


def see_stores(uow: UnitOfWork, *, source: str, codes: Iterable[str]) -> None:
    """Create stores for codes met on orders that no store file has listed. Idempotent."""
    store.insert_seen_stores(uow, source, codes)


def items_of(uow: UnitOfWork, *, product_ids: Iterable[ProductId]) -> Mapping[ProductId, Product]:
    """Return what is known of items; one that is mapped to a SKU has the SKU's category, cost and so on. Unknown ids are absent."""
    products = store.select_products(uow, product_ids)
    targets = store.select_products(
        uow, {p.mapped_to_id for p in products.values() if p.mapped_to_id is not None}
    )
    return {
        product_id: targets[product.mapped_to_id] if product.mapped_to_id else product
        for product_id, product in products.items()
    }


def names_of(uow: UnitOfWork, *, product_ids: Iterable[ProductId]) -> Mapping[ProductId, str | None]:
    """Return what products are called, to stand beside their ids; unknown ids are absent."""
    return {
        product_id: product.name for product_id, product in store.select_products(uow, product_ids).items()
    }


def get_product(uow: UnitOfWork, product_id: ProductId) -> Product:
    """Return a product. Raises: ProductNotFound."""
    product = store.select_products(uow, [product_id]).get(product_id)
    if product is None:
        raise ProductNotFound(f"no product {product_id}")
    return product


def list_products(
    uow: UnitOfWork,
    wanted: ProductFilter,
    *,
    sort: ProductSort = ProductSort.SKU,
    limit: int,
    offset: int = 0,
) -> tuple[list[Product], int]:
    """Return one page of products and the number of all that fit."""
    return store.select_product_page(uow, wanted, sort, limit=limit, offset=offset)


def list_codes(uow: UnitOfWork, product_id: ProductId) -> list[ProductCode]:
    """Return the channel item ids and barcodes that mean a product."""
    return store.select_codes(uow, product_id)


def list_stock(uow: UnitOfWork, product_id: ProductId) -> list[StockBatch]:
    """Return a product's stock by batch, soonest to expire first."""
    return store.select_stock(uow, product_id)


def list_unmapped_codes(
    uow: UnitOfWork, *, source: str | None = None, limit: int, offset: int = 0
) -> tuple[list[UnmappedCode], int]:
    """Return item codes met on orders that no product file and no mapping explains, the most frequent first."""
    return store.select_unmapped_page(uow, source=source, limit=limit, offset=offset)


def map_code(uow: UnitOfWork, *, source: str, code: str, product_id: ProductId) -> None:
    """Say that a source's item code means a product. Order lines keep the item they came with; the item becomes an alias.

    Idempotent; mapping again replaces. Raises: ProductNotFound, CodeTaken, MappingCircular.
    """
    service.map_code(uow, source=source, code=code, product_id=product_id)


def unmap_code(uow: UnitOfWork, *, source: str, code: str) -> None:
    """Undo `map_code`. Raises: CodeNotFound."""
    service.unmap_code(uow, source=source, code=code)


def list_stores(
    uow: UnitOfWork, *, query: str | None = None, source: str | None = None, limit: int, offset: int = 0
) -> tuple[list[Store], int]:
    """Return one page of stores and the number of all that fit."""
    return store.select_store_page(uow, query=query, source=source, limit=limit, offset=offset)
