"""What the catalog tells: products, the codes that mean them, stores, stock by batch."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from feilun.kernel.ids import ProductId, StoreId


class ProductKind(StrEnum):
    """What selling it means; only products and services count as product sales."""

    PRODUCT = "product"
    SERVICE = "service"
    FEE = "fee"
    ADJUSTMENT = "adjustment"
    TEST = "test"


class ProductState(StrEnum):
    """How we know it."""

    SEEN = "seen"
    """Met on orders only."""
    LISTED = "listed"
    """Named by a product file."""


class CodeKind(StrEnum):
    """Codes other than the SKU that mean a product."""

    ITEM = "item"
    """Item id of a channel (shop, marketplace)."""
    BARCODE = "barcode"


@dataclass(frozen=True, slots=True)
class ProductCode:
    """A channel's item id or a barcode that means a product."""

    source: str
    kind: CodeKind
    code: str
    mapped_by: str
    mapped_at: datetime


@dataclass(frozen=True, slots=True)
class StockBatch:
    """What lies where, until when it keeps, and what is on its way."""

    store_code: str
    batch: str
    quantity: Decimal
    expires_on: date | None
    inbound_quantity: Decimal | None
    inbound_on: date | None


@dataclass(frozen=True, slots=True)
class Product:
    """A SKU of one source."""

    product_id: ProductId
    source: str
    sku: str
    name: str | None
    """The product file's name; for seen products the most frequent description on orders."""
    category_path: str | None
    """Levels from the widest, joined by ' / '."""
    style: str | None
    brand: str | None
    cost: Decimal | None
    list_price: Decimal | None
    life_stage: str | None
    launch_on: date | None
    kind: ProductKind
    state: ProductState
    mapped_to_id: ProductId | None
    """The SKU a person or a product file said this item is; facts keep `product_id`."""
    first_seen_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class UnmappedCode:
    """An item code met on orders that neither a product file nor a mapping explains."""

    product_id: ProductId
    source: str
    code: str
    name: str | None
    lines: int
    """Order and refund lines that named it."""
    first_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Store:
    """A shop or warehouse of one source."""

    store_id: StoreId
    source: str
    code: str
    name: str | None
    region: str | None
    brand: str | None
    city: str | None
    state: ProductState


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFilter:
    """Which products to list; None means any."""

    query: str | None = None
    """Part of the SKU, name or a code."""
    source: str | None = None
    category: str | None = None
    """A category path; its sub-categories are included."""
    brand: str | None = None
    kind: ProductKind | None = None
    state: ProductState | None = None


class ProductSort(StrEnum):
    """Orders of a product list; a leading minus means descending."""

    SKU = "sku"
    SKU_DESC = "-sku"
    NAME = "name"
    NAME_DESC = "-name"
    LIST_PRICE = "list_price"
    LIST_PRICE_DESC = "-list_price"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESC = "-updated_at"
