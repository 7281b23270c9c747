"""What every router shares: the request's unit of work, paging, and errors as RFC 9457 problem documents."""

from collections.abc import Iterator
from typing import Annotated, Generic, TypeVar
from uuid import uuid4

import structlog
from fastapi import Depends, FastAPI, Query, Request
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError
from starlette.exceptions import HTTPException

from feilun.kernel.errors import FeilunError
from feilun.platform.config import Settings
from feilun.platform.db import Database, UnitOfWork
from feilun.platform.i18n import Locale, negotiate, translate

logger = structlog.get_logger(__name__)
T = TypeVar("T")

PAGE_SIZE_MAX = 200


class Problem(BaseModel):
    """RFC 9457 problem document."""

    type: str
    title: str
    status: int
    code: str
    detail: str = Field(description="What happened and what to do, in the caller's language.")
    values: dict[str, object] = Field(default_factory=dict)
    errors: list[dict[str, object]] = Field(
        default_factory=list, description="Per field: pointer, code, message."
    )


class Page(BaseModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    total: int
    page: int
    page_size: int


class PageQuery(BaseModel):
    """Paging of a list; `page` starts at 1."""

    page: int = Field(1, ge=1, le=1_000_000)
    page_size: int = Field(20, ge=1, le=PAGE_SIZE_MAX)

    @property
    def offset(self) -> int:
        """Rows before this page."""
        return (self.page - 1) * self.page_size


PageDep = Annotated[PageQuery, Query()]


def database_of(request: Request) -> Database:
    """Return the process's database."""
    database: Database = request.app.state.database
    return database


def settings_of(request: Request) -> Settings:
    """Return the process's settings."""
    settings: Settings = request.app.state.settings
    return settings


def locale_of(request: Request) -> Locale:
    """Return the language the caller asked for."""
    return negotiate(request.headers.get("accept-language"))


def _uow(request: Request) -> Iterator[UnitOfWork]:
    with database_of(request).transaction(actor=getattr(request.state, "actor", "anonymous")) as uow:
        yield uow


DatabaseDep = Annotated[Database, Depends(database_of)]
SettingsDep = Annotated[Settings, Depends(settings_of)]
LocaleDep = Annotated[Locale, Depends(locale_of)]
UowDep = Annotated[UnitOfWork, Depends(_uow, scope="function")]
"""The request's transaction; committed when the endpoint returns, before the response is sent."""


def problem(
    status: int,
    code: str,
    locale: Locale,
    *,
    message: str = "",
    values: dict[str, object] | None = None,
    errors: list[dict[str, object]] | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """Build a problem response in the caller's language."""
    body = Problem(
        type=f"/docs/reference/errors#{code}",
        title=code,
        status=status,
        code=code,
        detail=translate(code, locale, values, fallback=message),
        values=jsonable_encoder(values or {}, custom_encoder={bytes: lambda _: "…"}),
        errors=errors or [],
    )
    return JSONResponse(body.model_dump(), status, headers=headers, media_type="application/problem+json")


def install_problem_handlers(app: FastAPI) -> None:
    """Turn expected errors, validation errors and everything else into problem documents."""
    app.add_exception_handler(FeilunError, _on_feilun_error)
    app.add_exception_handler(RequestValidationError, _on_validation_error)
    app.add_exception_handler(HTTPException, _on_http_exception)
    app.add_exception_handler(OperationalError, _on_database_away)
    app.add_exception_handler(DataError, _on_data_error)
    app.add_exception_handler(Exception, _on_unexpected)


def _on_feilun_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, FeilunError)
    return problem(
        error.http_status, error.code, locale_of(request), message=error.message, values=dict(error.detail)
    )


def _on_validation_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    errors: list[dict[str, object]] = [
        {"pointer": "/" + "/".join(map(str, item["loc"])), "code": item["type"], "message": item["msg"]}
        for item in error.errors()
    ]
    first = errors[0] if errors else {"pointer": "", "message": ""}
    return problem(
        422,
        "request.invalid",
        locale_of(request),
        errors=errors,
        values={"field": first["pointer"], "reason": first["message"]},
    )


def _on_http_exception(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "request.not_found", 405: "request.method_not_allowed", 413: "request.too_large"}.get(
        error.status_code, "request.refused"
    )
    return problem(
        error.status_code,
        code,
        locale_of(request),
        message=str(error.detail),
        headers=dict(error.headers) if error.headers else None,
    )


def _on_database_away(request: Request, error: Exception) -> JSONResponse:
    logger.error("database_away", error=type(error).__name__)
    return problem(503, "system.database_away", locale_of(request), headers={"Retry-After": "2"})


def _on_data_error(request: Request, error: Exception) -> JSONResponse:
    """Refuse a NUL character wherever in a request it came: the driver rejects it before the database sees the statement."""
    assert isinstance(error, DataError)
    if getattr(error.orig, "sqlstate", None) is not None:
        return _on_unexpected(request, error)
    return problem(422, "request.nul_character", locale_of(request))


def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    reference = uuid4().hex[:12]
    logger.error("unexpected_error", reference=reference, path=request.url.path, exc_info=error)
    return problem(500, "system.unexpected", locale_of(request), values={"reference": reference})
