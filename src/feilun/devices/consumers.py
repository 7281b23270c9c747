"""What the devices room does when others' facts change: erased people lose their devices."""

from collections.abc import Iterable, Sequence
from typing import cast

from feilun.devices import api
from feilun.identity.events import PersonErased
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database
from feilun.platform.log import Event


class OwnerErasure:
    """Consumer that takes devices from the people of each erasure. Idempotent, so at-least-once is enough."""

    name: str = "devices.owner_erasure"

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Take the devices of everyone whom the events erased."""
        for event in events:
            if event.type == PersonErased.type:
                members = {PersonId(member) for member in cast("Iterable[int]", event.payload["members"])}
                with database.transaction(actor=f"consumer:{self.name}") as uow:
                    api.erase_owners(uow, members, origin=event.origin)
