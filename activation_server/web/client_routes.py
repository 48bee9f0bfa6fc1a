"""The client protocol over HTTP."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response

from activation_server import base64url
from activation_server.formats import certificate, problem
from activation_server.formats.client_api import (
    ActivationRequest,
    CertificateAnswer,
    DeactivationAnswer,
    DeactivationRequest,
    NoticeBody,
    ReactivationRequest,
    SeatsBody,
)
from activation_server.rules.activation import Computer, Outcome
from activation_server.rules.license import App
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import activation as service
from activation_server.services import keys
from activation_server.services.activation import Certified, Request
from activation_server.services.context import Context
from activation_server.web.requests import read
from activation_server.web.responses import answer, refuse


def _takes(model: type) -> dict[str, Any]:
    """Document a body that the route reads by itself."""
    schema = {"$ref": f"#/components/schemas/{model.__name__}"}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


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
        (413, "Body over 16 KiB"),
        (422, "Body invalid"),
        (429, "Too many requests"),
        (500, "A fault of the server"),
        (503, "Come back later"),
    )
}


def make_router(context: Context) -> APIRouter:
    """Make the routes of the client protocol."""
    router = APIRouter()

    @router.post(
        "/v1/activations",
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
        body = await read(http, ActivationRequest)
        request = _request(body, product=body.product, license_key=body.license_key)
        return _respond(context, await service.activate(context, request))

    @router.post(
        "/v1/activations/{activation_id}/reactivations",
        responses={200: {"model": CertificateAnswer}, **_REFUSALS},
        openapi_extra=_takes(ReactivationRequest),
        summary="Check in",
        operation_id="reactivate",
    )
    async def reactivate(activation_id: str, http: HttpRequest) -> Response:
        body = await read(http, ReactivationRequest)
        known_as = _uuid(activation_id)
        if known_as is None:
            return refuse(context, Refused(Reason.ACTIVATION_NOT_FOUND))
        request = _request(body, product=body.product, license_key=body.license_key)
        result = await service.reactivate(context, known_as, body.check_in_token, request)
        return _respond(context, result)

    @router.post(
        "/v1/activations/{activation_id}/deactivation",
        responses={200: {"model": DeactivationAnswer}, **_REFUSALS},
        openapi_extra=_takes(DeactivationRequest),
        summary="Give the seat back",
        operation_id="deactivate",
    )
    async def deactivate(activation_id: str, http: HttpRequest) -> Response:
        body = await read(http, DeactivationRequest)
        known_as = _uuid(activation_id)
        if known_as is None:
            return refuse(context, Refused(Reason.ACTIVATION_NOT_FOUND))
        result = await service.deactivate(context, known_as, body.check_in_token, body.request_id)
        if isinstance(result, Refused):
            return refuse(context, result)
        seats = SeatsBody(limit=result.limit, used=result.used)
        return answer(
            DeactivationAnswer(status="deactivated", seats=seats, server_time=context.now())
        )

    @router.get("/.well-known/jwks.json", operation_id="jwks", summary="Public keys (RFC 7517)")
    async def jwks() -> JSONResponse:
        document = certificate.jwks(await keys.published(context))
        # A cached copy would lack a key that signs already, or keep one that was stolen.
        return JSONResponse(document, headers={"Cache-Control": "no-cache"})

    return router


def _request(
    body: ActivationRequest | ReactivationRequest, *, product: str | None, license_key: str | None
) -> Request:
    """Take from a body what the decision needs; the personal fields are checked, not kept."""
    return Request(
        request_id=body.request_id,
        nonce=base64url.decode(body.nonce),
        body=body.canonical(),
        hardware_id=body.hardware_id,
        components=body.components(),
        app=App(body.app.version, body.app.edition or None, body.app.released),
        computer=Computer(body.os.family, body.os.version),
        product=product,
        license_key=license_key,
    )


def _respond(context: Context, result: Certified | Refused) -> Response:
    if isinstance(result, Refused):
        return refuse(context, result)
    activation = result.activation
    body = CertificateAnswer(
        status=activation.outcome.value,
        activation_id=activation.activation_id,
        certificate=result.certificate,
        check_in_token=result.check_in_token,
        check_in_after=activation.check_in_after,
        certificate_expires=activation.certificate_expires,
        seats=SeatsBody(limit=result.seats.limit, used=result.seats.used),
        notices=[
            NoticeBody(code=notice, message=problem.NOTICES[notice]) for notice in result.notices
        ],
        server_time=context.now(),
    )
    return answer(body, 201 if activation.outcome is Outcome.ACTIVATED else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
