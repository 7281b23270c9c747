"""SQL of definitions, segments and their versions, and how evaluation stands."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, text

from feilun.conditions import api as conditions
from feilun.platform.db import UnitOfWork
from feilun.segments.contracts import (
    DefinitionId,
    DefinitionProblem,
    DefinitionStatus,
    Health,
    OwnerKind,
    Reference,
    Segment,
    SegmentFilter,
    SegmentId,
    SegmentKind,
    SegmentState,
    SegmentVersion,
)

_KEY_PART: Final = re.compile(r"[A-Za-z0-9_.-]{1,40}", re.ASCII)
_SEGMENT: Final = (
    "SELECT s.segment_id, s.key, s.name, s.description, s.kind, s.state, s.owner, s.created_at, s.created_by, s.updated_at,"
    " s.updated_by, d.definition_id, d.version, d.condition, d.zone, coalesce(t.health, 'waiting') AS health, t.problem_code,"
    " t.problem_detail, t.problem_since, t.retry_at, t.size, t.computed_at, t.cost_ms"
    " FROM segments s JOIN definitions d USING (definition_id) LEFT JOIN definition_status t USING (definition_id)"
)


def status_of(row: Row[Any]) -> DefinitionStatus:
    """Return how a definition stands, from a row with the columns of its status."""
    problem = None
    if row.problem_code is not None:
        problem = DefinitionProblem(
            row.problem_code, row.problem_detail or {}, row.problem_since, row.retry_at
        )
    return DefinitionStatus(
        definition_id=DefinitionId(row.definition_id),
        health=Health(row.health),
        problem=problem,
        size=row.size,
        computed_at=row.computed_at,
        cost_ms=row.cost_ms,
    )


def _segment(row: Row[Any]) -> Segment:
    return Segment(
        segment_id=SegmentId(row.segment_id),
        key=row.key,
        name=row.name,
        description=row.description,
        kind=SegmentKind(row.kind),
        state=SegmentState(row.state),
        zone=row.zone,
        owner=row.owner,
        version=row.version,
        condition=conditions.parse_condition(row.condition),
        status=status_of(row),
        created_at=row.created_at,
        created_by=row.created_by,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def find_segment(uow: UnitOfWork, segment_id: SegmentId, *, for_update: bool = False) -> Segment | None:
    """Return a segment by id."""
    lock = " FOR UPDATE OF s" if for_update else ""
    row = uow.connection.execute(
        text(f"{_SEGMENT} WHERE s.segment_id = :id{lock}"), {"id": segment_id}
    ).one_or_none()
    return _segment(row) if row is not None else None


def find_segment_by_key(uow: UnitOfWork, key: str) -> Segment | None:
    """Return a segment by key."""
    row = uow.connection.execute(text(f"{_SEGMENT} WHERE s.key = :key"), {"key": key}).one_or_none()
    return _segment(row) if row is not None else None


def list_segments(
    uow: UnitOfWork, wanted: SegmentFilter, *, offset: int, limit: int
) -> tuple[list[Segment], int]:
    """Return a page of segments by name, and how many there are."""
    clauses = ["s.state <> 'archived'" if wanted.state is None else "s.state = :state"]
    values: dict[str, object] = {"state": wanted.state.value if wanted.state else None}
    if wanted.kind is not None:
        clauses.append("s.kind = :kind")
        values["kind"] = wanted.kind.value
    if wanted.health is not None:
        clauses.append("coalesce(t.health, 'waiting') = :health")
        values["health"] = wanted.health.value
    if wanted.query:
        clauses.append("(strpos(lower(s.name), lower(:query)) > 0 OR strpos(s.key, lower(:query)) > 0)")
        values["query"] = wanted.query
    if wanted.key:
        clauses.append("s.key = ANY(CAST(:keys AS text[]))")
        values["keys"] = list(wanted.key)
    where = " AND ".join(clauses)
    total = uow.connection.execute(
        text(
            "SELECT count(*) FROM segments s LEFT JOIN definition_status t USING (definition_id)"
            f" WHERE {where}"
        ),
        values,
    ).scalar_one()
    rows = uow.connection.execute(
        text(f"{_SEGMENT} WHERE {where} ORDER BY s.name, s.segment_id LIMIT :limit OFFSET :offset"),
        {**values, "limit": limit, "offset": offset},
    )
    return [_segment(row) for row in rows], int(total)


def every_segment(uow: UnitOfWork) -> list[Segment]:
    """Return all segments by key, archived ones included."""
    return [_segment(row) for row in uow.connection.execute(text(f"{_SEGMENT} ORDER BY s.key"))]


def count_segments(uow: UnitOfWork) -> int:
    """Count all segments."""
    return int(uow.connection.execute(text("SELECT count(*) FROM segments")).scalar_one())


def insert_definition(
    uow: UnitOfWork,
    *,
    owner_kind: OwnerKind,
    owner_id: int,
    owner_key: str,
    condition: Mapping[str, object],
    zone: str | None,
    value: str = "",
    place: int = 0,
    is_exclusive: bool = False,
) -> DefinitionId:
    """Insert a live definition with version 1."""
    return DefinitionId(
        uow.connection.execute(
            text(
                "INSERT INTO definitions (owner_kind, owner_id, owner_key, value, place, is_exclusive, version, condition,"
                " zone, is_live, changed_at) VALUES (:owner_kind, :owner_id, :owner_key, :value, :place, :is_exclusive, 1,"
                " CAST(:condition AS jsonb), :zone, true, :now) RETURNING definition_id"
            ),
            {
                "owner_kind": owner_kind.value,
                "owner_id": owner_id,
                "owner_key": owner_key,
                "value": value,
                "place": place,
                "is_exclusive": is_exclusive,
                "condition": json.dumps(condition, ensure_ascii=False),
                "zone": zone,
                "now": uow.now,
            },
        ).scalar_one()
    )


def update_definition(uow: UnitOfWork, definition_id: DefinitionId, **values: object) -> None:
    """Set columns of a definition; `condition` is given as its JSON form."""
    assignments = [
        f"{name} = CAST(:{name} AS jsonb)" if name == "condition" else f"{name} = :{name}" for name in values
    ]
    if "condition" in values:
        values["condition"] = json.dumps(values["condition"], ensure_ascii=False)
    uow.connection.execute(
        text(
            f"UPDATE definitions SET {', '.join(assignments)}, changed_at = :now WHERE definition_id = :definition_id"
        ),
        {**values, "now": uow.now, "definition_id": definition_id},
    )


def delete_definitions(uow: UnitOfWork, definition_ids: Sequence[DefinitionId]) -> None:
    """Delete definitions; the evaluator removes what it stored about them."""
    uow.connection.execute(
        text("DELETE FROM definitions WHERE definition_id = ANY(CAST(:ids AS bigint[]))"),
        {"ids": list(definition_ids)},
    )


def insert_segment(
    uow: UnitOfWork, *, key: str, name: str, description: str, kind: SegmentKind, owner: str
) -> SegmentId | None:
    """Insert a segment without definition yet; None when the key is taken."""
    segment_id = uow.connection.execute(
        text(
            "INSERT INTO segments (key, name, description, kind, state, owner, created_at, created_by, updated_at, updated_by)"
            " VALUES (:key, :name, :description, :kind, 'active', :owner, :now, :actor, :now, :actor)"
            " ON CONFLICT (key) DO NOTHING RETURNING segment_id"
        ),
        {
            "key": key,
            "name": name,
            "description": description,
            "kind": kind.value,
            "owner": owner,
            "now": uow.now,
            "actor": uow.actor,
        },
    ).scalar_one_or_none()
    return None if segment_id is None else SegmentId(segment_id)


def update_segment(uow: UnitOfWork, segment_id: SegmentId, **values: object) -> None:
    """Set columns of a segment."""
    assignments = "".join(f"{name} = :{name}, " for name in values)
    uow.connection.execute(
        text(
            f"UPDATE segments SET {assignments}updated_at = :now, updated_by = :actor WHERE segment_id = :segment_id"
        ),
        {**values, "now": uow.now, "actor": uow.actor, "segment_id": segment_id},
    )


def delete_segment(uow: UnitOfWork, segment_id: SegmentId) -> None:
    """Delete a segment with its versions."""
    uow.connection.execute(text("DELETE FROM segments WHERE segment_id = :id"), {"id": segment_id})


def insert_version(
    uow: UnitOfWork, segment_id: SegmentId, version: int, condition: Mapping[str, object], note: str
) -> None:
    """Insert a version of a condition."""
    uow.connection.execute(
        text(
            "INSERT INTO segment_versions (segment_id, version, condition, note, created_at, created_by)"
            " VALUES (:segment_id, :version, CAST(:condition AS jsonb), :note, :now, :actor)"
        ),
        {
            "segment_id": segment_id,
            "version": version,
            "condition": json.dumps(condition, ensure_ascii=False),
            "note": note,
            "now": uow.now,
            "actor": uow.actor,
        },
    )


def list_versions(uow: UnitOfWork, segment_id: SegmentId) -> list[SegmentVersion]:
    """Return all versions, newest first."""
    rows = uow.connection.execute(
        text("SELECT * FROM segment_versions WHERE segment_id = :id ORDER BY version DESC"),
        {"id": segment_id},
    )
    return [
        SegmentVersion(
            version=row.version,
            condition=conditions.parse_condition(row.condition),
            note=row.note,
            created_at=row.created_at,
            created_by=row.created_by,
        )
        for row in rows
    ]


def named_conditions(uow: UnitOfWork) -> dict[str, object]:
    """Return the JSON conditions that others may refer to, by key: all segments, and values of computed tags.

    A tag's key is `tag.KEY`, or `tag.KEY:VALUE` where it has values. Of an exclusive tag the first fitting value counts.
    """
    rows = uow.connection.execute(
        text(
            "SELECT owner_kind, owner_id, owner_key, value, is_exclusive, condition FROM definitions"
            " ORDER BY owner_kind, owner_id, place"
        )
    )
    found: dict[str, object] = {}
    of_tags: dict[tuple[str, bool], list[tuple[str, Mapping[str, object]]]] = {}
    for row in rows:
        if row.owner_kind == OwnerKind.SEGMENT.value:
            found[row.owner_key] = row.condition
        else:
            of_tags.setdefault((row.owner_key, row.is_exclusive), []).append((row.value, row.condition))
    for (key, is_exclusive), values in of_tags.items():
        found.update(value_conditions(key, values, is_exclusive=is_exclusive))
    return found


def value_conditions(
    tag_key: str, values: Sequence[tuple[str, Mapping[str, object]]], *, is_exclusive: bool
) -> dict[str, object]:
    """Return the JSON conditions of a tag's values in their order, by the keys that conditions refer to them by."""
    found: dict[str, object] = {}
    before: list[object] = []
    for value, condition in values:
        where = condition["where"]
        if is_exclusive and before:
            where = {"all": [where, {"not": {"any": list(before)}}]}
        found[tag_reference(tag_key, value)] = {**condition, "where": where}
        before.append(condition["where"])
    return found


