"""SQL of audiences, of the lists behind static segments, and of the record of exports.

Both keep their people in blocks: who is in, and who was in once, so that the warehouse can be told whom to forget.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pyroaring import BitMap64
from sqlalchemy import Row, text

from feilun.platform.db import UnitOfWork
from feilun.segments.contracts import Audience, AudienceId, ExportFormat, ExportId, ExportRecord, SegmentId
from feilun.segments.internal.store_memberships import block_of, blocks_in


@dataclass(frozen=True, slots=True)
class AudienceBlock:
    """People of one block of an audience."""

    audience_id: int
    key: str
    block: int
    people: BitMap64
    gone: BitMap64


def _audience(row: Row[Any]) -> Audience:
    return Audience(
        audience_id=AudienceId(row.audience_id),
        key=row.key,
        name=row.name,
        segment_id=SegmentId(row.segment_id) if row.segment_id is not None else None,
        version=row.version,
        count=row.people,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
    )


def next_audience_id(uow: UnitOfWork) -> AudienceId:
    """Return an id for a new audience."""
    return AudienceId(
        uow.connection.execute(
            text("SELECT nextval(pg_get_serial_sequence('audiences', 'audience_id'))")
        ).scalar_one()
    )


def insert_audience(
    uow: UnitOfWork,
    audience_id: AudienceId,
    *,
    key: str,
    name: str,
    segment_id: SegmentId | None,
    version: int | None,
    is_list: bool,
) -> None:
    """Insert an audience without people yet; `is_list` for the people of a static segment."""
    uow.connection.execute(
        text(
            "INSERT INTO audiences (audience_id, key, name, segment_id, is_list, version, people, taken_at, taken_by)"
            " OVERRIDING SYSTEM VALUE"
            " VALUES (:audience_id, :key, :name, :segment_id, :is_list, :version, 0, :now, :actor)"
        ),
        {
            "audience_id": audience_id,
            "key": key,
            "name": name,
            "segment_id": segment_id,
            "is_list": is_list,
            "version": version,
            "now": uow.now,
            "actor": uow.actor,
        },
    )


def find_audience(uow: UnitOfWork, audience_id: AudienceId, *, for_update: bool = False) -> Audience | None:
    """Return a frozen audience."""
    lock = " FOR UPDATE" if for_update else ""
    row = uow.connection.execute(
        text(f"SELECT * FROM audiences WHERE audience_id = :id AND NOT is_list AND deleted_at IS NULL{lock}"),
        {"id": audience_id},
    ).one_or_none()
    return _audience(row) if row is not None else None


def find_list(uow: UnitOfWork, segment_id: SegmentId) -> Audience | None:
    """Return the list behind a static segment, locked until the transaction ends."""
    row = uow.connection.execute(
        text("SELECT * FROM audiences WHERE segment_id = :id AND is_list AND deleted_at IS NULL FOR UPDATE"),
        {"id": segment_id},
    ).one_or_none()
    return _audience(row) if row is not None else None


def list_audiences(
    uow: UnitOfWork, segment_id: SegmentId | None, *, offset: int, limit: int
) -> tuple[list[Audience], int]:
    """Return a page of frozen audiences, newest first, and how many there are."""
    clause = "NOT is_list AND deleted_at IS NULL"
    if segment_id is not None:
        clause += " AND segment_id = :segment_id"
    values = {"segment_id": segment_id, "offset": offset, "limit": limit}
    total = uow.connection.execute(text(f"SELECT count(*) FROM audiences WHERE {clause}"), values)
    rows = uow.connection.execute(
        text(
            f"SELECT * FROM audiences WHERE {clause} ORDER BY taken_at DESC, audience_id DESC LIMIT :limit OFFSET :offset"
        ),
        values,
    )
    return [_audience(row) for row in rows], int(total.scalar_one())


def mark_deleted(uow: UnitOfWork, audience_id: AudienceId) -> None:
    """Mark an audience as deleted; its rows stay so that the warehouse can be told whom to forget."""
    uow.connection.execute(
        text("UPDATE audiences SET deleted_at = :now WHERE audience_id = :id"),
        {"id": audience_id, "now": uow.now},
    )


def change_people(
    uow: UnitOfWork, audience_id: AudienceId, *, add: BitMap64, remove: BitMap64
) -> dict[int, BitMap64]:
    """Change who is in an audience; returns by block who really changed. The caller holds the audience's row."""
    blocks = sorted(blocks_in(add) | blocks_in(remove))
    known = {block.block: block for block in _blocks(uow, audience_id, blocks)}
    changed: dict[int, BitMap64] = {}
    rows: list[tuple[int, bytes, bytes]] = []
    difference = 0
    for block in blocks:
        before = known[block].people if block in known else BitMap64()
        gone = known[block].gone if block in known else BitMap64()
        after = (before | block_of(add, block)) - block_of(remove, block)
        if after != before:
            changed[block] = after ^ before
            difference += len(after) - len(before)
            rows.append((block, after.serialize(), ((gone | before) - after).serialize()))
    _write_blocks(uow, audience_id, rows)
    uow.connection.execute(
        text("UPDATE audiences SET people = people + :difference WHERE audience_id = :id"),
        {"id": audience_id, "difference": difference},
    )
    return changed


