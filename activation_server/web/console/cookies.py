"""The console's cookies: for this host alone, over HTTPS alone, out of reach of scripts.

On `http://127.0.0.1` and `http://localhost`, browsers take and send such cookies too (a trial).
"""

from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from activation_server import base64url
from activation_server.rules.single_sign_on import SSO_WITHIN
from activation_server.rules.staff import BROWSER_KNOWN, CODE_WITHIN
from activation_server.services.credentials import LetIn

SESSION: Final = "__Host-console"
BROWSER: Final = "__Host-console-browser"
TICKET: Final = "__Host-console-ticket"
SSO: Final = "__Host-console-sso"
_LONGEST, _LONGEST_SSO = 256, 2048


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


def put_ticket(response: Response, ticket: str, same: Literal["lax", "strict"] = "strict") -> None:
    """Give a browser what the code is to come with; `lax` where another site led it here."""
    _put(response, TICKET, ticket, int(CODE_WITHIN.total_seconds()), same)


def put_sso(response: Response, ticket: str, wanted: str) -> None:
    """Give a browser what it comes back from the identity provider with, and goes on to then."""
    value = f"{ticket}.{base64url.encode(wanted.encode())}"
    # Lax, as it is the provider's page that leads back.
    _put(response, SSO, value, int(SSO_WITHIN.total_seconds()), "lax")


def sso_of(request: Request) -> tuple[str, str | None]:
    """Give what a browser took to the identity provider: the ticket, and where it goes on to."""
    ticket, _, wanted = request.cookies.get(SSO, "")[:_LONGEST_SSO].partition(".")
    try:
        return ticket, base64url.decode(wanted).decode()
    except ValueError:
        return ticket, None


def drop(response: Response, name: str) -> None:
    """Take a cookie away."""
    _put(response, name, "", 0, "strict")


def _put(
    response: Response, name: str, value: str, max_age: int | None, same: Literal["lax", "strict"]
) -> None:
    response.set_cookie(
        name, value, max_age=max_age, path="/", secure=True, httponly=True, samesite=same
    )
