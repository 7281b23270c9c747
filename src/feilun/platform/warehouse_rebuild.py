"""Builds the warehouse's content anew from canonical tables and the log; it ends equal to what forwarding would have left."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import Final

import pyarrow as pa
from sqlalchemy import text

from feilun.platform.consumers import head_position, read_events
from feilun.platform.crashpoints import crash_here
from feilun.platform.db import Database
from feilun.platform.log import Event
from feilun.platform.warehouse_client import Warehouse, quote_name
from feilun.platform.warehouse_projection import (
    CONSUMER,
    CONTENT_LOCK,
    MARKER_TABLE,
    Marker,
    Projector,
    SnapshotProjector,
    create_marker,
    log_id,
    store_position,
    tables_of,
    write_marker,
)
from feilun.platform.warehouse_tables import (
    VERSION,
    FactRows,
    FactTable,
    create_tables,
    drop_tables,
    schema_digest,
)

_PAGE_RECORDS: Final = 50_000
"""One insert of this many rows makes one part of some MB; smaller ones leave merges behind."""
_REPLAY_EVENTS: Final = 20_000

Progress = Callable[[str, int], None]
"""Called with a table's name and how many rows went into it so far."""


def rebuild_warehouse(
    database: Database,
    warehouse: Warehouse,
    projectors: Iterable[Projector],
    progress: Progress = lambda _name, _rows: None,
) -> int:
    """Drop the facts and build them anew; returns the log position up to which they are complete.

    Forwarding waits meanwhile and goes on from that position. Broken off, the warehouse has no marker and says that it
    needs a rebuild. Raises: WarehouseAway, WarehouseRefused.
    """
    known = tuple(projectors)
    tables = tables_of(known)
    with _content_lock(database):
        with database.transaction(actor="rebuild") as uow:
            position = head_position(uow.connection)
            log = log_id(uow.connection)
        # Without its marker the content counts for nothing, so a half-built one is never taken for whole.
        warehouse.command(
            f"DROP TABLE IF EXISTS {quote_name(warehouse.database)}.{MARKER_TABLE}{_on_cluster(warehouse)} SYNC"
        )
        drop_tables(warehouse, tables.values())
        create_tables(warehouse, tables.values())
        writer = _Writer(warehouse, tables, progress)
        for projector in known:
            if isinstance(projector, SnapshotProjector):
                _take_snapshot(database, projector, writer, position)
            else:
                _replay(database, projector, writer, position)
        crash_here("warehouse.rebuild_filled")
        create_marker(warehouse)
        write_marker(warehouse, Marker(log, position, schema_digest(tables.values())))
        with database.transaction(actor="rebuild") as uow:
            store_position(uow, position)
    return position


class _Writer:
    def __init__(self, warehouse: Warehouse, tables: Mapping[str, FactTable], progress: Progress) -> None:
        self._warehouse = warehouse
        self._tables = tables
        self._progress = progress
        self._written = dict.fromkeys(tables, 0)

    def write(self, rows: Mapping[str, FactRows], *, version: int | None = None) -> None:
        for name, facts in rows.items():
            table = self._tables[name]
            arrow = table.arrow_rows(facts if version is None else _stamp(facts, version))
            self._warehouse.insert(name, arrow)
            self._written[name] += arrow.num_rows
            self._progress(name, self._written[name])


def _take_snapshot(database: Database, projector: SnapshotProjector, writer: _Writer, position: int) -> None:
    """Copy canonical records; those that change meanwhile are in the log after `position` and come with a higher version."""
    after: object | None = None
    while True:
        with database.transaction(actor="rebuild") as uow:
            page = projector.snapshot(uow, after=after, limit=_PAGE_RECORDS)
        writer.write(page.rows, version=position)
        crash_here("warehouse.rebuild_page")
        if page.next_after is None:
            return
        after = page.next_after


def _replay(database: Database, projector: Projector, writer: _Writer, position: int) -> None:
    events = _events(database, projector.event_types, position)
    while batch := list(islice(events, _REPLAY_EVENTS)):
        with database.transaction(actor="rebuild") as uow:
            writer.write(projector.project(uow, batch))


def _events(database: Database, types: frozenset[str], position: int) -> Iterator[Event]:
    after = 0
    while after < position:
        with database.transaction(actor="rebuild") as uow:
            batch: Sequence[Event] = read_events(
                uow.connection, after=after, limit=_REPLAY_EVENTS, skip_for=CONSUMER
            )
        if not batch:
            return
        yield from (event for event in batch if event.type in types and event.position <= position)
        after = batch[-1].position


def _stamp(facts: FactRows, version: int) -> FactRows:
    if isinstance(facts, pa.Table):
        return facts.append_column(VERSION, pa.repeat(pa.scalar(version, pa.uint64()), facts.num_rows))
    return {**facts, VERSION: [version] * len(next(iter(facts.values()), ()))}


def _on_cluster(warehouse: Warehouse) -> str:
    return f" ON CLUSTER {quote_name(warehouse.cluster)}" if warehouse.cluster else ""


@contextmanager
def _content_lock(database: Database) -> Iterator[None]:
    with database.engine.connect() as connection:
        guard = connection.execution_options(isolation_level="AUTOCOMMIT")
        guard.execute(text("SELECT pg_advisory_lock(:key)"), {"key": CONTENT_LOCK})
        try:
            yield
        finally:
            guard.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": CONTENT_LOCK})