def _write_blocks(uow: UnitOfWork, audience_id: AudienceId, rows: Sequence[tuple[int, bytes, bytes]]) -> None:
    uow.connection.execute(
        text(
            "INSERT INTO audience_blocks (audience_id, block, bitmap, gone) SELECT :id, b, m, g FROM"
            " unnest(CAST(:blocks AS bigint[]), CAST(:bitmaps AS bytea[]), CAST(:gone AS bytea[])) AS n(b, m, g)"
            " ON CONFLICT (audience_id, block) DO UPDATE SET bitmap = excluded.bitmap, gone = excluded.gone"
        ),
        {
            "id": audience_id,
            "blocks": [row[0] for row in rows],
            "bitmaps": [row[1] for row in rows],
            "gone": [row[2] for row in rows],
        },
    )


def _blocks(uow: UnitOfWork, audience_id: int, blocks: Iterable[int]) -> list[AudienceBlock]:
    rows = uow.connection.execute(
        text(
            "SELECT * FROM audience_blocks JOIN audiences USING (audience_id)"
            " WHERE audience_id = :id AND block = ANY(CAST(:blocks AS bigint[]))"
        ),
        {"id": audience_id, "blocks": list(blocks)},
    )
    return [_block(row) for row in rows]


def _block(row: Row[Any]) -> AudienceBlock:
    return AudienceBlock(
        row.audience_id,
        row.key,
        row.block,
        BitMap64.deserialize(bytes(row.bitmap)),
        BitMap64.deserialize(bytes(row.gone)),
    )


def blocks_by_key(uow: UnitOfWork, keys: Iterable[tuple[int, int]]) -> list[AudienceBlock]:
    """Return blocks given as (audience, block)."""
    wanted = sorted(set(keys))
    rows = uow.connection.execute(
        text(
            "SELECT b.*, a.key FROM audience_blocks b JOIN audiences a USING (audience_id)"
            " JOIN unnest(CAST(:audiences AS bigint[]), CAST(:blocks AS bigint[])) AS n(audience_id, block)"
            " ON b.audience_id = n.audience_id AND b.block = n.block"
        ),
        {"audiences": [key[0] for key in wanted], "blocks": [key[1] for key in wanted]},
    )
    return [_block(row) for row in rows]


