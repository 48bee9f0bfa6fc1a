"""Answers and refusals as HTTP responses."""

from collections.abc import Mapping
from typing import Final, get_args

import structlog
from pydantic_core import to_json
from starlette.responses import Response

from activation_server.formats import problem
from activation_server.formats.client_api import ProblemBody, RequestInvalidError
from activation_server.formats.offline_file import DamagedError
from activation_server.logs import REQUEST_ID
from activation_server.rules.errors import UnavailableError
from activation_server.rules.reasons import Reason, Refused
from activation_server.services.context import Context
from activation_server.web.requests import TooLargeError

log = structlog.get_logger()

Expected = RequestInvalidError | DamagedError | TooLargeError | UnavailableError
EXPECTED: Final = get_args(Expected)

_NO_STORE: Final = {"Cache-Control": "no-store"}
_JSON_HEADERS: Final = (
    (b"cache-control", b"no-store"),
    (b"content-type", b"application/json"),
)


class JsonAnswer(Response):
    """An answer whose headers are always the same ones, and so are written out."""

    def __init__(self, body: bytes, status: int) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [*_JSON_HEADERS, (b"content-length", str(len(body)).encode())]


def answer(body: Mapping[str, object], status: int = 200) -> Response:
    """Answer with a body as JSON."""
    return JsonAnswer(to_json(body), status)


def text_file(text: str, headers: Mapping[str, str] = _NO_STORE) -> Response:
    """Answer with an offline file."""
    return Response(text, 200, headers, "text/plain")


def refusal_of(error: Expected) -> Refused:
    """Give the refusal that an error at the edge means."""
    match error:
        case RequestInvalidError():
            return Refused(Reason.REQUEST_INVALID, {"errors": error.errors})
        case DamagedError():
            evidence = {"line": error.line, "fault": error.fault}
            return Refused(Reason.OFFLINE_FILE_INVALID, evidence)
        case TooLargeError():
            return Refused(Reason.REQUEST_TOO_LARGE)
        case UnavailableError():
            log.warning("database_unavailable", kind=str(error))
            return Refused(Reason.OVERLOADED)


def refuse(context: Context, refused: Refused) -> Response:
    """Answer with a refusal."""
    return problem_response(problem_body(context, refused))


def fault(context: Context) -> Response:
    """Answer that the server is at fault, with the id that finds the log's line and no more."""
    return problem_response(problem.fault(context.issuer, REQUEST_ID.get(), context.now()))


def problem_body(context: Context, refused: Refused) -> ProblemBody:
    """Write a refusal; one to be retried says when."""
    wait = retry_after(context, refused)
    return problem.problem(context.issuer, refused.reason, refused.evidence, context.now(), wait)


def retry_after(context: Context, refused: Refused) -> int | None:
    """Give the seconds until a refused request may be sent again, where that helps.

    Spread, so that those who were turned away together don't come back together.
    """
    if refused.reason not in {Reason.OVERLOADED, Reason.RATE_LIMITED}:
        return None
    return (refused.retry_after or 2) + context.randomness.bits(3)


def problem_response(body: ProblemBody) -> Response:
    """Answer with a problem body (RFC 9457)."""
    headers = dict(_NO_STORE)
    if body.retry_after is not None:
        headers["Retry-After"] = str(body.retry_after)
    return Response(
        body.model_dump_json(exclude_none=True), body.status, headers, problem.CONTENT_TYPE
    )
