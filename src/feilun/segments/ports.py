"""What rooms and the entry points give to segments."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from feilun.conditions.contracts import CatalogueParts
from feilun.platform.db import UnitOfWork
from feilun.platform.warehouse import Warehouse
from feilun.segments.internal.previews import PreviewDesk


class ConditionFields(Protocol):
    """A room's part of the catalogue of conditions. Lower rooms fit it without importing it; registered in `entrypoints`."""

    def offer(self, uow: UnitOfWork) -> CatalogueParts:
        """Return sources, fields and measures as they are now, e.g. with the custom fields of this installation."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a process gives to this room: the catalogue's parts, the warehouse, the installation's zone and currency."""

    fields: Sequence[ConditionFields]
    warehouse: Callable[[], Warehouse]
    """Raises Transient errors when it does not answer."""
    zone: str
    """IANA zone of dates where a segment names none."""
    currency: str
    """Main currency until orders have shown another."""
    check_every: timedelta = timedelta(minutes=15)
    """How often a pass over everybody proves that memberships are right."""
    previews: PreviewDesk = field(default_factory=PreviewDesk)