def tag_reference(tag_key: str, value: str) -> str:
    """Return the key by which conditions refer to a value of a computed tag; values that fit no key by their digest."""
    if not value:
        return f"tag.{tag_key}"
    if not _KEY_PART.fullmatch(value):
        value = hashlib.sha256(value.encode()).hexdigest()[:12]
    return f"tag.{tag_key}:{value}"


def list_referable(uow: UnitOfWork) -> list[Reference]:
    """Return what conditions may refer to: segments that are not archived, and values of computed tags."""
    rows = uow.connection.execute(
        text(
            "SELECT d.owner_kind, d.owner_key, d.value, s.name FROM definitions d LEFT JOIN segments s USING (definition_id)"
            " WHERE s.state IS DISTINCT FROM 'archived' AND (s.state IS NOT NULL OR d.is_live)"
            " ORDER BY d.owner_kind, s.name, d.owner_id, d.place"
        )
    )
    return [
        Reference(OwnerKind.SEGMENT, row.owner_key, row.name)
        if row.owner_kind == OwnerKind.SEGMENT.value
        else Reference(
            OwnerKind.TAG_VALUE,
            tag_reference(row.owner_key, row.value),
            f"{row.owner_key}: {row.value}" if row.value else row.owner_key,
        )
        for row in rows
    ]


