"""Endpoints of the catalog room: products, codes, stores."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from feilun.access.contracts import Caller
from feilun.access.guard import Guard
from feilun.catalog import api
from feilun.catalog.contracts import (
    CodeKind,
    Product,
    ProductFilter,
    ProductKind,
    ProductSort,
    ProductState,
)
from feilun.catalog.errors import ProductNotFound
from feilun.kernel.ids import ProductId, from_opaque, opaque
from feilun.platform.http import PAGE_SIZE_MAX, Page, PageDep, UowDep

router = APIRouter(prefix="/api/v1", tags=["catalog"])

_TEXT_MAX = 200


class ProductOut(BaseModel):
    """A SKU of one source."""

    id: str
    source: str
    sku: str
    name: str | None
    category_path: str | None
    style: str | None
    brand: str | None
    cost: Decimal | None
    list_price: Decimal | None
    life_stage: str | None
    launch_on: date | None
    kind: ProductKind
    state: ProductState
    mapped_to_id: str | None
    updated_at: datetime


class ProductCodeOut(BaseModel):
    """A channel's item id or a barcode that means the product."""

    source: str
    kind: CodeKind
    code: str
    mapped_by: str
    mapped_at: datetime


class StockBatchOut(BaseModel):
    """Stock of the product in one place and batch."""

    store_code: str
    batch: str
    quantity: Decimal
    expires_on: date | None
    inbound_quantity: Decimal | None
    inbound_on: date | None


class ProductDetailOut(ProductOut):
    """A product with its codes and stock."""

    codes: list[ProductCodeOut]
    stock: list[StockBatchOut]


class UnmappedCodeOut(BaseModel):
    """An item code met on orders that nothing explains."""

    product_id: str
    source: str
    code: str
    name: str | None
    lines: int
    first_seen_at: datetime


class CodeMappingIn(BaseModel):
    """A source's item code and the product it means."""

    source: str = Field(min_length=1, max_length=_TEXT_MAX, pattern=r"^[^\x00]+$")
    code: str = Field(min_length=1, max_length=_TEXT_MAX, pattern=r"^[^\x00]+$")
    product_id: str = Field(max_length=40)


class StoreOut(BaseModel):
    """A shop or warehouse."""

    source: str
    code: str
    name: str | None
    region: str | None
    brand: str | None
    city: str | None
    state: ProductState


class ProductQuery(BaseModel):
    """Filters and order of the product list."""

    query: str | None = Field(None, max_length=_TEXT_MAX, pattern=r"^[^\x00]*$")
    source: str | None = Field(None, max_length=_TEXT_MAX, pattern=r"^[^\x00]*$")
    category: str | None = Field(None, max_length=_TEXT_MAX, pattern=r"^[^\x00]*$")
    brand: str | None = Field(None, max_length=_TEXT_MAX, pattern=r"^[^\x00]*$")
    kind: ProductKind | None = None
    state: ProductState | None = None
    sort: ProductSort = ProductSort.SKU
    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(20, ge=1, le=200)


TextQuery = Annotated[str | None, Query(max_length=_TEXT_MAX, pattern=r"^[^\x00]*$")]


def _product_out(product: Product) -> ProductOut:
    return ProductOut(
        id=opaque("p", product.product_id),
        source=product.source,
        sku=product.sku,
        name=product.name,
        category_path=product.category_path,
        style=product.style,
        brand=product.brand,
        cost=product.cost,
        list_price=product.list_price,
        life_stage=product.life_stage,
        launch_on=product.launch_on,
        kind=product.kind,
        state=product.state,
        mapped_to_id=opaque("p", product.mapped_to_id) if product.mapped_to_id else None,
        updated_at=product.updated_at,
    )


def _product_id(text: str) -> ProductId:
    number = from_opaque("p", text)
    if number is None:
        raise ProductNotFound(f"no product {text!r}")
    return ProductId(number)


@router.get("/products", operation_id="listProducts")
def list_products(
    wanted: Annotated[ProductQuery, Query()], uow: UowDep, caller: Caller = Guard("products.read")
) -> Page[ProductOut]:
    """List products by text, category, brand, kind and state."""
    products, total = api.list_products(
        uow,
        ProductFilter(
            query=wanted.query or None,
            source=wanted.source or None,
            category=wanted.category or None,
            brand=wanted.brand or None,
            kind=wanted.kind,
            state=wanted.state,
        ),
        sort=wanted.sort,
        limit=wanted.page_size,
        offset=(wanted.page - 1) * wanted.page_size,
    )
    return Page(
        items=[_product_out(p) for p in products], total=total, page=wanted.page, page_size=wanted.page_size
    )


