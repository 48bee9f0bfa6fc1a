"""What every route that changes something is made with: scope, body, headers, and doing it once.

A route takes `asked: Annotated[Asked[ReasonBody], asks(Permission.X, ReasonBody)]`, and gives
`await asked.once(do)`, or `on_license` and the like where `If-Match` says what the tool saw.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from typing import Any, Generic
from uuid import UUID

from fastapi import Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats.admin_requests.base import AdminBody, BodyT, decode
from activation_server.rules.permissions import Permission
from activation_server.services import tool_calls
from activation_server.services.context import Context
from activation_server.services.tool_calls import Answered, ToolCall, Work
from activation_server.web.admin.access import Caller, Requires
from activation_server.web.admin.bodies import read_body
from activation_server.web.admin.once import (
    Do,
    DryRun,
    call_of,
    once,
    response_of,
    versions_seen,
    written_by,
)
from activation_server.web.admin.routes import Seen, takes_once

Seeing = Collection[str] | None  # versions; `None` for whichever it is
Change = Callable[[Context, ToolCall, UUID, Seeing, Work], Awaitable[Answered]]


@dataclass(frozen=True, slots=True)
class Asked(Generic[BodyT]):
    """A change that a tool asks for."""

    request: Request = field(repr=False)
    caller: Caller
    data: bytes = field(repr=False)  # the body as it came
    body: BodyT
    dry_run: bool

    @property
    def context(self) -> Context:
        """Give the server's means, by the tool's name."""
        return self.caller.context

    @property
    def call(self) -> ToolCall:
        """Give it by its key, for a use case that sees by itself that it is done once."""
        return call_of(self.request, self.data, dry_run=self.dry_run)

    @property
    def seen(self) -> Seeing:
        """Give the versions that it is for, `None` for whichever: a use case compares them."""
        return versions_seen(self.request)

    async def once(self, do: Do) -> Response:
        """Do it once, and answer."""
        return await once(self.request, self.caller, self.data, do, dry_run=self.dry_run)

    async def on_license(self, license_id: UUID, do: Do) -> Response:
        """Change a license once, as the tool saw it, and answer."""
        return await self._as_seen(tool_calls.change, license_id, do)

    async def on_activation(self, activation_id: UUID, do: Do) -> Response:
        """Change a computer's seat once, as the tool saw it, and answer."""
        return await self._as_seen(tool_calls.change_activation, activation_id, do)

    async def on_account(self, staff_id: UUID, do: Do) -> Response:
        """Change the account of a member of staff once, as the tool saw it, and answer."""
        return await self._as_seen(tool_calls.change_account, staff_id, do)

    async def on_person(self, license_id: UUID, person_id: UUID, do: Do) -> Response:
        """Change a person of a license once, as the tool saw them, and answer."""

        async def change(
            context: Context, call: ToolCall, of: UUID, seen: Seeing, work: Work
        ) -> Answered:
            return await tool_calls.change_person(context, call, (license_id, of), seen, work)

        return await self._as_seen(change, person_id, do)

    async def _as_seen(self, change: Change, of: UUID, do: Do) -> Response:
        call, seen = self.call, self.seen
        work = written_by(do, dry_run=self.dry_run)
        return response_of(await change(self.context, call, of, seen, work))


@dataclass(frozen=True, slots=True)
class Asks(Generic[BodyT]):
    """Lets a change in whose token has a scope, and reads its body.

    Raises AdminRefusal, LimitedError, TooLargeError and RequestInvalidError.
    """

    permission: Permission
    body: type[BodyT]
    as_seen: Seen | None

    async def __call__(self, request: Request, *, dry_run: DryRun = False) -> Asked[BodyT]:
        """Tell who asks, before the body is read; then give what is asked for."""
        caller = await Requires(self.permission)(request)
        data = await read_body(request)
        return Asked(request, caller, data, decode(self.body, data), dry_run)


def asks(permission: Permission, body: type[AdminBody], *, as_seen: Seen | None = None) -> Any:  # noqa: ANN401 - what FastAPI's Depends gives
    """Make the dependency of a route that changes something; `as_seen`: what `If-Match` is of."""
    return Depends(Asks(permission, body, as_seen))


def described(route: APIRoute) -> dict[str, Any]:
    """Describe the body and the headers of a route that changes something; nothing of others."""
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Asks):
            return takes_once(dependency.call.body, as_seen=dependency.call.as_seen)
    return {}
