"""Endpoints of the access room: session, operators, API keys."""

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from feilun import __version__
from feilun.access import api
from feilun.access.contracts import PERMISSIONS_BY_ROLE, ApiKey, Caller, Operator, Role
from feilun.access.errors import Unauthenticated
from feilun.access.guard import SESSION_COOKIE, Guard, LoggedIn
from feilun.kernel.ids import OperatorId
from feilun.platform.facts import DEMO_LOADED, find_fact
from feilun.platform.http import DatabaseDep, UowDep

router = APIRouter(prefix="/api/v1", tags=["access"])


class LogInIn(BaseModel):
    """User name and password."""

    username: str = Field(max_length=64)
    password: str = Field(max_length=200)


class PasswordIn(BaseModel):
    """A change of one's own password."""

    current_password: str = Field(max_length=200)
    new_password: str = Field(max_length=200)


class OperatorOut(BaseModel):
    """A member of staff who logs in."""

    id: int
    username: str
    display_name: str
    role: Role
    locale: str
    is_active: bool
    must_change_password: bool
    created_at: datetime
    last_login_at: datetime | None
    locked_until: datetime | None


class SessionOut(BaseModel):
    """The session's operator and what they may do."""

    operator: OperatorOut
    permissions: list[str]
    must_change_password: bool
    demo: bool = Field(description="This installation holds the demo company.")
    version: str


class SessionChangeIn(BaseModel):
    """What to change about one's own account."""

    locale: str = Field(pattern="^(zh-CN|en)$")


class ActorNameOut(BaseModel):
    """What an operator or an API key is called."""

    actor: str = Field(description="As histories store it: operator:12, api_key:3")
    name: str


class OperatorIn(BaseModel):
    """A new operator."""

    username: str = Field(min_length=2, max_length=64)
    display_name: str = Field("", max_length=100)
    role: Role
    locale: str = Field("zh-CN", pattern="^(zh-CN|en)$")


class OperatorChangeIn(BaseModel):
    """What to change; absent fields stay."""

    display_name: str | None = Field(None, max_length=100)
    role: Role | None = None
    is_active: bool | None = None
    locale: str | None = Field(None, pattern="^(zh-CN|en)$")


class OneTimePasswordOut(BaseModel):
    """An operator with a one-time password, shown this once."""

    operator: OperatorOut
    one_time_password: str


class PasswordResetOut(BaseModel):
    """A new one-time password, shown this once."""

    one_time_password: str


class ApiKeyIn(BaseModel):
    """A new API key."""

    name: str = Field(min_length=1, max_length=100)
    role: Role = Role.OPERATOR
    expires_at: datetime | None = None


class ApiKeyOut(BaseModel):
    """An API key without its secret."""

    id: int
    name: str
    prefix: str
    role: Role
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiKeyOut(BaseModel):
    """An API key with its secret, shown this once."""

    key: ApiKeyOut
    secret: str


def _operator_out(operator: Operator) -> OperatorOut:
    return OperatorOut(
        id=operator.operator_id,
        username=operator.username,
        display_name=operator.display_name,
        role=operator.role,
        locale=operator.locale,
        is_active=operator.is_active,
        must_change_password=operator.must_change_password,
        created_at=operator.created_at,
        last_login_at=operator.last_login_at,
        locked_until=operator.locked_until,
    )


def _session_out(operator: Operator, *, is_demo: bool) -> SessionOut:
    return SessionOut(
        operator=_operator_out(operator),
        permissions=sorted(PERMISSIONS_BY_ROLE[operator.role]),
        must_change_password=operator.must_change_password,
        demo=is_demo,
        version=__version__,
    )


