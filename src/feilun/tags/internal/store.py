"""SQL of assignments and their history: reading what people hold, writing many changes in a few statements."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.tags.contracts import (
    Assignment,
    AssignmentSource,
    HistoryAction,
    HistoryEntry,
    TagId,
    TagOperationId,
)
from feilun.tags.internal.domain import Held, Trace

_COLUMNS: Final = (
    "assignment_id", "person_id", "root_person_id", "tag_id", "value", "source", "actor", "reason", "assigned_at",
    "expires_at", "revision",
)  # fmt: skip
_NAMES: Final = ", ".join(_COLUMNS)
_HISTORY: Final = (
    "person_id", "tag_id", "value", "assignment_id", "action", "displaced_by", "source", "actor", "reason", "changed_at",
    "expires_at", "operation_id", "before",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class NewHistory:
    """A line of history to write."""

    assignment: Assignment
    """As it is now or was until now."""
    action: HistoryAction
    source: AssignmentSource
    reason: str
    operation_id: TagOperationId | None
    before: Held | None
    displaced_by: TagId | None = None


def held_by(
    uow: UnitOfWork, person_ids: Iterable[PersonId], tag_ids: Iterable[TagId] | None = None
) -> list[Held]:
    """Return what person records hold, of some tags or of all, expired ones included."""
    rows = uow.connection.execute(
        text(
            f"SELECT {_NAMES} FROM tag_assignments WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND (CAST(:tag_ids AS bigint[]) IS NULL OR tag_id = ANY(CAST(:tag_ids AS bigint[])))"
            " ORDER BY assigned_at DESC, revision DESC"
        ),
        {"ids": sorted(set(person_ids)), "tag_ids": None if tag_ids is None else sorted(set(tag_ids))},
    )
    return [_held(row) for row in rows]


def due_people(uow: UnitOfWork, *, limit: int, among: Sequence[PersonId] | None = None) -> list[PersonId]:
    """Return person records that hold something whose time is over, lowest ids first."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT person_id FROM tag_assignments WHERE expires_at <= :now"
            " AND (CAST(:among AS bigint[]) IS NULL OR person_id = ANY(CAST(:among AS bigint[])))"
            " ORDER BY person_id LIMIT :limit"
        ),
        {"now": uow.now, "limit": limit, "among": None if among is None else sorted(among)},
    )
    return [PersonId(row.person_id) for row in rows]


def next_ids(uow: UnitOfWork, count: int) -> tuple[list[int], list[int]]:
    """Return fresh assignment ids and revisions."""
    rows = uow.connection.execute(
        text(
            "SELECT nextval(pg_get_serial_sequence('tag_assignments', 'assignment_id')) AS assignment_id,"
            " nextval('tag_revisions') AS revision FROM generate_series(1, :count)"
        ),
        {"count": count},
    ).all()
    return [row.assignment_id for row in rows], [row.revision for row in rows]


def upsert(uow: UnitOfWork, held: Sequence[Held], roots: Mapping[PersonId, PersonId]) -> None:
    """Write assignments; one with the same record, tag and value is replaced. `roots`: of every record named."""
    if not held:
        return
    rows = [
        {
            "assignment_id": h.assignment.assignment_id,
            "person_id": h.assignment.person_id,
            "root_person_id": roots[h.assignment.person_id],
            "tag_id": h.assignment.tag_id,
            "value": h.assignment.value,
            "source": h.assignment.source.value,
            "actor": h.assignment.actor,
            "reason": h.assignment.reason,
            "assigned_at": h.assignment.assigned_at,
            "expires_at": h.assignment.expires_at,
            "revision": h.revision,
        }
        for h in held
    ]
    uow.connection.execute(
        text(
            f"INSERT INTO tag_assignments ({_NAMES}) SELECT {_NAMES} FROM jsonb_to_recordset(CAST(:rows AS jsonb))"
            " AS r(assignment_id bigint, person_id bigint, root_person_id bigint, tag_id bigint, value text, source text,"
            " actor text, reason text, assigned_at timestamptz, expires_at timestamptz, revision bigint)"
            " ON CONFLICT (person_id, tag_id, value) DO UPDATE SET "
            + ", ".join(
                f"{name} = excluded.{name}"
                for name in _COLUMNS
                if name not in ("person_id", "tag_id", "value")
            )
        ),
        {"rows": _encode(rows)},
    )


def delete(uow: UnitOfWork, assignment_ids: Sequence[int]) -> None:
    """Delete assignments."""
    if assignment_ids:
        uow.connection.execute(
            text("DELETE FROM tag_assignments WHERE assignment_id = ANY(CAST(:ids AS bigint[]))"),
            {"ids": list(assignment_ids)},
        )


