"""Request bodies: read up to their limit, and only of the type that a call takes."""

import email.message
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from activation_server.formats.client_api import MAX_BODY, RequestInvalidError
from activation_server.rules.network import prefix

_UTF_8: Final = {"utf-8", "utf8"}


class TooLargeError(Exception):
    """The body is over the limit; reading stopped there."""


async def read_json(request: Request) -> bytes:
    """Read a body of the client protocol. Raises TooLargeError or RequestInvalidError."""
    data = await _read_limited(request, MAX_BODY)
    kind, charset = _content_type(request)
    if kind != "application/json" or charset not in _UTF_8:
        raise _not_of_type("application/json, in UTF-8")
    return data


async def read_text(request: Request, limit: int) -> bytes:
    """Read a text of up to `limit` bytes. Raises TooLargeError or RequestInvalidError."""
    data = await _read_limited(request, limit)
    if _content_type(request)[0] != "text/plain":
        raise _not_of_type("text/plain")
    return data


async def read_form(request: Request, limit: int) -> dict[str, bytes]:
    """Read the fields of a form, uploaded files too, up to `limit` bytes. Raises TooLargeError.

    What is no form is an empty one.
    """
    data = await _read_limited(request, limit)

    async def again() -> Message:
        return {"type": "http.request", "body": data}

    whole = Request(request.scope, again)
    try:
        async with whole.form(max_files=1, max_fields=5, max_part_size=limit) as form:
            return {
                name: value.encode() if isinstance(value, str) else await value.read()
                for name, value in form.items()
            }
    except HTTPException:  # how the parser tells that it is damaged
        return {}


def network_of(request: Request) -> str | None:
    """Give the network of the client, as the server or the proxies that it trusts see it."""
    return None if request.client is None else prefix(request.client.host)


async def _read_limited(request: Request, limit: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length) > limit:
        raise TooLargeError
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise TooLargeError
    return bytes(data)


def _content_type(request: Request) -> tuple[str, str]:
    """Give the media type and the charset of a body."""
    message = email.message.Message()
    message["content-type"] = request.headers.get("content-type", "") or "none/none"
    return message.get_content_type(), message.get_content_charset() or "utf-8"


def _not_of_type(wanted: str) -> RequestInvalidError:
    return RequestInvalidError([{"pointer": "", "message": f"Content-Type must be {wanted}"}])
