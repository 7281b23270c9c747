"""SQL for reading the catalog and for items met on orders."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Row, text

from feilun.catalog.contracts import (
    CodeKind,
    Product,
    ProductCode,
    ProductFilter,
    ProductKind,
    ProductSort,
    ProductState,
    StockBatch,
    Store,
    UnmappedCode,
)
from feilun.catalog.internal.domain import code_key, like_pattern
from feilun.kernel.ids import ProductId, StoreId
from feilun.platform.db import UnitOfWork

_PRODUCT = (
    "p.product_id, p.source, p.sku, p.name, p.category_path, p.style, p.brand, p.cost, p.list_price, p.life_stage,"
    " p.launch_on, p.kind, p.state, p.mapped_to_id, p.first_seen_at, p.updated_at"
)
_SORTS: Mapping[ProductSort, str] = {
    ProductSort.SKU: "p.sku_key, p.product_id",
    ProductSort.SKU_DESC: "p.sku_key DESC, p.product_id",
    ProductSort.NAME: "p.name NULLS LAST, p.product_id",
    ProductSort.NAME_DESC: "p.name DESC NULLS LAST, p.product_id",
    ProductSort.LIST_PRICE: "p.list_price NULLS LAST, p.product_id",
    ProductSort.LIST_PRICE_DESC: "p.list_price DESC NULLS LAST, p.product_id",
    ProductSort.UPDATED_AT: "p.updated_at, p.product_id",
    ProductSort.UPDATED_AT_DESC: "p.updated_at DESC, p.product_id",
}


def product_of(row: Row[tuple[object, ...]]) -> Product:
    """Map a row to its contract."""
    return Product(
        product_id=ProductId(row.product_id),
        source=row.source,
        sku=row.sku,
        name=row.name,
        category_path=row.category_path,
        style=row.style,
        brand=row.brand,
        cost=row.cost,
        list_price=row.list_price,
        life_stage=row.life_stage,
        launch_on=row.launch_on,
        kind=ProductKind(row.kind),
        state=ProductState(row.state),
        mapped_to_id=None if row.mapped_to_id is None else ProductId(row.mapped_to_id),
        first_seen_at=row.first_seen_at,
        updated_at=row.updated_at,
    )


def select_products(uow: UnitOfWork, product_ids: Iterable[int]) -> dict[ProductId, Product]:
    """Return products by id; unknown ids are absent."""
    rows = uow.connection.execute(
        text(f"SELECT {_PRODUCT} FROM products p WHERE p.product_id = ANY(:ids)"),
        {"ids": list(product_ids)},
    )
    return {product.product_id: product for product in map(product_of, rows)}


def select_products_after(uow: UnitOfWork, product_id: int, limit: int) -> list[Product]:
    """Return the next products by id."""
    rows = uow.connection.execute(
        text(
            f"SELECT {_PRODUCT} FROM products p WHERE p.product_id > :after ORDER BY p.product_id LIMIT :limit"
        ),
        {"after": product_id, "limit": limit},
    )
    return [product_of(row) for row in rows]


def select_aliases(uow: UnitOfWork, product_ids: Iterable[int]) -> list[ProductId]:
    """Return the items that are mapped to these products."""
    rows = uow.connection.execute(
        text("SELECT product_id FROM products WHERE mapped_to_id = ANY(:ids) ORDER BY product_id"),
        {"ids": list(product_ids)},
    )
    return [ProductId(row.product_id) for row in rows]


def select_product_page(
    uow: UnitOfWork, wanted: ProductFilter, sort: ProductSort, *, limit: int, offset: int
) -> tuple[list[Product], int]:
    """Return one page of products and how many there are in all."""
    conditions, values = _conditions(wanted)
    where = " AND ".join(conditions) or "true"
    total = uow.connection.execute(
        text(f"SELECT count(*) FROM products p WHERE {where}"), values
    ).scalar_one()
    rows = uow.connection.execute(
        text(
            f"SELECT {_PRODUCT} FROM products p WHERE {where} ORDER BY {_SORTS[sort]} LIMIT :limit OFFSET :offset"
        ),
        {**values, "limit": limit, "offset": offset},
    )
    return [product_of(row) for row in rows], int(total)


def _conditions(wanted: ProductFilter) -> tuple[list[str], dict[str, object]]:
    conditions: list[str] = []
    values: dict[str, object] = {}
    if wanted.query:
        conditions.append(
            "(p.sku ILIKE :pattern OR p.name ILIKE :pattern OR EXISTS (SELECT 1 FROM product_codes c"
            " WHERE c.product_id = p.product_id AND c.code_key = :code_key))"
        )
        values |= {"pattern": like_pattern(wanted.query), "code_key": code_key(wanted.query)}
    if wanted.category:
        conditions.append("(p.category_path = :category OR starts_with(p.category_path, :category || ' / '))")
        values["category"] = wanted.category
    for column, value in (
        ("source", wanted.source),
        ("brand", wanted.brand),
        ("kind", wanted.kind),
        ("state", wanted.state),
    ):
        if value is not None:
            conditions.append(f"p.{column} = :{column}")
            values[column] = str(value)
    return conditions, values


def select_codes(uow: UnitOfWork, product_id: ProductId) -> list[ProductCode]:
    """Return the codes that mean a product."""
    rows = uow.connection.execute(
        text(
            "SELECT source, kind, code, mapped_by, mapped_at FROM product_codes WHERE product_id = :id"
            " ORDER BY kind, source, code_key"
        ),
        {"id": product_id},
    )
    return [
        ProductCode(row.source, CodeKind(row.kind), row.code, row.mapped_by, row.mapped_at) for row in rows
    ]


def select_stock(uow: UnitOfWork, product_id: ProductId) -> list[StockBatch]:
    """Return a product's stock, soonest to expire first."""
    rows = uow.connection.execute(
        text(
            "SELECT store_code, batch, quantity, expires_on, inbound_quantity, inbound_on FROM stock_batches"
            " WHERE product_id = :id ORDER BY expires_on NULLS LAST, store_code, batch"
        ),
        {"id": product_id},
    )
    return [
        StockBatch(r.store_code, r.batch, r.quantity, r.expires_on, r.inbound_quantity, r.inbound_on)
        for r in rows
    ]


