"""SQL of bulk operations: the queue, the people of each, progress."""

from collections.abc import Iterable
from itertools import islice
from typing import Final

from sqlalchemy import Row, text

from feilun.kernel.ids import PersonId
from feilun.platform.db import UnitOfWork
from feilun.tags.contracts import (
    AssignmentSource,
    ChangeCounts,
    OperationKind,
    OperationState,
    PeopleChoice,
    TagChange,
    TagId,
    TagOperation,
    TagOperationId,
)

_PIECE: Final = 50_000
_SELECT: Final = (
    "SELECT o.*, u.operation_id AS undone_by FROM tag_operations o"
    " LEFT JOIN tag_operations u ON u.undoes = o.operation_id AND u.state <> 'failed'"
)


def insert(
    uow: UnitOfWork,
    kind: OperationKind,
    change: TagChange,
    people: PeopleChoice,
    *,
    undoes: TagOperationId | None = None,
    idempotency_key: str | None = None,
    digest: bytes | None = None,
) -> TagOperationId | None:
    """Insert an operation that waits; None when the actor used the idempotency key before."""
    inserted = uow.connection.execute(
        text(
            "INSERT INTO tag_operations (kind, tag_id, value, renews, people_source, people_key, source, reason, undoes,"
            " state, actor, idempotency_key, request_digest, created_at, stepped_at)"
            " VALUES (:kind, :tag_id, :value, :renews, :people_source, :people_key, :source, :reason, :undoes, 'waiting',"
            " :actor, :key, :digest, :now, :now) ON CONFLICT (actor, idempotency_key) DO NOTHING RETURNING operation_id"
        ),
        {
            "kind": kind.value,
            "tag_id": change.tag_id,
            "value": change.value,
            "renews": change.renews,
            "people_source": people.source,
            "people_key": people.key,
            "source": change.source.value,
            "reason": change.reason,
            "undoes": undoes,
            "actor": uow.actor,
            "key": idempotency_key,
            "digest": digest,
            "now": uow.now,
        },
    ).scalar_one_or_none()
    return None if inserted is None else TagOperationId(inserted)


def find_by_idempotency_key(uow: UnitOfWork, key: str) -> tuple[TagOperationId, bytes]:
    """Return the actor's operation that used the key, and the digest of its request."""
    row = uow.connection.execute(
        text(
            "SELECT operation_id, request_digest FROM tag_operations WHERE actor = :actor AND idempotency_key = :key"
        ),
        {"actor": uow.actor, "key": key},
    ).one()
    return TagOperationId(row.operation_id), bytes(row.request_digest)


def select(
    uow: UnitOfWork, where: str = "true", *, offset: int = 0, limit: int = 1, **values: object
) -> list[TagOperation]:
    """Return operations, newest first."""
    rows = uow.connection.execute(
        text(f"{_SELECT} WHERE {where} ORDER BY o.operation_id DESC OFFSET :offset LIMIT :limit"),
        {"offset": offset, "limit": limit, **values},
    )
    return [_operation(row) for row in rows]


def count(uow: UnitOfWork, tag_id: TagId | None) -> int:
    """Count operations, of one tag or all."""
    return int(
        uow.connection.execute(
            text(
                "SELECT count(*) FROM tag_operations WHERE CAST(:tag_id AS bigint) IS NULL OR tag_id = :tag_id"
            ),
            {"tag_id": tag_id},
        ).scalar_one()
    )


def lock(uow: UnitOfWork, operation_id: TagOperationId) -> bool:
    """Lock one operation; tells whether it exists."""
    found = uow.connection.execute(
        text("SELECT 1 FROM tag_operations WHERE operation_id = :id FOR UPDATE"), {"id": operation_id}
    )
    return found.first() is not None


def claim(uow: UnitOfWork) -> TagOperation | None:
    """Lock the open operation whose turn it is, passing over those that other workers have."""
    row = uow.connection.execute(
        text(
            "SELECT operation_id FROM tag_operations WHERE state IN ('waiting', 'running')"
            " ORDER BY stepped_at, operation_id LIMIT 1 FOR UPDATE SKIP LOCKED"
        )
    ).first()
    if row is None:
        return None
    return select(uow, "o.operation_id = :id", id=row.operation_id)[0]


def add_people(uow: UnitOfWork, operation_id: TagOperationId, person_ids: Iterable[PersonId]) -> int:
    """Note whom an operation is about and that it runs; returns how many."""
    uow.connection.execute(
        text("CREATE TEMPORARY TABLE IF NOT EXISTS tag_named_people (person_id bigint) ON COMMIT DROP")
    )
    uow.connection.execute(text("TRUNCATE tag_named_people"))
    waiting = iter(person_ids)
    # A piece at a time, because sources read on this very connection, which can do nothing else while rows are copied.
    while piece := list(islice(waiting, _PIECE)):
        uow.copy_rows("tag_named_people", ("person_id",), [(person_id,) for person_id in piece])
    uow.connection.execute(
        text(
            "INSERT INTO tag_operation_people (operation_id, person_id)"
            " SELECT DISTINCT CAST(:id AS bigint), person_id FROM tag_named_people"
        ),
        {"id": operation_id},
    )
    return _note_total(uow, operation_id)


