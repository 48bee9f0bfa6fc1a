"""Request bodies: read up to their limit, and only of the type that a call takes."""

import email.message
from collections.abc import Iterable
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Message, Receive, Scope

from activation_server.formats.client_api import MAX_BODY, RequestInvalidError
from activation_server.rules.network import prefix

_UTF_8: Final = {"utf-8", "utf8"}


class TooLargeError(Exception):
    """The body is over the limit; reading stopped there."""


async def read_json(scope: Scope, receive: Receive) -> bytes:
    """Read a body of the client protocol. Raises TooLargeError or RequestInvalidError."""
    data = await read_limited(scope, receive, MAX_BODY)
    stated = _header(scope, b"content-type")
    if stated != b"application/json":  # as nearly all say it
        kind, charset = content_type(stated)
        if kind != "application/json" or charset not in _UTF_8:
            raise _not_of_type("application/json, in UTF-8")
    return data


async def read_text(request: Request, limit: int) -> bytes:
    """Read a text of up to `limit` bytes. Raises TooLargeError or RequestInvalidError."""
    data = await read_limited(request.scope, request.receive, limit)
    if content_type(_header(request.scope, b"content-type"))[0] != "text/plain":
        raise _not_of_type("text/plain")
    return data


async def read_form(request: Request, limit: int, most_fields: int = 5) -> dict[str, bytes]:
    """Read the fields of a form, uploaded files too, up to `limit` bytes. Raises TooLargeError.

    What is no form is an empty one.
    """
    data = await read_limited(request.scope, request.receive, limit)

    async def again() -> Message:
        return {"type": "http.request", "body": data}

    whole = Request(request.scope, again)
    try:
        async with whole.form(max_files=1, max_fields=most_fields, max_part_size=limit) as form:
            return {
                name: value.encode() if isinstance(value, str) else await value.read()
                for name, value in form.items()
            }
    except HTTPException:  # how the parser tells that it is damaged
        return {}


def network_of(scope: Scope) -> str | None:
    """Give the network of the client, as the server or the proxies that it trusts see it."""
    client = scope.get("client")
    return None if client is None else prefix(client[0])


def declared_length(scope: Scope) -> int:
    """Give how long a body says that it is; 0 where it does not."""
    length = _header(scope, b"content-length")
    return int(length) if length.isdigit() else 0


async def read_limited(scope: Scope, receive: Receive, limit: int) -> bytes:
    """Read a body; raises TooLargeError over the limit, ClientDisconnect when it breaks off."""
    if declared_length(scope) > limit:
        raise TooLargeError
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLargeError
        more = message.get("more_body", False)
    return bytes(body)


def _header(scope: Scope, wanted: bytes) -> bytes:
    """Give a header's value, the first one's; empty without it."""
    headers: Iterable[tuple[bytes, bytes]] = scope["headers"]
    for name, value in headers:
        if name == wanted:
            return value
    return b""


def content_type(stated: bytes) -> tuple[str, str]:
    """Give the media type and the charset of a body."""
    message = email.message.Message()
    message["content-type"] = stated.decode("latin-1") or "none/none"
    return message.get_content_type(), message.get_content_charset() or "utf-8"


def _not_of_type(wanted: str) -> RequestInvalidError:
    return RequestInvalidError([{"pointer": "", "message": f"Content-Type must be {wanted}"}])
