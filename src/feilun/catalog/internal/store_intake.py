"""SQL that takes in product, store and stock files: upserts that touch only rows whose values differ."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, NamedTuple

from sqlalchemy import text

from feilun.catalog.contracts import CodeKind
from feilun.kernel.ids import ProductId
from feilun.platform.db import UnitOfWork

PRODUCT_COLUMNS: Final[Mapping[str, str]] = {
    "name": "text",
    "category_path": "text",
    "style": "text",
    "brand": "text",
    "cost": "numeric",
    "list_price": "numeric",
    "life_stage": "text",
    "launch_on": "date",
    "kind": "text",
}
"""What a product file says of a product, with the type its values are sent as."""
STORE_COLUMNS: Final = ("name", "region", "brand", "city")


class StoredProduct(NamedTuple):
    """A stored product as comparison needs it."""

    product_id: ProductId
    state: str
    values: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class ProductWrite:
    """A product to insert or change, complete."""

    key: str
    sku: str
    values: Mapping[str, object]


class CodeWrite(NamedTuple):
    """A code that a product file says means a product."""

    source: str
    key: str
    code: str
    kind: CodeKind
    product_id: ProductId


class StockWrite(NamedTuple):
    """Stock of a product in one place and batch."""

    product_id: ProductId
    store_code: str
    batch: str
    quantity: Decimal
    expires_on: date | None
    inbound_quantity: Decimal | None
    inbound_on: date | None


def lock_products(uow: UnitOfWork, source: str, keys: Iterable[str]) -> dict[str, StoredProduct]:
    """Return a source's products by SKU key, locked in key order."""
    columns = ", ".join(PRODUCT_COLUMNS)
    rows = uow.connection.execute(
        text(
            f"SELECT sku_key, product_id, state, {columns} FROM products"
            " WHERE source = :source AND sku_key = ANY(:keys) ORDER BY sku_key FOR UPDATE"
        ),
        {"source": source, "keys": list(keys)},
    )
    return {
        row.sku_key: StoredProduct(
            ProductId(row.product_id), row.state, {name: getattr(row, name) for name in PRODUCT_COLUMNS}
        )
        for row in rows
    }


def upsert_products(uow: UnitOfWork, source: str, writes: Sequence[ProductWrite]) -> dict[str, ProductId]:
    """Store products as listed, replacing all that a file says; returns ids by SKU key."""
    names = list(PRODUCT_COLUMNS)
    arrays = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in PRODUCT_COLUMNS.items())
    replaced = ", ".join(f"{name} = excluded.{name}" for name in ("sku", *names))
    rows = uow.connection.execute(
        text(
            f"INSERT INTO products (source, sku, sku_key, {', '.join(names)}, state, first_seen_at, updated_at)"
            f" SELECT :source, sku, key, {', '.join(names)}, 'listed', :now, :now FROM unnest(CAST(:skus AS text[]),"
            f"  CAST(:keys AS text[]), {arrays}) AS item (sku, key, {', '.join(names)}) ORDER BY key"
            f" ON CONFLICT (source, sku_key) DO UPDATE SET {replaced}, state = 'listed', mapped_to_id = NULL,"
            "  updated_at = excluded.updated_at RETURNING sku_key, product_id"
        ),
        {
            "source": source,
            "now": uow.now,
            "skus": [write.sku for write in writes],
            "keys": [write.key for write in writes],
            **{name: [write.values[name] for write in writes] for name in names},
        },
    )
    return {row.sku_key: ProductId(row.product_id) for row in rows}


def find_code_owners(uow: UnitOfWork, codes: Iterable[tuple[str, str]]) -> dict[tuple[str, str], ProductId]:
    """Return which product each (source, code key) means."""
    pairs = list(codes)
    rows = uow.connection.execute(
        text(
            "SELECT c.source, c.code_key, c.product_id FROM product_codes c"
            " JOIN unnest(CAST(:sources AS text[]), CAST(:keys AS text[])) AS wanted (source, key)"
            " ON c.source = wanted.source AND c.code_key = wanted.key"
        ),
        {"sources": [pair[0] for pair in pairs], "keys": [pair[1] for pair in pairs]},
    )
    return {(row.source, row.code_key): ProductId(row.product_id) for row in rows}