def _api_key_out(key: ApiKey) -> ApiKeyOut:
    return ApiKeyOut(
        id=key.key_id,
        name=key.name,
        prefix=key.prefix,
        role=key.role,
        created_at=key.created_at,
        created_by=key.created_by,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


@router.post("/session", operation_id="logIn", response_model=SessionOut)
def log_in(body: LogInIn, request: Request, response: Response, database: DatabaseDep) -> SessionOut:
    """Open a session; the cookie comes with the answer."""
    opened = api.log_in(database, username=body.username, password=body.password)
    response.set_cookie(
        SESSION_COOKIE,
        opened.token,
        max_age=int((opened.expires_at - database.clock.now()).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.url.scheme == "https",
        path="/",
    )
    with database.transaction() as uow:
        return _session_out(opened.operator, is_demo=find_fact(uow.connection, DEMO_LOADED) is not None)


@router.get("/session", operation_id="getSession", response_model=SessionOut)
def get_session(request: Request, uow: UowDep, caller: LoggedIn) -> SessionOut:
    """Return the present session."""
    operator = api.find_session_operator(uow, request.cookies.get(SESSION_COOKIE, ""))
    if operator is None:
        raise Unauthenticated("no session")
    return _session_out(operator, is_demo=find_fact(uow.connection, DEMO_LOADED) is not None)


@router.patch("/session", operation_id="updateSession", response_model=SessionOut)
def update_session(body: SessionChangeIn, uow: UowDep, caller: LoggedIn) -> SessionOut:
    """Change one's own language; it is kept with the account and met again in another browser."""
    if caller.operator_id is None:
        raise Unauthenticated("API keys have no language")
    operator = api.update_operator(uow, caller.operator_id, locale=body.locale)
    return _session_out(operator, is_demo=find_fact(uow.connection, DEMO_LOADED) is not None)


@router.delete("/session", operation_id="logOut", status_code=204)
def log_out(request: Request, response: Response, uow: UowDep, caller: LoggedIn) -> None:
    """End the present session."""
    api.log_out(uow, request.cookies.get(SESSION_COOKIE, ""))
    response.delete_cookie(SESSION_COOKIE, path="/")


@router.post("/session/password", operation_id="changePassword", status_code=204)
def change_password(body: PasswordIn, request: Request, uow: UowDep, caller: LoggedIn) -> None:
    """Change one's own password; other sessions end."""
    if caller.operator_id is None:
        raise Unauthenticated("API keys have no password")
    api.change_password(
        uow,
        caller.operator_id,
        current_password=body.current_password,
        new_password=body.new_password,
        keep_token=request.cookies.get(SESSION_COOKIE, ""),
    )


@router.get("/actors", operation_id="listActors", response_model=list[ActorNameOut])
def list_actors(uow: UowDep, caller: Caller = Guard("customers.read")) -> list[ActorNameOut]:
    """Name everyone whom histories mention. Demands what every role holds: whoever sees a page may read who acted."""
    return [ActorNameOut(actor=found.actor, name=found.name) for found in api.list_actor_names(uow)]


@router.get("/operators", operation_id="listOperators", response_model=list[OperatorOut])
def list_operators(uow: UowDep, caller: Caller = Guard("operators.manage")) -> list[OperatorOut]:
    """List all operators."""
    return [_operator_out(operator) for operator in api.list_operators(uow)]


@router.post("/operators", operation_id="createOperator", response_model=OneTimePasswordOut, status_code=201)
def create_operator(
    body: OperatorIn, uow: UowDep, caller: Caller = Guard("operators.manage")
) -> OneTimePasswordOut:
    """Create an operator with a one-time password."""
    operator, password = api.create_operator(
        uow, username=body.username, display_name=body.display_name, role=body.role, locale=body.locale
    )
    return OneTimePasswordOut(operator=_operator_out(operator), one_time_password=password)


@router.patch("/operators/{operator_id}", operation_id="updateOperator", response_model=OperatorOut)
def update_operator(
    operator_id: int, body: OperatorChangeIn, uow: UowDep, caller: Caller = Guard("operators.manage")
) -> OperatorOut:
    """Change an operator; disabling ends the sessions."""
    return _operator_out(
        api.update_operator(
            uow,
            OperatorId(operator_id),
            display_name=body.display_name,
            role=body.role,
            is_active=body.is_active,
            locale=body.locale,
        )
    )


@router.post(
    "/operators/{operator_id}/password-reset", operation_id="resetPassword", response_model=PasswordResetOut
)
def reset_password(
    operator_id: int, uow: UowDep, caller: Caller = Guard("operators.manage")
) -> PasswordResetOut:
    """Give an operator a new one-time password."""
    return PasswordResetOut(one_time_password=api.reset_password(uow, operator_id=OperatorId(operator_id)))


@router.get("/api-keys", operation_id="listApiKeys", response_model=list[ApiKeyOut])
def list_api_keys(uow: UowDep, caller: Caller = Guard("settings.manage")) -> list[ApiKeyOut]:
    """List all API keys."""
    return [_api_key_out(key) for key in api.list_api_keys(uow)]


@router.post("/api-keys", operation_id="createApiKey", response_model=NewApiKeyOut, status_code=201)
def create_api_key(body: ApiKeyIn, uow: UowDep, caller: Caller = Guard("settings.manage")) -> NewApiKeyOut:
    """Make an API key; its secret is in this answer only."""
    key, secret = api.create_api_key(uow, name=body.name, role=body.role, expires_at=body.expires_at)
    return NewApiKeyOut(key=_api_key_out(key), secret=secret)


@router.delete("/api-keys/{key_id}", operation_id="revokeApiKey", status_code=204)
def revoke_api_key(key_id: int, uow: UowDep, caller: Caller = Guard("settings.manage")) -> None:
    """Revoke an API key at once."""
    api.revoke_api_key(uow, key_id)
