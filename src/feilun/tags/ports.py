"""The port that rooms above fill: ways to say whom a bulk change is about."""

from collections.abc import Iterator
from typing import Protocol

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork


class PeopleSource(Protocol):
    """Knows groups of people by a key. Registered in `entrypoints`."""

    @property
    def name(self) -> str:
        """Stable name, e.g. 'segment'; stored with operations."""
        ...

    def check(self, uow: UnitOfWork, key: str) -> None:
        """Refuse a key that names no group, before an operation begins. Raises the room's own NotFound or Invalid."""
        ...

    def members(self, uow: UnitOfWork, key: str) -> Iterator[PersonId]:
        """Yield who is in the group now, as any of their person records, in any order. Raises as `check`."""
        ...