def add_history(uow: UnitOfWork, lines: Sequence[NewHistory]) -> None:
    """Append lines of history, in order."""
    uow.copy_rows(
        "tag_history",
        _HISTORY,
        [
            (
                line.assignment.person_id,
                line.assignment.tag_id,
                line.assignment.value,
                line.assignment.assignment_id,
                line.action.value,
                line.displaced_by,
                line.source.value,
                uow.actor,
                line.reason,
                uow.now,
                line.assignment.expires_at,
                line.operation_id,
                None if line.before is None else _encode(_before(line.before)),
            )
            for line in lines
        ],
    )


def select_history(
    uow: UnitOfWork,
    *,
    tag_id: TagId | None,
    person_ids: Sequence[PersonId] | None,
    before: int | None,
    limit: int,
) -> list[HistoryEntry]:
    """Return changes, newest first."""
    conditions = ["(CAST(:before AS bigint) IS NULL OR history_id < :before)"]
    if tag_id is not None:
        conditions.append("tag_id = :tag_id")
    if person_ids is not None:
        conditions.append("person_id = ANY(CAST(:ids AS bigint[]))")
    rows = uow.connection.execute(
        text(
            f"SELECT * FROM tag_history WHERE {' AND '.join(conditions)} ORDER BY history_id DESC LIMIT :limit"
        ),
        {"before": before, "tag_id": tag_id, "ids": list(person_ids or ()), "limit": limit},
    )
    return [_entry(row) for row in rows]


def traces_of(uow: UnitOfWork, operation_id: TagOperationId, person_ids: Sequence[PersonId]) -> list[Trace]:
    """Return an operation's lines of these records with every later line of the same records, in order."""
    rows = uow.connection.execute(
        text(
            "SELECT h.*, h.operation_id IS NOT DISTINCT FROM :operation_id AS is_of_operation FROM tag_history h"
            " JOIN (SELECT person_id, min(history_id) AS first_id FROM tag_history WHERE operation_id = :operation_id"
            " AND person_id = ANY(CAST(:ids AS bigint[])) GROUP BY person_id) o"
            " ON o.person_id = h.person_id AND h.history_id >= o.first_id ORDER BY h.history_id"
        ),
        {"operation_id": operation_id, "ids": list(person_ids)},
    )
    return [
        Trace(
            history_id=row.history_id,
            person_id=PersonId(row.person_id),
            tag_id=TagId(row.tag_id),
            value=row.value,
            is_of_operation=row.is_of_operation,
            before=None if row.before is None else _held_from(row.before, row),
        )
        for row in rows
    ]


def move_to_roots(uow: UnitOfWork, roots: Mapping[PersonId, PersonId]) -> None:
    """Note whom records belong to today, for counting and listing whole people."""
    uow.connection.execute(
        text(
            "UPDATE tag_assignments a SET root_person_id = r.root FROM"
            " unnest(CAST(:ids AS bigint[]), CAST(:roots AS bigint[])) AS r(person_id, root)"
            " WHERE a.person_id = r.person_id AND a.root_person_id <> r.root"
        ),
        {"ids": list(roots), "roots": list(roots.values())},
    )


def delete_people(uow: UnitOfWork, person_ids: Sequence[PersonId]) -> list[Held]:
    """Delete everything about person records, history included; returns what they held."""
    values = {"ids": list(person_ids)}
    rows = uow.connection.execute(
        text(f"DELETE FROM tag_assignments WHERE person_id = ANY(CAST(:ids AS bigint[])) RETURNING {_NAMES}"),
        values,
    ).all()
    uow.connection.execute(
        text("DELETE FROM tag_history WHERE person_id = ANY(CAST(:ids AS bigint[]))"), values
    )
    return [_held(row) for row in rows]


# --- whole people -----------------------------------------------------------------------------------------------------

_OUTSHONE: Final = """
    EXISTS (
        SELECT 1 FROM tag_assignments n JOIN tags nt ON nt.tag_id = n.tag_id
        WHERE n.root_person_id = a.root_person_id AND (n.assigned_at, n.revision) > (a.assigned_at, a.revision)
            AND (n.expires_at IS NULL OR n.expires_at > :now)
            AND ((g.is_exclusive AND nt.group_id = t.group_id AND n.tag_id <> a.tag_id)
                OR (t.value_mode = 'one' AND n.tag_id = a.tag_id AND n.value <> a.value))
    )
"""
"""A newer assignment in the same slot, of whichever record of the same person."""
_HOLDING: Final = f"""
    FROM tag_assignments a JOIN tags t ON t.tag_id = a.tag_id LEFT JOIN tag_groups g ON g.group_id = t.group_id
    WHERE (a.expires_at IS NULL OR a.expires_at > :now)
        AND (t.value_mode <> 'one' AND NOT coalesce(g.is_exclusive, false) OR NOT {_OUTSHONE})
"""


