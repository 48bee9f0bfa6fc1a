"""Changes that tools ask for: done once, as the tool saw what it changes, or only looked at."""

import json
import re
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from fastapi import Query
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats.admin_problem import AdminCode
from activation_server.services import tool_calls
from activation_server.services.context import Context
from activation_server.services.tool_calls import Answered, ToolCall, Work
from activation_server.web.admin.access import Caller
from activation_server.web.admin.answers import AdminRefusal, answer, described_as, invalid

DryRun = Annotated[
    bool, Query(description="only tell what would be: everything is undone, and nothing is noted")
]
_KEY: Final = re.compile(r"[!-~]{1,255}")
_TAGS: Final = re.compile(r'\s*(?:W/)?"[^"]*"\s*(?:,\s*(?:W/)?"[^"]*"\s*)*')
_TAG: Final = re.compile(r'(?P<weak>W/)?"(?P<tag>[^"]*)"')


@dataclass(frozen=True, slots=True)
class Made:
    """What a change is answered."""

    model: type[BaseModel]
    document: Mapping[str, Any] = field(repr=False)
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


Do = Callable[[Context], Awaitable[Made]]


async def once(request: Request, caller: Caller, body: bytes, do: Do, *, dry_run: bool) -> Response:
    """Do what a request asks for, once."""
    call = call_of(request, body, dry_run=dry_run)
    return response_of(await tool_calls.once(caller.context, call, written_by(do, dry_run=dry_run)))


def call_of(request: Request, body: bytes, *, dry_run: bool) -> ToolCall:
    """Give what a request asks, by its key. Raises AdminRefusal."""
    key = request.headers.get("idempotency-key", "").strip()
    if not _KEY.fullmatch(key):
        raise AdminRefusal(AdminCode.IDEMPOTENCY_KEY_REQUIRED)
    asked = (request.method, request.url.path, request.url.query)
    return ToolCall(key, "\n".join(asked).encode() + b"\n" + body, dry_run)


def versions_seen(request: Request) -> Collection[str] | None:
    """Give the versions that a change is for; a weak tag is never the same (RFC 9110, 13.1.1)."""
    header = ", ".join(request.headers.getlist("if-match"))
    if not header:
        raise AdminRefusal(AdminCode.IF_MATCH_REQUIRED)
    if header.strip() == "*":
        return None
    if not _TAGS.fullmatch(header):
        raise invalid("/header/If-Match", 'must be "*", or ETags in quotation marks')
    return [each["tag"] for each in _TAG.finditer(header) if not each["weak"]]


def written_by(do: Do, *, dry_run: bool) -> Work:
    """Give the work of a change whose answer is written as bytes; a dry run has no headers."""

    async def work(context: Context) -> bytes:
        return answer_of(await do(context), dry_run=dry_run)

    return work


def answer_of(made: Made, *, dry_run: bool) -> bytes:
    """Write an answer as it is kept for a retry."""
    document = described_as(made.model, made.document)
    status, headers = (200, {}) if dry_run else (made.status, dict(made.headers))
    return json.dumps([status, headers, document]).encode()


def made_before(made: Made, *, repeated: bool) -> Response:
    """Answer with what a use case has kept by itself, and tell whether it was given before."""
    return response_of(Answered(answer_of(made, dry_run=False), repeated))


def response_of(given: Answered) -> Response:
    """Give the answer that a change was written as, and tell whether it was given before."""
    status, headers, document = json.loads(given.answer)
    if given.repeated:
        headers["Idempotent-Replayed"] = "true"
    return answer(document, status, headers)
