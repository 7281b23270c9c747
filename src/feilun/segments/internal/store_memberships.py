"""SQL of memberships: bitmaps in blocks, changes, sizes, and the number of the last evaluation.

A block holds 4,096 person ids. A batch of events touches people all over: with blocks of 65,536 ids every changed
definition would rewrite 8 kB per touched block, with these 0.5 kB, and a full pass still writes a member per bit.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pyroaring import BitMap64
from sqlalchemy import Row, text

from feilun.platform.db import UnitOfWork
from feilun.segments.contracts import ChangeCause, EvaluatorStatus

BLOCK_BITS: Final = 12


@dataclass(frozen=True, slots=True)
class NewChange:
    """Somebody enters or leaves."""

    definition_id: int
    version: int
    person_id: int
    has_entered: bool
    cause: ChangeCause


@dataclass(frozen=True, slots=True)
class EvaluatorState:
    """What all evaluators share."""

    evaluation_id: int
    epoch: int
    """Counts changes of definitions."""
    checked_at: datetime | None
    everybody_due_at: datetime | None
    everybody_cause: ChangeCause | None


def block_of(members: BitMap64, block: int) -> BitMap64:
    """Return the members of one block."""
    mask = BitMap64()
    mask.add_range(block << BLOCK_BITS, (block + 1) << BLOCK_BITS)
    return members & mask


def blocks_in(people: Iterable[int]) -> set[int]:
    """Return the blocks of people."""
    return {person_id >> BLOCK_BITS for person_id in people}


def read_state(uow: UnitOfWork) -> EvaluatorState:
    """Return what all evaluators share."""
    row = uow.connection.execute(
        text("SELECT s.*, e.epoch FROM segment_evaluator s, definition_epoch e")
    ).one()
    return EvaluatorState(
        row.evaluation_id,
        row.epoch,
        row.checked_at,
        row.everybody_due_at,
        ChangeCause(row.everybody_cause) if row.everybody_cause else None,
    )


def begin_evaluation(uow: UnitOfWork, after: int) -> int | None:
    """Take the number after the last evaluation; None when another evaluator took it. Locks evaluators out until the end."""
    number: int | None = uow.connection.execute(
        text(
            "UPDATE segment_evaluator SET evaluation_id = evaluation_id + 1 WHERE evaluation_id = :after"
            " RETURNING evaluation_id"
        ),
        {"after": after},
    ).scalar_one_or_none()
    return number


def note_checked(uow: UnitOfWork, *, repaired: int, everybody_asked_at: datetime | None) -> None:
    """Note that a pass compared all definitions; a wish for one that came later stays."""
    uow.connection.execute(
        text(
            "UPDATE segment_evaluator SET checked_at = :now, repaired = repaired + :repaired,"
            " everybody_cause = CASE WHEN everybody_due_at IS NOT DISTINCT FROM CAST(:asked AS timestamptz)"
            " THEN NULL ELSE everybody_cause END,"
            " everybody_due_at = CASE WHEN everybody_due_at IS NOT DISTINCT FROM CAST(:asked AS timestamptz)"
            " THEN NULL ELSE everybody_due_at END"
        ),
        {"now": uow.now, "repaired": repaired, "asked": everybody_asked_at},
    )


def ask_for_everybody(uow: UnitOfWork, *, due_at: datetime, cause: ChangeCause) -> None:
    """Ask for a pass over everybody because facts of many people changed at once; a live cause wins over a backfilled one."""
    uow.connection.execute(
        text(
            "UPDATE segment_evaluator SET everybody_due_at = :due_at,"
            " everybody_cause = CASE WHEN everybody_cause = 'live' THEN 'live' ELSE :cause END"
        ),
        {"due_at": due_at, "cause": cause.value},
    )


def load_members(uow: UnitOfWork, definition_ids: Sequence[int] | None = None) -> dict[int, BitMap64]:
    """Return the members of definitions, None: of all."""
    clause = "" if definition_ids is None else " WHERE definition_id = ANY(CAST(:ids AS bigint[]))"
    parts: dict[int, list[BitMap64]] = {}
    for row in uow.connection.execute(
        text(f"SELECT definition_id, bitmap FROM membership_blocks{clause}"),
        {} if definition_ids is None else {"ids": list(definition_ids)},
    ):
        parts.setdefault(row.definition_id, []).append(BitMap64.deserialize(bytes(row.bitmap)))
    return {definition_id: BitMap64.union(BitMap64(), *found) for definition_id, found in parts.items()}


def page_of_members(uow: UnitOfWork, definition_id: int, *, after: int, limit: int) -> tuple[list[int], bool]:
    """Return members after an id in order, and whether there are more."""
    found: list[int] = []
    for row in uow.connection.execute(
        text(
            "SELECT bitmap FROM membership_blocks WHERE definition_id = :id AND block >= :block"
            " ORDER BY block LIMIT :limit"
        ),
        {"id": definition_id, "block": (after + 1) >> BLOCK_BITS, "limit": limit + 2},
    ):
        for person_id in BitMap64.deserialize(bytes(row.bitmap)):
            if person_id > after:
                found.append(person_id)
                if len(found) > limit:
                    return found[:limit], True
    return found, False


def definitions_with(uow: UnitOfWork, person_id: int) -> list[int]:
    """Return the definitions a person fits."""
    rows = uow.connection.execute(
        text("SELECT definition_id, bitmap FROM membership_blocks WHERE block = :block"),
        {"block": person_id >> BLOCK_BITS},
    )
    return [row.definition_id for row in rows if person_id in BitMap64.deserialize(bytes(row.bitmap))]


def is_member(uow: UnitOfWork, definition_id: int, person_id: int) -> bool:
    """Tell whether a person fits a definition."""
    bitmap = uow.connection.execute(
        text("SELECT bitmap FROM membership_blocks WHERE definition_id = :id AND block = :block"),
        {"id": definition_id, "block": person_id >> BLOCK_BITS},
    ).scalar_one_or_none()
    return bitmap is not None and person_id in BitMap64.deserialize(bytes(bitmap))


def write_blocks(
    uow: UnitOfWork,
    members: Mapping[int, BitMap64],
    changed: Mapping[int, Iterable[int]],
    evaluation_id: int,
) -> None:
    """Write changed blocks (definition -> blocks) from the members as they are now."""
    full: list[tuple[int, int, bytes]] = []
    empty: list[tuple[int, int]] = []
    for definition_id, blocks in changed.items():
        for block in blocks:
            part = block_of(members[definition_id], block)
            if part:
                full.append((definition_id, block, part.serialize()))
            else:
                empty.append((definition_id, block))
    if full:
        uow.connection.execute(
            text(
                "INSERT INTO membership_blocks (definition_id, block, bitmap, evaluation_id)"
                " SELECT d, b, m, :evaluation_id FROM unnest(CAST(:definitions AS bigint[]), CAST(:blocks AS bigint[]),"
                " CAST(:bitmaps AS bytea[])) AS n(d, b, m) ON CONFLICT (definition_id, block) DO UPDATE"
                " SET bitmap = excluded.bitmap, evaluation_id = excluded.evaluation_id"
            ),
            {
                "definitions": [item[0] for item in full],
                "blocks": [item[1] for item in full],
                "bitmaps": [item[2] for item in full],
                "evaluation_id": evaluation_id,
            },
        )
    if empty:
        uow.connection.execute(
            text(
                "DELETE FROM membership_blocks m USING unnest(CAST(:definitions AS bigint[]), CAST(:blocks AS bigint[]))"
                " AS n(d, b) WHERE m.definition_id = n.d AND m.block = n.b"
            ),
            {"definitions": [item[0] for item in empty], "blocks": [item[1] for item in empty]},
        )


def insert_changes(uow: UnitOfWork, changes: Sequence[NewChange], evaluation_id: int) -> None:
    """Insert entries and exits."""
    uow.copy_rows(
        "segment_changes",
        ("definition_id", "version", "person_id", "has_entered", "cause", "changed_at", "evaluation_id"),
        (
            (
                c.definition_id,
                c.version,
                c.person_id,
                c.has_entered,
                c.cause.value,
                uow.now,
                evaluation_id,
            )
            for c in changes
        ),
    )


def add_sizes(uow: UnitOfWork, sizes: Sequence[tuple[int, int, int, int]]) -> None:
    """Note sizes of this hour: (definition, size, entered, left)."""
    uow.connection.execute(
        text(
            "INSERT INTO segment_sizes AS s (definition_id, hour, size, entered, left_again)"
            " SELECT d, date_trunc('hour', CAST(:now AS timestamptz)), n, e, l FROM unnest(CAST(:definitions AS bigint[]),"
            " CAST(:sizes AS bigint[]), CAST(:entered AS bigint[]), CAST(:left AS bigint[])) AS x(d, n, e, l)"
            " ON CONFLICT (definition_id, hour) DO UPDATE SET size = excluded.size,"
            " entered = s.entered + excluded.entered, left_again = s.left_again + excluded.left_again"
        ),
        {
            "definitions": [item[0] for item in sizes],
            "sizes": [item[1] for item in sizes],
            "entered": [item[2] for item in sizes],
            "left": [item[3] for item in sizes],
            "now": uow.now,
        },
    )


def insert_recomputation(
    uow: UnitOfWork,
    definition_id: int,
    version: int,
    evaluation_id: int,
    *,
    cause: ChangeCause,
    entered: int,
    left: int,
) -> None:
    """Note a first computation or one with another condition."""
    uow.connection.execute(
        text(
            "INSERT INTO segment_recomputations (definition_id, evaluation_id, version, cause, entered, left_again,"
            " computed_at) VALUES (:definition_id, :evaluation_id, :version, :cause, :entered, :left, :now)"
        ),
        {
            "definition_id": definition_id,
            "evaluation_id": evaluation_id,
            "version": version,
            "cause": cause.value,
            "entered": entered,
            "left": left,
            "now": uow.now,
        },
    )


def list_changes(
    uow: UnitOfWork, definition_id: int, *, people: Sequence[int] | None, before: int | None, limit: int
) -> list[Row[Any]]:
    """Return changes, newest first; `people` None means everybody's."""
    clauses = ["definition_id = :definition_id"]
    if people is not None:
        clauses.append("person_id = ANY(CAST(:people AS bigint[]))")
    if before is not None:
        clauses.append("change_id < :before")
    return list(
        uow.connection.execute(
            text(
                f"SELECT * FROM segment_changes WHERE {' AND '.join(clauses)} ORDER BY change_id DESC LIMIT :limit"
            ),
            {
                "definition_id": definition_id,
                "people": list(people or ()),
                "before": before,
                "limit": limit,
            },
        )
    )


