"""Who is let in: at the door, by the first line and the address, before a body is read.

Whoever is turned away costs next to nothing: no body, no database, no line in the log.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activation_server.formats import problem
from activation_server.rules.admission import (
    SHARES,
    Rank,
    most_places,
    places_after,
    rank_of,
)
from activation_server.rules.reasons import Reason, Refused
from activation_server.services.context import Context
from activation_server.web.requests import network_of
from activation_server.web.responses import problem_response, retry_after

_OFFLINE: Final = frozenset({"/v1/offline", "/offline"})  # may carry any call
Headers = Sequence[tuple[bytes, bytes]]
_OVERLOADED: Final = Refused(Reason.OVERLOADED)


class House:
    """The places of each rank, and who is in; `most` in flight, `None` for any number."""

    def __init__(self, most: int | None) -> None:
        self.in_flight = dict.fromkeys(Rank, 0)
        self._most = None if most is None else {rank: most_places(rank, most) for rank in Rank}
        self.places = dict(self._most or {})

    def has_room(self, rank: Rank) -> bool:
        """Tell whether one more of a rank may come in."""
        if self._most is None:
            return True
        if self.in_flight[rank] >= self.places[rank]:
            return False
        return all(
            self.in_flight[other] < part * self.places[other]
            for other, part in SHARES[rank].before.items()
        )

    def enter(self, rank: Rank) -> None:
        """Take a place."""
        self.in_flight[rank] += 1

    def leave(self, rank: Rank) -> None:
        """Give a place back."""
        self.in_flight[rank] -= 1

    def learn(self, rank: Rank, took: int) -> None:
        """Have as many places as are served in time, by what the request took that leaves now."""
        if self._most is not None:
            self.places[rank] = places_after(
                self.places[rank], self.in_flight[rank], took, self._most[rank]
            )


class Answers:
    """Refusals at the door: all that are alike are made once a second."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._made_at = context.now()
        self._made: dict[tuple[Reason, int | None], Response] = {}
        self._written: dict[int | None, bytes] = {}

    def to(self, refused: Refused) -> Sequence[Message]:
        """Give the messages of an answer."""
        response = self._response(refused.reason, retry_after(self._context, refused))
        return (
            {
                "type": "http.response.start",
                "status": response.status_code,
                "headers": response.raw_headers,
            },
            {"type": "http.response.body", "body": response.body},
        )

    def overloaded(self, headers: Headers) -> bytes:
        """Give the answer of a full house as HTTP/1.1 writes it, with these headers too."""
        wait = retry_after(self._context, _OVERLOADED)
        response = self._response(Reason.OVERLOADED, wait)
        if wait not in self._written:
            status = HTTPStatus(response.status_code)
            lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode())]
            lines += [b"%s: %s" % header for header in (*headers, *response.raw_headers)]
            self._written[wait] = b"\r\n".join([*lines, b"", bytes(response.body)])
        return self._written[wait]

    def _response(self, reason: Reason, wait: int | None) -> Response:
        now = self._context.now()
        if now != self._made_at:
            self._made_at = now
            self._made.clear()
            self._written.clear()
        kind = reason, wait
        if kind not in self._made:
            body = problem.problem(self._context.issuer, reason, {}, now, wait)
            self._made[kind] = problem_response(body)
            self._made[kind].headers["X-Content-Type-Options"] = "nosniff"
        return self._made[kind]


class Admission:
    """Turns away what is too much, for the server or from one network; lets the rest in.

    It stands before everything else, so that its answers come before all other refusals.
    """

    def __init__(self, app: ASGIApp, context: Context, house: House) -> None:
        self.app = app
        self.context = context
        self.house = house
        self._answers = Answers(context)

    def has_room(self, rank: Rank = Rank.CHECK_IN) -> bool:
        """Tell whether one of a rank may come in: of customers, check-ins may longest."""
        return self.house.has_room(rank)

    def turned_away(self, rank: Rank, headers: Headers) -> bytes:
        """Turn one away who finds a full house; give the answer as sent, with these headers too."""
        self.context.limits.turned_away[f"overloaded_{rank}"] += 1
        return self._answers.overloaded(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or turn it away."""
        rank = rank_of(scope["method"], scope["path"]) if scope["type"] == "http" else None
        if rank is None:
            await self.app(scope, receive, send)
        elif refused := self._refused(rank, scope):
            for message in self._answers.to(refused):
                await send(message)
        else:
            await self._serve(rank, scope, receive, send)

    def _refused(self, rank: Rank, scope: Scope) -> Refused | None:
        limits = self.context.limits
        if not self.house.has_room(rank):
            limits.turned_away[f"overloaded_{rank}"] += 1
            return _OVERLOADED
        if rank is Rank.CHECK_IN:
            return limits.check_in_from(network_of(scope))
        if rank is Rank.ACTIVATION or (scope["method"] == "POST" and scope["path"] in _OFFLINE):
            return limits.activation_from(network_of(scope))
        return None

    async def _serve(self, rank: Rank, scope: Scope, receive: Receive, send: Send) -> None:
        house, clock = self.house, self.context.limits.clock
        began = clock()

        async def receive_outside() -> Message:
            # Whoever is still sending holds no place: a slow one would keep it from the others.
            nonlocal began
            house.leave(rank)
            try:
                return await receive()
            finally:
                house.enter(rank)
                began = clock()

        house.enter(rank)
        try:
            await self.app(scope, receive_outside, send)
        finally:
            house.learn(rank, clock() - began)
            house.leave(rank)