def insert_codes(uow: UnitOfWork, codes: Sequence[CodeWrite]) -> list[ProductId]:
    """Store codes, and make items that orders brought under them aliases of their product; returns those aliases."""
    ordered = sorted(codes)
    values = {
        "sources": [code.source for code in ordered],
        "kinds": [code.kind.value for code in ordered],
        "codes": [code.code for code in ordered],
        "keys": [code.key for code in ordered],
        "products": [code.product_id for code in ordered],
        "actor": uow.actor,
        "now": uow.now,
    }
    uow.connection.execute(
        text(
            "INSERT INTO product_codes (source, kind, code, code_key, product_id, mapped_by, mapped_at)"
            " SELECT c.*, :actor, :now FROM unnest(CAST(:sources AS text[]), CAST(:kinds AS text[]), CAST(:codes AS text[]),"
            "  CAST(:keys AS text[]), CAST(:products AS bigint[])) AS c ON CONFLICT (source, code_key) DO NOTHING"
        ),
        values,
    )
    rows = uow.connection.execute(
        text(
            "UPDATE products p SET mapped_to_id = c.product_id, updated_at = :now"
            " FROM unnest(CAST(:sources AS text[]), CAST(:kinds AS text[]), CAST(:keys AS text[]), CAST(:products AS bigint[]))"
            "  AS c (source, kind, key, product_id)"
            " WHERE p.sku_key = c.key AND p.state = 'seen' AND p.product_id <> c.product_id"
            "  AND (p.source = c.source OR c.kind = 'barcode') AND p.mapped_to_id IS DISTINCT FROM c.product_id"
            " RETURNING p.product_id"
        ),
        values,
    )
    return [ProductId(row.product_id) for row in rows]


def upsert_stores(
    uow: UnitOfWork, source: str, values_by_code: Mapping[str, Mapping[str, object]]
) -> dict[str, bool]:
    """Store stores as listed; returns for each whose values differ whether a file listed it for the first time."""
    codes = sorted(values_by_code)
    columns = ", ".join(STORE_COLUMNS)
    merged = ", ".join(f"{name} = coalesce(excluded.{name}, s.{name})" for name in STORE_COLUMNS)
    current = ", ".join(f"s.{name}" for name in STORE_COLUMNS)
    wanted = ", ".join(f"coalesce(excluded.{name}, s.{name})" for name in STORE_COLUMNS)
    known = uow.connection.execute(
        text("SELECT code FROM stores WHERE source = :source AND code = ANY(:codes) AND state = 'listed'"),
        {"source": source, "codes": codes},
    )
    listed = {row.code for row in known}
    rows = uow.connection.execute(
        text(
            f"INSERT INTO stores AS s (source, code, {columns}, state, first_seen_at, updated_at)"
            f" SELECT :source, code, {columns}, 'listed', :now, :now FROM unnest(CAST(:codes AS text[]),"
            f"  {', '.join(f'CAST(:{name} AS text[])' for name in STORE_COLUMNS)}) AS item (code, {columns})"
            f" ON CONFLICT (source, code) DO UPDATE SET {merged}, state = 'listed', updated_at = excluded.updated_at"
            f" WHERE (s.state, {current}) IS DISTINCT FROM ('listed', {wanted}) RETURNING code"
        ),
        {
            "source": source,
            "now": uow.now,
            "codes": codes,
            **{name: [values_by_code[code].get(name) for code in codes] for name in STORE_COLUMNS},
        },
    )
    return {row.code: row.code not in listed for row in rows}


def upsert_stock(
    uow: UnitOfWork, source: str, writes: Sequence[StockWrite]
) -> dict[tuple[ProductId, str, str], bool]:
    """Store stock; returns for each place and batch whose values differ whether it is new."""
    ordered = sorted(writes, key=lambda write: write[:3])
    rows = uow.connection.execute(
        text(
            "WITH input AS (SELECT * FROM unnest(CAST(:products AS bigint[]), CAST(:stores AS text[]), CAST(:batches AS text[]),"
            "  CAST(:quantities AS numeric[]), CAST(:expiries AS date[]), CAST(:inbound AS numeric[]), CAST(:arrivals AS date[]))"
            "  AS i (product_id, store_code, batch, quantity, expires_on, inbound_quantity, inbound_on)),"
            " known AS (SELECT b.product_id, b.store_code, b.batch FROM stock_batches b"
            "  JOIN input USING (product_id, store_code, batch) WHERE b.source = :source),"
            " written AS (INSERT INTO stock_batches AS b (source, product_id, store_code, batch, quantity, expires_on,"
            "   inbound_quantity, inbound_on, updated_at)"
            "  SELECT :source, i.*, :now FROM input i ON CONFLICT (source, product_id, store_code, batch) DO UPDATE"
            "   SET quantity = excluded.quantity, expires_on = excluded.expires_on, inbound_quantity = excluded.inbound_quantity,"
            "   inbound_on = excluded.inbound_on, updated_at = excluded.updated_at"
            "   WHERE (b.quantity, b.expires_on, b.inbound_quantity, b.inbound_on) IS DISTINCT FROM"
            "    (excluded.quantity, excluded.expires_on, excluded.inbound_quantity, excluded.inbound_on)"
            "  RETURNING b.product_id, b.store_code, b.batch)"
            " SELECT w.*, k.product_id IS NULL AS is_new FROM written w LEFT JOIN known k USING (product_id, store_code, batch)"
        ),
        {
            "source": source,
            "now": uow.now,
            **dict(
                zip(
                    ("products", "stores", "batches", "quantities", "expiries", "inbound", "arrivals"),
                    map(list, zip(*ordered, strict=True)),
                    strict=True,
                )
            ),
        },
    )
    return {(ProductId(row.product_id), row.store_code, row.batch): row.is_new for row in rows}
