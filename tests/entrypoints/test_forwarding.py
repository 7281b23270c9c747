"""A new version of the program brings the warehouse to its tables by itself, whether or not anything happens meanwhile."""

import threading
import time

from feilun.catalog.projection import PRODUCTS, CatalogProjector
from feilun.entrypoints.forwarding import Forwarding
from feilun.identity.projection import AliasProjector
from feilun.platform.consumers import ConsumerRunner
from feilun.platform.db import Database
from feilun.platform.warehouse import Projector, Warehouse


def test_other_tables_are_built_at_the_start_without_any_new_event(
    database: Database, warehouse: Warehouse
) -> None:
    _run(database, warehouse, AliasProjector())
    assert not warehouse.has_table(PRODUCTS.name)

    _run(database, warehouse, AliasProjector(), CatalogProjector())

    assert warehouse.has_table(PRODUCTS.name)


def _run(database: Database, warehouse: Warehouse, *projectors: Projector) -> None:
    """Run the consumer of the warehouse as a worker does, until it has made its tables."""
    stop = threading.Event()
    runner = ConsumerRunner(database, Forwarding(lambda: warehouse, projectors), stop)
    thread = threading.Thread(target=runner.run)
    thread.start()
    deadline = time.monotonic() + 20
    wanted = projectors[-1].tables[0].name
    while not warehouse.has_table(wanted) and time.monotonic() < deadline:
        time.sleep(0.05)
    stop.set()
    thread.join(20)
