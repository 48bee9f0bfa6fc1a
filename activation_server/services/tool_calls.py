"""What tools change: once, however often they ask; as they saw it; or only to see what would be.

The change and its answer are written in one transaction, so there is never one without the other.
Answers may hold a new license's key, so they are sealed.
"""

from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final, TypeVar
from uuid import UUID

from activation_server.crypto.sealed import Place
from activation_server.rules import activation_version, license_version
from activation_server.rules.errors import ChangedMeanwhileError, KeyReusedError
from activation_server.services import rectification, staff_accounts
from activation_server.services.context import Context
from activation_server.services.licensing import require_license
from activation_server.services.seat_changes import lock_activation
from activation_server.store import tool_answers as store
from activation_server.store.database import Connection
from activation_server.store.tool_answers import Request, StoredAnswer

REMEMBERED: Final = timedelta(hours=24)
Result = TypeVar("Result")
Version = Callable[[Context, Connection], Awaitable[str]]
Work = Callable[[Context], Awaitable[bytes]]  # gives the answer; its use cases join a transaction


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A change that a tool asks for."""

    key: str = field(repr=False)  # which it repeats when it asks again
    request: bytes = field(repr=False)  # all that it asks: the same bytes for the same request
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer, and whether it was given before."""

    answer: bytes = field(repr=False)
    repeated: bool = False


class _NotMeantError(Exception):
    """Undoes a dry run."""


async def once(context: Context, call: ToolCall, work: Work) -> Answered:
    """Do what a tool asks for, once. Raises KeyReusedError, and what `work` raises."""
    if call.dry_run:
        return Answered(await undone(context, work))
    now, request = context.now(), _request(context, call)

    async def claimed(connection: Connection) -> Answered:
        known = await store.claim(connection, request, now, now - REMEMBERED)
        if known is not None:
            return Answered(_opened(context, request, known), repeated=True)
        answer = await work(context.within(connection))
        sealed = context.keyring.answers.seal(answer, _place(request))
        await store.answered(connection, request, sealed)
        return Answered(answer)

    return await context.database.transact(claimed)


async def given(context: Context, call: ToolCall) -> Answered | None:
    """Give what a request was answered before, if it was. Raises KeyReusedError."""
    request = _request(context, call)

    async def work(connection: Connection) -> StoredAnswer | None:
        return await store.get(connection, request, context.now() - REMEMBERED)

    known = await context.database.transact(work)
    return None if known is None else Answered(_opened(context, request, known), repeated=True)


async def change(
    context: Context, call: ToolCall, license_id: UUID, seen: Collection[str] | None, work: Work
) -> Answered:
    """Change a license once, if it is one of the versions `seen`; `None`: whichever it is.

    Raises NotFoundError, ChangedMeanwhileError and what `once` raises.
    """

    async def version(inner: Context, connection: Connection) -> str:
        stored = await require_license(inner, connection, license_id)
        return license_version.version(stored.license, stored.overrides, stored.key_tail)

    return await once(context, call, _as_seen("license", version, seen, work))


async def change_activation(
    context: Context, call: ToolCall, activation_id: UUID, seen: Collection[str] | None, work: Work
) -> Answered:
    """Change a computer's seat once, as `change` does a license."""

    async def version(_inner: Context, connection: Connection) -> str:
        return activation_version.version(await lock_activation(connection, activation_id))

    return await once(context, call, _as_seen("activation", version, seen, work))


async def change_account(
    context: Context, call: ToolCall, staff_id: UUID, seen: Collection[str] | None, work: Work
) -> Answered:
    """Change the account of a member of staff once, as `change` does a license."""

    async def version(inner: Context, _connection: Connection) -> str:
        return (await staff_accounts.get(inner, staff_id, lock=True)).version

    return await once(context, call, _as_seen("account", version, seen, work))


async def change_person(
    context: Context,
    call: ToolCall,
    person: tuple[UUID, UUID],
    seen: Collection[str] | None,
    work: Work,
) -> Answered:
    """Change a person, named by license and id, once, as `change` does a license."""

    async def version(inner: Context, connection: Connection) -> str:
        return (await rectification.require(inner, connection, *person)).version

    return await once(context, call, _as_seen("person", version, seen, work))


def _as_seen(what: str, version: Version, seen: Collection[str] | None, work: Work) -> Work:
    async def done(inner: Context) -> bytes:
        async def check(connection: Connection) -> None:
            now = await version(inner, connection)
            if seen is not None and now not in seen:
                raise ChangedMeanwhileError(
                    f"Somebody changed this {what} since you read it; read it again."
                )

        await inner.database.transact(check)
        return await work(inner)

    return done


async def undone(context: Context, work: Callable[[Context], Awaitable[Result]]) -> Result:
    """Do all of it, and undo it: so a dry run tells what would be by the same rules."""
    told: list[Result] = []

    async def not_meant(connection: Connection) -> None:
        told.append(await work(context.within(connection)))
        raise _NotMeantError

    with suppress(_NotMeantError):
        await context.database.transact(not_meant)
    return told[-1]


def _request(context: Context, call: ToolCall) -> Request:
    digest = context.keyring.digester.of_tool_request
    return Request(context.actor, digest(b"key", call.key.encode()), digest(b"of", call.request))


def _opened(context: Context, request: Request, known: StoredAnswer) -> bytes:
    if known.request_digest != request.request_digest:
        raise KeyReusedError("This Idempotency-Key came before with another request.")
    return context.keyring.answers.open(known.answer, _place(request))


def _place(request: Request) -> Place:
    return Place("tool_answers", "answer", f"{request.actor}/{request.key_digest.hex()}")
