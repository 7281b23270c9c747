"""Audiences in the warehouse, so that conditions can ask who is in one."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, cast

from feilun.platform.db import UnitOfWork
from feilun.platform.log import Event
from feilun.platform.warehouse import FactRows, FactTable, SnapshotPage
from feilun.segments import events
from feilun.segments.internal import store_audiences
from feilun.segments.internal.store_audiences import AudienceBlock
from feilun.segments.internal.store_memberships import BLOCK_BITS

AUDIENCE_MEMBERS: Final = FactTable(
    name="audience_members",
    columns={"person_id": "Int64", "audience_id": "Int64", "audience": "LowCardinality(String)"},
    order_by=("person_id", "audience_id"),
    shard_by="person_id",
    comment="Who is in which audience or static segment, under the person record it was taken with.",
)


class AudienceProjector:
    """Keeps the people of audiences and static segments."""

    @property
    def tables(self) -> tuple[FactTable, ...]:
        """The table it writes."""
        return (AUDIENCE_MEMBERS,)

    @property
    def event_types(self) -> frozenset[str]:
        """Events it wants to see."""
        return frozenset({events.AUDIENCE_CHANGED})

    def project(self, uow: UnitOfWork, events_in_order: Sequence[Event]) -> Mapping[str, FactRows]:
        """Write the present people of changed blocks, and deletions of those who were in them once."""
        positions: dict[tuple[int, int], int] = {}
        for event in events_in_order:
            key = (cast(int, event.payload["audience_id"]), cast(int, event.payload["block"]))
            positions[key] = event.position
        blocks = store_audiences.blocks_by_key(uow, positions)
        rows = _rows(blocks)
        sizes = [(len(block.people), len(block.gone)) for block in blocks]
        versions = [positions[block.audience_id, block.block] for block in blocks]
        rows["version"] = [
            version
            for version, (present, gone) in zip(versions, sizes, strict=True)
            for _ in range(present + gone)
        ]
        rows["is_deleted"] = [mark for present, gone in sizes for mark in (*[0] * present, *[1] * gone)]
        return {AUDIENCE_MEMBERS.name: rows}

    def snapshot(self, uow: UnitOfWork, *, after: object | None, limit: int) -> SnapshotPage:
        """Return a page of all audiences by audience and block."""
        count = max(1, limit >> BLOCK_BITS)
        place = cast("tuple[int, int]", after) if after is not None else (0, -1)
        blocks = store_audiences.block_page(uow, after=place, limit=count)
        end = (blocks[-1].audience_id, blocks[-1].block) if len(blocks) == count else None
        return SnapshotPage({AUDIENCE_MEMBERS.name: _rows(blocks, with_gone=False)}, end)


def _rows(blocks: Iterable[AudienceBlock], *, with_gone: bool = True) -> dict[str, Sequence[object]]:
    people: list[int] = []
    ids: list[int] = []
    keys: list[str] = []
    for block in blocks:
        found = [*block.people, *(block.gone if with_gone else ())]
        people.extend(found)
        ids.extend([block.audience_id] * len(found))
        keys.extend([block.key] * len(found))
    return {"person_id": people, "audience_id": ids, "audience": keys}
