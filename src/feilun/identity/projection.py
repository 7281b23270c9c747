"""Aliases in the warehouse: which person record belongs to which person, for queries that count people.

Facts there keep the person they came with; queries map it through a dictionary over this table.
"""

from collections.abc import Mapping, Sequence
from typing import Final, cast

from feilun.identity.events import MergeSplit, PersonsMerged
from feilun.identity.internal import store
from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage

PERSON_ALIASES: Final = FactTable(
    name="person_aliases",
    columns={"alias_id": "Int64", "person_id": "Int64"},
    order_by=("alias_id",),
    shard_by="alias_id",
    comment="Person records that were merged into another; records without a row are people by themselves.",
)


class AliasProjector:
    """Keeps the aliases of merged person records."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The table it writes."""
        return (PERSON_ALIASES,)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return frozenset({PersonsMerged.type, MergeSplit.type})

    def project(self, uow: UnitOfWork, events: Sequence[Event]) -> Mapping[str, FactRows]:
        """Write the present root of everyone whose root changed; a record that is a person again loses its row."""
        positions: dict[int, int] = {}
        for event in events:
            for member in cast("list[int]", event.payload["members"]):
                positions[member] = event.position
        roots = store.root_of(uow, positions)
        return {
            PERSON_ALIASES.name: {
                "alias_id": list(roots),
                "person_id": list(roots.values()),
                "version": [positions[member] for member in roots],
                "is_deleted": [int(member == root) for member, root in roots.items()],
            }
        }

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return a page of all aliases by alias."""
        rows = store.alias_page(uow, after=cast("int | None", after), limit=limit)
        facts: FactRows = {
            "alias_id": [alias for alias, _ in rows],
            "person_id": [person for _, person in rows],
        }
        return SnapshotPage({PERSON_ALIASES.name: facts}, rows[-1][0] if len(rows) == limit else None)
