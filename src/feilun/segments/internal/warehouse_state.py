"""Reading the warehouse at a known state: what it holds, who is a customer there, and queries that may be ended."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import text

from feilun.platform.db import Database
from feilun.platform.warehouse import Warehouse
from feilun.platform.warehouse_projection import CONTENT_LOCK, read_marker
from feilun.segments.errors import WarehouseBehind

_PATIENCE_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 0.01


class LimitedWarehouse(Warehouse):
    """A warehouse whose reading queries carry settings and a mark in their text, by which they can be found and ended."""

    def __init__(
        self, inner: Warehouse, *, mark: str = "", settings: Mapping[str, object] | None = None
    ) -> None:
        self._inner = inner
        self.database = inner.database
        self.cluster = inner.cluster
        self._prefix = f"/* {mark} */ " if mark else ""
        self._settings = dict(settings or {})

    def rows(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> list[tuple[Any, ...]]:
        """As `Warehouse.rows`."""
        return self._inner.rows(
            self._prefix + sql, parameters, settings={**(settings or {}), **self._settings}
        )

    def arrow(
        self,
        sql: str,
        parameters: Mapping[str, object] | None = None,
        *,
        settings: Mapping[str, object] | None = None,
    ) -> pa.Table:
        """As `Warehouse.arrow`."""
        return self._inner.arrow(
            self._prefix + sql, parameters, settings={**(settings or {}), **self._settings}
        )

    def end(self, mark: str) -> None:
        """End the queries that carry a mark."""
        self._inner.command(
            "KILL QUERY WHERE position(query, {mark:String}) > 0 AND position(query, 'KILL QUERY') = 0 ASYNC",
            {"mark": mark},
        )


@contextmanager
def facts_at(
    database: Database, warehouse: Warehouse, position: int, should_stop: Callable[[], bool]
) -> Iterator[int]:
    """Hold the warehouse still while it holds at least the events up to `position`; gives up to where it does.

    Nobody writes facts meanwhile, so what is read is the state after exactly so many events. Keep the block short.
    Raises: WarehouseBehind when it does not get there within ten seconds, WarehouseAway.
    """
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        with database.transaction(actor="consumer:segments") as uow:
            is_held = uow.connection.execute(
                text("SELECT pg_try_advisory_xact_lock_shared(:key)"), {"key": CONTENT_LOCK}
            ).scalar_one()
            held = read_marker(warehouse) if is_held else None
            if held is not None and held.position >= position:
                yield held.position
                return
        if time.monotonic() > deadline or should_stop():
            raise WarehouseBehind(f"the warehouse does not hold event {position} yet", position=position)
        time.sleep(_LOOK_SECONDS)


def identity_of(warehouse: Warehouse) -> tuple[str, int] | None:
    """Return what changes when the warehouse is rebuilt, and up to where it holds the log; None while it is not whole."""
    marker = read_marker(warehouse)
    if marker is None:
        return None
    rows = warehouse.rows(
        "SELECT toString(uuid) FROM system.tables WHERE database = {database:String} AND name = 'customers'",
        {"database": warehouse.database},
    )
    return (f"{marker.log_id}:{rows[0][0]}", marker.position) if rows else None


def roots_of(warehouse: Warehouse, person_ids: Iterable[int]) -> dict[int, int]:
    """Return the root of each id as the warehouse knows it."""
    ids = sorted(person_ids)
    roots = {person_id: person_id for person_id in ids}
    if ids:
        roots.update(
            (int(alias), int(root))
            for alias, root in warehouse.rows(
                f"SELECT alias_id, person_id FROM person_aliases FINAL WHERE alias_id IN ({_listed(ids)})"
            )
        )
    return roots


def _listed(ids: Iterable[int]) -> str:
    return ", ".join(map(str, ids))
