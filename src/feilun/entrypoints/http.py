"""The HTTP application: every room's router, the web pages, health, security headers."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.responses import FileResponse, JSONResponse, Response
from fastapi.routing import APIRoute
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from feilun import __version__
from feilun.access.guard import identify
from feilun.entrypoints.system_http import router as system_router
from feilun.entrypoints.wiring import Rooms, customer_panels, people_sources, person_groups, routers
from feilun.platform.config import Settings
from feilun.platform.db import Database
from feilun.platform.http import Problem, install_problem_handlers, locale_of, problem

WEB_DIST: Final = Path(__file__).resolve().parents[3] / "web" / "dist"

_SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self' 'unsafe-inline'; font-src 'self' data:;"
        " connect-src 'self'; object-src 'none'; base-uri 'self'; frame-ancestors 'self'; form-action 'self'"
    ),
}
"""Inline styles are allowed because the component library sets them; inline scripts are not."""

_REFUSED: Final[dict[int | str, dict[str, Any]]] = {
    "default": {
        "description": "Refused: a problem document (RFC 9457) with a code of docs/reference/errors.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
}
"""How every operation answers when it does not do what was asked, validation of the request included."""


class _Application(FastAPI):
    """Describes problem documents in its OpenAPI description, which no endpoint returns as its model."""

    def openapi(self) -> dict[str, Any]:
        """Return the description; made once."""
        document = super().openapi()
        document["components"]["schemas"].setdefault("Problem", Problem.model_json_schema())
        return document


class _SecurityHeaders:
    """Adds the headers to every response; plain ASGI, because middleware classes that buffer would break streaming."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass through, adding headers to the response's start."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def create_app(settings: Settings, database: Database, rooms: Rooms, *, web_dist: Path = WEB_DIST) -> FastAPI:
    """Build the application on open engines. Serves the API under /api/v1, pages elsewhere, /healthz when ready."""
    app = _Application(
        title="Feilun 飞轮",
        version=__version__,
        docs_url="/api/docs",
        redoc_url=None,
        openapi_url="/api/openapi.json",
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.settings = settings
    app.state.database = database
    app.state.rooms = rooms
    app.state.customer_panels = customer_panels()
    app.state.person_groups = person_groups()
    app.state.people_sources = people_sources(rooms)
    install_problem_handlers(app)
    app.add_middleware(GZipMiddleware, minimum_size=1_000, compresslevel=5)
    app.add_middleware(_SecurityHeaders)
    for router in (*routers(), system_router):
        _state_permissions(router)
        app.include_router(router, dependencies=[Depends(identify)], responses=_REFUSED)
    app.include_router(_pages(web_dist))
    return app


def _state_permissions(router: APIRouter) -> None:
    """Note in the OpenAPI description of every operation which permission it demands, read off its gate."""
    for route in router.routes:
        if isinstance(route, APIRoute):
            for dependency in route.dependant.dependencies:
                permission = getattr(dependency.call, "permission", None)
                if permission is not None:
                    route.openapi_extra = {**(route.openapi_extra or {}), "x-permission": permission}


def _pages(web_dist: Path) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/healthz")
    def healthz(request: Request) -> JSONResponse:
        database: Database = request.app.state.database
        try:
            with database.engine.connect() as connection:
                connection.execute(text("SELECT 1 FROM log_head"))
        except OperationalError:
            return JSONResponse({"status": "starting"}, 503)
        return JSONResponse({"status": "ready", "version": __version__})

    @router.get("/{path:path}")
    def page(path: str, request: Request) -> Response:
        """Serve a built file, or the application for any other address (its router reads the address)."""
        if path.startswith("api/"):
            return problem(404, "request.not_found", locale_of(request))
        file = (web_dist / path).resolve()
        if path and file.is_file() and file.is_relative_to(web_dist.resolve()):
            is_hashed = path.startswith("assets/")
            cache = "public, max-age=31536000, immutable" if is_hashed else "no-cache"
            return FileResponse(file, headers={"Cache-Control": cache})
        index = web_dist / "index.html"
        if not index.is_file():
            return problem(503, "system.pages_not_built", locale_of(request))
        return FileResponse(index, headers={"Cache-Control": "no-cache"})

    return router
