"""Use-cases of the access room."""

import hashlib
import hmac
import math
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Row

from feilun.access.contracts import PERMISSIONS_BY_ROLE, ApiKey, Caller, OpenedSession, Operator, Role
from feilun.access.errors import (
    AccountLocked,
    ApiKeyNotFound,
    LastAdmin,
    LoginFailed,
    OperatorNotFound,
    UsernameInvalid,
    UsernameTaken,
    WeakPassword,
)
from feilun.access.internal import domain, store
from feilun.kernel.errors import FeilunError
from feilun.kernel.ids import OperatorId
from feilun.platform.db import Database, UnitOfWork

_hasher = PasswordHasher()
_NOBODYS_HASH: Final = _hasher.hash(secrets.token_hex())
"""Checked when the user name is unknown, so that the answer takes as long as for a known one."""
_TOUCH_AFTER: Final = timedelta(minutes=1)
FIRST_ADMIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class _Refused:
    error: FeilunError


def log_in(database: Database, username: str, password: str) -> OpenedSession:
    """See `api.log_in`. Owns its transaction: a failed try has to be counted although the request fails."""
    with database.transaction(actor="anonymous") as uow:
        result = _try_log_in(uow, username, password)
    if isinstance(result, _Refused):
        raise result.error
    return result


def _try_log_in(uow: UnitOfWork, username: str, password: str) -> OpenedSession | _Refused:
    row = store.find_operator_row(uow, username=username, for_update=True)
    if row is None or not row.is_active:
        _is_password(_NOBODYS_HASH, password)
        return _Refused(LoginFailed("unknown or disabled operator"))
    if row.locked_until is not None and row.locked_until > uow.now:
        minutes = math.ceil((row.locked_until - uow.now).total_seconds() / 60)
        return _Refused(AccountLocked("account is locked", minutes=minutes))
    operator_id = OperatorId(row.operator_id)
    if not _is_password(row.password_hash, password):
        attempts = row.failed_attempts + 1
        is_locked = attempts >= domain.FAILED_ATTEMPTS_MAX
        store.update_operator(
            uow,
            operator_id,
            failed_attempts=0 if is_locked else attempts,
            locked_until=uow.now + domain.LOCK_DURATION if is_locked else None,
        )
        return _Refused(LoginFailed("wrong password"))
    store.update_operator(uow, operator_id, failed_attempts=0, locked_until=None, last_login_at=uow.now)
    if _hasher.check_needs_rehash(row.password_hash):
        store.update_operator(uow, operator_id, password_hash=_hasher.hash(password))
    token = secrets.token_urlsafe(32)
    expires_at = uow.now + domain.SESSION_MAX
    store.insert_session(uow, _digest(token), operator_id, expires_at)
    return OpenedSession(token, store.operator_of(row), expires_at)


def find_session_operator(uow: UnitOfWork, token: str) -> Operator | None:
    """See `api.find_session_operator`."""
    row = store.find_session(uow, _digest(token), uow.now - domain.SESSION_IDLE)
    if row is None:
        return None
    if uow.now - row.last_seen_at > _TOUCH_AFTER:
        store.touch_session(uow, _digest(token))
    return store.operator_of(row)


def log_out(uow: UnitOfWork, token: str) -> None:
    """See `api.log_out`."""
    store.delete_session(uow, _digest(token))


def change_password(
    uow: UnitOfWork, operator_id: OperatorId, *, current_password: str, new_password: str, keep_token: str
) -> None:
    """See `api.change_password`."""
    row = _operator_row(uow, operator_id)
    if not _is_password(row.password_hash, current_password):
        raise LoginFailed("wrong current password")
    if current_password == new_password:
        raise WeakPassword("the new password is the old one")
    _set_password(uow, operator_id, row.username, new_password, must_change=False)
    store.delete_sessions_of(uow, operator_id, but=_digest(keep_token))


