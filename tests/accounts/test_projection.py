"""The warehouse holds receivables under the account that owes them, whichever way it came by them."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from feilun.accounts.projection import RECEIVABLES, ReceivableProjector
from feilun.platform.consumers import read_events
from feilun.platform.db import Database
from feilun.platform.log import Event
from feilun.platform.sequencer import ensure_partitions, sequence_events
from feilun.platform.warehouse import (
    Warehouse,
    WarehouseForwarder,
    content_digest,
    prove_position,
    rebuild_warehouse,
)
from feilun.platform.warehouse_projection import store_position
from tests.accounts.builders import account, take_accounts, take_receivables

PROJECTORS = (ReceivableProjector(),)


def forward(database: Database, warehouse: Warehouse, events: Sequence[Event], *, batch: int) -> None:
    forwarder = WarehouseForwarder(warehouse, PROJECTORS)
    for start in range(0, len(events), batch):
        part = events[start : start + batch]
        forwarder.handle(database, part)
        forwarder.handle(database, part)
        with database.transaction() as uow:
            store_position(uow, part[-1].position)


def test_forwarding_in_any_batches_ends_like_a_rebuild(database: Database, warehouse: Warehouse) -> None:
    prove_position(database, warehouse, PROJECTORS)
    row = {"number": "R1", "account_code": "K1", "amount": Decimal(100), "due_on": date(2026, 10, 31)}
    with database.transaction() as uow:
        take_accounts(uow, {"code": "K1"}, {"code": "K2"})
        for code in ("K1", "K2", "K1", "K2"):
            take_receivables(uow, row | {"account_code": code})
        take_receivables(
            uow, row | {"number": "R2"}, {"number": "R3", "phone": "13800000001", "amount": Decimal(1)}
        )
        take_receivables(uow, row | {"number": "R2", "settled_amount": Decimal(40)})
        one, two = account(uow, "K1").account_id, account(uow, "K2").account_id
    ensure_partitions(database)
    sequence_events(database)
    with database.engine.connect() as connection:
        events: list[Event] = list(read_events(connection, after=0, limit=1_000))

    forward(database, warehouse, events, batch=2)

    query = "SELECT account_id, state, open_amount, due_on FROM receivables FINAL ORDER BY receivable_id"
    assert warehouse.rows(query) == [
        (two, "open", 100, date(2026, 10, 31)),
        (one, "part_settled", 60, date(2026, 10, 31)),
        (0, "open", 1, None),
    ]
    before = content_digest(warehouse, [RECEIVABLES])
    rebuild_warehouse(database, warehouse, PROJECTORS)
    assert content_digest(warehouse, [RECEIVABLES]) == before
