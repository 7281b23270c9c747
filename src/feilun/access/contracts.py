"""Operators, roles, permissions, callers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from feilun.kernel.ids import OperatorId


class Role(StrEnum):
    """A named set of permissions."""

    ADMIN = "admin"
    OPERATOR = "operator"
    VIEWER = "viewer"


ALL_PERMISSIONS: Final = frozenset(
    {
        "customers.read",
        "customers.write",
        "customers.export",
        "personal.read",
        "identity.merge",
        "imports.read",
        "imports.write",
        "products.read",
        "products.write",
        "orders.read",
        "accounts.read",
        "accounts.write",
        "devices.read",
        "segments.read",
        "segments.write",
        "segments.export",
        "tags.write",
        "settings.manage",
        "operators.manage",
        "system.manage",
    }
)
_ADMIN_ONLY: Final = frozenset({"settings.manage", "operators.manage", "system.manage"})

PERMISSIONS_BY_ROLE: Final = {
    Role.ADMIN: ALL_PERMISSIONS,
    Role.OPERATOR: ALL_PERMISSIONS - _ADMIN_ONLY,
    Role.VIEWER: frozenset(
        {
            "customers.read",
            "imports.read",
            "products.read",
            "orders.read",
            "segments.read",
            "accounts.read",
            "devices.read",
        }
    ),
}
"""`personal.read` shows phones and the like in full; without it they are masked."""


@dataclass(frozen=True, slots=True)
class Operator:
    """A member of staff who logs in to the console."""

    operator_id: OperatorId
    username: str
    display_name: str
    role: Role
    locale: str
    is_active: bool
    must_change_password: bool
    created_at: datetime
    last_login_at: datetime | None
    locked_until: datetime | None


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key for another program; the secret is shown once, when it is made."""

    key_id: int
    name: str
    prefix: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class ActorName:
    """How a stored actor is called now."""

    actor: str
    """'operator:12' or 'api_key:3'."""
    name: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is behind a request and what they may do."""

    actor: str
    """'operator:12' or 'api_key:3', stored with every change."""
    role: Role
    permissions: frozenset[str]
    operator_id: OperatorId | None = None

    def may(self, permission: str) -> bool:
        """Tell whether the caller holds a permission."""
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class OpenedSession:
    """A fresh session: the token for the cookie (stored only as a hash) and whose it is."""

    token: str
    operator: Operator
    expires_at: datetime
