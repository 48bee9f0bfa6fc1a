"""Forms as they are sent, and whether they come from a page of this server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from activation_server.services.context import Context
from activation_server.web.requests import read_form

LARGEST: Final = 64 * 1024  # bytes
_MOST_FIELDS: Final = 100
TOKEN: Final = "form_token"  # noqa: S105 - the name of a field


@dataclass(frozen=True, slots=True)
class Form:
    """The fields of a form; silent in its repr."""

    fields: Mapping[str, bytes] = field(repr=False)

    def text(self, name: str) -> str:
        """Give a field as text, as it was typed; empty without it."""
        return self.fields.get(name, b"").decode("utf-8", "replace")

    def file(self, name: str) -> bytes:
        """Give an uploaded file; empty without one."""
        return self.fields.get(name, b"")

    def __contains__(self, name: str) -> bool:
        """Tell whether a field was sent, as that of a button that was pressed."""
        return name in self.fields


async def read(request: Request, largest: int = LARGEST) -> Form:
    """Read a form. Raises TooLargeError."""
    return Form(await read_form(request, largest, _MOST_FIELDS))


def is_from_here(request: Request, context: Context) -> bool:
    """Tell whether a browser says that one of our own pages sent this (Fetch Metadata, Origin).

    One that says nothing is refused: all that are in use say it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    try:
        sender = urlsplit(request.headers.get("origin", "")).netloc
    except ValueError:
        return False
    own = {request.headers.get("host", ""), urlsplit(context.issuer).netloc}
    return sender != "" and sender in own
