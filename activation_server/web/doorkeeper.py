"""Turns away at the connection, while nobody has room: before a request is even taken apart.

Under five times the load that the server can take, four of five requests are turned away. Through
the application each costs a good part of a check-in, so that little would be left for those that
are let in; here it is one look at the bytes, and one write.

Whoever is turned away is told to come back in some seconds. One that comes at once all the same is
not listened to for a moment: else a few that ask without pause would keep the server busy refusing.
"""

import re
from asyncio import AbstractEventLoop
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from activation_server.rules.admission import Rank, rank_of
from activation_server.web.admission import Admission

# The head of a request as nearly all are: a body of known length or none, the connection kept.
# Any other goes the usual way, where it is turned away as well.
_HEAD: Final = re.compile(
    rb"(GET|POST) (/[!-~]*) HTTP/1\.1\r\n"
    rb"((?:(?!(?i:transfer-encoding|expect|upgrade|connection(?!: keep-alive\r)))"
    rb"[!-9;-~]+:[^\r\n\0]*\r\n)*)\r\n"
)
PAUSE_SECONDS = 0.5  # less than anybody is told to wait
_LENGTH: Final = re.compile(rb"^(?i:content-length):([^\r]*)\r$", re.MULTILINE)


class Doorkeeper(HttpToolsProtocol):
    """uvicorn's connection, which asks at the door before it reads a request."""

    def __init__(
        self,
        admission: Admission,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._admission = admission
        self._amid = False  # of a request whose rest is to come

    def data_received(self, data: bytes) -> None:
        """Turn a request away that is here as a whole, or go the usual way."""
        if (
            self._admission.has_room()
            or self._is_busy()
            or (rank := whole(data)) is None
            or self._admission.has_room(rank)
        ):
            super().data_received(data)
            return
        self._unset_keepalive_if_required()
        headers = self.server_state.default_headers
        self.transport.write(self._admission.turned_away(rank, headers))
        self.flow.pause_reading()
        self.timeout_keep_alive_task = self.loop.call_later(PAUSE_SECONDS, self._listen_again)

    def _listen_again(self) -> None:
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def on_message_begin(self) -> None:
        """Note that a request has begun."""
        self._amid = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        """Note that a request is here as a whole."""
        self._amid = False
        super().on_message_complete()

    def _is_busy(self) -> bool:
        answered = self.cycle is None or self.cycle.response_complete
        return self._amid or not answered or self.flow.write_paused


def whole(data: bytes) -> Rank | None:
    """Tell what a request is for, if these bytes are one and may be turned away."""
    head = _HEAD.match(data)
    if head is None:
        return None
    match _LENGTH.findall(head[3]):
        case []:
            length = b"0"
        case [length]:
            length = length.strip(b" \t")
        case _:
            return None
    if not length.isdigit() or len(length) > 9 or head.end() + int(length) != len(data):
        return None
    path = head[2].partition(b"?")[0]
    return None if b"%" in path else rank_of(head[1].decode(), path.decode())
