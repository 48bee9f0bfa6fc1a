"""Accounts at the vendor's identity provider that staff sign in with."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import staff_identities

_I = staff_identities.c


@dataclass(frozen=True, slots=True)
class StoredIdentity:
    """Somebody's account, or the address that it is to be found by."""

    staff_id: UUID
    email_digest: bytes | None = field(default=None, repr=False)
    digest: bytes | None = field(default=None, repr=False)
    linked_at: datetime | None = None
    used_at: datetime | None = None
    used_until: datetime | None = None  # of the ticket that was used last


_IDENTITY = [_I[name] for name in StoredIdentity.__slots__]


async def expect(connection: AsyncConnection, staff_id: UUID, email_digest: bytes) -> bool:
    """Wait for an address, in place of another; `False` where somebody else is waited for by it."""
    waiting = insert(staff_identities).values(staff_id=staff_id, email_digest=email_digest)
    done = await connection.execute(waiting.on_conflict_do_nothing())
    if done.rowcount == 1:
        return True
    taken = select(_I.staff_id).where(_I.email_digest == email_digest)
    if (await connection.execute(taken)).scalar_one_or_none() not in {None, staff_id}:
        return False
    mine = update(staff_identities).where(_I.staff_id == staff_id, _I.digest.is_(None))
    return (await connection.execute(mine.values(email_digest=email_digest))).rowcount == 1


async def linked(connection: AsyncConnection, digest: bytes) -> StoredIdentity | None:
    """Give the one that an account is linked to."""
    return await _one(connection, _I.digest == digest)


async def expected(connection: AsyncConnection, email_digest: bytes) -> StoredIdentity | None:
    """Give the one that an address is waited for of."""
    return await _one(connection, _I.email_digest == email_digest)


async def of_staff(connection: AsyncConnection, staff_id: UUID) -> StoredIdentity | None:
    """Give somebody's."""
    return await _one(connection, _I.staff_id == staff_id)


async def list_all(connection: AsyncConnection) -> Sequence[StoredIdentity]:
    """Give everybody's."""
    return [StoredIdentity(*row) for row in await connection.execute(select(*_IDENTITY))]


async def link(connection: AsyncConnection, staff_id: UUID, digest: bytes, now: datetime) -> None:
    """Link an account to somebody who is locked; the address is forgotten."""
    await connection.execute(
        update(staff_identities)
        .where(_I.staff_id == staff_id)
        .values(email_digest=None, digest=digest, linked_at=now)
    )


async def link_own(
    connection: AsyncConnection, staff_id: UUID, digest: bytes, now: datetime, until: datetime
) -> bool:
    """Link an account to somebody who is locked, and has none; `False` where it is another's."""
    await remove(connection, staff_id)
    values = {"digest": digest, "linked_at": now, "used_at": now, "used_until": until}
    linking = insert(staff_identities).values(staff_id=staff_id, **values)
    return (await connection.execute(linking.on_conflict_do_nothing())).rowcount == 1


async def use(connection: AsyncConnection, staff_id: UUID, now: datetime, until: datetime) -> None:
    """Note that somebody, who is locked, signed in with a ticket."""
    await connection.execute(
        update(staff_identities)
        .where(_I.staff_id == staff_id)
        .values(used_at=now, used_until=until)
    )


async def remove(connection: AsyncConnection, staff_id: UUID) -> bool:
    """Forget somebody's; `False` where there is none."""
    removing = delete(staff_identities).where(_I.staff_id == staff_id)
    return (await connection.execute(removing)).rowcount == 1


async def _one(connection: AsyncConnection, which: ColumnElement[bool]) -> StoredIdentity | None:
    row = (await connection.execute(select(*_IDENTITY).where(which))).one_or_none()
    return None if row is None else StoredIdentity(*row)
