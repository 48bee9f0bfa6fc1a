"""Legal holds, as sealed; and the condition by which everybody leaves what is held."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.arrays import is_given
from activation_server.store.tables import legal_holds

_H = legal_holds.c
_OTHER = legal_holds.alias("hold")  # so that of a row of holds, too, the others are asked for


@dataclass(frozen=True, slots=True)
class StoredHold:
    """A hold on a license, or on one of its people."""

    hold_id: UUID
    license_id: UUID
    person_id: UUID | None
    until: date
    placed_at: datetime
    reason: bytes = field(repr=False)
    ordered_by: bytes = field(repr=False)
    lifted_at: datetime | None = None
    lifted_reason: bytes | None = field(default=None, repr=False)


_HOLD = [_H[name] for name in StoredHold.__slots__]
_ORDER: Final = (_H.until, _H.placed_at, _H.hold_id)  # the one that ends first comes first


def held(
    license_id: ColumnElement[UUID],
    today: date | ColumnElement[date],
    person_id: ColumnElement[UUID] | None = None,
) -> ColumnElement[bool]:
    """Whether a row must stay: its license is held, or somebody of it.

    A row of one person, which `person_id` names, is not held by a hold on another one. What is
    asked without a lock may change: a run locks the people of the license, then asks.
    """
    hold = _OTHER.c
    mine = and_(hold.license_id == license_id, _in_force(today, _OTHER))
    if person_id is not None:
        mine = and_(mine, or_(hold.person_id.is_(None), hold.person_id == person_id))
    return exists().where(mine)


def _in_force(
    today: date | ColumnElement[date], some: FromClause = legal_holds
) -> ColumnElement[bool]:
    return and_(some.c.lifted_at.is_(None), some.c.until >= today)


async def add(connection: AsyncConnection, new: Sequence[StoredHold]) -> None:
    """Add holds."""
    await connection.execute(insert(legal_holds), [asdict(each) for each in new])


async def lock(connection: AsyncConnection, hold_id: UUID) -> StoredHold | None:
    """Give a hold, locked for a change."""
    question = select(*_HOLD).where(_H.hold_id == hold_id).with_for_update()
    row = (await connection.execute(question)).one_or_none()
    return None if row is None else StoredHold(*row)


async def lift(connection: AsyncConnection, hold_id: UUID, at: datetime, reason: bytes) -> None:
    """End a hold before its time."""
    await connection.execute(
        update(legal_holds).where(_H.hold_id == hold_id).values(lifted_at=at, lifted_reason=reason)
    )


async def list_all(connection: AsyncConnection, in_force_on: date | None) -> Sequence[StoredHold]:
    """Give all holds, or those in force on a day; the one that ends first comes first."""
    question = select(*_HOLD)
    if in_force_on is not None:
        question = question.where(_in_force(in_force_on))
    return await _holds(connection, question)


_OF_LICENSES: Final = (
    select(*_HOLD)
    .where(is_given(_H.license_id), _in_force(bindparam("today", type_=Date())))
    .order_by(*_ORDER)
)


async def of_licenses(
    connection: AsyncConnection, license_ids: Collection[UUID], today: date
) -> Sequence[StoredHold]:
    """Give the holds in force on licenses and their people."""
    rows = await connection.execute(_OF_LICENSES, {"ids": list(license_ids), "today": today})
    return [StoredHold(*row) for row in rows]


async def of_people(
    connection: AsyncConnection, some: Collection[tuple[UUID, UUID]], today: date
) -> Sequence[StoredHold]:
    """Give the holds in force on people, each named by license and id, and on their licenses."""
    theirs = or_(
        and_(_H.person_id.is_(None), _H.license_id.in_({license_id for license_id, _ in some})),
        tuple_(_H.license_id, _H.person_id).in_(some),
    )
    return await _holds(connection, select(*_HOLD).where(theirs, _in_force(today)))


async def _holds(connection: AsyncConnection, question: Select[Any]) -> Sequence[StoredHold]:
    rows = await connection.execute(question.order_by(*_ORDER))
    return [StoredHold(*row) for row in rows]
