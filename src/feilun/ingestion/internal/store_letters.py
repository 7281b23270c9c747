"""SQL of dead letters and their retention."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text

from feilun.ingestion.contracts import (
    DeadLetterFilter,
    DeadLetterId,
    DeadLetterState,
    ImportMapping,
    Rejection,
)
from feilun.ingestion.errors import DeadLetterNotFound
from feilun.ingestion.internal.mapping import from_document
from feilun.kernel.ids import ImportId
from feilun.platform.db import UnitOfWork


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLetter:
    """A dead letter to store, sealed already."""

    fingerprint: bytes
    row_number: int
    part: str
    code: str
    field: str
    detail: Mapping[str, object]
    sealed_value: bytes
    sealed_raw: bytes
    masked_value: str
    masked: Mapping[str, str]
    blinds: Sequence[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredLetter:
    """A dead letter as stored, with what is needed to open and replay it."""

    dead_letter_id: DeadLetterId
    import_id: ImportId
    file_name: str
    kind: str
    source: str
    row_number: int
    part: str
    state: DeadLetterState
    code: str
    field: str
    detail: Mapping[str, object]
    masked_value: str
    masked: Mapping[str, str]
    mended: tuple[str, ...]
    sealed_value: bytes | None
    sealed_raw: bytes | None
    sealed_mended: bytes | None
    wrapped_key: bytes
    mapping: ImportMapping
    created_at: datetime
    decided_by: str | None
    decided_at: datetime | None


_COPIED = (
    "fingerprint", "row_number", "part", "code", "field", "detail", "sealed_value", "sealed_raw", "masked_value", "masked", "blinds",
)  # fmt: skip


def insert_letters(
    uow: UnitOfWork, letters: Sequence[NewLetter], *, import_id: ImportId, kind: str, source: str
) -> int:
    """Store rejected rows; returns how many were not known yet. A replayed row that is rejected again is open again."""
    if not letters:
        return 0
    uow.connection.execute(
        text(
            "CREATE TEMP TABLE IF NOT EXISTS incoming_letters (fingerprint bytea, row_number bigint, part text, code text,"
            " field text, detail jsonb, sealed_value bytea, sealed_raw bytea, masked_value text, masked jsonb, blinds bytea[])"
            " ON COMMIT DROP"
        )
    )
    uow.connection.execute(text("TRUNCATE incoming_letters"))
    uow.copy_rows(
        "incoming_letters",
        _COPIED,
        [
            (
                letter.fingerprint, letter.row_number, letter.part, letter.code, letter.field,
                json.dumps(dict(letter.detail), default=str), letter.sealed_value, letter.sealed_raw, letter.masked_value,
                json.dumps(dict(letter.masked)), list(letter.blinds),
            )
            for letter in letters
        ],
    )  # fmt: skip
    columns = ", ".join(_COPIED)
    added = uow.connection.execute(
        text(
            f"INSERT INTO dead_letters (import_id, kind, source, state, created_at, {columns})"
            f" SELECT DISTINCT ON (fingerprint) cast(:import_id AS bigint), cast(:kind AS text), cast(:source AS text),"
            f" 'open', cast(:now AS timestamptz), {columns}"
            " FROM incoming_letters ORDER BY fingerprint, row_number"
            " ON CONFLICT (kind, source, fingerprint) DO NOTHING"
        ),
        {"import_id": import_id, "kind": kind, "source": source, "now": uow.now},
    ).rowcount
    uow.connection.execute(
        text(
            "UPDATE dead_letters d SET state = 'open', code = n.code, field = n.field, detail = n.detail,"
            " decided_by = NULL, decided_at = NULL FROM incoming_letters n WHERE d.kind = :kind AND d.source = :source"
            " AND d.fingerprint = n.fingerprint AND d.state = 'replayed'"
        ),
        {"kind": kind, "source": source},
    )
    return int(added)


def mended_fingerprints(uow: UnitOfWork, *, kind: str, source: str) -> set[bytes]:
    """Return the fingerprints of rows whose mended values were taken; they apply when the row comes again."""
    return {
        bytes(fingerprint)
        for fingerprint in uow.connection.execute(
            text(
                "SELECT fingerprint FROM dead_letters WHERE kind = :kind AND source = :source AND state = 'replayed'"
                " AND sealed_mended IS NOT NULL"
            ),
            {"kind": kind, "source": source},
        ).scalars()
    }


def mended_values(
    uow: UnitOfWork, fingerprints: Iterable[bytes], *, kind: str, source: str
) -> dict[bytes, dict[str, str]]:
    """Return mended texts by field for some fingerprints."""
    rows = uow.connection.execute(
        text(
            "SELECT d.fingerprint, d.sealed_mended, i.wrapped_key FROM dead_letters d JOIN imports i USING (import_id)"
            " WHERE d.kind = :kind AND d.source = :source AND d.fingerprint = ANY(:fingerprints) AND d.state = 'replayed'"
            " AND d.sealed_mended IS NOT NULL"
        ),
        {"kind": kind, "source": source, "fingerprints": list(fingerprints)},
    )
    return {
        bytes(row.fingerprint): json.loads(
            uow.keyring.unwrap(bytes(row.wrapped_key)).open(bytes(row.sealed_mended))
        )
        for row in rows
    }


_LETTER = (
    "SELECT d.*, i.wrapped_key, i.mapping, f.name AS file_name FROM dead_letters d JOIN imports i USING (import_id)"
    " JOIN uploaded_files f USING (file_id)"
)
_WHERE = (
    " WHERE (:state = '' OR d.state = :state) AND (:kind = '' OR d.kind = :kind) AND (:import_id = 0 OR d.import_id = :import_id)"
    " AND (:code = '' OR d.code = :code) AND (:field = '' OR d.field = :field)"
)


def _values(wanted: DeadLetterFilter) -> dict[str, object]:
    return {
        "state": wanted.state.value if wanted.state else "",
        "kind": wanted.kind or "",
        "import_id": wanted.import_id or 0,
        "code": wanted.code or "",
        "field": wanted.field or "",
    }


def list_letters(
    uow: UnitOfWork, wanted: DeadLetterFilter, *, offset: int, limit: int
) -> tuple[list[StoredLetter], int]:
    """Return one page, newest first, and how many there are."""
    total = uow.connection.execute(
        text(f"SELECT count(*) FROM dead_letters d {_WHERE}"), _values(wanted)
    ).scalar_one()
    rows = uow.connection.execute(
        text(f"{_LETTER} {_WHERE} ORDER BY d.dead_letter_id DESC OFFSET :offset LIMIT :limit"),
        _values(wanted) | {"offset": offset, "limit": limit},
    )
    return [_letter(row) for row in rows], total


def count_letters(uow: UnitOfWork, wanted: DeadLetterFilter) -> int:
    """Return how many letters a filter names."""
    return int(
        uow.connection.execute(
            text(f"SELECT count(*) FROM dead_letters d {_WHERE}"), _values(wanted)
        ).scalar_one()
    )


def letter_ids(uow: UnitOfWork, wanted: DeadLetterFilter, *, after: int, limit: int) -> list[DeadLetterId]:
    """Return ids that a filter names, in order."""
    rows = uow.connection.execute(
        text(
            f"SELECT d.dead_letter_id FROM dead_letters d {_WHERE} AND d.dead_letter_id > :after ORDER BY 1 LIMIT :limit"
        ),
        _values(wanted) | {"after": after, "limit": limit},
    )
    return [DeadLetterId(number) for number in rows.scalars()]


def get_letter(uow: UnitOfWork, dead_letter_id: DeadLetterId, *, lock: bool = False) -> StoredLetter:
    """Return one letter. Raises: DeadLetterNotFound."""
    found = get_letters(uow, [dead_letter_id]) if not lock else lock_letters(uow, [dead_letter_id])
    if not found:
        raise DeadLetterNotFound("no such dead letter", dead_letter_id=dead_letter_id)
    return found[0]


def get_letters(uow: UnitOfWork, ids: Sequence[DeadLetterId]) -> list[StoredLetter]:
    """Return letters by id, in id order."""
    rows = uow.connection.execute(
        text(f"{_LETTER} WHERE d.dead_letter_id = ANY(:ids) ORDER BY d.dead_letter_id"), {"ids": list(ids)}
    )
    return [_letter(row) for row in rows]


def lock_letters(uow: UnitOfWork, ids: Sequence[DeadLetterId]) -> list[StoredLetter]:
    """Lock letters in id order and return them as they then are."""
    uow.connection.execute(
        text(
            "SELECT 1 FROM dead_letters WHERE dead_letter_id = ANY(:ids) ORDER BY dead_letter_id FOR UPDATE"
        ),
        {"ids": list(ids)},
    )
    return get_letters(uow, ids)


def set_mended(
    uow: UnitOfWork, dead_letter_id: DeadLetterId, *, sealed: bytes | None, fields: Sequence[str]
) -> None:
    """Store the edited values of a letter."""
    uow.connection.execute(
        text("UPDATE dead_letters SET sealed_mended = :sealed, mended = :fields WHERE dead_letter_id = :id"),
        {"id": dead_letter_id, "sealed": sealed, "fields": list(fields)},
    )


def set_reason(
    uow: UnitOfWork,
    dead_letter_id: DeadLetterId,
    rejection: Rejection,
    *,
    sealed_value: bytes,
    masked_value: str,
) -> None:
    """Store why a replayed letter was rejected again."""
    uow.connection.execute(
        text(
            "UPDATE dead_letters SET code = :code, field = :field, detail = :detail, sealed_value = :sealed,"
            " masked_value = :masked WHERE dead_letter_id = :id"
        ),
        {
            "id": dead_letter_id, "code": rejection.code, "field": rejection.field or "",
            "detail": json.dumps(dict(rejection.detail), default=str), "sealed": sealed_value, "masked": masked_value,
        },
    )  # fmt: skip


def decide(uow: UnitOfWork, ids: Sequence[DeadLetterId], state: DeadLetterState) -> int:
    """Mark open letters as replayed or discarded; returns how many were open."""
    return uow.connection.execute(
        text(
            "UPDATE dead_letters SET state = :state, decided_by = :actor, decided_at = :now"
            " WHERE dead_letter_id = ANY(:ids) AND state = 'open'"
        ),
        {"ids": list(ids), "state": state.value, "actor": uow.actor, "now": uow.now},
    ).rowcount


def discard_matching(uow: UnitOfWork, wanted: DeadLetterFilter) -> int:
    """Discard every open letter that a filter names."""
    return uow.connection.execute(
        text(
            f"UPDATE dead_letters d SET state = 'discarded', decided_by = :actor, decided_at = :now {_WHERE} AND d.state = 'open'"
        ),
        _values(wanted) | {"actor": uow.actor, "now": uow.now},
    ).rowcount


def scrub_letters(uow: UnitOfWork, blinds: Sequence[bytes]) -> int:
    """Destroy the content of letters that hold one of these identifiers; the fingerprint stays, so the row does not return."""
    return uow.connection.execute(
        text(
            "UPDATE dead_letters SET sealed_value = NULL, sealed_raw = NULL, sealed_mended = NULL, mended = '{}', masked = '{}',"
            " masked_value = '', blinds = '{}', state = 'discarded', decided_by = :actor, decided_at = :now"
            " WHERE blinds && cast(:blinds AS bytea[])"
        ),
        {"blinds": list(blinds), "actor": uow.actor, "now": uow.now},
    ).rowcount


def delete_old_letters(uow: UnitOfWork, before: datetime) -> int:
    """Delete letters stored before a moment, whatever their state; mended ones that still apply stay."""
    return uow.connection.execute(
        text(
            "DELETE FROM dead_letters WHERE created_at < :before AND NOT (state = 'replayed' AND sealed_mended IS NOT NULL)"
        ),
        {"before": before},
    ).rowcount


def retention_days(uow: UnitOfWork) -> int:
    """Return how long dead letters are kept."""
    return int(uow.connection.execute(text("SELECT dead_letter_days FROM ingestion_settings")).scalar_one())


def set_retention_days(uow: UnitOfWork, days: int) -> None:
    """Set how long dead letters are kept."""
    uow.connection.execute(text("UPDATE ingestion_settings SET dead_letter_days = :days"), {"days": days})


def _letter(row: Row[Any]) -> StoredLetter:
    return StoredLetter(
        dead_letter_id=DeadLetterId(row.dead_letter_id),
        import_id=ImportId(row.import_id),
        file_name=row.file_name,
        kind=row.kind,
        source=row.source,
        row_number=row.row_number,
        part=row.part,
        state=DeadLetterState(row.state),
        code=row.code,
        field=row.field,
        detail=row.detail,
        masked_value=row.masked_value,
        masked=row.masked,
        mended=tuple(row.mended),
        sealed_value=None if row.sealed_value is None else bytes(row.sealed_value),
        sealed_raw=None if row.sealed_raw is None else bytes(row.sealed_raw),
        sealed_mended=None if row.sealed_mended is None else bytes(row.sealed_mended),
        wrapped_key=bytes(row.wrapped_key),
        mapping=from_document(row.mapping),
        created_at=row.created_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
