"""Browsers that are signed in to the console."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.permissions import Role
from activation_server.rules.staff import Session
from activation_server.store.tables import staff, staff_sessions

_S = staff_sessions.c
_SESSION: Select[Any] = (
    select(
        _S.session_id,
        _S.staff_id,
        staff.c.name,
        staff.c.role,
        _S.began_at,
        _S.seen_at,
        _S.signed_in_at,
        _S.ends_at,
    )
    .join_from(staff_sessions, staff, _S.staff_id == staff.c.staff_id)
    .where(staff.c.disabled_at.is_(None))
)


async def add(connection: AsyncConnection, new: Session, digest: bytes) -> None:
    """Begin a session."""
    await connection.execute(
        insert(staff_sessions).values(
            session_id=new.session_id,
            staff_id=new.staff_id,
            digest=digest,
            began_at=new.began_at,
            seen_at=new.seen_at,
            signed_in_at=new.signed_in_at,
            ends_at=new.ends_at,
        )
    )


async def find(connection: AsyncConnection, digest: bytes) -> Session | None:
    """Give the session of a token, with its owner's role as it is now; none of who is disabled."""
    row = (await connection.execute(_SESSION.where(_S.digest == digest))).one_or_none()
    return None if row is None else _session(row)


async def of_staff(connection: AsyncConnection, staff_id: UUID | None) -> Sequence[Session]:
    """Give somebody's sessions, or everybody's, used last first."""
    question = _SESSION if staff_id is None else _SESSION.where(_S.staff_id == staff_id)
    rows = await connection.execute(question.order_by(_S.seen_at.desc(), _S.session_id))
    return [_session(row) for row in rows]


async def saw(connection: AsyncConnection, session_id: UUID, now: datetime) -> None:
    """Note that a session is used."""
    await connection.execute(
        update(staff_sessions).where(_S.session_id == session_id).values(seen_at=now)
    )


async def renew(
    connection: AsyncConnection, session_id: UUID, digest: bytes, now: datetime
) -> bool:
    """Note that its owner signed in again, and take another token; `False` when it is gone."""
    done = await connection.execute(
        update(staff_sessions)
        .where(_S.session_id == session_id)
        .values(digest=digest, signed_in_at=now, seen_at=now)
    )
    return done.rowcount == 1


async def end(
    connection: AsyncConnection,
    staff_id: UUID,
    *,
    only: UUID | None = None,
    except_for: UUID | None = None,
) -> int:
    """End sessions of somebody: all, only one, or all but one; give how many there were."""
    ending = delete(staff_sessions).where(_S.staff_id == staff_id)
    if only is not None:
        ending = ending.where(_S.session_id == only)
    if except_for is not None:
        ending = ending.where(_S.session_id != except_for)
    return (await connection.execute(ending)).rowcount


def _session(row: Any) -> Session:  # noqa: ANN401 - a row of the columns above
    values = row._asdict()
    return Session(**{**values, "role": Role(values["role"])})