def create_operator(
    uow: UnitOfWork, *, username: str, display_name: str, role: Role, locale: str
) -> tuple[Operator, str]:
    """See `api.create_operator`."""
    if not domain.is_username(username):
        raise UsernameInvalid("not a user name", username=username[:64])
    password = domain.one_time_password()
    operator_id = store.insert_operator(
        uow,
        username=username,
        display_name=display_name.strip() or username,
        password_hash=_hasher.hash(password),
        role=role,
        locale=locale,
    )
    if operator_id is None:
        raise UsernameTaken("user name is taken", username=username)
    return store.operator_of(_operator_row(uow, operator_id)), password


def ensure_first_admin(uow: UnitOfWork) -> str | None:
    """See `api.ensure_first_admin`."""
    if store.list_operator_rows(uow):
        return None
    return create_operator(uow, username=FIRST_ADMIN, display_name="管理员", role=Role.ADMIN, locale="zh-CN")[
        1
    ]


def update_operator(
    uow: UnitOfWork,
    operator_id: OperatorId,
    *,
    display_name: str | None,
    role: Role | None,
    is_active: bool | None,
    locale: str | None,
) -> Operator:
    """See `api.update_operator`."""
    row = _operator_row(uow, operator_id)
    loses_admin = (
        row.role == Role.ADMIN and row.is_active and (is_active is False or role not in (None, Role.ADMIN))
    )
    if loses_admin and store.count_active_admins(uow) <= 1:
        raise LastAdmin("the last active administrator stays")
    changes: dict[str, object] = {}
    if display_name is not None:
        changes["display_name"] = display_name.strip() or row.username
    if role is not None:
        changes["role"] = role.value
    if is_active is not None:
        changes["is_active"] = is_active
    if locale is not None:
        changes["locale"] = locale
    if changes:
        store.update_operator(uow, operator_id, **changes)
    if is_active is False:
        store.delete_sessions_of(uow, operator_id)
    return store.operator_of(_operator_row(uow, operator_id))


def reset_password(uow: UnitOfWork, *, operator_id: OperatorId | None, username: str | None) -> str:
    """See `api.reset_password`."""
    row = store.find_operator_row(uow, username=username, operator_id=operator_id)
    if row is None:
        raise OperatorNotFound("no such operator")
    password = domain.one_time_password()
    found = OperatorId(row.operator_id)
    _set_password(uow, found, "", password, must_change=True)
    store.delete_sessions_of(uow, found)
    return password


def create_api_key(
    uow: UnitOfWork, *, name: str, role: Role, expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """See `api.create_api_key`."""
    prefix = secrets.token_hex(6)
    secret = secrets.token_urlsafe(32)
    key = store.insert_api_key(
        uow, name=name.strip(), prefix=prefix, secret_hash=_digest(secret), role=role, expires_at=expires_at
    )
    return key, f"fl_{prefix}_{secret}"


def find_api_key_caller(uow: UnitOfWork, presented: str) -> Caller | None:
    """See `api.find_api_key_caller`."""
    mark, _, rest = presented.partition("_")
    prefix, _, secret = rest.partition("_")
    if mark != "fl" or not prefix or not secret:
        return None
    found = store.find_living_api_key(uow, prefix)
    if found is None or not hmac.compare_digest(found[1], _digest(secret)):
        return None
    key = found[0]
    store.touch_api_key(uow, key.key_id)
    return Caller(f"api_key:{key.key_id}", key.role, PERMISSIONS_BY_ROLE[key.role])


def revoke_api_key(uow: UnitOfWork, key_id: int) -> None:
    """See `api.revoke_api_key`."""
    if not store.revoke_api_key_row(uow, key_id):
        raise ApiKeyNotFound("no such API key")


def _set_password(
    uow: UnitOfWork, operator_id: OperatorId, username: str, password: str, *, must_change: bool
) -> None:
    if username and not domain.is_password_acceptable(password, username=username):
        raise WeakPassword("the new password is too weak")
    store.update_operator(
        uow,
        operator_id,
        password_hash=_hasher.hash(password),
        must_change_password=must_change,
        failed_attempts=0,
        locked_until=None,
    )


def _operator_row(uow: UnitOfWork, operator_id: OperatorId) -> Row[tuple[object, ...]]:
    row = store.find_operator_row(uow, operator_id=operator_id)
    if row is None:
        raise OperatorNotFound("no such operator")
    return row


def _is_password(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except VerifyMismatchError:
        return False


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
