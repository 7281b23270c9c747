"""Short ways to say what product files and orders bring to the catalog."""

from collections.abc import Mapping, Sequence

from sqlalchemy import text

from feilun.catalog import api
from feilun.catalog.contracts import Product, ProductFilter
from feilun.catalog.intake import ProductHandler, StockHandler, StoreHandler
from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome
from feilun.kernel.ids import ProductId
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Origin
from tests.fakes.clock import START


def a_context(source: str = "erp") -> ApplyContext:
    return ApplyContext(source, Origin.BACKFILL, {}, False, "Asia/Shanghai", START)


def see(
    uow: UnitOfWork,
    names: Mapping[str, Mapping[str, int]],
    *,
    source: str = "erp",
    kinds: Mapping[str, str] | None = None,
) -> Mapping[str, ProductId]:
    return api.resolve_items(
        uow,
        source=source,
        names_by_code=names,
        kind_by_code={code: (kinds or {}).get(code, "product") for code in names},
        origin=Origin.BACKFILL,
    )


def take(
    uow: UnitOfWork,
    handler: ProductHandler | StoreHandler | StockHandler,
    records: Sequence[Mapping[str, object]],
    source: str = "erp",
) -> Sequence[Outcome]:
    context = a_context(source)
    groups = [[MappedRow(number, "", values)] for number, values in enumerate(records, 1)]
    assert [handler.check(row, context) for group in groups for row in group] == [None] * len(groups)
    outcomes = handler.apply(uow, groups, context)
    handler.finish(uow, context)
    assert [outcome.rows for outcome in outcomes] == [(number,) for number in range(1, len(groups) + 1)]
    return outcomes


def take_products(uow: UnitOfWork, *records: Mapping[str, object], source: str = "erp") -> list[str]:
    return [outcome.state.value for outcome in take(uow, ProductHandler(), records, source)]


def product(uow: UnitOfWork, sku: str) -> Product:
    found = api.list_products(uow, ProductFilter(source="erp"), limit=200)[0]
    return next(item for item in found if item.sku == sku)


def events(uow: UnitOfWork) -> list[Mapping[str, object]]:
    rows = uow.connection.execute(
        text("SELECT payload FROM event_inbox WHERE type = 'catalog.product_recorded' ORDER BY event_id")
    )
    return [row.payload for row in rows]
