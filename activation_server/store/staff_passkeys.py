"""The passkeys of the vendor's staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import staff_passkeys

_P = staff_passkeys.c


@dataclass(frozen=True, slots=True)
class StoredPasskey:
    """A passkey; `used_until` is of the ticket that was used last."""

    credential_id: bytes
    staff_id: UUID
    public_key: bytes = field(repr=False)
    sign_count: int
    added_at: datetime
    used_at: datetime | None = None
    used_until: datetime | None = None


_PASSKEY = [_P[name] for name in StoredPasskey.__slots__]


async def add(connection: AsyncConnection, new: StoredPasskey) -> bool:
    """Add a passkey; `False` when it is somebody's already."""
    values = {name: getattr(new, name) for name in StoredPasskey.__slots__}
    adding = insert(staff_passkeys).values(values).on_conflict_do_nothing()
    return (await connection.execute(adding)).rowcount == 1


async def find(
    connection: AsyncConnection, credential_id: bytes, *, lock: bool = False
) -> StoredPasskey | None:
    """Give a passkey, locked for a change with `lock`."""
    question = select(*_PASSKEY).where(_P.credential_id == credential_id)
    row = (await connection.execute(question.with_for_update() if lock else question)).one_or_none()
    return None if row is None else StoredPasskey(*row)


async def of_staff(connection: AsyncConnection, staff_id: UUID) -> Sequence[StoredPasskey]:
    """Give somebody's passkeys, the oldest first."""
    question = select(*_PASSKEY).where(_P.staff_id == staff_id)
    rows = await connection.execute(question.order_by(_P.added_at, _P.credential_id))
    return [StoredPasskey(*row) for row in rows]


async def count(connection: AsyncConnection, staff_id: UUID) -> int:
    """Count somebody's passkeys."""
    question = select(func.count()).where(_P.staff_id == staff_id)
    return (await connection.execute(question)).scalar_one()


async def counts(connection: AsyncConnection) -> Mapping[UUID, int]:
    """Count the passkeys of each who has one."""
    question = select(_P.staff_id, func.count()).group_by(_P.staff_id)
    return {row[0]: row[1] for row in await connection.execute(question)}


async def use(
    connection: AsyncConnection,
    credential_id: bytes,
    sign_count: int,
    at: datetime,
    until: datetime,
) -> None:
    """Note that a passkey, which is locked, was used with a ticket."""
    await connection.execute(
        update(staff_passkeys)
        .where(_P.credential_id == credential_id)
        .values(sign_count=sign_count, used_at=at, used_until=until)
    )


async def remove(
    connection: AsyncConnection, staff_id: UUID, credential_id: bytes | None = None
) -> int:
    """Remove one of somebody's passkeys, or all; give how many there were."""
    removing = delete(staff_passkeys).where(_P.staff_id == staff_id)
    if credential_id is not None:
        removing = removing.where(_P.credential_id == credential_id)
    return (await connection.execute(removing)).rowcount
