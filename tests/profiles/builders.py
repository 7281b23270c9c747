"""Makes customers, orders and the state of the log for tests of profiles, through the same doors as everybody."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import text

from feilun.catalog import api as catalog
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.ingestion.contracts import ApplyContext, MappedRow, Outcome
from feilun.kernel.ids import PersonId
from feilun.orders.intake import OrderHandler
from feilun.platform.consumers import read_events
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Event, Origin
from feilun.platform.sequencer import sequence_events
from feilun.profiles import api
from feilun.profiles.intake import CustomerHandler, InteractionHandler
from feilun.profiles.jobs import CustomerListConsumer


def a_context(uow: UnitOfWork, source: str = "erp", **options: str) -> ApplyContext:
    """Return the context of an intake that runs now."""
    return ApplyContext(
        source=source,
        origin=Origin.BACKFILL,
        options=options,
        is_whole=False,
        zone="Asia/Shanghai",
        now=uow.now,
    )


def take_customers(
    uow: UnitOfWork, rows: Sequence[Mapping[str, object]], source: str = "erp", **options: str
) -> list[Outcome]:
    """Take in customer rows, each a record of its own."""
    handler = CustomerHandler()
    handler.describe(uow)
    context = a_context(uow, source, **options)
    groups = [[MappedRow(number, "", row)] for number, row in enumerate(rows, start=1)]
    for group in groups:
        assert handler.check(group[0], context) is None
    return list(handler.apply(uow, groups, context))


def take_interactions(
    uow: UnitOfWork, rows: Sequence[Mapping[str, object]], source: str = "mini_program"
) -> list[Outcome]:
    """Take in interactions, each a record of its own."""
    groups = [[MappedRow(number, "", row)] for number, row in enumerate(rows, start=1)]
    return list(InteractionHandler().apply(uow, groups, a_context(uow, source)))


def take_order(
    uow: UnitOfWork,
    number: str,
    code: str,
    price: str,
    ordered_at: datetime,
    source: str = "erp",
    **values: object,
) -> None:
    """Take in an order of one line."""
    row = {
        "number": number,
        "ordered_at": ordered_at,
        "customer_code": code,
        "sku": "SKU-1",
        "description": "Mug",
        "quantity": Decimal(1),
        "unit_price": Decimal(price),
        **values,
    }
    handler = OrderHandler(catalog, api)
    context = replace(a_context(uow, source), options={"refund_mark": "number_prefix", "refund_prefix": "C"})
    handler.apply(uow, [[MappedRow(1, "", row)]], context)


def person_of(uow: UnitOfWork, code: str, scope: str = "erp") -> PersonId:
    """Return (making them if need be) the person record of a customer code."""
    claims = [IdentifierClaim(IdentifierKind.ERP_CODE, code, scope=scope)]
    found = identity.resolve_records(uow, [claims], source=scope, origin=Origin.LIVE)[0].person_id
    assert found is not None
    return found


def follow_log(database: Database) -> list[Event]:
    """Sequence what is committed and let the customer list follow; returns the new events."""
    while sequence_events(database):
        pass
    with database.transaction() as uow:
        after = uow.connection.execute(
            text("SELECT coalesce((SELECT position FROM consumers WHERE name = 'customers'), 0)")
        ).scalar_one()
        batch = read_events(uow.connection, after=after, limit=1_000_000)
    if batch:
        CustomerListConsumer().handle(database, batch)
        with database.transaction() as uow:
            uow.connection.execute(
                text(
                    "INSERT INTO consumers (name, position, updated_at) VALUES ('customers', :position, now())"
                    " ON CONFLICT (name) DO UPDATE SET position = :position"
                ),
                {"position": batch[-1].position},
            )
    return batch


def at(day: int, hour: int = 12, month: int = 10) -> datetime:
    """Return a moment of autumn 2026."""
    return datetime(2026, month, day, hour, tzinfo=UTC)