class ProductNameOut(BaseModel):
    """What a product is called."""

    id: str
    name: str | None


@router.get("/product-names", operation_id="listProductNames")
def list_product_names(
    uow: UowDep,
    id: Annotated[list[str], Query(max_length=PAGE_SIZE_MAX)],  # noqa: A002 — the name of the parameter outside
    caller: Caller = Guard("products.read"),
) -> list[ProductNameOut]:
    """Name products by id, for lists that carry ids only; ids that name none are left out."""
    numbers = {ProductId(number) for text in id if (number := from_opaque("p", text)) is not None}
    names = api.names_of(uow, product_ids=numbers)
    return [ProductNameOut(id=opaque("p", product_id), name=name) for product_id, name in names.items()]


@router.get("/products/{product_id}", operation_id="getProduct")
def get_product(product_id: str, uow: UowDep, caller: Caller = Guard("products.read")) -> ProductDetailOut:
    """Return a product with the codes that mean it and its stock."""
    product = api.get_product(uow, _product_id(product_id))
    return ProductDetailOut(
        **_product_out(product).model_dump(),
        codes=[
            ProductCodeOut(
                source=c.source, kind=c.kind, code=c.code, mapped_by=c.mapped_by, mapped_at=c.mapped_at
            )
            for c in api.list_codes(uow, product.product_id)
        ],
        stock=[
            StockBatchOut(
                store_code=s.store_code,
                batch=s.batch,
                quantity=s.quantity,
                expires_on=s.expires_on,
                inbound_quantity=s.inbound_quantity,
                inbound_on=s.inbound_on,
            )
            for s in api.list_stock(uow, product.product_id)
        ],
    )


@router.get("/product-codes/unmapped", operation_id="listUnmappedCodes")
def list_unmapped_codes(
    page: PageDep, uow: UowDep, source: TextQuery = None, caller: Caller = Guard("products.read")
) -> Page[UnmappedCodeOut]:
    """List item codes met on orders that no product file and no mapping explains."""
    codes, total = api.list_unmapped_codes(
        uow, source=source or None, limit=page.page_size, offset=page.offset
    )
    return Page(
        items=[
            UnmappedCodeOut(
                product_id=opaque("p", c.product_id),
                source=c.source,
                code=c.code,
                name=c.name,
                lines=c.lines,
                first_seen_at=c.first_seen_at,
            )
            for c in codes
        ],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )


@router.post("/product-codes", operation_id="mapCode", status_code=204, response_class=Response)
def map_code(mapping: CodeMappingIn, uow: UowDep, caller: Caller = Guard("imports.write")) -> None:
    """Say which product an item code means; replaces what it meant before."""
    api.map_code(uow, source=mapping.source, code=mapping.code, product_id=_product_id(mapping.product_id))


@router.delete("/product-codes", operation_id="unmapCode", status_code=204, response_class=Response)
def unmap_code(
    source: Annotated[str, Query(min_length=1, max_length=_TEXT_MAX, pattern=r"^[^\x00]+$")],
    code: Annotated[str, Query(min_length=1, max_length=_TEXT_MAX, pattern=r"^[^\x00]+$")],
    uow: UowDep,
    caller: Caller = Guard("imports.write"),
) -> None:
    """Undo the mapping of an item code."""
    api.unmap_code(uow, source=source, code=code)


@router.get("/stores", operation_id="listStores")
def list_stores(
    page: PageDep,
    uow: UowDep,
    query: TextQuery = None,
    source: TextQuery = None,
    caller: Caller = Guard("products.read"),
) -> Page[StoreOut]:
    """List stores by code."""
    stores, total = api.list_stores(
        uow, query=query or None, source=source or None, limit=page.page_size, offset=page.offset
    )
    return Page(
        items=[
            StoreOut(
                source=s.source,
                code=s.code,
                name=s.name,
                region=s.region,
                brand=s.brand,
                city=s.city,
                state=s.state,
            )
            for s in stores
        ],
        total=total,
        page=page.page,
        page_size=page.page_size,
    )
