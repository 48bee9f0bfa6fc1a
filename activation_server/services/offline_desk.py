"""Offline request files that staff take for a caller: seen before, done once, noted with a reason.

The request goes the way of the app's own call, inside the transaction that notes it. A refused one
leaves nothing behind.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from activation_server.rules.audit import Action
from activation_server.rules.reasons import Refused
from activation_server.services import audit, tool_calls
from activation_server.services.calls import key_digests
from activation_server.services.context import Context
from activation_server.services.tool_calls import ToolCall
from activation_server.store import activations, licenses
from activation_server.store.database import Connection

Answer = dict[str, Any]  # as the app gets it


@dataclass(frozen=True, slots=True)
class Named:
    """What a request names its license by."""

    product: str | None = None
    license_key: str | None = field(default=None, repr=False)
    activation_id: UUID | None = None
    check_in_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Brought:
    """A request file that somebody of the staff takes."""

    request: bytes = field(repr=False)
    purpose: str
    named: Named
    reason: str = field(repr=False)
    carry_out: Callable[[Context], Awaitable[bytes | Refused]]  # gives the answer as JSON


@dataclass(frozen=True, slots=True)
class Taken:
    """What a request is answered, and the license that it is about, where it is known."""

    license_id: UUID | None
    outcome: bytes | Refused = field(repr=False)  # the answer is JSON, as the app gets it
    repeated: bool = False  # it was carried out before, and this was answered then

    @property
    def answer(self) -> Answer:
        """Give the answer of one that is not refused."""
        answer: Answer = json.loads(self.outcome)  # type: ignore[arg-type] # bytes, then
        return answer


class _RefusedError(Exception):
    """Undoes what a refused request did."""

    def __init__(self, taken: Taken) -> None:
        super().__init__()
        self.taken = taken


async def take(context: Context, brought: Brought, call: ToolCall) -> Taken:
    """Carry out a request, once: the same call again gets the same answer. Raises KeyReusedError.

    A dry run tells what it would be answered; nothing is done or noted.
    """

    async def work(inner: Context) -> bytes:
        return await _done(inner, brought)

    try:
        answered = await tool_calls.once(context, call, work)
    except _RefusedError as refused:
        return refused.taken
    license_id, answer = json.loads(answered.answer)
    return Taken(license_id and UUID(license_id), answer.encode(), answered.repeated)


async def _done(inner: Context, brought: Brought) -> bytes:
    known = await inner.database.transact(lambda each: _license_of(inner, each, brought.named))
    written = await brought.carry_out(inner)
    if isinstance(written, Refused):
        raise _RefusedError(Taken(known, written))

    async def noted(connection: Connection) -> UUID | None:
        made = None if known else UUID(json.loads(written)["activation_id"])
        license_id = known or await _license_of(inner, connection, Named(activation_id=made))
        details, why = {"purpose": brought.purpose}, brought.reason
        action = Action.OFFLINE_FILE_TAKEN
        await audit.note(inner, connection, action, license_id=license_id, details=details, why=why)
        return license_id

    license_id = await inner.database.transact(noted)
    return json.dumps([license_id and str(license_id), written.decode()]).encode()


async def _license_of(context: Context, connection: Connection, named: Named) -> UUID | None:
    """Find the license of a request; a token must be the server's own."""
    ids = []
    if named.license_key is not None and named.product is not None:
        digests = key_digests(context, named.product, named.license_key)
        ids = list(await licenses.ids_by_digests(connection, digests))
    elif named.activation_id is not None and named.check_in_token is not None:
        token = context.keyring.tokens.check(named.check_in_token, named.activation_id)
        ids = [] if token is None else [token.license_id]
    elif named.activation_id is not None:
        ids = list(await activations.license_ids_of(connection, named.activation_id))
    return ids[0] if len(ids) == 1 else None
