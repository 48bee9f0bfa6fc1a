"""Answers and refusals of the admin API as HTTP responses."""

import json
from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_problem, problem, support_advice
from activation_server.formats.admin_problem import AdminCode
from activation_server.formats.client_api import RequestInvalidError, pointer
from activation_server.rules.errors import (
    ChangedMeanwhileError,
    KeyReusedError,
    NotFoundError,
    NotGivenError,
    OperatorError,
    TooOftenError,
)
from activation_server.rules.reasons import Reason, Refused
from activation_server.services.context import Context
from activation_server.web.responses import (
    EXPECTED,
    Expected,
    fault,
    problem_response,
    refusal_of,
    retry_after,
)

JSON: Final = "application/json"
NO_STORE: Final = {"Cache-Control": "no-store"}
_CODES: Final[Mapping[type[OperatorError], AdminCode]] = {
    NotFoundError: AdminCode.NOT_FOUND,
    ChangedMeanwhileError: AdminCode.CHANGED_MEANWHILE,
    KeyReusedError: AdminCode.IDEMPOTENCY_KEY_REUSED,
    NotGivenError: AdminCode.SCOPE_INSUFFICIENT,
    OperatorError: AdminCode.REFUSED,
}
_HTTP: Final[Mapping[int, AdminCode]] = {
    404: AdminCode.NOT_FOUND,
    405: AdminCode.METHOD_NOT_ALLOWED,
}


class AdminRefusal(Exception):  # noqa: N818 - no error of the server
    """A call is refused at the edge."""

    def __init__(
        self,
        code: AdminCode,
        evidence: Mapping[str, object] | None = None,
        *,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code)
        self.code, self.detail = code, detail
        self.evidence, self.headers = evidence or {}, headers or {}


class LimitedError(Exception):
    """A token has used up its calls."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason)
        self.refused = refused


class RuledOutError(Exception):
    """The rules refuse what a tool brings for an app, with the code that the app would get."""

    def __init__(self, refused: Refused, license_id: UUID | None) -> None:
        super().__init__(refused.reason)
        self.refused, self.license_id = refused, license_id


def invalid(place: str, message: str) -> RequestInvalidError:
    """Give the refusal of one faulty part of a request, named by a JSON pointer."""
    return RequestInvalidError([{"pointer": place, "message": message}])


def written(document: Any) -> bytes:  # noqa: ANN401 - any JSON value
    """Write a JSON body."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def answer(
    document: Any,  # noqa: ANN401 - any JSON value
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a document as JSON."""
    return Response(written(document), status, {**NO_STORE, **(headers or {})}, JSON)


def described(
    model: type[BaseModel],
    document: Mapping[str, Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer with a document that is what a model says, and nothing else."""
    return answer(described_as(model, document), status, headers)


def described_as(model: type[BaseModel], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give a document that is what a model says. Raises ValidationError, a fault of the server."""
    return model.model_validate(document).model_dump(mode="json", by_alias=True)


def add_refusals(app: FastAPI) -> None:
    """Answer every refusal and fault of an application as problem details."""
    handlers = {
        AdminRefusal: _of_edge,
        LimitedError: _limited,
        RuledOutError: _ruled_out,
        TooOftenError: _too_often,
        RequestValidationError: _of_parameters,
        HTTPException: _of_router,
        Exception: _fault,
        **dict.fromkeys(EXPECTED, _expected),
        **dict.fromkeys(_CODES, _of_service),
    }
    for kind, handler in handlers.items():
        app.add_exception_handler(kind, handler)


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _refused(
    request: Request,
    code: AdminCode | Reason,
    evidence: Mapping[str, object],
    detail: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    context = _context(request)
    body = admin_problem.write(context.issuer, code, context.now(), evidence, detail)
    response = problem_response(body)
    response.headers.update(headers or {})
    return response


async def _of_edge(request: Request, error: Exception) -> Response:
    found = cast("AdminRefusal", error)
    return _refused(request, found.code, found.evidence, found.detail, found.headers)


async def _of_service(request: Request, error: Exception) -> Response:
    code = next(code for kind, code in _CODES.items() if isinstance(error, kind))
    return _refused(request, code, {}, str(error))


async def _limited(request: Request, error: Exception) -> Response:
    return _to_be_repeated(request, cast("LimitedError", error).refused)


async def _ruled_out(request: Request, error: Exception) -> Response:
    found = cast("RuledOutError", error)
    reason, evidence = found.refused.reason, found.refused.evidence
    if reason in {Reason.OVERLOADED, Reason.RATE_LIMITED}:
        return _to_be_repeated(request, found.refused)
    more = {
        "license_id": found.license_id and str(found.license_id),
        "support": support_advice.advice(reason, evidence)["support"],
    }
    return _refused(request, reason, {**evidence, **more}, problem.told(reason, evidence))


async def _too_often(request: Request, error: Exception) -> Response:
    found, context = cast("TooOftenError", error), _context(request)
    return problem_response(
        admin_problem.write(
            context.issuer,
            Reason.RATE_LIMITED,
            context.now(),
            {},
            str(found),
            found.retry_after,
        )
    )


async def _expected(request: Request, error: Exception) -> Response:
    refused = refusal_of(cast("Expected", error))
    if refused.reason is Reason.OVERLOADED:
        return _to_be_repeated(request, refused)
    return _refused(request, refused.reason, refused.evidence)


def _to_be_repeated(request: Request, refused: Refused) -> Response:
    context = _context(request)
    wait = retry_after(context, refused)
    return problem_response(
        admin_problem.write(context.issuer, refused.reason, context.now(), {}, retry_after=wait)
    )


async def _of_parameters(request: Request, error: Exception) -> Response:
    faults = cast("RequestValidationError", error).errors()
    errors = [
        {"pointer": pointer(each["loc"]), "message": each["msg"].removeprefix("Value error, ")}
        for each in faults
    ]
    return _refused(request, Reason.REQUEST_INVALID, {"errors": errors})


async def _of_router(request: Request, error: Exception) -> Response:
    found = cast("HTTPException", error)
    code = _HTTP.get(found.status_code, AdminCode.REFUSED)
    headers = dict(found.headers or {})
    if code is AdminCode.METHOD_NOT_ALLOWED:  # the router names those of one route alone
        headers["Allow"] = ", ".join(request.app.state.methods_at(request.url.path))
    return _refused(request, code, {}, headers=headers)


async def _fault(request: Request, _error: Exception) -> Response:
    return fault(_context(request))
