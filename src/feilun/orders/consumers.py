"""What the orders room does when others' facts change: refunds are matched anew after people were merged or split."""

from collections.abc import Iterable, Sequence
from typing import cast

from feilun.identity.events import MergeSplit, PersonsMerged
from feilun.kernel.ids import PersonId
from feilun.orders import api
from feilun.platform.db import Database
from feilun.platform.log import Event, Origin

_ROOTS = ("kept", "absorbed", "separated")


class RefundMatching:
    """Consumer that matches refunds again for the people of each merge and split. Idempotent, so at-least-once is enough."""

    name: str = "orders.refund_matching"

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Match the refunds of everyone whom the events moved to another person."""
        touched: set[PersonId] = set()
        origin = Origin.BACKFILL
        for event in events:
            if event.type in (PersonsMerged.type, MergeSplit.type):
                touched |= {
                    PersonId(cast(int, event.payload[name])) for name in _ROOTS if name in event.payload
                }
                touched |= {PersonId(member) for member in cast("Iterable[int]", event.payload["members"])}
                if event.origin is Origin.LIVE:
                    origin = Origin.LIVE
        if touched:
            with database.transaction(actor=f"consumer:{self.name}") as uow:
                api.rematch_refunds(uow, touched, origin=origin)