def entered_at(uow: UnitOfWork, person_ids: Sequence[int]) -> dict[int, datetime]:
    """Return when people last entered, by definition."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT ON (definition_id) definition_id, has_entered, changed_at FROM segment_changes"
            " WHERE person_id = ANY(CAST(:ids AS bigint[])) ORDER BY definition_id, change_id DESC"
        ),
        {"ids": list(person_ids)},
    )
    return {row.definition_id: row.changed_at for row in rows if row.has_entered}


def sizes_by_day(
    uow: UnitOfWork, definition_id: int, *, since: datetime, zone: str
) -> tuple[list[Row[Any]], int | None]:
    """Return per local day the last size, entries and exits since a moment, and the last size before it."""
    rows = list(
        uow.connection.execute(
            text(
                "SELECT (hour AT TIME ZONE :zone)::date AS day, (array_agg(size ORDER BY hour DESC))[1] AS size,"
                " sum(entered)::bigint AS entered, sum(left_again)::bigint AS left_again FROM segment_sizes"
                " WHERE definition_id = :id AND hour >= :since GROUP BY 1 ORDER BY 1"
            ),
            {"id": definition_id, "since": since, "zone": zone},
        )
    )
    before: int | None = uow.connection.execute(
        text(
            "SELECT size FROM segment_sizes WHERE definition_id = :id AND hour < :since ORDER BY hour DESC LIMIT 1"
        ),
        {"id": definition_id, "since": since},
    ).scalar_one_or_none()
    return rows, before


def recomputed_days(uow: UnitOfWork, definition_id: int, *, since: datetime, zone: str) -> set[object]:
    """Return the local days on which a definition was computed anew."""
    return set(
        uow.connection.execute(
            text(
                "SELECT DISTINCT (computed_at AT TIME ZONE :zone)::date FROM segment_recomputations"
                " WHERE definition_id = :id AND computed_at >= :since"
            ),
            {"id": definition_id, "since": since, "zone": zone},
        ).scalars()
    )


def delete_old_changes(uow: UnitOfWork, *, before: datetime, limit: int) -> int:
    """Delete up to `limit` changes older than a moment; returns how many."""
    return uow.connection.execute(
        text(
            "DELETE FROM segment_changes WHERE change_id IN (SELECT change_id FROM segment_changes"
            " WHERE changed_at < :before LIMIT :limit)"
        ),
        {"before": before, "limit": limit},
    ).rowcount


def consumer_position(uow: UnitOfWork, name: str) -> int:
    """Return up to where a consumer has read the log, 0 before it first ran."""
    return int(
        uow.connection.execute(
            text("SELECT coalesce((SELECT position FROM consumers WHERE name = :name), 0)"), {"name": name}
        ).scalar_one()
    )


def evaluator_status(uow: UnitOfWork) -> EvaluatorStatus:
    """Return how the evaluator stands."""
    row = uow.connection.execute(
        text(
            "SELECT s.evaluation_id, s.checked_at, s.repaired,"
            " (SELECT count(*) FROM definitions WHERE is_live) AS definitions,"
            " (SELECT count(*) FROM definitions d JOIN definition_status t USING (definition_id)"
            " WHERE d.is_live AND t.health IN ('failing', 'suspended')) AS failing FROM segment_evaluator s"
        )
    ).one()
    slowest = uow.connection.execute(
        text(
            "SELECT d.owner_key, t.cost_ms FROM definition_status t JOIN definitions d USING (definition_id)"
            " WHERE d.is_live AND t.cost_ms IS NOT NULL ORDER BY t.cost_ms DESC LIMIT 5"
        )
    )
    return EvaluatorStatus(
        evaluation_id=row.evaluation_id,
        checked_at=row.checked_at,
        position=consumer_position(uow, "segments"),
        definitions=row.definitions,
        failing=row.failing,
        repaired=row.repaired,
        slowest=tuple((found.owner_key, found.cost_ms) for found in slowest),
    )
