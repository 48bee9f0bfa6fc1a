"""Who is let in: at the door, by the first line and the address, before a body is read.

Whoever is turned away costs next to nothing: no task, no database, no line in the log.
"""

from collections.abc import Sequence
from typing import Final

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from activation_server.formats import problem
from activation_server.rules.admission import SHARES, Rank, most_places, places_after, rank_of
from activation_server.rules.reasons import Reason, Refused
from activation_server.services.context import Context
from activation_server.web.requests import network_of
from activation_server.web.responses import problem_response, retry_after

_OFFLINE: Final = frozenset({"/v1/offline", "/offline"})  # may carry any call
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
        """Have as many places as can be served in time, by what the last request took."""
        if self._most is not None:
            self.places[rank] = places_after(self.places[rank], took, self._most[rank])


class Answers:
    """Refusals at the door: all that are alike are written once a second."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._written_at = context.now()
        self._written: dict[tuple[Reason, int | None], Sequence[Message]] = {}

    def to(self, refused: Refused) -> Sequence[Message]:
        """Give the messages of an answer."""
        now = self._context.now()
        if now != self._written_at:
            self._written_at = now
            self._written.clear()
        wait = retry_after(self._context, refused)
        kind = refused.reason, wait
        if kind not in self._written:
            body = problem.problem(self._context.issuer, refused.reason, {}, now, wait)
            self._written[kind] = _messages(problem_response(body))
        return self._written[kind]


def _messages(response: Response) -> Sequence[Message]:
    headers = [*response.raw_headers, (b"x-content-type-options", b"nosniff")]
    return (
        {"type": "http.response.start", "status": response.status_code, "headers": headers},
        {"type": "http.response.body", "body": response.body},
    )


class Admission:
    """Turns away what is too much, for the server or from one network; lets the rest in.

    It stands before everything else, so that its answers come before all other refusals.
    """

    def __init__(self, app: ASGIApp, context: Context, house: House) -> None:
        self.app = app
        self.context = context
        self.house = house
        self._answers = Answers(context)

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
            limits.turned_away[f"overloaded_{rank.value}"] += 1
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
            house.leave(rank)
            house.learn(rank, clock() - began)
