"""Turns away at the connection, while nobody has room: before a request is even taken apart.

Under five times the load that the server can take, four of five requests are turned away. Through
the application each costs a good part of a check-in, so that little would be left for those that
are let in; here it is one look at the bytes, and one write.

Whoever is turned away is told to come back in some seconds. One that comes at once all the same is
not listened to for a moment: else a few that ask without pause would keep the server busy refusing.
"""

from asyncio import AbstractEventLoop
from typing import Any, Final

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from activation_server.rules.admission import Rank
from activation_server.web.admission import Admission
from activation_server.web.whole import Whole, WholeCycle, whole

PAUSE_SECONDS = 0.5  # less than anybody is told to wait
# What apps send all the time; each is answered by one body.
_AT_ONCE: Final = frozenset({Rank.CHECK_IN, Rank.ACTIVATION})


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
        """Answer a request that is here as a whole, or turn it away; others go the usual way."""
        request = None if self._is_busy() else whole(data)
        if request is None:
            super().data_received(data)
        elif not (self._admission.has_room() or self._admission.has_room(request.rank)):
            self._turn_away(request.rank)
        elif request.rank in _AT_ONCE:
            self._answer(request)
        else:
            super().data_received(data)

    def _answer(self, request: Whole) -> None:
        self._unset_keepalive_if_required()
        self.cycle = WholeCycle(self, request)
        self._start_asgi_task(self.cycle, self.app)

    def _turn_away(self, rank: Rank) -> None:
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
