"""Answers of the console where a page is not shown: a page that says why, or the way to it."""

from typing import Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.logs import REQUEST_ID
from activation_server.rules.errors import UnavailableError
from activation_server.web.console import paths
from activation_server.web.console.access import (
    AccessError,
    ForgedError,
    NotSignedInError,
    SignedIn,
    StepUpDueError,
    who_is,
)
from activation_server.web.console.pages import go_to, page
from activation_server.web.requests import TooLargeError
from activation_server.web.responses import Expected

log = structlog.get_logger()

_NOT_FOUND: Final = ("There is no such page", "It was moved, or the address has a typing error.")
_OTHER_METHOD: Final = ("This can't be done here", "Go back, and try it with the page's own form.")
_NOT_ALLOWED: Final = (
    "You may not do this",
    "Your role does not allow it. Whoever manages staff can give you another one.",
)
_FORGED: Final = (
    "This form was not taken",
    "It is from an earlier sign-in, or from no page of ours. Nothing was changed: load it anew.",
)
_TOO_LARGE: Final = ("That was too much", "What you sent is larger than this page takes.")
_INVALID: Final = ("That could not be read", "Go back, and try it with the page's own form.")
_BUSY: Final = ("The server is busy", "Nothing was changed. Try again in a moment.")


async def no_access(request: Request, error: AccessError) -> Response:
    """Answer where `requires` lets nobody through."""
    if isinstance(error, NotSignedInError):
        # The cookie stays: another window may have been given a new token just now.
        return go_to(paths.with_next(paths.SIGN_IN, paths.asked(request)))
    if isinstance(error, StepUpDueError):
        return go_to(paths.with_next(paths.STEP_UP, paths.asked(request)))
    said = _FORGED if isinstance(error, ForgedError) else _NOT_ALLOWED
    return await _said(request, 403, said)


async def refused(request: Request, error: Expected) -> Response:
    """Answer where a form is not taken, or the database is away."""
    if isinstance(error, UnavailableError):
        log.warning("database_unavailable", kind=str(error))
        response = _page(request, 503, _BUSY, None)
        response.headers["Retry-After"] = "5"
        return response
    if isinstance(error, TooLargeError):
        return await _said(request, 413, _TOO_LARGE)
    return await _said(request, 422, _INVALID)


async def http_error(request: Request, error: HTTPException) -> Response:
    """Answer where there is no such page, or not by this method."""
    said = _NOT_FOUND if error.status_code == 404 else _OTHER_METHOD
    response = await _said(request, error.status_code, said)
    response.headers.update(error.headers or {})
    return response


def fault(request: Request) -> Response:
    """Answer that the server is at fault, with the number that finds the log's line."""
    told = f"Nothing is lost. Tell who runs the server this number: {REQUEST_ID.get()}."
    return _page(request, 500, ("The server has a fault", told), None)


async def _said(request: Request, status: int, said: tuple[str, str]) -> Response:
    try:
        me = await who_is(request)
    except UnavailableError:
        me = None
    return _page(request, status, said, me)


def _page(request: Request, status: int, said: tuple[str, str], me: SignedIn | None) -> Response:
    title, text = said
    return page(request, "refusal.html", status, me=me, title=title, text=text)
