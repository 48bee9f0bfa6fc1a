"""The vendor's staff: their roles, credentials, and recovery codes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.permissions import Role
from activation_server.store.tables import staff, staff_recovery_codes

_S, _C = staff.c, staff_recovery_codes.c


@dataclass(frozen=True, slots=True)
class Member:
    """A member of staff, with credentials as sealed."""

    staff_id: UUID
    name: str
    role: Role
    added_at: datetime
    seen_on: date | None = None
    disabled_at: datetime | None = None
    credentials_at: datetime | None = None
    password_sealed: bytes | None = field(default=None, repr=False)
    totp_sealed: bytes | None = field(default=None, repr=False)
    totp_step: int = 0
    wrong_codes: int = 0
    link_digest: bytes | None = field(default=None, repr=False)
    link_until: datetime | None = None


_MEMBER = [_S[name] for name in Member.__slots__]


async def add(connection: AsyncConnection, new: Member) -> bool:
    """Add somebody with a link; `False` when there is one of this name."""
    values = {name: getattr(new, name) for name in Member.__slots__}
    adding = insert(staff).values(values).on_conflict_do_nothing(index_elements=[_S.name])
    return (await connection.execute(adding)).rowcount == 1


async def named(connection: AsyncConnection, name: str, *, lock: bool = False) -> Member | None:
    """Give the one of a name, locked for a change with `lock`."""
    return await _one(connection, _S.name == name, lock=lock)


async def get(connection: AsyncConnection, staff_id: UUID, *, lock: bool = False) -> Member | None:
    """Give the one of an id, locked for a change with `lock`."""
    return await _one(connection, _S.staff_id == staff_id, lock=lock)


async def invited(
    connection: AsyncConnection, link_digest: bytes, *, lock: bool = False
) -> Member | None:
    """Give the one of a link, locked for a change with `lock`."""
    return await _one(connection, _S.link_digest == link_digest, lock=lock)


async def list_all(connection: AsyncConnection) -> Sequence[Member]:
    """Give everybody, by name."""
    rows = await connection.execute(select(*_MEMBER).order_by(_S.name))
    return [_member(row) for row in rows]


async def lock_administrators(connection: AsyncConnection) -> Mapping[UUID, bool]:
    """Give the administrators that are not disabled, all of them locked, in one order.

    Of each whether they have used their link: who has not yet can't sign in.
    """
    active = (_S.role == Role.ADMINISTRATOR) & _S.disabled_at.is_(None)
    question = select(_S.staff_id, _S.credentials_at.is_not(None)).where(active)
    rows = await connection.execute(question.order_by(_S.staff_id).with_for_update())
    return {row[0]: row[1] for row in rows}


async def save(connection: AsyncConnection, staff_id: UUID, **values: Any) -> None:  # noqa: ANN401 - columns of any type
    """Write columns of somebody, whose row is locked."""
    await connection.execute(update(staff).where(_S.staff_id == staff_id).values(values))


async def saw(connection: AsyncConnection, staff_id: UUID, day: date) -> None:
    """Write the day on which somebody used the console last: once a day."""
    is_new = (_S.staff_id == staff_id) & _S.seen_on.is_distinct_from(day)
    await connection.execute(update(staff).where(is_new).values(seen_on=day))


async def replace_recovery_codes(
    connection: AsyncConnection, staff_id: UUID, digests: Collection[bytes]
) -> None:
    """Write the digests of somebody's codes, in place of all earlier ones."""
    await connection.execute(delete(staff_recovery_codes).where(_C.staff_id == staff_id))
    await connection.execute(
        insert(staff_recovery_codes),
        [{"staff_id": staff_id, "digest": digest} for digest in digests],
    )


async def use_recovery_code(connection: AsyncConnection, staff_id: UUID, digest: bytes) -> bool:
    """Use a code up; `False` when there is none such, or somebody used it first."""
    mine = (_C.staff_id == staff_id) & (_C.digest == digest)
    return (await connection.execute(delete(staff_recovery_codes).where(mine))).rowcount == 1


async def count_recovery_codes(connection: AsyncConnection, staff_id: UUID) -> int:
    """Count the codes that somebody has left."""
    mine = select(func.count()).where(_C.staff_id == staff_id)
    return (await connection.execute(mine)).scalar_one()


async def recovery_code_counts(connection: AsyncConnection) -> Mapping[UUID, int]:
    """Count the codes that each has left who has one."""
    question = select(_C.staff_id, func.count()).group_by(_C.staff_id)
    return {row[0]: row[1] for row in await connection.execute(question)}


async def _one(
    connection: AsyncConnection, which: ColumnElement[bool], *, lock: bool
) -> Member | None:
    question = select(*_MEMBER).where(which)
    row = (await connection.execute(question.with_for_update() if lock else question)).one_or_none()
    return None if row is None else _member(row)


def _member(row: Any) -> Member:  # noqa: ANN401 - a row of the columns above
    values = row._asdict()
    return Member(**{**values, "role": Role(values["role"])})
