"""Request bodies: read up to the limit, then decoded by the protocol's models."""

from email.message import Message
from typing import TypeVar

from starlette.requests import Request

from activation_server.formats.client_api import MAX_BODY, Body, RequestInvalidError, decode

BodyT = TypeVar("BodyT", bound=Body)


class TooLargeError(Exception):
    """The body is over the limit; reading stopped there."""


async def read(request: Request, model: type[BodyT]) -> BodyT:
    """Read and decode a body. Raises TooLargeError or RequestInvalidError, in this order."""
    data = await _read_limited(request)
    if not _is_json(request.headers.get("content-type", "")):
        message = "Content-Type must be application/json, in UTF-8"
        raise RequestInvalidError([{"pointer": "", "message": message}])
    return decode(model, data)


async def _read_limited(request: Request) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isascii() and length.isdecimal() and int(length) > MAX_BODY:
        raise TooLargeError
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BODY:
            raise TooLargeError
    return bytes(data)


def _is_json(content_type: str) -> bool:
    message = Message()
    message["content-type"] = content_type or "none/none"
    charset = message.get_content_charset() or "utf-8"
    return message.get_content_type() == "application/json" and charset in {"utf-8", "utf8"}
