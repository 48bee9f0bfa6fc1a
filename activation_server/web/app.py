"""The web application: routes, refusals, and what is observed of each request."""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import structlog
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import TypeAdapter
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activation_server import __version__, logs
from activation_server.formats import problem
from activation_server.formats.client_api import ANSWERS, REQUESTS
from activation_server.formats.json_schema import PlainJsonSchema
from activation_server.formats.times import rfc3339
from activation_server.logs import REQUEST_ID
from activation_server.services.context import Context
from activation_server.web import client_routes, offline_page, pages
from activation_server.web.admin import app as admin
from activation_server.web.admin.routes import PREFIX
from activation_server.web.admission import Admission, House
from activation_server.web.console import refusals
from activation_server.web.console.app import install as install_console
from activation_server.web.console.paths import is_console
from activation_server.web.direct import ROUTE, Direct
from activation_server.web.responses import EXPECTED, Expected, fault, refusal_of, refuse
from activation_server.web.telemetry import NO_TELEMETRY

log = structlog.get_logger()

_NO_SNIFFING = (b"x-content-type-options", b"nosniff")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})

Readiness = Callable[[Context], Awaitable[Mapping[str, bool]]]


def create_app(context: Context, readiness: Readiness, house: House) -> Admission:
    """Make the application; `readiness` tells what `/readyz` answers."""
    apart = Apart(build(context, readiness), admin.build(context))
    return Admission(Observed(Direct(apart, context), context), context, house)


def build(context: Context, readiness: Readiness) -> FastAPI:
    """Make the routes and refusals, which use the context only when they are called."""
    app = FastAPI(
        title="Activation server",
        version=__version__,
        docs_url=None,  # its page loads from other hosts; the document itself is enough
        redoc_url=None,
        openapi_url="/openapi.json",
        redirect_slashes=False,  # an app does not follow a redirect
        telemetry=NO_TELEMETRY,
    )
    app.include_router(client_routes.make_router(context))
    app.include_router(pages.make_router())
    app.include_router(offline_page.make_router(context))
    install_console(app, context)
    _add_health(app, context, readiness)
    _add_refusals(app, context)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the API (OpenAPI 3.1), with the bodies that routes read by themselves."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    _, bodies = TypeAdapter.json_schemas(
        [(model, "validation", TypeAdapter(model)) for model in REQUESTS]
        + [(model, "serialization", TypeAdapter(model)) for model in ANSWERS],
        ref_template="#/components/schemas/{model}",
        schema_generator=PlainJsonSchema,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(bodies["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    return document


def _add_health(app: FastAPI, context: Context, readiness: Readiness) -> None:
    @app.get("/healthz", operation_id="healthz", summary="The process is alive")
    async def healthz() -> JSONResponse:
        return JSONResponse({"status": "ok", "server_time": rfc3339(context.now())})

    @app.get(
        "/readyz",
        operation_id="readyz",
        summary="The server can answer",
        responses={503: {"description": "Not yet"}},
    )
    async def readyz() -> JSONResponse:
        checks = await readiness(context)
        ready = all(checks.values())
        body = {
            "status": "ready" if ready else "not ready",
            "checks": dict(checks),
            "server_time": rfc3339(context.now()),
        }
        return JSONResponse(body, 200 if ready else 503, {"Cache-Control": "no-store"})


def _add_refusals(app: FastAPI, context: Context) -> None:
    async def expected(request: Request, error: Exception) -> Response:
        if is_console(request):
            return await refusals.refused(request, cast("Expected", error))
        return refuse(context, refusal_of(cast("Expected", error)))

    for kind in EXPECTED:
        app.add_exception_handler(kind, expected)

    @app.exception_handler(Exception)
    async def unexpected(request: Request, _error: Exception) -> Response:
        return refusals.fault(request) if is_console(request) else fault(context)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        if is_console(request):
            return await refusals.http_error(request, error)
        body = {
            "type": "about:blank",
            "title": str(error.detail),
            "status": error.status_code,
            "detail": "There is no such call; /openapi.json lists those that there are.",
            "server_time": rfc3339(context.now()),
        }
        return JSONResponse(body, error.status_code, error.headers, media_type=problem.CONTENT_TYPE)


class Apart:
    """Gives the admin API, which has refusals and a document of its own, what is for it."""

    def __init__(self, app: ASGIApp, of_admin: ASGIApp) -> None:
        self.app, self.of_admin = app, of_admin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        for_admin = scope["type"] == "http" and f"{scope['path']}/".startswith(f"{PREFIX}/")
        await (self.of_admin if for_admin else self.app)(scope, receive, send)


class Observed:
    """Gives each request an id, logs one line about it, and turns a fault into an opaque 500.

    A line names the route's pattern, never the path or the query: people type into those.
    """

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self.app = app
        self.context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        method = scope["method"]
        if method == "HEAD":  # answered as GET; the server leaves the body out
            scope = {**scope, "method": "GET"}
        request_id = self.context.randomness.random_bytes(8).hex()
        own_headers = [(b"x-request-id", request_id.encode()), _NO_SNIFFING]
        status, started = 0, time.perf_counter()

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *own_headers]
            await send(message)

        REQUEST_ID.set(request_id)
        try:
            await self.app(scope, receive, observed_send)
        except ClientDisconnect:
            status = 499
        except Exception:
            log.exception("fault")  # already answered, with the id that finds this line
        # Of those that come all the time nobody reads each line; of what went wrong somebody will.
        usual = ROUTE in scope and status < 400
        if usual and not logs.tells_all():
            return
        tell = log.debug if usual else log.info
        tell(
            "request",
            method=method if method in _METHODS else "-",
            route=scope.get(ROUTE) or getattr(scope.get("route"), "path", "-"),
            status=status,
            milliseconds=round(1000 * (time.perf_counter() - started), 1),
        )
