"""Answers to tools' requests, kept for a day, so that a repeated request is answered alike."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import tool_answers

_A = tool_answers.c
_UNANSWERED = b""  # for as long as its transaction is under way, which alone sees it


@dataclass(frozen=True, slots=True)
class Request:
    """A request by its key: who asks, and digests of the key and of what is asked."""

    actor: str
    key_digest: bytes
    request_digest: bytes


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What a request was answered."""

    request_digest: bytes
    answer: bytes = field(repr=False)


async def claim(
    connection: AsyncConnection, request: Request, now: datetime, forgotten: datetime
) -> StoredAnswer | None:
    """Give what a request was answered, or `None`: then it is this transaction's to answer.

    Of two at the same moment the second waits for the first one's end. What was answered before
    the moment `forgotten` counts no more.
    """
    new = insert(tool_answers).values(
        actor=request.actor,
        key_digest=request.key_digest,
        request_digest=request.request_digest,
        answer=_UNANSWERED,
        answered_at=now,
    )
    anew = {name: new.excluded[name] for name in ("request_digest", "answer", "answered_at")}
    claimed = await connection.execute(
        new.on_conflict_do_update(
            index_elements=[_A.actor, _A.key_digest],
            set_=anew,
            where=_A.answered_at <= forgotten,
        )
    )
    if claimed.rowcount == 1:
        return None
    return await get(connection, request, forgotten)


async def get(
    connection: AsyncConnection, request: Request, forgotten: datetime
) -> StoredAnswer | None:
    """Give what a request was answered after the moment `forgotten`."""
    row = await connection.execute(
        select(_A.request_digest, _A.answer).where(
            _A.actor == request.actor,
            _A.key_digest == request.key_digest,
            _A.answered_at > forgotten,
        )
    )
    found = row.one_or_none()
    return None if found is None else StoredAnswer(*found)


async def answered(connection: AsyncConnection, request: Request, answer: bytes) -> None:
    """Write what a request is answered that this transaction claimed."""
    await connection.execute(
        update(tool_answers)
        .where(_A.actor == request.actor, _A.key_digest == request.key_digest)
        .values(answer=answer)
    )
