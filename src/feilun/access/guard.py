"""The gate of every endpoint: `Guard("customers.read")` as a dependency authenticates, checks and names the caller."""

from typing import Annotated, Final

from fastapi import Depends, Request

from feilun.access import api
from feilun.access.contracts import ALL_PERMISSIONS, PERMISSIONS_BY_ROLE, Caller
from feilun.access.errors import CrossSiteRequest, PasswordChangeRequired, PermissionDenied, Unauthenticated
from feilun.platform.http import database_of

SESSION_COOKIE: Final = "feilun_session"
REQUEST_HEADER: Final = "X-Feilun-Request"
"""Browsers add no custom header to a cross-site request without asking us first, so its presence proves our own page."""
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


def identify(request: Request) -> None:
    """Find out who is behind a request, by API key or session, and note it before anything else of the request runs.

    Installed on every router, so that the unit of work carries the actor whatever the order of parameters.
    Never raises: `Guard` does, where an endpoint demands a caller.
    """
    request.state.caller, request.state.has_one_time_password = _caller_of(request)
    request.state.actor = request.state.caller.actor if request.state.caller else "anonymous"


def _caller_of(request: Request) -> tuple[Caller | None, bool]:
    scheme, _, presented = request.headers.get("authorization", "").partition(" ")
    token = request.cookies.get(SESSION_COOKIE)
    if scheme.lower() != "bearer" and not token:
        return None, False
    with database_of(request).transaction(actor="anonymous") as uow:
        if scheme.lower() == "bearer":
            return api.find_api_key_caller(uow, presented.strip()), False
        operator = api.find_session_operator(uow, token or "")
    if operator is None:
        return None, False
    permissions = PERMISSIONS_BY_ROLE[operator.role]
    caller = Caller(f"operator:{operator.operator_id}", operator.role, permissions, operator.operator_id)
    return caller, operator.must_change_password


def _authenticated(request: Request) -> Caller:
    """Return the caller. Raises: Unauthenticated, CrossSiteRequest."""
    caller: Caller | None = request.state.caller
    if caller is None:
        raise Unauthenticated("no valid session or API key")
    is_by_cookie = caller.operator_id is not None
    if is_by_cookie and request.method not in _SAFE_METHODS and REQUEST_HEADER not in request.headers:
        raise CrossSiteRequest("changing request without the console's header")
    return caller


class _Gate:
    """Checks one permission; kept on the route so that tests can list what every endpoint demands."""

    def __init__(self, permission: str) -> None:
        assert permission in ALL_PERMISSIONS, permission
        self.permission = permission

    def __call__(self, request: Request) -> Caller:
        caller = _authenticated(request)
        if request.state.has_one_time_password:
            raise PasswordChangeRequired("one-time password has to be changed")
        if not caller.may(self.permission):
            raise PermissionDenied("permission denied", permission=self.permission)
        return caller


def Guard(permission: str) -> Caller:  # noqa: N802 — reads as a declaration, like FastAPI's own Depends
    """Declare the permission an endpoint demands: `caller: Caller = Guard("customers.read")`.

    Raises at request time: Unauthenticated, CrossSiteRequest, PasswordChangeRequired, PermissionDenied.
    """
    dependency: Caller = Depends(_Gate(permission))
    return dependency


LoggedIn = Annotated[Caller, Depends(_authenticated)]
"""Any authenticated caller, also one who still has to change a one-time password (session endpoints only)."""
