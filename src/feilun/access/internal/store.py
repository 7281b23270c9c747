"""All SQL of the access room."""

from datetime import datetime

from sqlalchemy import Row, text

from feilun.access.contracts import ActorName, ApiKey, Operator, Role
from feilun.kernel.ids import OperatorId
from feilun.platform.db import UnitOfWork

_OPERATOR = (
    "operator_id, username, display_name, password_hash, role, locale, is_active, must_change_password,"
    " failed_attempts, locked_until, created_at, last_login_at"
)
_API_KEY = "key_id, name, prefix, role, created_at, created_by, expires_at, last_used_at, revoked_at"


def operator_of(row: Row[tuple[object, ...]]) -> Operator:
    """Map a row to its contract."""
    return Operator(
        OperatorId(row.operator_id),
        row.username,
        row.display_name,
        Role(row.role),
        row.locale,
        row.is_active,
        row.must_change_password,
        row.created_at,
        row.last_login_at,
        row.locked_until,
    )


def find_operator_row(
    uow: UnitOfWork, *, username: str | None = None, operator_id: int | None = None, for_update: bool = False
) -> Row[tuple[object, ...]] | None:
    """Return an operator's row by name (any case) or id, locked when asked."""
    lock = " FOR UPDATE" if for_update else ""
    return uow.connection.execute(
        text(
            f"SELECT {_OPERATOR} FROM operators WHERE lower(username) = lower(:username) OR operator_id = :operator_id{lock}"
        ),
        {"username": username, "operator_id": operator_id},
    ).one_or_none()


def list_operator_rows(uow: UnitOfWork) -> list[Operator]:
    """Return all operators by name."""
    rows = uow.connection.execute(text(f"SELECT {_OPERATOR} FROM operators ORDER BY username"))
    return [operator_of(row) for row in rows]


def list_actor_names(uow: UnitOfWork) -> list[ActorName]:
    """Return the names of everyone who may have acted, operators first."""
    rows = uow.connection.execute(
        text(
            "SELECT 'operator:' || operator_id AS actor, display_name AS name FROM operators"
            " UNION ALL SELECT 'api_key:' || key_id, name FROM api_keys"
        )
    )
    return [ActorName(row.actor, row.name) for row in rows]


def count_active_admins(uow: UnitOfWork) -> int:
    """Count active administrators, locking them, so that two changes at once cannot remove the last one."""
    rows = uow.connection.execute(
        text(
            "SELECT operator_id FROM operators WHERE role = 'admin' AND is_active ORDER BY operator_id FOR UPDATE"
        )
    )
    return len(rows.all())


def insert_operator(
    uow: UnitOfWork, *, username: str, display_name: str, password_hash: str, role: Role, locale: str
) -> OperatorId | None:
    """Insert an operator; None when the name is taken."""
    found = uow.connection.execute(
        text(
            "INSERT INTO operators (username, display_name, password_hash, role, locale, must_change_password, created_at)"
            " VALUES (:username, :display_name, :password_hash, :role, :locale, true, :now)"
            " ON CONFLICT DO NOTHING RETURNING operator_id"
        ),
        {
            "username": username,
            "display_name": display_name,
            "password_hash": password_hash,
            "role": role.value,
            "locale": locale,
            "now": uow.now,
        },
    ).scalar_one_or_none()
    return None if found is None else OperatorId(found)


def update_operator(uow: UnitOfWork, operator_id: OperatorId, **values: object) -> None:
    """Set columns of an operator. Column names come from this package only."""
    assignments = ", ".join(f"{name} = :{name}" for name in values)
    uow.connection.execute(
        text(f"UPDATE operators SET {assignments} WHERE operator_id = :operator_id"),
        {"operator_id": operator_id, **values},
    )


def insert_session(uow: UnitOfWork, token_hash: bytes, operator_id: OperatorId, expires_at: datetime) -> None:
    """Store a session by the hash of its token, and drop those that ended."""
    uow.connection.execute(text("DELETE FROM sessions WHERE expires_at < :now"), {"now": uow.now})
    uow.connection.execute(
        text("INSERT INTO sessions VALUES (:hash, :operator_id, :now, :now, :expires_at)"),
        {"hash": token_hash, "operator_id": operator_id, "now": uow.now, "expires_at": expires_at},
    )


