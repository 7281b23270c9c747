"""From the log to the warehouse: projectors read canonical tables for a batch of events and yield versioned facts.

Forwarding is at least once and idempotent. What the warehouse really holds is written into it as a marker after each batch;
`prove_position` compares it with the consumer's position in PostgreSQL before forwarding starts.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

import pyarrow as pa
from sqlalchemy import Connection, text

from feilun.kernel.errors import Conflict, FeilunError
from feilun.platform.consumers import head_position
from feilun.platform.crashpoints import crash_here
from feilun.platform.db import Database, UnitOfWork, lock_key
from feilun.platform.log import Event
from feilun.platform.warehouse_client import Warehouse, quote_name
from feilun.platform.warehouse_tables import FactRows, FactTable, create_tables, schema_digest

CONSUMER: Final = "warehouse"
CONTENT_LOCK: Final = lock_key("warehouse:content")
"""Held by whoever writes facts: a batch for its transaction, a rebuild for its whole time."""
MARKER_TABLE: Final = "feilun_marker"


class Projector(Protocol):
    """Turns events into facts. Without `snapshot` its facts are rebuilt by going through the log again."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes; no other projector writes them."""
        ...

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        ...

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return rows by table for a batch in position order, reading canonical tables as they are now.

        A row's `version` is the position of the event that made it. A fact that left its key (it moved to another
        person) also yields a row of the old key with `is_deleted` 1. Seeing a batch again must give the same facts.
        """
        ...


@dataclass(frozen=True, slots=True)
class SnapshotPage:
    """A page of the facts that canonical tables hold."""

    rows: Mapping[str, FactRows]
    """Rows by table, without version and is_deleted: the rebuild adds them."""
    next_after: object | None
    """Where the next page begins; None when this was the last one."""


@runtime_checkable
class SnapshotProjector(Protocol):
    """A projector whose facts can all be read from canonical tables."""

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return up to `limit` canonical records after a key (None: from the first), in key order."""
        ...


class WarehouseRebuildNeeded(Conflict):
    """What the warehouse holds does not belong to this log; `feilun warehouse rebuild` mends it. Detail: reason."""

    code = "warehouse.rebuild_needed"


class ProofOutcome(StrEnum):
    """What comparing the warehouse with the log showed."""

    FRESH = "fresh"
    """Neither has anything yet; tables were created."""
    HELD = "held"
    """The warehouse holds at least what the consumer's position says; forwarding goes on from there."""
    REWOUND = "rewound"
    """The warehouse holds less; the consumer's position was set back to it."""
    REBUILD_NEEDED = "rebuild_needed"


@dataclass(frozen=True, slots=True)
class PositionProof:
    """Outcome of `prove_position`."""

    outcome: ProofOutcome
    position: int
    """From where forwarding goes on."""
    reason: str = ""
    """Why a rebuild is needed."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What the warehouse says it holds."""

    log_id: str
    position: int
    schema: str


