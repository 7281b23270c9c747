"""What the accounts room does when others' facts change: erased people are forgotten as contacts."""

from collections.abc import Iterable, Sequence
from typing import cast

from feilun.accounts import api
from feilun.identity.events import PersonErased
from feilun.kernel.ids import PersonId
from feilun.platform.db import Database
from feilun.platform.log import Event


class ContactErasure:
    """Consumer that forgets the contacts of each erasure. Idempotent, so at-least-once is enough."""

    name: str = "accounts.contact_erasure"

    def handle(self, database: Database, events: Sequence[Event]) -> None:
        """Forget everyone whom the events erased."""
        for event in events:
            if event.type == PersonErased.type:
                members = {PersonId(member) for member in cast("Iterable[int]", event.payload["members"])}
                with database.transaction(actor=f"consumer:{self.name}") as uow:
                    api.erase_contacts(uow, members, origin=event.origin)