def find_session(uow: UnitOfWork, token_hash: bytes, idle_since: datetime) -> Row[tuple[object, ...]] | None:
    """Return the operator of a living session, with the moment it was last seen."""
    return uow.connection.execute(
        text(
            f"SELECT s.last_seen_at, {', '.join('o.' + c.strip() for c in _OPERATOR.split(','))} FROM sessions s"
            " JOIN operators o USING (operator_id)"
            " WHERE s.token_hash = :hash AND s.expires_at > :now AND s.last_seen_at > :idle_since AND o.is_active"
        ),
        {"hash": token_hash, "now": uow.now, "idle_since": idle_since},
    ).one_or_none()


def touch_session(uow: UnitOfWork, token_hash: bytes) -> None:
    """Note that a session is in use."""
    uow.connection.execute(
        text("UPDATE sessions SET last_seen_at = :now WHERE token_hash = :hash"),
        {"now": uow.now, "hash": token_hash},
    )


def delete_session(uow: UnitOfWork, token_hash: bytes) -> None:
    """End one session."""
    uow.connection.execute(text("DELETE FROM sessions WHERE token_hash = :hash"), {"hash": token_hash})


def delete_sessions_of(uow: UnitOfWork, operator_id: OperatorId, *, but: bytes = b"") -> None:
    """End all sessions of an operator, but one if named."""
    uow.connection.execute(
        text("DELETE FROM sessions WHERE operator_id = :operator_id AND token_hash <> :but"),
        {"operator_id": operator_id, "but": but},
    )


def _api_key_of(row: Row[tuple[object, ...]]) -> ApiKey:
    return ApiKey(
        row.key_id,
        row.name,
        row.prefix,
        Role(row.role),
        row.created_at,
        row.created_by,
        row.expires_at,
        row.last_used_at,
        row.revoked_at,
    )


def insert_api_key(
    uow: UnitOfWork, *, name: str, prefix: str, secret_hash: bytes, role: Role, expires_at: datetime | None
) -> ApiKey:
    """Store an API key by the hash of its secret."""
    row = uow.connection.execute(
        text(
            "INSERT INTO api_keys (name, prefix, secret_hash, role, created_at, created_by, expires_at)"
            f" VALUES (:name, :prefix, :hash, :role, :now, :actor, :expires_at) RETURNING {_API_KEY}"
        ),
        {
            "name": name,
            "prefix": prefix,
            "hash": secret_hash,
            "role": role.value,
            "now": uow.now,
            "actor": uow.actor,
            "expires_at": expires_at,
        },
    ).one()
    return _api_key_of(row)


def list_api_key_rows(uow: UnitOfWork) -> list[ApiKey]:
    """Return all API keys, newest first."""
    rows = uow.connection.execute(text(f"SELECT {_API_KEY} FROM api_keys ORDER BY key_id DESC"))
    return [_api_key_of(row) for row in rows]


def find_living_api_key(uow: UnitOfWork, prefix: str) -> tuple[ApiKey, bytes] | None:
    """Return a key that is neither revoked nor expired, with its secret's hash."""
    row = uow.connection.execute(
        text(
            f"SELECT {_API_KEY}, secret_hash FROM api_keys WHERE prefix = :prefix AND revoked_at IS NULL"
            " AND (expires_at IS NULL OR expires_at > :now)"
        ),
        {"prefix": prefix, "now": uow.now},
    ).one_or_none()
    return None if row is None else (_api_key_of(row), bytes(row.secret_hash))


def touch_api_key(uow: UnitOfWork, key_id: int) -> None:
    """Note that a key is in use, to the minute."""
    uow.connection.execute(
        text(
            "UPDATE api_keys SET last_used_at = :now WHERE key_id = :key_id"
            " AND (last_used_at IS NULL OR last_used_at < :now - interval '1 minute')"
        ),
        {"now": uow.now, "key_id": key_id},
    )


def revoke_api_key_row(uow: UnitOfWork, key_id: int) -> bool:
    """Revoke a key; False when there is none."""
    return bool(
        uow.connection.execute(
            text("UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now) WHERE key_id = :key_id"),
            {"now": uow.now, "key_id": key_id},
        ).rowcount
    )