def block_page(uow: UnitOfWork, *, after: tuple[int, int], limit: int) -> list[AudienceBlock]:
    """Return blocks of all audiences after one, in order."""
    rows = uow.connection.execute(
        text(
            "SELECT b.*, a.key FROM audience_blocks b JOIN audiences a USING (audience_id)"
            " WHERE (b.audience_id, b.block) > (:audience_id, :block) ORDER BY b.audience_id, b.block LIMIT :limit"
        ),
        {"audience_id": after[0], "block": after[1], "limit": limit},
    )
    return [_block(row) for row in rows]


def load_people(uow: UnitOfWork, audience_id: int) -> BitMap64:
    """Return everybody in an audience."""
    bitmaps = uow.connection.execute(
        text("SELECT bitmap FROM audience_blocks WHERE audience_id = :id"), {"id": audience_id}
    ).scalars()
    return BitMap64.union(BitMap64(), *(BitMap64.deserialize(bytes(bitmap)) for bitmap in bitmaps))


def audiences_with(uow: UnitOfWork, people: BitMap64) -> list[AudienceId]:
    """Return the audiences and lists that anybody of these is in, locked in the order of their ids."""
    rows = uow.connection.execute(
        text("SELECT audience_id, bitmap FROM audience_blocks WHERE block = ANY(CAST(:blocks AS bigint[]))"),
        {"blocks": sorted(blocks_in(people))},
    )
    found = sorted(
        {row.audience_id for row in rows if BitMap64.deserialize(bytes(row.bitmap)).intersect(people)}
    )
    uow.connection.execute(
        text(
            "SELECT 1 FROM audiences WHERE audience_id = ANY(CAST(:ids AS bigint[])) ORDER BY audience_id FOR UPDATE"
        ),
        {"ids": found},
    )
    return [AudienceId(audience_id) for audience_id in found]


def audience_names(uow: UnitOfWork, *, limit: int) -> list[tuple[str, str]]:
    """Return key and name of frozen audiences, newest first."""
    rows = uow.connection.execute(
        text(
            "SELECT key, name FROM audiences WHERE NOT is_list AND deleted_at IS NULL ORDER BY audience_id DESC LIMIT :limit"
        ),
        {"limit": limit},
    )
    return [(row.key, row.name) for row in rows]


# --- exports ----------------------------------------------------------------------------------------------------------


def insert_export(uow: UnitOfWork, **values: object) -> ExportId:
    """Insert the record of an export."""
    return ExportId(
        uow.connection.execute(
            text(
                "INSERT INTO export_log (subject, subject_id, name, reason, columns, format, people, is_masked, exported_at,"
                " exported_by) VALUES (:subject, :subject_id, :name, :reason, :columns, :format, :people, :is_masked,"
                " :now, :actor) RETURNING export_id"
            ),
            {**values, "now": uow.now, "actor": uow.actor},
        ).scalar_one()
    )


def list_exports(uow: UnitOfWork, *, offset: int, limit: int) -> tuple[list[ExportRecord], int]:
    """Return a page of exports, newest first, and how many there are."""
    total = uow.connection.execute(text("SELECT count(*) FROM export_log")).scalar_one()
    rows = uow.connection.execute(
        text("SELECT * FROM export_log ORDER BY export_id DESC LIMIT :limit OFFSET :offset"),
        {"limit": limit, "offset": offset},
    )
    return [export_record(row) for row in rows], int(total)


def export_record(row: Row[Any]) -> ExportRecord:
    """Return the record of an export from its row."""
    return ExportRecord(
        export_id=ExportId(row.export_id),
        subject=row.subject,
        subject_id=row.subject_id,
        name=row.name,
        reason=row.reason,
        columns=tuple(row.columns),
        format=ExportFormat(row.format),
        people=row.people,
        is_masked=row.is_masked,
        exported_at=row.exported_at,
        exported_by=row.exported_by,
    )


def get_export(uow: UnitOfWork, export_id: ExportId) -> ExportRecord:
    """Return the record of an export that was just made."""
    return export_record(
        uow.connection.execute(
            text("SELECT * FROM export_log WHERE export_id = :id"), {"id": export_id}
        ).one()
    )
