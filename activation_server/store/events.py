"""A license's history and its last refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
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


_ABOUT = "activation_id"  # in `details`; stored in a column of its own
_E = events.c
_LINE = (_E.at, _E.event_id, _E.kind, _E.details, _E.words, _E.of_activation_id)


@dataclass(frozen=True, slots=True)
class StoredRefusal:
    """The last refusal with one code, and how often it came."""

    at: datetime
    code: str
    times: int
    evidence: Mapping[str, Any]


async def add_many(connection: AsyncConnection, rows: Sequence[tuple[UUID, StoredEvent]]) -> None:
    """Add lines to the histories of licenses."""
    await connection.execute(insert(events), [columns_of(*row) for row in rows])


def columns_of(license_id: UUID, event: StoredEvent) -> dict[str, Any]:
    """Give the columns of a line's row."""
    details = dict(event.details)
    about = details.pop(_ABOUT, None)
    return {
        "license_id": license_id,
        "at": event.at,
        "event_id": event.event_id,
        "kind": event.kind,
        "details": details,
        "words": event.words,
        "of_activation_id": None if about is None else UUID(about),
    }


def _event(row: Row[*tuple[Any, ...]]) -> StoredEvent:
    at, event_id, kind, details, words, about = row
    if about is not None:
        details = {_ABOUT: str(about), **details}
    return StoredEvent(at, event_id, kind, details, words)


async def has(connection: AsyncConnection, license_id: UUID, event_id: UUID, at: datetime) -> bool:
    """Whether a license's history has this very line."""
    question = select(_E.kind).where(
        _E.license_id == license_id, _E.at == at, _E.event_id == event_id
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
        .where(_E.license_id == license_id)
        .order_by(_E.at.desc(), _E.event_id)
        .limit(limit)
    )
    return [_event(row) for row in rows]


async def count(connection: AsyncConnection, license_id: UUID) -> int:
    """Count the lines of a license's history."""
    question = select(func.count()).where(_E.license_id == license_id)
    return (await connection.execute(question)).scalar_one()


async def last(
    connection: AsyncConnection, license_id: UUID, kind: EventKind
) -> StoredEvent | None:
    """Give the newest event of a kind."""
    row = await connection.execute(
        select(*_LINE)
        .where(_E.license_id == license_id, _E.kind == kind)
        .order_by(_E.at.desc())
        .limit(1)
    )
    found = row.one_or_none()
    return None if found is None else _event(found)


async def refusals_of(connection: AsyncConnection, license_id: UUID) -> Sequence[StoredRefusal]:
    """Give the last refusal of each code, newest first."""
    columns = refusals.c
    rows = await connection.execute(
        select(columns.at, columns.code, columns.times, columns.evidence)
        .where(columns.license_id == license_id)
        .order_by(columns.at.desc(), columns.code)
    )
    return [StoredRefusal(*row) for row in rows]
