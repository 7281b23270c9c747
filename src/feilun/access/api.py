"""Facade of the access room."""

from datetime import datetime

from feilun.access.contracts import ActorName, ApiKey, Caller, OpenedSession, Operator, Role
from feilun.access.internal import service, store
from feilun.kernel.ids import OperatorId
from feilun.platform.db import Database, UnitOfWork


def log_in(database: Database, *, username: str, password: str) -> OpenedSession:
    """Open a session. Five wrong passwords in a row lock the account for 15 minutes.

    Owns its transaction, because a failed try is counted although the request fails.
    Raises: LoginFailed (which of the two was wrong is not told), AccountLocked.
    """
    return service.log_in(database, username, password)


def find_session_operator(uow: UnitOfWork, token: str) -> Operator | None:
    """Return whose living session a token opens: used within 12 hours, begun within 7 days, operator active."""
    return service.find_session_operator(uow, token)


def log_out(uow: UnitOfWork, token: str) -> None:
    """End a session; a token that opens none is no error."""
    service.log_out(uow, token)


def change_password(
    uow: UnitOfWork, operator_id: OperatorId, *, current_password: str, new_password: str, keep_token: str
) -> None:
    """Replace an operator's password and end all their sessions but the present one.

    Raises: LoginFailed (wrong current password), WeakPassword, OperatorNotFound.
    """
    service.change_password(
        uow, operator_id, current_password=current_password, new_password=new_password, keep_token=keep_token
    )


def create_operator(
    uow: UnitOfWork, *, username: str, display_name: str, role: Role, locale: str = "zh-CN"
) -> tuple[Operator, str]:
    """Create an operator; returns it with a one-time password that has to be changed at the first log-in.

    Raises: UsernameInvalid, UsernameTaken.
    """
    return service.create_operator(
        uow, username=username, display_name=display_name, role=role, locale=locale
    )


def ensure_first_admin(uow: UnitOfWork) -> str | None:
    """Create the operator 'admin' when there is no operator yet; returns the one-time password, else None."""
    return service.ensure_first_admin(uow)


def list_operators(uow: UnitOfWork) -> list[Operator]:
    """Return all operators by name."""
    return store.list_operator_rows(uow)


def update_operator(
    uow: UnitOfWork,
    operator_id: OperatorId,
    *,
    display_name: str | None = None,
    role: Role | None = None,
    is_active: bool | None = None,
    locale: str | None = None,
) -> Operator:
    """Change what is given; disabling ends all sessions. Raises: OperatorNotFound, LastAdmin."""
    return service.update_operator(
        uow, operator_id, display_name=display_name, role=role, is_active=is_active, locale=locale
    )


def reset_password(
    uow: UnitOfWork, *, operator_id: OperatorId | None = None, username: str | None = None
) -> str:
    """Give an operator a new one-time password, unlock the account, end its sessions. Raises: OperatorNotFound."""
    return service.reset_password(uow, operator_id=operator_id, username=username)


def list_actor_names(uow: UnitOfWork) -> list[ActorName]:
    """Return what operators and API keys are called, disabled and revoked ones too: lists and histories name them.

    Shows display names only; user names and roles are for those who manage operators.
    """
    return store.list_actor_names(uow)


def create_api_key(
    uow: UnitOfWork, *, name: str, role: Role, expires_at: datetime | None
) -> tuple[ApiKey, str]:
    """Make an API key; returns it with the full secret, which is not stored and never shown again."""
    return service.create_api_key(uow, name=name, role=role, expires_at=expires_at)


def list_api_keys(uow: UnitOfWork) -> list[ApiKey]:
    """Return all API keys, revoked ones too, newest first."""
    return store.list_api_key_rows(uow)


def find_api_key_caller(uow: UnitOfWork, presented: str) -> Caller | None:
    """Return who presents an API key, or None when it is unknown, revoked or expired."""
    return service.find_api_key_caller(uow, presented)


def revoke_api_key(uow: UnitOfWork, key_id: int) -> None:
    """Revoke an API key at once. Raises: ApiKeyNotFound."""
    service.revoke_api_key(uow, key_id)
