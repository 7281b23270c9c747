"""A shop of two tables that only the warehouse tests know: sales (canonical, people change) and visits (in the log alone)."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from feilun.kernel.ids import PersonId
from feilun.platform.consumers import ConsumerRunner
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.keys import Keyring
from feilun.platform.log import Event, NewEvent, Origin, append_events
from feilun.platform.sequencer import sequence_events
from feilun.platform.warehouse import (
    FactRows,
    FactTable,
    Projector,
    SnapshotPage,
    TableDigest,
    Warehouse,
    WarehouseForwarder,
    connect_warehouse,
    content_digest,
    rebuild_warehouse,
)

SALES: Final = FactTable(
    name="test_sales",
    columns={
        "person_id": "Int64",
        "sale_id": "Int64",
        "amount": "Decimal(18, 4)",
        "place": "LowCardinality(String)",
        "note": "Nullable(String)",
        "tags": "Array(String)",
        "sold_at": "DateTime64(3, 'UTC')",
    },
    order_by=("person_id", "sale_id"),
    shard_by="person_id",
)
VISITS: Final = FactTable(
    name="test_visits",
    columns={"person_id": "Int64", "visit_id": "Int64", "page": "String"},
    order_by=("person_id", "visit_id"),
    shard_by="person_id",
)


class SalesProjector:
    """Reads canonical sales; a sale that moved leaves a deletion at its old person."""

    tables = (SALES,)
    event_types = frozenset({"test.sale_recorded", "test.sale_removed"})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        rows: dict[str, list[object]] = {name: [] for name in (*SALES.columns, "version", "is_deleted")}
        found = {
            row.sale_id: row
            for row in uow.connection.execute(
                text("SELECT * FROM test_sales WHERE sale_id = ANY(:ids)"),
                {"ids": [event.payload["sale_id"] for event in events]},
            )
        }
        for event in events:
            sale_id = event.payload["sale_id"]
            previous = event.payload["previous_person_id"]
            row = found.get(sale_id)
            if previous is not None:
                _add(rows, event.position, deleted=True, person_id=previous, sale_id=sale_id)
            if row is not None:
                _add(
                    rows,
                    event.position,
                    deleted=False,
                    **{name: getattr(row, name) for name in SALES.columns},
                )
        return {SALES.name: rows}

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        limit = min(limit, 7)
        rows = uow.connection.execute(
            text("SELECT * FROM test_sales WHERE sale_id > :after ORDER BY sale_id LIMIT :limit"),
            {"after": after or 0, "limit": limit},
        ).all()
        columns = {name: [getattr(row, name) for row in rows] for name in SALES.columns}
        return SnapshotPage({SALES.name: columns}, rows[-1].sale_id if len(rows) == limit else None)


class VisitsProjector:
    """Takes visits from the log itself: there is no canonical table to take a snapshot of."""

    tables = (VISITS,)
    event_types = frozenset({"test.page_visited"})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        del uow
        return {
            VISITS.name: {
                "person_id": [event.person_id for event in events],
                "visit_id": [event.position for event in events],
                "page": [event.payload["page"] for event in events],
                "version": [event.position for event in events],
            }
        }


def _add(rows: dict[str, list[object]], position: int, *, deleted: bool, **values: object) -> None:
    for name in SALES.columns:
        rows[name].append(values.get(name))
    rows["version"].append(position)
    rows["is_deleted"].append(int(deleted))


PROJECTORS: Final[tuple[Projector, ...]] = (SalesProjector(), VisitsProjector())


@dataclass(frozen=True, slots=True)
class Shop:
    """A log with its canonical table, and a warehouse behind it."""

    database: Database
    warehouse: Warehouse

    def forward(self, projectors: tuple[Projector, ...] = PROJECTORS, *, steps: int = 1_000) -> None:
        """Sequence what was committed and let the forwarder handle it."""
        while sequence_events(self.database):
            pass
        runner = ConsumerRunner(
            self.database, WarehouseForwarder(self.warehouse, projectors), threading.Event()
        )
        with self.database.engine.connect() as connection:
            guard = connection.execution_options(isolation_level="AUTOCOMMIT")
            for _ in range(steps):
                before = self.position()
                runner.step(guard)
                if self.position() == before:
                    break
            assert guard.execute(text("SELECT last_error FROM consumers")).scalar_one() is None

    def set_back(self, position: int) -> None:
        """Make PostgreSQL forget how far the forwarder had come, as a crash before its commit would."""
        with self.database.transaction() as uow:
            uow.connection.execute(text("UPDATE consumers SET position = :position"), {"position": position})

    def position(self) -> int:
        """Return the forwarder's position in PostgreSQL."""
        with self.database.transaction() as uow:
            return int(uow.connection.execute(text("SELECT position FROM consumers")).scalar_one())

    def sales(self) -> list[tuple[object, ...]]:
        """Return the facts about sales."""
        return self.warehouse.rows(
            "SELECT person_id, sale_id, amount, note FROM test_sales FINAL ORDER BY sale_id"
        )

    def canonical(self) -> list[tuple[object, ...]]:
        """Return the same columns of the canonical sales."""
        with self.database.transaction() as uow:
            rows = uow.connection.execute(
                text("SELECT person_id, sale_id, amount, note FROM test_sales ORDER BY sale_id")
            )
            return [tuple(row) for row in rows]

    def digest(self) -> dict[str, TableDigest]:
        """Return the digest of both tables."""
        return content_digest(self.warehouse, [SALES, VISITS])