def reference_names(uow: UnitOfWork) -> dict[str, str]:
    """Return how what conditions may refer to is called, by key."""
    return {reference.key: reference.name for reference in list_referable(uow)}


def list_uses(uow: UnitOfWork, key: str) -> list[Reference]:
    """Return what refers to a segment in its condition."""
    return _references(
        uow,
        "jsonb_path_exists(d.condition, '$.**.segment ? (@ == $key)', jsonb_build_object('key', CAST(:text AS text)))",
        key,
    )


def list_text_uses(uow: UnitOfWork, value: str) -> list[Reference]:
    """Return what has a text among the values of its condition."""
    return _references(
        uow,
        "jsonb_path_exists(d.condition, '$.**.value ? (@ == $key)', jsonb_build_object('key', CAST(:text AS text)))",
        value,
    )


def _references(uow: UnitOfWork, clause: str, value: str) -> list[Reference]:
    rows = uow.connection.execute(
        text(
            "SELECT d.owner_kind, d.owner_key, coalesce(s.name, d.owner_key) AS name FROM definitions d"
            f" LEFT JOIN segments s USING (definition_id) WHERE {clause} ORDER BY 1, 2"
        ),
        {"text": value},
    )
    return [Reference(OwnerKind(row.owner_kind), row.owner_key, row.name) for row in rows]


