"""Keeps the warehouse up to date from a worker, through its restarts, restores and version changes.

The forwarder itself trusts its warehouse; here it is proved first, again after every change of address, and rebuilt when what
it holds does not belong to this log. Nothing in it is a record of truth, so a rebuild needs no person's leave.
"""

from collections.abc import Callable, Sequence
from typing import Final

import structlog

from feilun.entrypoints.installation import WAREHOUSE_REBUILD
from feilun.platform.db import Database
from feilun.platform.facts import find_fact, forget_fact
from feilun.platform.log import Event
from feilun.platform.warehouse import (
    Projector,
    ProofOutcome,
    Warehouse,
    WarehouseForwarder,
    WarehouseRebuildNeeded,
    prove_position,
    rebuild_warehouse,
)

logger = structlog.get_logger(__name__)


class Forwarding:
    """The consumer 'warehouse' of a worker."""

    def __init__(self, connect: Callable[[], Warehouse], projectors: Sequence[Projector]) -> None:
        self._connect: Final = connect
        self._projectors: Final = tuple(projectors)
        self._proved: Warehouse | None = None
        self._forwarder: WarehouseForwarder | None = None

    @property
    def name(self) -> str:
        """Name under which its position is kept."""
        return "warehouse"

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Write the facts of a batch. Raises: EngineNotRunning, WarehouseAway, WarehouseRefused."""
        forwarder, is_moved = self._ready(database)
        if is_moved:
            # This batch was read from a position that no longer holds; the runner's compare-and-set on it fails, and it
            # reads on from the new one.
            return
        try:
            forwarder.handle(database, events)
        except WarehouseRebuildNeeded:
            self._forwarder = None  # the next try proves it again, and rebuilds
            raise

    def prepare(self, database: Database) -> None:
        """Prove the warehouse before there is anything to forward: a new version of the program may have other tables.

        Raises: EngineNotRunning, WarehouseAway, WarehouseRefused.
        """
        self._ready(database)

    def _ready(self, database: Database) -> tuple[WarehouseForwarder, bool]:
        """Return the forwarder of the warehouse there is now, and whether proving it has moved the consumer's position."""
        warehouse = self._connect()
        if self._forwarder is not None and self._proved is warehouse:
            return self._forwarder, False
        self._forwarder = None
        is_moved = self.prove(database, warehouse)
        self._forwarder, self._proved = WarehouseForwarder(warehouse, self._projectors), warehouse
        return self._forwarder, is_moved

    def prove(self, database: Database, warehouse: Warehouse) -> bool:
        """Compare warehouse and log, rebuilding when they do not fit; tells whether the consumer's position was moved."""
        is_asked = _is_rebuild_asked(database)
        proof = None if is_asked else prove_position(database, warehouse, self._projectors)
        if proof is None or proof.outcome is ProofOutcome.REBUILD_NEEDED:
            reason = proof.reason if proof else "a backup was restored"
            logger.info("warehouse_rebuild", reason=reason)
            position = rebuild_warehouse(database, warehouse, self._projectors)
            _forget_request(database)
            logger.info("warehouse_rebuilt", position=position)
            return True
        return proof.outcome is ProofOutcome.REWOUND


def _is_rebuild_asked(database: Database) -> bool:
    with database.transaction() as uow:
        return find_fact(uow.connection, WAREHOUSE_REBUILD) is not None


def _forget_request(database: Database) -> None:
    with database.transaction() as uow:
        forget_fact(uow.connection, WAREHOUSE_REBUILD)
