"""Receivables in the warehouse. Nobody's contact is there: accounts are ids, people owe under the person record they came with."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final, cast

from feilun.accounts.contracts import Receivable
from feilun.accounts.events import RECEIVABLE_RECORDED
from feilun.accounts.internal import store
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage

NO_ACCOUNT: Final = 0
"""Stands for 'a person owes' in the key, which cannot be null; account ids begin at 1."""

RECEIVABLES: Final = FactTable(
    name="receivables",
    columns={
        "account_id": "Int64",
        "receivable_id": "Int64",
        "person_id": "Int64",
        "source": "LowCardinality(String)",
        "currency": "LowCardinality(String)",
        "amount": "Decimal(18, 4)",
        "settled_amount": "Decimal(18, 4)",
        "open_amount": "Decimal(18, 4)",
        "issued_on": "Nullable(Date32)",
        "due_on": "Nullable(Date32)",
        "state": "LowCardinality(String)",
    },
    order_by=("account_id", "receivable_id"),
    shard_by="account_id",
    comment="What accounts (account_id 0: a person) and persons (person_id 0: none named) owe. Overdue: open and due_on passed.",
)
_ANY_DAY: Final = date(1970, 1, 1)
"""Days overdue are no fact but a question of the day it is asked; the columns below do not hold them."""


class ReceivableProjector:
    """Writes receivables."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The tables it writes."""
        return (RECEIVABLES,)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return frozenset({RECEIVABLE_RECORDED})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Return the receivables that the events name, and deletions where the debtor changed."""
        versions = {cast(int, event.payload["receivable_id"]): event.position for event in events}
        found = list(store.select_receivables(uow, versions, as_of=_ANY_DAY).values())
        now_at: dict[int, int] = {
            receivable.receivable_id: receivable.account_id or NO_ACCOUNT for receivable in found
        }
        left: dict[tuple[int, int], int] = {}
        for event in events:
            if "previous_account_id" in event.payload:
                receivable_id = cast(int, event.payload["receivable_id"])
                previous = cast("int | None", event.payload["previous_account_id"]) or NO_ACCOUNT
                if now_at.get(receivable_id) != previous:
                    left[previous, receivable_id] = event.position
        columns = _columns(found)
        gone: list[object] = [None] * len(left)
        filled = {name: [*values, *gone] for name, values in columns.items()}
        return {
            RECEIVABLES.name: {
                **filled,
                "account_id": [*columns["account_id"], *(account_id for account_id, _ in left)],
                "receivable_id": [*columns["receivable_id"], *(receivable_id for _, receivable_id in left)],
                "version": [*(versions[r.receivable_id] for r in found), *left.values()],
                "is_deleted": [0] * len(found) + [1] * len(left),
            }
        }

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return the next receivables by id."""
        found = store.select_receivables_after(uow, cast("int | None", after) or 0, limit, as_of=_ANY_DAY)
        return SnapshotPage({RECEIVABLES.name: _columns(found)}, found[-1].receivable_id if found else None)


def _columns(found: Sequence[Receivable]) -> dict[str, Sequence[object]]:
    return {
        "account_id": [r.account_id or NO_ACCOUNT for r in found],
        "receivable_id": [r.receivable_id for r in found],
        "person_id": [r.person_id or 0 for r in found],
        "source": [r.source for r in found],
        "currency": [r.currency for r in found],
        "amount": [r.amount for r in found],
        "settled_amount": [r.settled_amount for r in found],
        "open_amount": [r.open_amount for r in found],
        "issued_on": [r.issued_on for r in found],
        "due_on": [r.due_on for r in found],
        "state": [r.state.value for r in found],
    }