_TAG_DEFINITIONS: Final = (
    "SELECT d.*, coalesce(t.health, 'waiting') AS health, t.problem_code, t.problem_detail, t.problem_since,"
    " t.retry_at, t.size, t.computed_at, t.cost_ms"
    " FROM definitions d LEFT JOIN definition_status t USING (definition_id) WHERE d.owner_kind = 'tag_value'"
)


def tag_definitions(uow: UnitOfWork, tag_id: int) -> list[Row[Any]]:
    """Return the definitions of a computed tag's values in their order, with status."""
    return list(
        uow.connection.execute(
            text(f"{_TAG_DEFINITIONS} AND d.owner_id = :tag_id ORDER BY d.place"), {"tag_id": tag_id}
        )
    )


def live_tag_definitions(uow: UnitOfWork, tag_id: int | None) -> list[Row[Any]]:
    """Return the definitions of a computed tag, None: of all, that are evaluated, with status."""
    clause = "" if tag_id is None else " AND d.owner_id = :tag_id"
    return list(
        uow.connection.execute(
            text(f"{_TAG_DEFINITIONS} AND d.is_live{clause} ORDER BY d.owner_id, d.place"), {"tag_id": tag_id}
        )
    )


def segments_among(
    uow: UnitOfWork, definition_ids: Sequence[int]
) -> list[tuple[int, str, str, DefinitionId]]:
    """Return id, key, name and definition of those definitions that are segments, archived ones left out, by key."""
    rows = uow.connection.execute(
        text(
            "SELECT segment_id, key, name, definition_id FROM segments WHERE state <> 'archived'"
            " AND definition_id = ANY(CAST(:ids AS bigint[])) ORDER BY key"
        ),
        {"ids": list(definition_ids)},
    )
    return [(row.segment_id, row.key, row.name, DefinitionId(row.definition_id)) for row in rows]


def tag_values_among(uow: UnitOfWork, definition_ids: Sequence[int]) -> list[tuple[int, str, int]]:
    """Return tag, value and id of those definitions that are values of computed tags, archived ones left out."""
    rows = uow.connection.execute(
        text(
            "SELECT owner_id, value, definition_id FROM definitions WHERE owner_kind = 'tag_value' AND is_live"
            " AND definition_id = ANY(CAST(:ids AS bigint[])) ORDER BY owner_id, place"
        ),
        {"ids": list(definition_ids)},
    )
    return [(row.owner_id, row.value, row.definition_id) for row in rows]


def list_field_uses(uow: UnitOfWork, name: str) -> list[Reference]:
    """Return what names a field in its condition."""
    return _references(
        uow,
        "jsonb_path_exists(d.condition, '$.**.field ? (@ == $key)', jsonb_build_object('key', CAST(:text AS text)))",
        name,
    )


# --- for the evaluator ------------------------------------------------------------------------------------------------


def all_definitions(uow: UnitOfWork) -> list[Row[Any]]:
    """Return all definitions with their status, in evaluation order."""
    return list(
        uow.connection.execute(
            text(
                "SELECT d.*, coalesce(t.health, 'waiting') AS health, t.problem_since, t.tried_fingerprint, t.retry_at,"
                " coalesce(t.tries, 0) AS tries, t.computed_version, t.computed_fingerprint, t.computed_at, t.timed_at,"
                " t.cost_ms, t.costed_at FROM definitions d LEFT JOIN definition_status t USING (definition_id)"
                " ORDER BY d.owner_kind, d.owner_id, d.place, d.definition_id"
            )
        )
    )


