"""The page `/offline`: an offline request file goes in, the response comes out; no script needed.

There is no session and no cookie: what a forged form could send, its forger could send as well.
"""

from typing import Final

import segno
from fastapi import APIRouter
from markupsafe import Markup
from segno.encoder import DataOverflowError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats.client_api import CertificateAnswer, DeactivationAnswer
from activation_server.formats.offline_file import MAX_FILE
from activation_server.formats.problem import TEXTS, slug
from activation_server.rules.reasons import Refused
from activation_server.services.context import Context
from activation_server.web.client_calls import carry_out, response_file
from activation_server.web.pages import page
from activation_server.web.requests import TooLargeError, network_of, read_form
from activation_server.web.responses import EXPECTED, problem_body, refusal_of, text_file

# Uploaded and pasted at once, either up to its limit, and what a browser writes around them.
MAX_FORM: Final = 2 * MAX_FILE + 4 * 1024  # bytes
FILE_NAME: Final = "activation-response.txt"

_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


def make_router(context: Context) -> APIRouter:
    """Make the routes of the page."""
    router = APIRouter(include_in_schema=False)

    @router.get("/offline")
    async def empty() -> Response:
        return page("offline.html", 200, _HEADERS)

    @router.post("/offline")
    async def submitted(http: Request) -> Response:
        request = b""
        try:
            form = await read_form(http, MAX_FORM)
            request = _request_in(form)
            if not request.strip():
                return page("offline.html", 422, _HEADERS, nothing=True)
            outcome = await carry_out(context, request, network_of(http.scope))
        except EXPECTED as error:
            outcome = refusal_of(error)
        if isinstance(outcome, Refused):
            return _refusal(context, outcome, request)
        if "download" in form:
            attachment = {"Content-Disposition": f'attachment; filename="{FILE_NAME}"'}
            return text_file(response_file(outcome), _HEADERS | attachment)
        return await _answer(outcome, request)

    return router


def _request_in(form: dict[str, bytes]) -> bytes:
    """Give the file that was uploaded, or else the text that was pasted."""
    request = form.get("file") or form.get("request") or b""
    if len(request) > MAX_FILE:
        raise TooLargeError
    return request


async def _answer(outcome: CertificateAnswer | DeactivationAnswer, request: bytes) -> Response:
    file = response_file(outcome)
    return page(
        "offline_answer.html",
        200,
        _HEADERS,
        answer=outcome,
        file=file,
        qr=await run_in_threadpool(qr_code, file),
        # Downloading sends the request once more: a retry gets the same answer.
        request=request.decode("ascii", "replace"),
    )


def _refusal(context: Context, refused: Refused, request: bytes) -> Response:
    body = problem_body(context, refused)
    return page(
        "offline.html",
        body.status,
        _HEADERS,
        problem=body,
        advice=TEXTS[refused.reason].person,
        slug=slug(body.code),
        request=request.decode("utf-8", "replace"),
    )


def qr_code(text: str) -> Markup | None:
    """Draw a text as a QR code (SVG, dark on light in any colour scheme); None if it is too long.

    The limit is 2,953 bytes (ISO/IEC 18004, version 40, level L).
    """
    try:
        code = segno.make_qr(text, error="l", mode="byte", boost_error=False)
    except DataOverflowError:
        return None
    svg = code.svg_inline(omitsize=True, border=4, dark="#000", light="#fff", svgclass="qr")
    return Markup(svg)  # noqa: S704 - drawn by the library: numbers, no text of anybody's
