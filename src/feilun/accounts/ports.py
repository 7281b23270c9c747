"""The port the room owns: who takes what a file says of a contact as a person."""

from collections.abc import Sequence
from typing import Protocol

from feilun.accounts.contracts import PersonDetails
from feilun.platform.db import UnitOfWork


class PersonDetailsSink(Protocol):
    """Implemented by the room that owns customer attributes; called once per batch, in the batch's transaction."""

    def offer(self, uow: UnitOfWork, details: Sequence[PersonDetails]) -> None:
        """Take what account files say about contacts, one per person; idempotent."""
        ...