def store_problems(
    uow: UnitOfWork,
    problems: Sequence[tuple[int, Health, str, Mapping[str, object], str, datetime | None]],
) -> None:
    """Note that definitions cannot be evaluated: (id, health, code, detail, fingerprint, retry at)."""
    for definition_id, health, code, detail, fingerprint, retry_at in problems:
        uow.connection.execute(
            text(
                "INSERT INTO definition_status AS t (definition_id, health, problem_code, problem_detail, problem_since,"
                " tried_fingerprint, retry_at, tries) VALUES (:id, :health, :code, CAST(:detail AS jsonb), :now,"
                " :fingerprint, :retry_at, 1) ON CONFLICT (definition_id) DO UPDATE SET health = excluded.health,"
                " problem_code = excluded.problem_code, problem_detail = excluded.problem_detail,"
                " problem_since = coalesce(t.problem_since, excluded.problem_since),"
                " tried_fingerprint = excluded.tried_fingerprint, retry_at = excluded.retry_at, tries = t.tries + 1"
            ),
            {
                "id": definition_id,
                "health": health.value,
                "code": code,
                "detail": json.dumps(detail, ensure_ascii=False, default=str),
                "now": uow.now,
                "fingerprint": fingerprint,
                "retry_at": retry_at,
            },
        )


def store_computed(
    uow: UnitOfWork, computed: Sequence[tuple[int, int, str, int]], *, as_of: datetime
) -> None:
    """Note that a pass over everybody succeeded: (id, version, fingerprint, size)."""
    uow.connection.execute(
        text(
            "INSERT INTO definition_status (definition_id, health, computed_version, computed_fingerprint, computed_at,"
            " timed_at, size)"
            " SELECT id, 'healthy', version, fingerprint, :now, :now, size FROM unnest(CAST(:ids AS bigint[]),"
            " CAST(:versions AS integer[]), CAST(:fingerprints AS text[]), CAST(:sizes AS bigint[]))"
            " AS n(id, version, fingerprint, size) ON CONFLICT (definition_id) DO UPDATE SET health = 'healthy',"
            " problem_code = NULL, problem_detail = NULL, problem_since = NULL, tried_fingerprint = NULL, retry_at = NULL,"
            " tries = 0, computed_version = excluded.computed_version,"
            " computed_fingerprint = excluded.computed_fingerprint, computed_at = :now, timed_at = :now,"
            " size = excluded.size"
        ),
        {
            "ids": [item[0] for item in computed],
            "versions": [item[1] for item in computed],
            "fingerprints": [item[2] for item in computed],
            "sizes": [item[3] for item in computed],
            "now": as_of,
        },
    )


def store_sizes(uow: UnitOfWork, sizes: Sequence[tuple[int, int]]) -> None:
    """Note sizes after a change: (id, size)."""
    uow.connection.execute(
        text(
            "UPDATE definition_status t SET size = n.size FROM unnest(CAST(:ids AS bigint[]), CAST(:sizes AS bigint[]))"
            " AS n(id, size) WHERE t.definition_id = n.id"
        ),
        {"ids": [item[0] for item in sizes], "sizes": [item[1] for item in sizes]},
    )


def store_cost(uow: UnitOfWork, definition_id: int, milliseconds: int) -> None:
    """Note what evaluating a definition alone took."""
    uow.connection.execute(
        text("UPDATE definition_status SET cost_ms = :ms, costed_at = :now WHERE definition_id = :id"),
        {"ms": milliseconds, "now": uow.now, "id": definition_id},
    )


def forget_computed(uow: UnitOfWork, definition_ids: Sequence[int]) -> None:
    """Note that memberships of paused definitions are no longer kept up, so that going on computes them anew."""
    uow.connection.execute(
        text(
            "UPDATE definition_status SET computed_fingerprint = NULL WHERE definition_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(definition_ids)},
    )


_OWNED_TABLES: Final = ("membership_blocks", "segment_sizes", "segment_changes", "segment_recomputations")


def forget_deleted(uow: UnitOfWork) -> None:
    """Remove what was stored about definitions that are deleted."""
    gone = [
        row.definition_id
        for row in uow.connection.execute(
            text(
                "SELECT t.definition_id FROM definition_status t WHERE NOT EXISTS"
                " (SELECT 1 FROM definitions d WHERE d.definition_id = t.definition_id)"
            )
        )
    ]
    if gone:
        for table in (*_OWNED_TABLES, "definition_status"):
            uow.connection.execute(
                text(f"DELETE FROM {table} WHERE definition_id = ANY(CAST(:ids AS bigint[]))"), {"ids": gone}
            )
