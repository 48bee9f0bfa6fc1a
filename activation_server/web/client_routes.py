"""The client protocol over HTTP."""

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope

from activation_server.formats import certificate, offline_file, problem
from activation_server.formats.client_api import (
    ActivationRequest,
    CertificateAnswer,
    DeactivationAnswer,
    DeactivationRequest,
    ReactivationRequest,
    TrialAnswer,
    TrialRequest,
)
from activation_server.rules.reasons import Refused
from activation_server.services import keys
from activation_server.services.context import Context
from activation_server.web import client_calls as calls
from activation_server.web.requests import network_of, read_json, read_text
from activation_server.web.responses import answer, refuse, text_file

ACTIVATIONS = "/v1/activations"
REACTIVATIONS = "/v1/activations/{activation_id}/reactivations"


def _takes(model: type) -> dict[str, Any]:
    """Document a body that the route reads by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


_FILE = {
    "text/plain": {
        "schema": {
            "type": "string",
            "maxLength": offline_file.MAX_FILE,
            "description": "an offline file, ASCII; see the page on the contract",
        }
    }
}
_REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {
        "description": title,
        "content": {problem.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
    }
    for status, title in (
        (403, "Refused by the license"),
        (404, "License or activation not found"),
        (409, "Refused by what is in use"),
        (410, "The activation was given back or removed"),
        (413, "Body over 16 KiB, or offline file over 32 KiB"),
        (422, "Body or offline file invalid"),
        (429, "Too many requests"),
        (500, "A fault of the server"),
        (503, "Come back later"),
    )
}


async def activated(context: Context, scope: Scope, receive: Receive) -> Response:
    """Answer `POST /v1/activations`."""
    data = await read_json(scope, receive)
    return _respond(context, await calls.activate(context, data, network_of(scope)))


async def reactivated(
    context: Context, activation_id: str, scope: Scope, receive: Receive
) -> Response:
    """Answer `POST /v1/activations/{activation_id}/reactivations`."""
    data = await read_json(scope, receive)
    outcome = await calls.reactivate(context, activation_id, data, network_of(scope))
    return _respond(context, outcome)


def make_router(context: Context) -> APIRouter:
    """Make the routes of the client protocol."""
    router = APIRouter()

    @router.post(
        ACTIVATIONS,
        status_code=201,
        responses={
            200: {"model": CertificateAnswer},
            201: {"model": CertificateAnswer},
            **_REFUSALS,
        },
        openapi_extra=_takes(ActivationRequest),
        summary="Activate this computer for a license key",
        operation_id="activate",
    )
    async def activate(http: HttpRequest) -> Response:
        return await activated(context, http.scope, http.receive)

    @router.post(
        REACTIVATIONS,
        responses={200: {"model": CertificateAnswer}, **_REFUSALS},
        openapi_extra=_takes(ReactivationRequest),
        summary="Check in",
        operation_id="reactivate",
    )
    async def reactivate(activation_id: str, http: HttpRequest) -> Response:
        return await reactivated(context, activation_id, http.scope, http.receive)

    @router.post(
        "/v1/activations/{activation_id}/deactivation",
        responses={200: {"model": DeactivationAnswer}, **_REFUSALS},
        openapi_extra=_takes(DeactivationRequest),
        summary="Give the seat back",
        operation_id="deactivate",
    )
    async def deactivate(activation_id: str, http: HttpRequest) -> Response:
        data = await read_json(http.scope, http.receive)
        return _respond(context, await calls.deactivate(context, activation_id, data))

    @router.post(
        "/v1/trials",
        status_code=201,
        responses={200: {"model": TrialAnswer}, 201: {"model": TrialAnswer}, **_REFUSALS},
        openapi_extra=_takes(TrialRequest),
        summary="Start a trial on this computer, without a key",
        operation_id="startTrial",
    )
    async def start_trial(http: HttpRequest) -> Response:
        return _respond(
            context, await calls.start_trial(context, await read_json(http.scope, http.receive))
        )

    _add_files_and_keys(router, context)
    return router


def _add_files_and_keys(router: APIRouter, context: Context) -> None:
    """Add what has no JSON body: offline files, and the public keys."""

    @router.post(
        "/v1/offline",
        responses={200: {"description": "The response file", "content": _FILE}, **_REFUSALS},
        openapi_extra={"requestBody": {"required": True, "content": _FILE}},
        summary="Carry out an offline request file",
        operation_id="offline",
    )
    async def offline(http: HttpRequest) -> Response:
        file = await read_text(http, offline_file.MAX_FILE)
        outcome = await calls.carry_out(context, file, network_of(http.scope))
        if isinstance(outcome, Refused):
            return refuse(context, outcome)
        return text_file(calls.response_file(outcome))

    @router.get("/.well-known/jwks.json", operation_id="jwks", summary="Public keys (RFC 7517)")
    async def jwks() -> JSONResponse:
        document = certificate.jwks(await keys.published(context))
        # A cached copy would lack a key that signs already, or keep one that was stolen.
        return JSONResponse(document, headers={"Cache-Control": "no-cache"})


def _respond(context: Context, outcome: calls.Outcome) -> Response:
    if isinstance(outcome, Refused):
        return refuse(context, outcome)
    return answer(outcome, 201 if outcome["status"] == "activated" else 200)