def add_people_of_history(uow: UnitOfWork, operation_id: TagOperationId, undone: TagOperationId) -> int:
    """Note the records that an operation to be undone changed; returns how many."""
    uow.connection.execute(
        text(
            "INSERT INTO tag_operation_people (operation_id, person_id)"
            " SELECT DISTINCT CAST(:id AS bigint), person_id FROM tag_history WHERE operation_id = :undone"
        ),
        {"id": operation_id, "undone": undone},
    )
    return _note_total(uow, operation_id)


def next_people(uow: UnitOfWork, operation_id: TagOperationId, limit: int) -> list[PersonId]:
    """Return the people whose turn it is, by id."""
    rows = uow.connection.execute(
        text(
            "SELECT p.person_id FROM tag_operation_people p JOIN tag_operations o ON o.operation_id = p.operation_id"
            " WHERE p.operation_id = :id AND p.person_id > o.last_person_id ORDER BY p.person_id LIMIT :limit"
        ),
        {"id": operation_id, "limit": limit},
    )
    return [PersonId(row.person_id) for row in rows]


def note_step(
    uow: UnitOfWork, operation_id: TagOperationId, done: int, last: PersonId, counts: ChangeCounts
) -> None:
    """Add a chunk to the progress."""
    uow.connection.execute(
        text(
            "UPDATE tag_operations SET people_done = people_done + :done, last_person_id = :last, stepped_at = :now,"
            " changed = changed + :changed, unchanged = unchanged + :unchanged, skipped = skipped + :skipped,"
            " displaced = displaced + :displaced WHERE operation_id = :id"
        ),
        {
            "id": operation_id,
            "done": done,
            "last": last,
            "now": uow.now,
            "changed": counts.changed,
            "unchanged": counts.unchanged,
            "skipped": counts.skipped,
            "displaced": counts.displaced,
        },
    )


def finish(
    uow: UnitOfWork, operation_id: TagOperationId, state: OperationState, error_code: str | None = None
) -> None:
    """End an operation; its list of people is not needed any more."""
    values = {"id": operation_id, "state": state.value, "code": error_code, "now": uow.now}
    uow.connection.execute(
        text(
            "UPDATE tag_operations SET state = :state, error_code = :code, finished_at = :now, is_stopping = false"
            " WHERE operation_id = :id AND state IN ('waiting', 'running')"
        ),
        values,
    )
    uow.connection.execute(text("DELETE FROM tag_operation_people WHERE operation_id = :id"), values)


def postpone(uow: UnitOfWork, operation_id: TagOperationId) -> None:
    """Let others have their turn first."""
    uow.connection.execute(
        text("UPDATE tag_operations SET stepped_at = :now WHERE operation_id = :id"),
        {"id": operation_id, "now": uow.now},
    )


def ask_to_stop(uow: UnitOfWork, operation_id: TagOperationId) -> None:
    """Note that somebody wants it to stop."""
    uow.connection.execute(
        text("UPDATE tag_operations SET is_stopping = true WHERE operation_id = :id"), {"id": operation_id}
    )


def _note_total(uow: UnitOfWork, operation_id: TagOperationId) -> int:
    return int(
        uow.connection.execute(
            text(
                "UPDATE tag_operations SET state = 'running', stepped_at = :now, people_total ="
                " (SELECT count(*) FROM tag_operation_people WHERE operation_id = :id)"
                " WHERE operation_id = :id RETURNING people_total"
            ),
            {"id": operation_id, "now": uow.now},
        ).scalar_one()
    )


def _operation(row: Row[tuple[object, ...]]) -> TagOperation:
    return TagOperation(
        operation_id=TagOperationId(row.operation_id),
        kind=OperationKind(row.kind),
        tag_id=TagId(row.tag_id),
        value=row.value,
        renews=row.renews,
        people=PeopleChoice(source=row.people_source, key=row.people_key),
        source=AssignmentSource(row.source),
        reason=row.reason,
        undoes=None if row.undoes is None else TagOperationId(row.undoes),
        undone_by=None if row.undone_by is None else TagOperationId(row.undone_by),
        state=OperationState(row.state),
        is_stopping=row.is_stopping,
        people_total=row.people_total,
        people_done=row.people_done,
        counts=ChangeCounts(
            changed=row.changed, unchanged=row.unchanged, skipped=row.skipped, displaced=row.displaced
        ),
        error_code=row.error_code,
        actor=row.actor,
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
