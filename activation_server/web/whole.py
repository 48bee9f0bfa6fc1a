"""A request that came as a whole: read by one look at its bytes, answered by one write.

uvicorn writes the head of an answer and its body apart; on the way to the network each write costs
as much as signing. What is in the least out of the ordinary goes uvicorn's way all the same.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from activation_server.rules.admission import Rank, rank_of

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent, ASGISendEvent, HTTPRequestEvent, HTTPScope

# The head of a request as nearly all are: a body of known length or none, the connection kept.
_HEAD: Final = re.compile(
    rb"(GET|POST) (/[!-~]*) HTTP/1\.1\r\n"
    rb"((?:(?!(?i:transfer-encoding|expect|upgrade|connection(?!: keep-alive\r)))"
    rb"[!-9;-~]+:[^\r\n\0]*\r\n)*)\r\n"
)
_LENGTH: Final = re.compile(rb"^(?i:content-length):([^\r]*)\r$", re.MULTILINE)
_HEADER: Final = re.compile(rb"([^:]+):[ \t]*([^\r]*)\r\n")
_UNUSUAL: Final = frozenset({b"connection", b"transfer-encoding"})  # in an answer


@dataclass(slots=True)
class Whole:
    """A request that is here from its first byte to its last, and what it is for."""

    rank: Rank
    method: str
    path: str
    query: bytes
    head: bytes  # its headers, a line each
    body: bytes

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Give its headers, their names in small letters."""
        return [(name.lower(), value) for name, value in _HEADER.findall(self.head)]


def whole(data: bytes) -> Whole | None:
    """Read a request, if these bytes are one and it may be turned away."""
    match = _HEAD.match(data)
    if match is None:
        return None
    method, target, head = match.groups()
    match _LENGTH.findall(head):
        case []:
            length = b"0"
        case [length]:
            length = length.strip(b" \t")
        case _:
            return None
    body = data[match.end() :]
    if not length.isdigit() or len(length) > 9 or int(length) != len(body):
        return None
    path, _, query = target.decode().partition("?")
    rank = None if "%" in path else rank_of(method.decode(), path)
    if rank is None:
        return None
    return Whole(rank, method.decode(), path, query.encode(), head, body)


class WholeCycle(RequestResponseCycle):
    """uvicorn's request and response, for a request that is here as a whole."""

    def __init__(self, connection: HttpToolsProtocol, request: Whole) -> None:
        super().__init__(
            scope=_scope(connection, request),
            transport=connection.transport,
            flow=connection.flow,
            logger=connection.logger,
            access_logger=connection.access_logger,
            access_log=connection.access_log,
            default_headers=connection.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=connection.on_response_complete,
        )
        self.more_body = False
        self._request: HTTPRequestEvent | None = {
            "type": "http.request",
            "body": request.body,
            "more_body": False,
        }
        self._start: Any = None  # of the answer, until its body comes

    async def receive(self) -> "ASGIReceiveEvent":
        """Give the body, which is waited for by nobody; after it, that the client has gone."""
        request, self._request = self._request, None
        return request or await super().receive()

    async def send(self, message: "ASGISendEvent") -> None:
        """Take a message of the answer."""
        if message["type"] == "http.response.start" and not self.response_started:
            self._start = message
            return
        start, self._start = self._start, None
        if start is None:
            await super().send(message)
        elif (answer := self._written(start, message)) is None:
            await super().send(start)
            await super().send(message)
        else:
            self.response_started = self.response_complete = True
            self.transport.write(answer)
            self.message_event.set()
            self.on_response()

    def _written(self, start: Any, message: Any) -> bytes | None:  # noqa: ANN401 - ASGI's dictionaries
        """Write an answer that is one body of known length, and may go now; `None` for others."""
        if not self.keep_alive or self.disconnected or self.flow.write_paused:
            return None
        body, headers = message.get("body", b""), [*self.default_headers, *start["headers"]]
        if message.get("more_body") or (b"content-length", b"%d" % len(body)) not in headers:
            return None
        lines = b"".join([b"%s: %s\r\n" % header for header in headers])
        if lines.count(b"\n") != len(headers) or not _UNUSUAL.isdisjoint(dict(headers)):
            return None
        return b"".join([STATUS_LINE[start["status"]], lines, b"\r\n", body])


def _scope(connection: HttpToolsProtocol, request: Whole) -> "HTTPScope":
    """Describe a request as uvicorn does."""
    path = connection.root_path + request.path
    return {
        "type": "http",
        "asgi": {"version": connection.asgi_version, "spec_version": "2.3"},
        "http_version": "1.1",
        "server": connection.server,
        "client": connection.client,
        "scheme": connection.scheme or "http",
        "method": request.method,
        "root_path": connection.root_path,
        "path": path,
        "raw_path": path.encode(),
        "query_string": request.query,
        "headers": request.headers(),
        "state": connection.app_state.copy(),
    }
