"""A license's history and its last refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.history import EventKind
from activation_server.rules.reasons import Refused
from activation_server.store.tables import events, refusals


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One line of history; `words` are an operator's, sealed."""

    at: datetime
    event_id: UUID
    kind: str
    details: Mapping[str, Any]
    words: bytes | None = field(default=None, repr=False)


_LINE = [events.c[name] for name in StoredEvent.__slots__]


@dataclass(frozen=True, slots=True)
class StoredRefusal:
    """The last refusal with one code, and how often it came."""

    at: datetime
    code: str
    times: int
    evidence: Mapping[str, Any]


async def add_many(connection: AsyncConnection, rows: Sequence[tuple[UUID, StoredEvent]]) -> None:
    """Add lines to the histories of licenses."""
    await connection.execute(
        insert(events),
        [
            {
                "license_id": license_id,
                "at": event.at,
                "event_id": event.event_id,
                "kind": event.kind,
                "details": dict(event.details),
                "words": event.words,
            }
            for license_id, event in rows
        ],
    )


async def has(connection: AsyncConnection, license_id: UUID, event_id: UUID, at: datetime) -> bool:
    """Whether a license's history has this very line."""
    columns = events.c
    question = select(columns.kind).where(
        columns.license_id == license_id, columns.at == at, columns.event_id == event_id
    )
    return (await connection.execute(question)).one_or_none() is not None


async def note_refusal(
    connection: AsyncConnection, license_id: UUID, refused: Refused, at: datetime
) -> None:
    """Note a refusal in place of the last one with the same code."""
    evidence = {**refused.evidence, **refused.noted}
    new = insert(refusals).values(
        license_id=license_id, code=refused.reason, at=at, times=1, evidence=evidence
    )
    await connection.execute(
        new.on_conflict_do_update(
            index_elements=[refusals.c.license_id, refusals.c.code],
            set_={"at": at, "times": refusals.c.times + 1, "evidence": evidence},
        )
    )


async def of_license(
    connection: AsyncConnection, license_id: UUID, limit: int
) -> Sequence[StoredEvent]:
    """Give the newest events of a license, newest first."""
    rows = await connection.execute(
        select(*_LINE)
        .where(events.c.license_id == license_id)
        .order_by(events.c.at.desc(), events.c.event_id)
        .limit(limit)
    )
    return [StoredEvent(*row) for row in rows]


async def count(connection: AsyncConnection, license_id: UUID) -> int:
    """Count the lines of a license's history."""
    question = select(func.count()).where(events.c.license_id == license_id)
    return (await connection.execute(question)).scalar_one()


async def last(
    connection: AsyncConnection, license_id: UUID, kind: EventKind
) -> StoredEvent | None:
    """Give the newest event of a kind."""
    row = await connection.execute(
        select(*_LINE)
        .where(events.c.license_id == license_id, events.c.kind == kind)
        .order_by(events.c.at.desc())
        .limit(1)
    )
    found = row.one_or_none()
    return None if found is None else StoredEvent(*found)


async def refusals_of(connection: AsyncConnection, license_id: UUID) -> Sequence[StoredRefusal]:
    """Give the last refusal of each code, newest first."""
    columns = refusals.c
    rows = await connection.execute(
        select(columns.at, columns.code, columns.times, columns.evidence)
        .where(columns.license_id == license_id)
        .order_by(columns.at.desc(), columns.code)
    )
    return [StoredRefusal(*row) for row in rows]
