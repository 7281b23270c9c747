"""A small shop on real engines: people, orders and behaviour come in, the warehouse follows, then the evaluator."""

import threading
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from pyroaring import BitMap64
from sqlalchemy import text

from feilun.catalog import api as catalog
from feilun.catalog.projection import CatalogProjector
from feilun.conditions import api as conditions
from feilun.conditions.contracts import (
    Aggregate,
    CatalogueParts,
    Column,
    Evaluation,
    FieldDef,
    Filter,
    Function,
    MeasureDef,
    Operator,
    Source,
    ValueKind,
)
from feilun.identity import api as identity
from feilun.identity.contracts import IdentifierClaim, IdentifierKind
from feilun.identity.projection import AliasProjector
from feilun.ingestion.contracts import ApplyContext, MappedRow
from feilun.kernel.ids import PersonId
from feilun.orders.intake import OrderHandler
from feilun.orders.projection import OrderProjector
from feilun.platform.consumers import ConsumerRunner
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.log import Origin
from feilun.platform.sequencer import sequence_events
from feilun.platform.warehouse import Projector, Warehouse, WarehouseForwarder, ensure_proved
from feilun.profiles import api as profiles
from feilun.profiles.intake import CustomerHandler
from feilun.profiles.jobs import CustomerListConsumer
from feilun.profiles.projection import ProfileProjector
from feilun.segments import api
from feilun.segments.conditions import AudienceFields
from feilun.segments.contracts import Segment, SegmentDraft, SegmentEdit, SegmentKind
from feilun.segments.internal import live, store_memberships
from feilun.segments.internal.evaluator import SegmentEvaluator
from feilun.segments.internal.reading import read_members
from feilun.segments.jobs import SegmentRunner
from feilun.segments.ports import Surroundings
from feilun.segments.projection import AudienceProjector

SHANGHAI = ZoneInfo("Asia/Shanghai")


class ShopFields:
    """What the tests' conditions speak about: the city, custom field `level` while it exists, and orders."""

    def offer(self, uow: UnitOfWork) -> CatalogueParts:
        """Return the parts; `level` goes when it is archived."""
        has_level = any(
            field.name == "level" and field.archived_at is None for field in profiles.list_custom_fields(uow)
        )
        level = Column(
            name="level",
            kind=ValueKind.TEXT,
            sql="nullIf(custom['level'], '')",
            label_zh="级别",
            label_en="level",
        )
        city = Column(
            name="city",
            kind=ValueKind.TEXT,
            sql="nullIf(toString(city), '')",
            label_zh="城市",
            label_en="city",
            suggests=True,
        )
        fields = [_value_field("city")] + ([_value_field("level")] if has_level else [])
        return CatalogueParts(
            sources=(_people((city, level)), _lines()),
            fields=tuple(fields),
            measures=(
                _measure("order_count", Aggregate("order_lines", Function.COUNT_DISTINCT, "order")),
                _measure("spend", Aggregate("order_lines", Function.SUM, "amount")),
            ),
        )


def _people(columns: tuple[Column, ...]) -> Source:
    return Source(
        name="customers",
        table="customers",
        label_zh="客户",
        label_en="customers",
        columns=columns,
        moment=None,
        is_per_person=True,
    )


def _lines() -> Source:
    def column(name: str, kind: ValueKind, sql: str) -> Column:
        return Column(name=name, kind=kind, sql=sql, label_zh=name, label_en=name)

    return Source(
        name="order_lines",
        table="order_lines",
        label_zh="订单",
        label_en="orders",
        columns=(
            column("order", ValueKind.NUMBER, "order_id"),
            column("amount", ValueKind.NUMBER, "amount"),
            column("sku", ValueKind.TEXT, "toString(sku)"),
            column("currency", ValueKind.TEXT, "toString(currency)"),
            column("kind", ValueKind.TEXT, "toString(kind)"),
        ),
        moment="ordered_at",
    )


def _value_field(name: str) -> FieldDef:
    return FieldDef(
        name=name,
        kind=ValueKind.TEXT,
        expression=Aggregate("customers", Function.VALUE, name),
        label_zh=name,
        label_en=name,
        group="profile",
        suggests=name == "city",
    )


def _measure(name: str, expression: Aggregate) -> MeasureDef:
    return MeasureDef(
        name=name,
        kind=ValueKind.NUMBER,
        expression=expression,
        label_zh=name,
        label_en=name,
        group="orders",
        where=(Filter("kind", Operator.IN, ("product",)),),
    )


