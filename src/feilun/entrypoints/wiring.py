"""Which room fills which port: record handlers, routers, projectors, consumers. Everything that is plugged in is named here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from fastapi import APIRouter

from feilun.access.http import router as access_router
from feilun.accounts.consumers import ContactErasure
from feilun.accounts.http import router as accounts_router
from feilun.accounts.intake import AccountHandler, ReceivableHandler
from feilun.accounts.projection import ReceivableProjector
from feilun.blueprints.http import router as blueprints_router
from feilun.catalog import api as catalog
from feilun.catalog.http import router as catalog_router
from feilun.catalog.intake import ProductHandler, StockHandler, StoreHandler
from feilun.catalog.projection import CatalogProjector
from feilun.devices.consumers import OwnerErasure
from feilun.devices.http import router as devices_router
from feilun.devices.intake import DeviceHandler
from feilun.devices.projection import DeviceProjector
from feilun.entrypoints.engines import database_address, warehouse_address
from feilun.entrypoints.forwarding import Forwarding
from feilun.entrypoints.installation import ensure_whole
from feilun.identity.http import router as identity_router
from feilun.identity.projection import AliasProjector
from feilun.ingestion.api import HandlerRegistry
from feilun.ingestion.http import router as ingestion_router
from feilun.orders.conditions import OrderConditionFields
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
from feilun.profiles.api import Panel
from feilun.profiles.conditions import CustomerConditionFields
from feilun.profiles.fields_http import router as fields_router
from feilun.profiles.http import router as profiles_router
from feilun.profiles.intake import CustomerHandler, InteractionHandler
from feilun.profiles.jobs import CustomerListConsumer
from feilun.profiles.names_http import router as names_router
from feilun.profiles.ports import PersonGroups
from feilun.profiles.projection import ProfileProjector
from feilun.profiles.timeline_http import router as timeline_router
from feilun.segments.audiences_http import router as audiences_router
from feilun.segments.conditions import AudienceFields
from feilun.segments.conditions_http import router as conditions_router
from feilun.segments.consumers import TagRuleConsumer
from feilun.segments.http import router as segments_router
from feilun.segments.panel import (
    AnyTagCarriers,
    FittingPeople,
    SegmentGroup,
    SegmentMembers,
    SegmentsPanel,
)
from feilun.segments.ports import ConditionFields, Surroundings
from feilun.segments.projection import AudienceProjector
from feilun.segments.tag_rules_http import router as tag_rules_router
from feilun.tags.bulk_http import router as tag_operations_router
from feilun.tags.conditions import TagConditionFields
from feilun.tags.http import router as tags_router
from feilun.tags.intake import TagHandler
from feilun.tags.jobs import TagPeopleConsumer
from feilun.tags.panel import TagPanel
from feilun.tags.people import ListedCustomers
from feilun.tags.ports import PeopleSource
from feilun.tags.projection import TagProjector


@dataclass(slots=True)
class Rooms:
    """The open engines of one process and the rooms' ports, filled."""

    settings: Settings
    database: Database
    handlers: HandlerRegistry
    _warehouse: Warehouse | None = field(default=None, repr=False)
    _warehouse_address: str = field(default="", repr=False)
    segments: Surroundings = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.segments = Surroundings(
            fields=condition_fields(),
            warehouse=self.warehouse,
            zone=self.settings.base_zone,
            currency=self.settings.currency,
        )

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
            AccountHandler(profiles),
            ReceivableHandler(),
            DeviceHandler(),
            TagHandler(),
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
        names_router,
        fields_router,
        orders_router,
        catalog_router,
        identity_router,
        ingestion_router,
        accounts_router,
        devices_router,
        tags_router,
        tag_operations_router,
        tag_rules_router,
        segments_router,
        conditions_router,
        audiences_router,
        blueprints_router,
    )


def customer_panels() -> Sequence[Panel]:
    """Return what rooms show on the customer page besides profiles."""
    return (TagPanel(), SegmentsPanel())


def person_groups() -> Sequence[PersonGroups]:
    """Return the groups of people that the customer list can be narrowed to."""
    return (AnyTagCarriers(), SegmentGroup())


def people_sources(rooms: Rooms) -> Sequence[PeopleSource]:
    """Return the ways to say whom a bulk change of tags is about."""
    return (ListedCustomers(AnyTagCarriers()), SegmentMembers(), FittingPeople(rooms.segments))


def projectors() -> Sequence[Projector]:
    """Return what the warehouse is filled from."""
    return (
        AliasProjector(),
        CatalogProjector(),
        OrderProjector(catalog),
        ProfileProjector(),
        ReceivableProjector(),
        DeviceProjector(),
        TagProjector(),
        AudienceProjector(),
    )


def condition_fields() -> Sequence[ConditionFields]:
    """Return what conditions can speak about, room by room."""
    return (CustomerConditionFields(), OrderConditionFields(), TagConditionFields(), AudienceFields())


def consumers(rooms: Rooms) -> Sequence[Consumer]:
    """Return what reads the log in a worker."""
    return (
        Forwarding(rooms.warehouse, projectors()),
        RefundMatching(),
        CustomerListConsumer(),
        ContactErasure(),
        OwnerErasure(),
        TagPeopleConsumer(),
        TagRuleConsumer(),
    )