def select_unmapped_page(
    uow: UnitOfWork, *, source: str | None, limit: int, offset: int
) -> tuple[list[UnmappedCode], int]:
    """Return item codes met on orders that nothing explains, the most frequent first. Fees and tests are not items."""
    where = (
        "p.state = 'seen' AND p.mapped_to_id IS NULL AND p.kind IN ('product', 'service')"
        " AND (CAST(:source AS text) IS NULL OR p.source = :source)"
    )
    total = uow.connection.execute(
        text(f"SELECT count(*) FROM products p WHERE {where}"), {"source": source}
    ).scalar_one()
    rows = uow.connection.execute(
        text(
            "SELECT p.product_id, p.source, p.sku, p.name, p.first_seen_at,"
            " (SELECT coalesce(sum(n.lines), 0) FROM product_names n WHERE n.product_id = p.product_id) AS lines"
            f" FROM products p WHERE {where} ORDER BY lines DESC, p.product_id LIMIT :limit OFFSET :offset"
        ),
        {"source": source, "limit": limit, "offset": offset},
    )
    return [
        UnmappedCode(ProductId(r.product_id), r.source, r.sku, r.name, int(r.lines), r.first_seen_at)
        for r in rows
    ], int(total)


def select_store_page(
    uow: UnitOfWork, *, query: str | None, source: str | None, limit: int, offset: int
) -> tuple[list[Store], int]:
    """Return one page of stores by code."""
    where = (
        "(CAST(:pattern AS text) IS NULL OR code ILIKE :pattern OR name ILIKE :pattern OR city ILIKE :pattern)"
        " AND (CAST(:source AS text) IS NULL OR source = :source)"
    )
    values: dict[str, object] = {"pattern": like_pattern(query) if query else None, "source": source}
    total = uow.connection.execute(text(f"SELECT count(*) FROM stores WHERE {where}"), values).scalar_one()
    rows = uow.connection.execute(
        text(
            "SELECT store_id, source, code, name, region, brand, city, state FROM stores"
            f" WHERE {where} ORDER BY code, store_id LIMIT :limit OFFSET :offset"
        ),
        {**values, "limit": limit, "offset": offset},
    )
    return [
        Store(StoreId(r.store_id), r.source, r.code, r.name, r.region, r.brand, r.city, ProductState(r.state))
        for r in rows
    ], int(total)