def run_in_this_process(database_url: str, warehouse_url: str, task: str) -> None:
    """Forward or rebuild; the test that starts a process for it has set where that process is to die."""
    database = Database(database_url, Keyring({1: bytes(32)}, bytes(32)))
    warehouse = connect_warehouse(warehouse_url)
    if task == "rebuild":
        rebuild_warehouse(database, warehouse, PROJECTORS)
    else:
        Shop(database, warehouse).forward()


def open_shop(database: Database) -> None:
    """Create the canonical table."""
    with database.transaction() as uow:
        uow.connection.execute(
            text(
                "CREATE TABLE test_sales (sale_id bigint PRIMARY KEY, person_id bigint NOT NULL, amount numeric(18, 4) NOT NULL,"
                " place text NOT NULL, note text, tags text[] NOT NULL, sold_at timestamptz NOT NULL)"
            )
        )


def record_sale(
    uow: UnitOfWork, sale_id: int, person_id: int, amount: str, *, note: str | None = None
) -> None:
    """Store a sale, new or changed, and say so in the log."""
    previous = _person_of(uow, sale_id)
    uow.connection.execute(
        text(
            "INSERT INTO test_sales VALUES (:sale_id, :person_id, :amount, '上海', :note, ARRAY['a', '乙'], :now)"
            " ON CONFLICT (sale_id) DO UPDATE SET person_id = :person_id, amount = :amount, note = :note"
        ),
        {"sale_id": sale_id, "person_id": person_id, "amount": amount, "note": note, "now": uow.now},
    )
    _append(
        uow,
        "test.sale_recorded",
        person_id,
        sale_id=sale_id,
        previous_person_id=None if previous == person_id else previous,
    )


def remove_sale(uow: UnitOfWork, sale_id: int) -> None:
    """Delete a sale, when it is there, and say so in the log."""
    previous = _person_of(uow, sale_id)
    if previous is not None:
        uow.connection.execute(text("DELETE FROM test_sales WHERE sale_id = :sale_id"), {"sale_id": sale_id})
        _append(uow, "test.sale_removed", previous, sale_id=sale_id, previous_person_id=previous)


def visit(uow: UnitOfWork, person_id: int, page: str) -> None:
    """Note a page visit in the log."""
    _append(uow, "test.page_visited", person_id, page=page)


def _person_of(uow: UnitOfWork, sale_id: int) -> int | None:
    found: int | None = uow.connection.execute(
        text("SELECT person_id FROM test_sales WHERE sale_id = :sale_id"), {"sale_id": sale_id}
    ).scalar_one_or_none()
    return found


def _append(uow: UnitOfWork, kind: str, person_id: int, **payload: object) -> None:
    event = NewEvent(
        type=kind, occurred_at=uow.now, origin=Origin.LIVE, person_id=PersonId(person_id), payload=payload
    )
    append_events(uow, [event])
