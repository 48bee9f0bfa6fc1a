"""Answers and refusals as HTTP responses."""

from pydantic import BaseModel
from starlette.responses import Response

from activation_server.formats import problem
from activation_server.formats.client_api import ProblemBody
from activation_server.rules.reasons import Reason, Refused
from activation_server.services.context import Context

_NO_STORE = {"Cache-Control": "no-store"}


def answer(body: BaseModel, status: int = 200) -> Response:
    """Answer with a body as JSON."""
    return Response(body.model_dump_json(), status, _NO_STORE, "application/json")


def refuse(context: Context, refused: Refused) -> Response:
    """Answer with a refusal; one to be retried says when."""
    retry_after = None
    if refused.reason in {Reason.OVERLOADED, Reason.RATE_LIMITED}:
        # Spread, so that those who were turned away together don't come back together.
        retry_after = 2 + context.randomness.bits(3)
    return problem_response(
        problem.problem(
            context.issuer, refused.reason, refused.evidence, context.now(), retry_after
        )
    )


def problem_response(body: ProblemBody) -> Response:
    """Answer with a problem body (RFC 9457)."""
    headers = dict(_NO_STORE)
    if body.retry_after is not None:
        headers["Retry-After"] = str(body.retry_after)
    return Response(
        body.model_dump_json(exclude_none=True), body.status, headers, problem.CONTENT_TYPE
    )