def find_by_sku(uow: UnitOfWork, source: str, keys: Sequence[str]) -> dict[str, tuple[ProductId, str, str]]:
    """Return (product id, kind, state) by SKU key among one source's products."""
    rows = uow.connection.execute(
        text(
            "SELECT sku_key, product_id, kind, state FROM products WHERE source = :source AND sku_key = ANY(:keys)"
        ),
        {"source": source, "keys": list(keys)},
    )
    return {row.sku_key: (ProductId(row.product_id), row.kind, row.state) for row in rows}


def find_by_code(uow: UnitOfWork, source: str, keys: Sequence[str]) -> dict[str, tuple[ProductId, str, str]]:
    """Return (product id, kind, state) by code key: the source's own codes, else barcodes that mean one product everywhere."""
    rows = uow.connection.execute(
        text(
            "WITH own AS (SELECT code_key, product_id FROM product_codes WHERE source = :source AND code_key = ANY(:keys)),"
            " barcodes AS (SELECT code_key, min(product_id) AS product_id FROM product_codes"
            "  WHERE kind = 'barcode' AND code_key = ANY(:keys) GROUP BY code_key HAVING count(DISTINCT product_id) = 1)"
            " SELECT found.code_key, p.product_id, p.kind, p.state FROM (SELECT code_key, product_id FROM own"
            "  UNION ALL SELECT b.code_key, b.product_id FROM barcodes b WHERE b.code_key NOT IN (SELECT code_key FROM own)"
            " ) found JOIN products p ON p.product_id = found.product_id"
        ),
        {"source": source, "keys": list(keys)},
    )
    return {row.code_key: (ProductId(row.product_id), row.kind, row.state) for row in rows}


def insert_seen(
    uow: UnitOfWork, source: str, kind_by_key: Mapping[str, str]
) -> tuple[dict[str, ProductId], list[ProductId]]:
    """Create seen products for SKU keys that have none; returns ids by key and which of them are new."""
    keys = sorted(kind_by_key)
    created = uow.connection.execute(
        text(
            "INSERT INTO products (source, sku, sku_key, kind, state, first_seen_at, updated_at)"
            " SELECT :source, item.key, item.key, item.kind, 'seen', :now, :now"
            " FROM unnest(CAST(:keys AS text[]), CAST(:kinds AS text[])) AS item (key, kind)"
            " ON CONFLICT (source, sku_key) DO NOTHING RETURNING sku_key, product_id"
        ),
        {"source": source, "keys": keys, "kinds": [kind_by_key[key] for key in keys], "now": uow.now},
    ).all()
    ids = {row.sku_key: ProductId(row.product_id) for row in created}
    new = list(ids.values())
    missing = [key for key in keys if key not in ids]
    if missing:
        ids |= {key: found[0] for key, found in find_by_sku(uow, source, missing).items()}
    return ids, new


