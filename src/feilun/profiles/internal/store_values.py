"""SQL of field values by person record, field and source, and of the record of changes."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True)
class StoredValue:
    """A row. An operator's emptied field has neither `value` nor `sealed`."""

    person_id: PersonId
    field: str
    source: str
    value: str | None
    sealed: bytes | None
    digest: bytes | None
    seen_at: datetime
    recorded_at: datetime
    actor: str

    @property
    def token(self) -> str:
        """Equal for equal values; empty for an emptied field."""
        return self.value or (self.digest.hex() if self.digest else "")


@dataclass(frozen=True, slots=True)
class NewValue:
    """What a source says now."""

    person_id: PersonId
    field: str
    value: str | None
    sealed: bytes | None
    digest: bytes | None
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class StoredChange:
    """Which fields of a person record one source or operator changed at once."""

    change_id: int
    person_id: PersonId
    fields: Sequence[str]
    source: str
    changed_at: datetime
    actor: str


_COLUMNS = "person_id, field, source, value, sealed, digest, seen_at, recorded_at, actor"


def values_of(
    uow: UnitOfWork, person_ids: Iterable[int], *, fields: Collection[str] | None = None
) -> list[StoredValue]:
    """Return the values of person records, of all fields or these."""
    rows = uow.connection.execute(
        text(
            f"SELECT {_COLUMNS} FROM profile_values WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND (CAST(:fields AS text[]) IS NULL OR field = ANY(CAST(:fields AS text[])))"
        ),
        {"ids": list(person_ids), "fields": None if fields is None else list(fields)},
    )
    return [StoredValue(*row) for row in rows.all()]


def tokens_of(uow: UnitOfWork, person_ids: Iterable[int]) -> list[StoredValue]:
    """Return the values of person records without sealed content: enough to choose between them and to show plain ones."""
    rows = uow.connection.execute(
        text(
            "SELECT person_id, field, source, value, CAST(NULL AS bytea), digest, seen_at, recorded_at, actor"
            " FROM profile_values WHERE person_id = ANY(CAST(:ids AS bigint[]))"
        ),
        {"ids": list(person_ids)},
    )
    return [StoredValue(*row) for row in rows.all()]


def all_person_ids(uow: UnitOfWork) -> list[PersonId]:
    """Return every person record that anything was said about."""
    return [
        PersonId(row[0])
        for row in uow.connection.execute(text("SELECT DISTINCT person_id FROM profile_values"))
    ]


def upsert_values(uow: UnitOfWork, values: Sequence[NewValue], *, source: str) -> None:
    """Store what a source says now; the caller has compared it with what is stored, under the persons' locks."""
    # One JSON text: encoding arrays element by element cost more than the statement itself (measured: 9 s of 20).
    rows = [
        {
            "person_id": v.person_id,
            "field": v.field,
            "value": v.value,
            "sealed": v.sealed.hex() if v.sealed else None,
            "digest": v.digest.hex() if v.digest else None,
            "seen_at": v.seen_at.isoformat(),
        }
        for v in sorted(values, key=lambda v: (v.person_id, v.field))
    ]
    uow.connection.execute(
        text(
            f"INSERT INTO profile_values ({_COLUMNS})"
            " SELECT person_id, field, :source, value, decode(sealed, 'hex'), decode(digest, 'hex'), seen_at, :now, :actor"
            " FROM json_to_recordset(CAST(:rows AS json)) AS r(person_id bigint, field text, value text, sealed text,"
            " digest text, seen_at timestamptz)"
            " ON CONFLICT (person_id, field, source) DO UPDATE SET value = excluded.value, sealed = excluded.sealed,"
            " digest = excluded.digest, seen_at = excluded.seen_at, recorded_at = excluded.recorded_at, actor = excluded.actor"
        ),
        {"rows": json.dumps(rows, ensure_ascii=False), "source": source, "now": uow.now, "actor": uow.actor},
    )


def confirm_values(uow: UnitOfWork, confirmed: Sequence[tuple[int, str, datetime]], *, source: str) -> None:
    """Note that a source says the same at a later moment: (person record, field, moment)."""
    rows = [{"person_id": p, "field": f, "seen_at": moment.isoformat()} for p, f, moment in sorted(confirmed)]
    uow.connection.execute(
        text(
            "UPDATE profile_values v SET seen_at = r.seen_at"
            " FROM json_to_recordset(CAST(:rows AS json)) AS r(person_id bigint, field text, seen_at timestamptz)"
            " WHERE v.person_id = r.person_id AND v.field = r.field AND v.source = :source"
        ),
        {"rows": json.dumps(rows), "source": source},
    )


def delete_values(
    uow: UnitOfWork, person_ids: Iterable[int], *, source: str, fields: Iterable[str]
) -> set[str]:
    """Delete what one source said about fields; returns the fields that had something."""
    rows = uow.connection.execute(
        text(
            "DELETE FROM profile_values WHERE person_id = ANY(CAST(:ids AS bigint[])) AND source = :source"
            " AND field = ANY(CAST(:fields AS text[])) RETURNING field"
        ),
        {"ids": list(person_ids), "source": source, "fields": list(fields)},
    )
    return {row[0] for row in rows}


def erase_values(uow: UnitOfWork, person_ids: Iterable[int], *, kept: Collection[str]) -> None:
    """Delete every value of these person records but those of the fields `kept`."""
    uow.connection.execute(
        text(
            "DELETE FROM profile_values WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND NOT field = ANY(CAST(:kept AS text[]))"
        ),
        {"ids": list(person_ids), "kept": list(kept)},
    )


def insert_changes(uow: UnitOfWork, fields: Mapping[PersonId, Sequence[str]], *, source: str) -> None:
    """Record for the time line which fields of which person records changed now."""
    moment = uow.now.isoformat()
    uow.copy_rows(
        "profile_changes",
        ("person_id", "fields", "source", "changed_at", "actor"),
        ((person, list(names), source, moment, uow.actor) for person, names in fields.items()),
    )


def changes_before(
    uow: UnitOfWork, person_ids: Iterable[int], *, before: tuple[datetime, int] | None, limit: int
) -> list[StoredChange]:
    """Return the changes of these person records before a moment and id, newest first."""
    rows = uow.connection.execute(
        text(
            "SELECT change_id, person_id, fields, source, changed_at, actor FROM profile_changes"
            " WHERE person_id = ANY(CAST(:ids AS bigint[]))"
            " AND (CAST(:at AS timestamptz) IS NULL OR (changed_at, change_id) < (CAST(:at AS timestamptz), :id))"
            " ORDER BY changed_at DESC, change_id DESC LIMIT :limit"
        ),
        {
            "ids": list(person_ids),
            "at": before[0] if before else None,
            "id": before[1] if before else 0,
            "limit": limit,
        },
    )
    return [StoredChange(*row) for row in rows]