class WarehouseForwarder:
    """The consumer that keeps the warehouse up to date with the log."""

    def __init__(self, warehouse: Warehouse, projectors: Iterable[Projector]) -> None:
        self._warehouse = warehouse
        self._projectors = tuple(projectors)
        self._tables = tables_of(self._projectors)
        self._schema = schema_digest(self._tables.values())
        self._is_proved = False

    @property
    def name(self) -> str:
        """Name under which its position is kept."""
        return CONSUMER

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Write the facts of a batch, then the marker.

        What the warehouse holds is proved before the first batch and after every failure, so a warehouse that came back
        without its data is noticed. Raises: WarehouseAway, WarehouseRefused, WarehouseRebuildNeeded.
        """
        if not self._is_proved:
            proof = ensure_proved(database, self._warehouse, self._projectors)
            self._is_proved = True
            if proof.outcome is ProofOutcome.REWOUND:
                # The runner's compare-and-set on the position fails, and it reads on from what the warehouse holds.
                return
        try:
            self._write(database, events)
        except FeilunError:
            self._is_proved = False
            raise

    def _write(self, database: Database, events: Sequence[Event]) -> None:
        with database.transaction(actor=f"consumer:{CONSUMER}") as uow:
            uow.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CONTENT_LOCK})
            position = stored_position(uow.connection)
            if position is not None and position >= events[0].position:
                # A rebuild ran while this batch waited for the lock and already holds it; the runner reads on from where
                # the rebuild ended.
                return
            for table, rows in self._rows(uow, events):
                self._warehouse.insert(table, rows)
                crash_here("warehouse.after_insert")
            write_marker(self._warehouse, Marker(log_id(uow.connection), events[-1].position, self._schema))
            crash_here("warehouse.after_marker")

    def _rows(self, uow: UnitOfWork, events: Sequence[Event]) -> list[tuple[str, pa.Table]]:
        rows = []
        for projector in self._projectors:
            wanted = [event for event in events if event.type in projector.event_types]
            if wanted:
                for name, facts in projector.project(uow, wanted).items():
                    rows.append((name, self._tables[name].arrow_rows(facts)))
        return rows


def prove_position(
    database: Database, warehouse: Warehouse, projectors: Iterable[Projector]
) -> PositionProof:
    """Compare what the warehouse holds with the consumer's position; set the position back when the warehouse holds less.

    The forwarder does so by itself; a process may call it at its start to show the outcome early. Raises: WarehouseAway,
    WarehouseRefused.
    """
    tables = tables_of(projectors)
    with database.transaction(actor=f"consumer:{CONSUMER}") as uow:
        uow.connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CONTENT_LOCK})
        stored = stored_position(uow.connection) or 0
        marker = read_marker(warehouse)
        if marker is None and stored == 0:
            create_tables(warehouse, tables.values())
            create_marker(warehouse)
            write_marker(warehouse, Marker(log_id(uow.connection), 0, schema_digest(tables.values())))
            store_position(uow, 0)
            return PositionProof(ProofOutcome.FRESH, 0)
        reason = _why_rebuild(uow.connection, warehouse, marker, tables)
        if reason or marker is None:
            return PositionProof(ProofOutcome.REBUILD_NEEDED, stored, reason)
        if marker.position < stored:
            store_position(uow, marker.position)
            return PositionProof(ProofOutcome.REWOUND, marker.position)
        return PositionProof(ProofOutcome.HELD, stored)


def ensure_proved(database: Database, warehouse: Warehouse, projectors: Iterable[Projector]) -> PositionProof:
    """As `prove_position`, for callers that cannot go on without. Raises: WarehouseRebuildNeeded, as `prove_position`."""
    proof = prove_position(database, warehouse, projectors)
    if proof.outcome is ProofOutcome.REBUILD_NEEDED:
        raise WarehouseRebuildNeeded(f"the warehouse must be rebuilt: {proof.reason}", reason=proof.reason)
    return proof


def _why_rebuild(
    connection: Connection, warehouse: Warehouse, marker: Marker | None, tables: Mapping[str, FactTable]
) -> str:
    if marker is None:
        return "it is empty"
    if marker.log_id != log_id(connection):
        return "it holds the facts of another log"
    if marker.schema != schema_digest(tables.values()):
        return "its tables are of another version of the program"
    if marker.position > head_position(connection):
        return f"it holds events up to {marker.position}, the log ends at {head_position(connection)}"
    missing = [name for name in tables if not warehouse.has_table(name)]
    return f"tables are missing: {', '.join(missing)}" if missing else ""


def tables_of(projectors: Iterable[Projector]) -> dict[str, FactTable]:
    """Return the tables of all projectors by name. Raises: ValueError when two claim one name."""
    tables: dict[str, FactTable] = {}
    for projector in projectors:
        for table in projector.tables:
            if table.name in tables:
                raise ValueError(f"two projectors declare {table.name}")
            tables[table.name] = table
    return tables


def log_id(connection: Connection) -> str:
    """Return the identity of this log; a restored or new one has another."""
    return str(connection.execute(text("SELECT value FROM installation WHERE key = 'log_id'")).scalar_one())


def stored_position(connection: Connection) -> int | None:
    """Return the forwarder's position in PostgreSQL, None before it first ran."""
    found = connection.execute(
        text("SELECT position FROM consumers WHERE name = :name"), {"name": CONSUMER}
    ).scalar_one_or_none()
    return None if found is None else int(found)


def store_position(uow: UnitOfWork, position: int) -> None:
    """Set the forwarder's position and forget its failures. The caller holds CONTENT_LOCK."""
    uow.connection.execute(
        text(
            "INSERT INTO consumers (name, position, updated_at) VALUES (:name, :position, :now) ON CONFLICT (name) DO UPDATE"
            " SET position = :position, attempts = 0, last_error = NULL, next_attempt_at = NULL, updated_at = :now"
        ),
        {"name": CONSUMER, "position": position, "now": uow.now},
    )


def marker_ddl(*, database: str, cluster: str | None) -> str:
    """Return the statement that creates the marker table. On a cluster every server holds the whole of it."""
    columns = "(consumer String, log_id String, position UInt64, schema String, written_at_ns UInt64)"
    on_cluster = f" ON CLUSTER {quote_name(cluster)}" if cluster else ""
    engine = (
        "ReplicatedReplacingMergeTree('/clickhouse/tables/all/{database}/{table}', '{shard}-{replica}', written_at_ns)"
        if cluster
        else "ReplacingMergeTree(written_at_ns)"
    )
    return (
        f"CREATE TABLE IF NOT EXISTS {quote_name(database)}.{MARKER_TABLE}{on_cluster} {columns} ENGINE = {engine}"
        " ORDER BY consumer SETTINGS fsync_after_insert = 1, fsync_part_directory = 1"
    )


def create_marker(warehouse: Warehouse) -> None:
    """Create the marker table when it is missing."""
    warehouse.command(marker_ddl(database=warehouse.database, cluster=warehouse.cluster))


def write_marker(warehouse: Warehouse, marker: Marker) -> None:
    """Note what the warehouse holds; call it when the facts are in. The newest marker counts, also when it says less."""
    row = {
        "consumer": [CONSUMER],
        "log_id": [marker.log_id],
        "position": pa.array([marker.position], pa.uint64()),
        "schema": [marker.schema],
        "written_at_ns": pa.array([time.time_ns()], pa.uint64()),
    }
    warehouse.insert(MARKER_TABLE, pa.table(row))


def read_marker(warehouse: Warehouse) -> Marker | None:
    """Return what the warehouse says it holds, None when it has never been filled."""
    if not warehouse.has_table(MARKER_TABLE):
        return None
    rows = warehouse.rows(
        f"SELECT log_id, position, schema FROM {quote_name(warehouse.database)}.{MARKER_TABLE}"
        " WHERE consumer = {consumer:String} ORDER BY written_at_ns DESC LIMIT 1",
        {"consumer": CONSUMER},
    )
    return Marker(*rows[0]) if rows else None
