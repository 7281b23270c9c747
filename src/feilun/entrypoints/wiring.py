"""Which room fills which port: record handlers, routers, projectors, consumers. Everything that is plugged in is named here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import APIRouter

from feilun.access.http import router as access_router
from feilun.catalog import api as catalog
from feilun.catalog.http import router as catalog_router
from feilun.catalog.intake import ProductHandler, StockHandler, StoreHandler
from feilun.catalog.projection import CatalogProjector
from feilun.entrypoints.engines import database_address, warehouse_address
from feilun.entrypoints.forwarding import Forwarding
from feilun.entrypoints.installation import ensure_whole
from feilun.identity.http import router as identity_router
from feilun.identity.projection import AliasProjector
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.http import router as ingestion_router
from feilun.orders.consumers import RefundMatching
from feilun.orders.http import router as orders_router
from feilun.orders.intake import OrderHandler
from feilun.orders.projection import OrderProjector
from feilun.platform.config import Settings
from feilun.platform.consumers import Consumer
from feilun.platform.db import Database
from feilun.platform.keys import load_keyring
from feilun.platform.warehouse import Projector, Warehouse, connect_warehouse
from feilun.profiles import api as profiles
from feilun.profiles.fields_http import router as fields_router
from feilun.profiles.http import router as profiles_router
from feilun.profiles.intake import CustomerHandler, InteractionHandler
from feilun.profiles.jobs import CustomerListConsumer
from feilun.profiles.projection import ProfileProjector
from feilun.profiles.timeline_http import router as timeline_router


@dataclass(slots=True)
class Rooms:
    """The open engines of one process and the rooms' ports, filled."""

    settings: Settings
    database: Database
    handlers: HandlerRegistry
    _warehouse: Warehouse | None = field(default=None, repr=False)
    _warehouse_address: str = field(default="", repr=False)

    def warehouse(self) -> Warehouse:
        """Return the warehouse; asks anew for its address, because a restarted one may have another.

        Raises: EngineNotRunning, and Transient errors when it does not answer.
        """
        address = warehouse_address(self.settings)
        if self._warehouse is None or self._warehouse_address != address:
            self._warehouse = connect_warehouse(address)
            self._warehouse_address = address
        return self._warehouse


def handlers() -> HandlerRegistry:
    """Return the kinds of record that can be taken in."""
    return HandlerRegistry(
        (
            OrderHandler(catalog, profiles),
            CustomerHandler(),
            ProductHandler(),
            StoreHandler(),
            StockHandler(),
            InteractionHandler(),
        )
    )


@contextmanager
def open_rooms(settings: Settings) -> Iterator[Rooms]:
    """Open the engines for a process. Raises: EngineNotRunning, KeyMissing, RestoreUnfinished, DatabaseUnreachable."""
    address = database_address(settings)
    ensure_whole(address)
    database = Database(address, load_keyring(settings.keys_dir))
    try:
        yield Rooms(settings, database, handlers())
    finally:
        database.close()


def routers() -> Sequence[APIRouter]:
    """Return every room's endpoints."""
    return (
        access_router,
        profiles_router,
        timeline_router,
        fields_router,
        orders_router,
        catalog_router,
        identity_router,
        ingestion_router,
    )


def projectors() -> Sequence[Projector]:
    """Return what the warehouse is filled from."""
    return (AliasProjector(), CatalogProjector(), OrderProjector(catalog), ProfileProjector())


def consumers(rooms: Rooms) -> Sequence[Consumer]:
    """Return what reads the log in a worker."""
    return (
        Forwarding(rooms.warehouse, projectors()),
        RefundMatching(),
        CustomerListConsumer(),
    )
