"""The admin API as an application of its own, with its own OpenAPI document."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.json_schema import models_json_schema

from activation_server import __version__
from activation_server.formats.admin_requests import REQUESTS
from activation_server.formats.client_api import ProblemBody
from activation_server.formats.json_schema import PlainJsonSchema
from activation_server.services.context import Context
from activation_server.web.admin import (
    activations,
    audit,
    bulk,
    catalogue,
    catalogue_changes,
    changes,
    license_changes,
    licenses,
    newsletter,
    offline,
    overview,
    people,
    privacy,
    retention,
    staff,
    tokens,
)
from activation_server.web.admin.access import permissions_of
from activation_server.web.admin.answers import add_refusals
from activation_server.web.admin.routes import PREFIX
from activation_server.web.telemetry import NO_TELEMETRY

OPENAPI: Final = f"{PREFIX}/openapi.json"
ROUTERS: Final = (
    licenses.router,
    bulk.router,
    license_changes.router,
    activations.router,
    people.router,
    privacy.router,
    catalogue.router,
    catalogue_changes.router,
    audit.router,
    newsletter.router,
    offline.router,
    overview.router,
    retention.router,
    staff.router,
    tokens.router,
)

_ABOUT: Final = (
    "What operator commands do, for the vendor's own tools. Every call needs an API token with the "
    "scope that it names; what a tool does stands in the audit log as done by `token:NAME`."
)


def build(context: Context) -> FastAPI:
    """Make the routes and refusals, which use the context only when they are called."""
    app = FastAPI(
        title="Activation server, admin API",
        description=_ABOUT,
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=OPENAPI,
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.context, app.state.methods_at = context, _methods_at
    for router in ROUTERS:
        app.include_router(router)
    add_refusals(app)
    app.openapi = lambda: openapi(app)  # type: ignore[method-assign] # FastAPI's documented way
    return app


def openapi(app: FastAPI) -> dict[str, Any]:
    """Describe the API (OpenAPI 3.1), each call with the scope that it needs."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    _, bodies = models_json_schema(
        [(model, "validation") for model in REQUESTS] + [(ProblemBody, "serialization")],
        ref_template="#/components/schemas/{model}",
        schema_generator=PlainJsonSchema,
    )
    components = document.setdefault("components", {})
    components.setdefault("schemas", {}).update(bodies["$defs"])
    for unused in ("HTTPValidationError", "ValidationError"):
        components["schemas"].pop(unused, None)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    _describe_calls(document)
    return document


def _describe_calls(document: dict[str, Any]) -> None:
    """Name the scope of each, and what a change takes."""
    for route in routes():
        scopes = permissions_of(route)
        named = " and ".join(f"`{each}`" for each in scopes)
        for method in route.methods or ():
            call = document["paths"][route.path][method.lower()]
            taken = changes.described(route)
            taken["parameters"] = [*call.get("parameters", []), *taken.get("parameters", [])]
            call.update({name: each for name, each in taken.items() if each})
            call["security"] = [{"token": list(scopes)}]
            call["description"] = f"{call['description']} Scope: {named}."


def routes() -> Iterator[APIRoute]:
    """Give every route."""
    for router in ROUTERS:
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def _methods_at(path: str) -> Sequence[str]:
    """Give the methods that an address takes."""
    there = [route.methods or set() for route in routes() if route.path_regex.match(path)]
    return sorted(set().union(*there)) or ["GET"]
