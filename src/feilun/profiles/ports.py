"""The port that rooms above fill: groups of people that the customer list can be narrowed to."""

from collections.abc import Sequence
from typing import Protocol

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork


class PersonGroups(Protocol):
    """Knows groups of people by a key, e.g. who carries a tag. Registered in `entrypoints`."""

    @property
    def name(self) -> str:
        """The list's parameter that names a group, e.g. 'tag'."""
        ...

    def members(self, uow: UnitOfWork, key: str) -> Sequence[PersonId]:
        """Return everybody in a group, by root, each once. Raises the room's own NotFound for a key that names none."""
        ...

    def find(self, uow: UnitOfWork, text: str) -> Sequence[PersonId]:
        """Return whom words in the list's search box mean here, by root, e.g. who carries a tag called so; often nobody."""
        ...
