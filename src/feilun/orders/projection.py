"""Order and refund lines in the warehouse, with what queries group by written beside them, so that no query joins.

What a line says of its product (category, brand, cost …) comes from the catalog through the port, and is written anew when
the product changes. `unit_cost` is therefore today's cost, not that of the day of sale.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc

from feilun.kernel.ids import ProductId
from feilun.orders.events import ORDER_RECORDED, REFUND_MATCHED, REFUND_RECORDED
from feilun.orders.internal import store_facts as store
from feilun.orders.internal.store_intake import ORDERS, REFUNDS, Stream
from feilun.orders.ports import ItemDirectory
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage

_PRODUCT_RECORDED: Final = "catalog.product_recorded"
"""The catalog is a sibling room, known here by its port and by this event's name only."""

_ITEM_FIELDS: Final = frozenset({"category_path", "brand", "style", "cost", "launch_on"})
"""A change of one of these is written to all lines of the product."""

_SHARED: Final = {
    "product_id": "Int64",
    "source": "LowCardinality(String)",
    "store_code": "LowCardinality(String)",
    "channel": "LowCardinality(String)",
    "currency": "LowCardinality(String)",
    "state": "LowCardinality(String)",
    "kind": "LowCardinality(String)",
    "sku": "LowCardinality(String)",
    "category": "LowCardinality(String)",
    "brand": "LowCardinality(String)",
    "style": "LowCardinality(String)",
    "unit_cost": "Nullable(Decimal(18, 6))",
    "launch_on": "Nullable(Date32)",
    "quantity": "Decimal(18, 4)",
    "unit_price": "Decimal(18, 6)",
    "amount": "Decimal(18, 4)",
}
ORDER_LINES: Final = FactTable(
    name="order_lines",
    columns={
        "person_id": "Int64",
        "line_id": "Int64",
        "order_id": "Int64",
        "ordered_at": "DateTime64(3, 'UTC')",
        "order_kind": "LowCardinality(String)",
        "country": "LowCardinality(String)",
        "province": "LowCardinality(String)",
        "city": "LowCardinality(String)",
        **_SHARED,
        "discount": "Decimal(18, 4)",
        "order_total": "Decimal(18, 4)",
    },
    order_by=("person_id", "line_id"),
    shard_by="person_id",
    comment="Lines of orders with their order's facts. person_id 0: anonymous sale.",
)
REFUND_LINES: Final = FactTable(
    name="refund_lines",
    columns={
        "person_id": "Int64",
        "line_id": "Int64",
        "refund_id": "Int64",
        "refunded_at": "DateTime64(3, 'UTC')",
        "with_goods": "Bool",
        **_SHARED,
        "matched_quantity": "Decimal(18, 4)",
    },
    order_by=("person_id", "line_id"),
    shard_by="person_id",
    comment="Lines of refunds, positive for what is given back. person_id 0: anonymous.",
)
_TABLES: Final = ((ORDER_LINES, ORDERS), (REFUND_LINES, REFUNDS))


class OrderProjector:
    """Writes order and refund lines. `items` is the catalog."""

    def __init__(self, items: ItemDirectory) -> None:
        self._items = items

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes."""
        return ORDER_LINES, REFUND_LINES

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return frozenset({ORDER_RECORDED, REFUND_RECORDED, REFUND_MATCHED, _PRODUCT_RECORDED})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return the lines of the records and products that the events name, and deletions where a customer changed."""
        products = {
            cast(int, event.payload["product_id"]): event.position
            for event in events
            if event.type == _PRODUCT_RECORDED
            and not _ITEM_FIELDS.isdisjoint(cast(list[str], event.payload["fields"]))
        }
        rows: dict[str, FactRows] = {}
        for table, stream in _TABLES:
            versions: dict[int, int] = {}
            moves: list[tuple[int, int, int]] = []
            for event in events:
                if stream.id_column not in event.payload:
                    continue
                record_id = cast(int, event.payload[stream.id_column])
                versions[record_id] = event.position
                if "previous_person_id" in event.payload:
                    previous = cast("int | None", event.payload["previous_person_id"]) or store.ANONYMOUS
                    moves.append((record_id, previous, event.position))
            found = self._read(uow, stream, versions, moves, products)
            if found is not None:
                rows[table.name] = found
        return rows

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return the next lines: first all of orders, then all of refunds."""
        index, line_id = cast("tuple[int, int]", after) if after is not None else (0, 0)
        table, stream = _TABLES[index]
        page = store.read_page(uow, stream, after=line_id, limit=limit)
        if page.num_rows:
            next_after = (index, cast(int, page.column("line_id")[-1].as_py()))
            return SnapshotPage({table.name: self._with_items(uow, page)}, next_after)
        if index + 1 < len(_TABLES):
            return self.snapshot(uow, after=(index + 1, 0), limit=limit)
        return SnapshotPage({}, None)

    def _read(
        self,
        uow: UnitOfWork,
        stream: Stream,
        versions: dict[int, int],
        moves: Sequence[tuple[int, int, int]],
        products: dict[int, int],
    ) -> pa.Table | None:
        """Read what the events touch. A line touched as record and as product is taken once, with its record."""
        parts = []
        if versions:
            parts.append(self._with_items(uow, store.read_record_facts(uow, stream, versions)))
        if products:
            facts = store.read_product_facts(uow, stream, products, without=versions)
            parts.append(self._with_items(uow, facts))
        if moves:
            parts.append(store.read_left_keys(uow, stream, moves))
        return pa.concat_tables(parts, promote_options="default") if parts else None

    def _with_items(self, uow: UnitOfWork, facts: pa.Table) -> pa.Table:
        product_ids = pc.unique(facts.column("product_id"))
        numbers = [ProductId(cast(int, number)) for number in product_ids.to_pylist()]
        known = self._items.items_of(uow, product_ids=numbers)
        items = [known.get(number) for number in numbers]
        columns: dict[str, pa.Array[Any]] = {
            "category": pa.array(
                [(item.category_path if item else None) or "" for item in items], pa.string()
            ),
            "brand": pa.array([(item.brand if item else None) or "" for item in items], pa.string()),
            "style": pa.array([(item.style if item else None) or "" for item in items], pa.string()),
            "unit_cost": pa.array([item.cost if item else None for item in items], pa.decimal128(18, 6)),
            "launch_on": pa.array([item.launch_on if item else None for item in items], pa.date32()),
        }
        positions = pc.index_in(facts.column("product_id"), value_set=product_ids)
        for name, values in columns.items():
            facts = facts.append_column(name, pc.take(values, positions))
        return facts