def in_city(*cities: str) -> dict[str, object]:
    """Condition: lives in one of these."""
    return {"version": 1, "where": {"field": "city", "op": "in", "value": list(cities)}}


def ordered(at_least: int, **measure: object) -> dict[str, object]:
    """Condition: so many orders, over `where` and `period`."""
    return {
        "version": 1,
        "where": {"measure": {"name": "order_count", **measure}, "op": "gte", "value": at_least},
    }


def refers_to(key: str) -> dict[str, object]:
    """Condition: member of another segment."""
    return {"version": 1, "where": {"segment": key}}


class World:
    """The shop of one test."""

    def __init__(self, database: Database, warehouse: Warehouse) -> None:
        self.database = database
        self.warehouse = warehouse
        self.surroundings = Surroundings(
            (ShopFields(), AudienceFields()), lambda: warehouse, "Asia/Shanghai", "CNY"
        )
        self.projectors: Sequence[Projector] = (
            AliasProjector(),
            CatalogProjector(),
            OrderProjector(catalog),
            ProfileProjector(),
            AudienceProjector(),
        )
        ensure_proved(database, warehouse, self.projectors)
        self.stop = threading.Event()
        self._forwarding = ConsumerRunner(database, WarehouseForwarder(warehouse, self.projectors), self.stop)
        self._listing = ConsumerRunner(database, CustomerListConsumer(), self.stop)
        self.runner = SegmentRunner(database, self.surroundings, self.stop)
        self._numbers = 0

    # --- what happens in the shop -----------------------------------------------------------------------------------

    def customer(self, code: str, *, origin: Origin = Origin.LIVE, **values: object) -> PersonId:
        """Take in a customer row; returns the person record of the code."""
        with self.database.transaction(actor="test") as uow:
            handler = CustomerHandler()
            handler.describe(uow)
            rows = [[MappedRow(1, "", {"customer_code": code, "updated_at": uow.now, **values})]]
            assert handler.check(rows[0][0], self._context(uow, origin)) is None
            handler.apply(uow, rows, self._context(uow, origin))
            return self.person(uow, code)

    def order(
        self,
        code: str,
        price: str,
        at: datetime | None = None,
        *,
        sku: str = "A1",
        origin: Origin = Origin.LIVE,
    ) -> str:
        """Take in an order of one line; returns its number."""
        self._numbers += 1
        number = f"N{self._numbers}"
        self.record_order(number, code, price, at, sku=sku, origin=origin)
        return number

    def record_order(
        self,
        number: str,
        code: str,
        price: str,
        at: datetime | None = None,
        *,
        sku: str = "A1",
        origin: Origin = Origin.LIVE,
    ) -> None:
        """Take in an order by its number, once more to change it."""
        with self.database.transaction(actor="test") as uow:
            row = {
                "number": number,
                "ordered_at": at or uow.now,
                "customer_code": code,
                "sku": sku,
                "description": "Mug",
                "quantity": Decimal(1),
                "unit_price": Decimal(price),
            }
            OrderHandler(catalog, profiles).apply(uow, [[MappedRow(1, "", row)]], self._context(uow, origin))

    def _context(self, uow: UnitOfWork, origin: Origin) -> ApplyContext:
        return ApplyContext(
            source="erp", origin=origin, options={}, is_whole=True, zone="Asia/Shanghai", now=uow.now
        )

    @staticmethod
    def person(uow: UnitOfWork, code: str) -> PersonId:
        """Return the person record of a customer code."""
        claims = [IdentifierClaim(IdentifierKind.ERP_CODE, code, scope="erp")]
        found = identity.resolve_records(uow, [claims], source="erp", origin=Origin.LIVE)[0].person_id
        assert found is not None
        return found

    # --- segments ---------------------------------------------------------------------------------------------------

    def segment(self, key: str, condition: object = None, kind: SegmentKind = SegmentKind.DYNAMIC) -> Segment:
        """Make a segment."""
        with self.database.transaction(actor="test") as uow:
            draft = SegmentDraft(key=key, name=key, condition=condition, kind=kind)
            return api.create_segment(uow, self.surroundings, draft)

    def edit(self, segment: Segment, **values: Any) -> Segment:
        """Change a segment."""
        with self.database.transaction(actor="test") as uow:
            edit = SegmentEdit(**values)
            return api.change_segment(uow, self.surroundings, segment.segment_id, edit)

    def again(self, segment: Segment) -> Segment:
        """Return a segment as it is now."""
        with self.database.transaction() as uow:
            return api.get_segment(uow, segment.segment_id)

    # --- what follows -----------------------------------------------------------------------------------------------

    def forward(self) -> None:
        """Let the log, the list of customers and the warehouse follow what is committed."""
        while sequence_events(self.database):
            pass
        self._listing.catch_up()
        self._forwarding.catch_up()

    def follow(self) -> None:
        """Let everything follow, the evaluator included."""
        self.forward()
        self.runner.catch_up()
        self.forward()

    def members(self, segment: Segment) -> set[int]:
        """Return the stored members."""
        with self.database.transaction() as uow:
            definition_id = segment.status.definition_id
            return set(store_memberships.load_members(uow, [definition_id]).get(definition_id, BitMap64()))

    def fresh_members(self) -> dict[int, set[int]]:
        """Return who fits each live definition by a query of its own over everybody now."""
        with self.database.transaction() as uow:
            known = live.load_live(uow, zone="Asia/Shanghai", main_currency="CNY")
            catalogue = api.get_catalogue(uow, self.surroundings)
            bound = live.bind(known, known.definitions, catalogue, now=uow.now, main_currency="CNY")
        evaluation = Evaluation(self.database.clock.now(), SHANGHAI, "CNY")
        return {
            definition_id: set(read_members(self.warehouse, {"": one}, catalogue, evaluation)[""])
            for definition_id, one in bound.bounds.items()
        }

    def stored_members(self) -> dict[int, set[int]]:
        """Return the stored members of every definition that has any."""
        with self.database.transaction() as uow:
            return {
                definition_id: set(members)
                for definition_id, members in store_memberships.load_members(uow).items()
                if members
            }

    def changes(self, segment: Segment) -> list[tuple[int, bool, str]]:
        """Return (person, entered, cause) of a segment, oldest first."""
        with self.database.transaction() as uow:
            rows = uow.connection.execute(
                text(
                    "SELECT person_id, has_entered, cause FROM segment_changes WHERE definition_id = :id ORDER BY change_id"
                ),
                {"id": segment.status.definition_id},
            )
            return [(row.person_id, row.has_entered, row.cause) for row in rows]

    def recomputations(self, segment: Segment) -> int:
        """Return how often a segment was computed anew."""
        with self.database.transaction() as uow:
            return int(
                uow.connection.execute(
                    text("SELECT count(*) FROM segment_recomputations WHERE definition_id = :id"),
                    {"id": segment.status.definition_id},
                ).scalar_one()
            )

    def histories(self, segment: Segment) -> list[list[bool]]:
        """Return entries and exits in order, apart for each person, version, and time between computations anew."""
        with self.database.transaction() as uow:
            rows = uow.connection.execute(
                text(
                    "SELECT array_agg(has_entered ORDER BY change_id) FROM (SELECT c.*, (SELECT count(*)"
                    " FROM segment_recomputations r WHERE r.definition_id = c.definition_id"
                    " AND r.evaluation_id <= c.evaluation_id) AS era FROM segment_changes c"
                    " WHERE c.definition_id = :id) x GROUP BY person_id, version, era"
                ),
                {"id": segment.status.definition_id},
            )
            return [list(row[0]) for row in rows]

    def repaired(self) -> int:
        """Return how many memberships passes had to mend."""
        with self.database.transaction() as uow:
            return api.get_evaluator_status(uow).repaired

    def logged(self, segment: Segment) -> list[tuple[int, str, str, str]]:
        """Return (person, what, cause, origin) of a segment's entries and exits in the log, in order."""
        while sequence_events(self.database):
            pass
        with self.database.transaction() as uow:
            rows = uow.connection.execute(
                text(
                    "SELECT person_id, type, payload->>'cause' AS cause, origin FROM events"
                    " WHERE type IN ('segments.entered', 'segments.exited')"
                    " AND (payload->>'definition_id')::bigint = :id ORDER BY position"
                ),
                {"id": segment.status.definition_id},
            )
            return [(r.person_id, r.type.removeprefix("segments."), r.cause, r.origin) for r in rows]

    def move_position(self, position: int) -> None:
        """Note that events were followed, as the consumer's runner does."""
        with self.database.transaction() as uow:
            uow.connection.execute(
                text("UPDATE consumers SET position = :position WHERE name = 'segments'"),
                {"position": position},
            )

    def another_evaluator(self) -> SegmentEvaluator:
        """Return an evaluator with a memory of its own."""
        return SegmentEvaluator(self.database, self.surroundings)


def json_of(segment: Segment) -> dict[str, object]:
    """Return the condition of a segment in JSON."""
    return conditions.dump_condition(segment.condition)
