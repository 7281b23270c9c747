"""The warehouse holds the lines that are live, under the person they belong to, whichever way it came by them."""

from collections.abc import Sequence
from decimal import Decimal

from feilun.catalog import api as catalog
from feilun.catalog.intake import ProductHandler
from feilun.catalog.projection import CatalogProjector
from feilun.ingestion.contracts import MappedRow
from feilun.orders.projection import ORDER_LINES, REFUND_LINES, OrderProjector
from feilun.platform.consumers import read_events
from feilun.platform.db import Database
from feilun.platform.log import Event
from feilun.platform.sequencer import ensure_partitions, sequence_events
from feilun.platform.warehouse import (
    Warehouse,
    WarehouseForwarder,
    content_digest,
    prove_position,
    rebuild_warehouse,
)
from feilun.platform.warehouse_projection import store_position
from tests.orders.builders import DAY, PREFIX, T0, a_context, a_row, take, the_person

PROJECTORS = (CatalogProjector(), OrderProjector(catalog))


def new_events(database: Database, after: int) -> list[Event]:
    ensure_partitions(database)
    sequence_events(database)
    with database.engine.connect() as connection:
        return read_events(connection, after=after, limit=10_000)


def forward(database: Database, warehouse: Warehouse, events: Sequence[Event], *, batch: int) -> None:
    """Hand events over as the runner does, in batches, each of them twice: the first time its commit got lost."""
    forwarder = WarehouseForwarder(warehouse, PROJECTORS)
    for start in range(0, len(events), batch):
        part = events[start : start + batch]
        forwarder.handle(database, part)
        forwarder.handle(database, part)
        with database.transaction() as uow:
            store_position(uow, part[-1].position)


def test_forwarding_in_any_batches_ends_like_a_rebuild(database: Database, warehouse: Warehouse) -> None:
    prove_position(database, warehouse, PROJECTORS)
    with database.transaction() as uow:
        take(
            uow,
            a_row("1", "A1", 2, 5, store="S1", description='quote " and\nnew line'),
            a_row("1", "A2", 1, 7),
            a_row("2", "A1", 1, 5, customer=None, at=T0 + DAY),
            a_row("C3", "A1", -1, 5, at=T0 + 2 * DAY),
            options=PREFIX,
        )
    with database.transaction() as uow:
        # An anonymous sale finds its customer, changes hands, comes back; a line disappears; a category is named.
        for customer in ("K1", "K2", "K1", "K3"):
            take(uow, a_row("2", "A1", 1, 5, at=T0 + DAY, customer=customer), options=PREFIX)
        take(uow, a_row("1", "A2", 1, 7), options=PREFIX, is_whole=True)
        rows = [
            [
                MappedRow(
                    1,
                    "",
                    {"sku": "a2", "category_path": "Home > Cups", "brand": "Kiln", "cost": Decimal("1.5")},
                )
            ]
        ]
        ProductHandler().apply(uow, rows, a_context())
        persons = {name: the_person(uow, name) for name in ("K1", "K2", "K3")}
    events = new_events(database, 0)

    forward(database, warehouse, events, batch=3)

    lines = warehouse.rows(
        "SELECT person_id, sku, category, brand, unit_cost, quantity, amount, order_total FROM order_lines FINAL"
        " ORDER BY sku"
    )
    assert lines == [
        (persons["K3"], "A1", "", "", None, 1, 5, 5),
        (persons["K1"], "A2", "Home / Cups", "Kiln", Decimal("1.5"), 1, 7, 7),
    ]
    refunds = warehouse.rows("SELECT person_id, quantity, matched_quantity FROM refund_lines FINAL")
    assert refunds == [(persons["K1"], 1, 0)]
    products = warehouse.rows("SELECT sku, category_path, cost FROM products FINAL ORDER BY sku")
    assert products == [("A1", "", None), ("a2", "Home / Cups", Decimal("1.5"))]
    tables = [ORDER_LINES, REFUND_LINES, *CatalogProjector().tables]
    forwarded = content_digest(warehouse, tables)
    rebuild_warehouse(database, warehouse, PROJECTORS)
    assert content_digest(warehouse, tables) == forwarded