def update_seen_kinds(uow: UnitOfWork, kind_by_id: Mapping[ProductId, str]) -> None:
    """Give seen products the kind their source's orders now say."""
    uow.connection.execute(
        text(
            "UPDATE products p SET kind = item.kind, updated_at = :now"
            " FROM unnest(CAST(:ids AS bigint[]), CAST(:kinds AS text[])) AS item (id, kind)"
            " WHERE p.product_id = item.id AND p.state = 'seen' AND p.kind <> item.kind"
        ),
        {"ids": list(kind_by_id), "kinds": list(kind_by_id.values()), "now": uow.now},
    )


def count_names(uow: UnitOfWork, counts: Mapping[tuple[ProductId, str], int]) -> list[ProductId]:
    """Add to how often each description named a seen product; rename those it changes, and return them.

    Equally frequent descriptions are decided by their text, so the name does not depend on the order of arrival.
    """
    items = sorted(counts.items())
    values = {
        "ids": [key[0] for key, _ in items],
        "names": [key[1] for key, _ in items],
        "lines": [lines for _, lines in items],
        "now": uow.now,
    }
    uow.connection.execute(
        text(
            "INSERT INTO product_names AS n (product_id, name, lines)"
            " SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:names AS text[]), CAST(:lines AS bigint[]))"
            " ON CONFLICT (product_id, name) DO UPDATE SET lines = n.lines + excluded.lines"
        ),
        values,
    )
    renamed = uow.connection.execute(
        text(
            "UPDATE products p SET name = best.name, updated_at = :now FROM (SELECT DISTINCT ON (product_id) product_id, name"
            "  FROM product_names WHERE product_id = ANY(CAST(:ids AS bigint[])) AND name <> ''"
            "  ORDER BY product_id, lines DESC, name) best"
            " WHERE p.product_id = best.product_id AND p.state = 'seen' AND p.name IS DISTINCT FROM best.name"
            " RETURNING p.product_id"
        ),
        values,
    )
    return [ProductId(row.product_id) for row in renamed]


def insert_seen_stores(uow: UnitOfWork, source: str, codes: Iterable[str]) -> None:
    """Create stores for codes that have none."""
    uow.connection.execute(
        text(
            "INSERT INTO stores (source, code, state, first_seen_at, updated_at)"
            " SELECT :source, code, 'seen', :now, :now FROM unnest(CAST(:codes AS text[])) AS code"
            " ON CONFLICT (source, code) DO NOTHING"
        ),
        {"source": source, "codes": sorted(codes), "now": uow.now},
    )


def set_mapping(uow: UnitOfWork, seen_id: ProductId, target_id: ProductId | None) -> None:
    """Make a seen product an alias of another (or of none); its own aliases follow it, so that aliases stay one step long."""
    uow.connection.execute(
        text(
            "UPDATE products SET mapped_to_id = :target, updated_at = :now"
            " WHERE product_id = :id OR (mapped_to_id = :id AND CAST(:target AS bigint) IS NOT NULL)"
        ),
        {"id": seen_id, "target": target_id, "now": uow.now},
    )


def upsert_code(uow: UnitOfWork, *, source: str, kind: CodeKind, code: str, product_id: ProductId) -> None:
    """Store that a code of a source means a product, replacing what it meant."""
    uow.connection.execute(
        text(
            "INSERT INTO product_codes (source, kind, code, code_key, product_id, mapped_by, mapped_at)"
            " VALUES (:source, :kind, :code, :key, :product_id, :actor, :now)"
            " ON CONFLICT (source, code_key) DO UPDATE SET product_id = excluded.product_id, kind = excluded.kind,"
            " mapped_by = excluded.mapped_by, mapped_at = excluded.mapped_at"
        ),
        {
            "source": source,
            "kind": kind.value,
            "code": code,
            "key": code_key(code),
            "product_id": product_id,
            "actor": uow.actor,
            "now": uow.now,
        },
    )


def delete_code(uow: UnitOfWork, *, source: str, key: str) -> bool:
    """Forget a code; tells whether it was there."""
    result = uow.connection.execute(
        text("DELETE FROM product_codes WHERE source = :source AND code_key = :key"),
        {"source": source, "key": key},
    )
    return result.rowcount > 0