def count_people(uow: UnitOfWork, tag_id: TagId | None) -> dict[TagId, int]:
    """Return how many whole people carry each tag."""
    rows = uow.connection.execute(
        text(
            f"SELECT a.tag_id, count(DISTINCT a.root_person_id) AS people {_HOLDING}"
            " AND (CAST(:tag_id AS bigint) IS NULL OR a.tag_id = :tag_id) GROUP BY a.tag_id"
        ),
        {"now": uow.now, "tag_id": tag_id},
    )
    return {TagId(row.tag_id): row.people for row in rows}


def carriers(uow: UnitOfWork, tag_id: TagId, *, after: int, limit: int | None) -> list[PersonId]:
    """Return the next whole people who carry a tag, by id; without a limit all of them."""
    rows = uow.connection.execute(
        text(
            f"SELECT DISTINCT a.root_person_id {_HOLDING} AND a.tag_id = :tag_id AND a.root_person_id > :after"
            " ORDER BY a.root_person_id LIMIT :limit"
        ),
        {"now": uow.now, "tag_id": tag_id, "after": after, "limit": limit},
    )
    return [PersonId(row.root_person_id) for row in rows]


def ending_tags(uow: UnitOfWork) -> set[TagId]:
    """Return the tags of which some assignment has an end."""
    rows = uow.connection.execute(
        text("SELECT DISTINCT tag_id FROM tag_assignments WHERE expires_at IS NOT NULL")
    )
    return {TagId(row.tag_id) for row in rows}


def records_with(
    uow: UnitOfWork, *, tag_id: TagId | None = None, group_id: int | None = None
) -> list[PersonId]:
    """Return the person records that hold a tag or any tag of a group."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT a.person_id FROM tag_assignments a JOIN tags t ON t.tag_id = a.tag_id"
            " WHERE a.tag_id = CAST(:tag_id AS bigint) OR t.group_id = CAST(:group_id AS bigint) ORDER BY a.person_id"
        ),
        {"tag_id": tag_id, "group_id": group_id},
    )
    return [PersonId(row.person_id) for row in rows]


def records_after(uow: UnitOfWork, after: int, limit: int) -> list[PersonId]:
    """Return the next person records that hold anything, by id."""
    rows = uow.connection.execute(
        text(
            "SELECT DISTINCT person_id FROM tag_assignments WHERE person_id > :after ORDER BY person_id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [PersonId(row.person_id) for row in rows]


# --- rows -------------------------------------------------------------------------------------------------------------

_encode = json.JSONEncoder(default=str, ensure_ascii=False, separators=(",", ":")).encode


def _held(row: Row[tuple[object, ...]]) -> Held:
    return Held(
        assignment=Assignment(
            assignment_id=row.assignment_id,
            person_id=PersonId(row.person_id),
            tag_id=TagId(row.tag_id),
            value=row.value,
            source=AssignmentSource(row.source),
            actor=row.actor,
            reason=row.reason,
            assigned_at=row.assigned_at,
            expires_at=row.expires_at,
        ),
        revision=row.revision,
    )


def _before(held: Held) -> dict[str, object]:
    before = held.assignment
    return {
        "assignment_id": before.assignment_id,
        "source": before.source.value,
        "actor": before.actor,
        "reason": before.reason,
        "assigned_at": before.assigned_at.isoformat(),
        "expires_at": before.expires_at.isoformat() if before.expires_at else None,
        "revision": held.revision,
    }


def _held_from(stored: Mapping[str, Any], row: Row[tuple[object, ...]]) -> Held:
    expires_at = stored["expires_at"]
    return Held(
        assignment=Assignment(
            assignment_id=stored["assignment_id"],
            person_id=PersonId(row.person_id),
            tag_id=TagId(row.tag_id),
            value=row.value,
            source=AssignmentSource(stored["source"]),
            actor=stored["actor"],
            reason=stored["reason"],
            assigned_at=datetime.fromisoformat(stored["assigned_at"]),
            expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
        ),
        revision=stored["revision"],
    )


def _entry(row: Row[tuple[object, ...]]) -> HistoryEntry:
    return HistoryEntry(
        history_id=row.history_id,
        person_id=PersonId(row.person_id),
        tag_id=TagId(row.tag_id),
        value=row.value,
        action=HistoryAction(row.action),
        displaced_by=None if row.displaced_by is None else TagId(row.displaced_by),
        source=AssignmentSource(row.source),
        actor=row.actor,
        reason=row.reason,
        changed_at=row.changed_at,
        expires_at=row.expires_at,
        operation_id=None if row.operation_id is None else TagOperationId(row.operation_id),
    )
