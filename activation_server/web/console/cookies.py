"""The console's cookies: for this host alone, over HTTPS alone, out of reach of scripts.

On `http://127.0.0.1` and `http://localhost`, browsers take and send such cookies too (a trial).
"""

from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.staff import BROWSER_KNOWN, CODE_WITHIN
from activation_server.services.credentials import LetIn

SESSION: Final = "__Host-console"
BROWSER: Final = "__Host-console-browser"
TICKET: Final = "__Host-console-ticket"
_LONGEST: Final = 256


def of(request: Request, name: str) -> str | None:
    """Give a cookie that may be one of ours."""
    value = request.cookies.get(name, "")
    return value if 0 < len(value) <= _LONGEST and value.isascii() else None


def let_in(response: Response, given: LetIn) -> None:
    """Give a browser that signed in its session, until it is closed, and what it is known by."""
    # Lax, so that a link in a ticket or a mail leads to the page and not to the sign-in.
    _put(response, SESSION, given.session, None, "lax")
    _put(response, BROWSER, given.browser, int(BROWSER_KNOWN.total_seconds()), "strict")
    drop(response, TICKET)


def put_ticket(response: Response, ticket: str) -> None:
    """Give a browser what the code is to come with."""
    _put(response, TICKET, ticket, int(CODE_WITHIN.total_seconds()), "strict")


def drop(response: Response, name: str) -> None:
    """Take a cookie away."""
    _put(response, name, "", 0, "strict")


def _put(
    response: Response, name: str, value: str, max_age: int | None, same: Literal["lax", "strict"]
) -> None:
    response.set_cookie(
        name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite=same
    )
