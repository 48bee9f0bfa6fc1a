"""Everything that a master key wraps, for its replacement by another."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import people, signing_keys, wrapped_secrets

ROTATION_LOCK = 7_305_226_922  # any number that is this project's own
BATCH = 1000
_P = people.c


class PersonKey(NamedTuple):
    """A person's key as it is stored."""

    license_id: UUID
    person_id: UUID
    wrapped: bytes


async def secrets(connection: AsyncConnection) -> Sequence[tuple[str, bytes]]:
    """Give the server's secrets, locked."""
    columns = wrapped_secrets.c
    rows = await connection.execute(select(columns.name, columns.wrapped).with_for_update())
    return [(row.name, row.wrapped) for row in rows]


async def save_secret(connection: AsyncConnection, name: str, wrapped: bytes) -> None:
    """Write a secret that is wrapped anew."""
    await connection.execute(
        update(wrapped_secrets).where(wrapped_secrets.c.name == name).values(wrapped=wrapped)
    )


async def seeds(connection: AsyncConnection) -> Sequence[tuple[int, bytes]]:
    """Give the seeds of the signing keys, locked."""
    columns = signing_keys.c
    question = select(columns.number, columns.wrapped_seed).with_for_update(key_share=True)
    return [(row.number, row.wrapped_seed) for row in await connection.execute(question)]


async def save_seed(connection: AsyncConnection, number: int, wrapped: bytes) -> None:
    """Write a seed that is wrapped anew."""
    await connection.execute(
        update(signing_keys).where(signing_keys.c.number == number).values(wrapped_seed=wrapped)
    )


async def count_people(connection: AsyncConnection, current: bytes) -> int:
    """Count the keys of people that another master key than the current one wraps."""
    question = select(func.count()).where(func.substr(_P.wrapped_key, 1, len(current)) != current)
    return (await connection.execute(question)).scalar_one()


async def people_wrapped_otherwise(
    connection: AsyncConnection, current: bytes, after: UUID
) -> Sequence[PersonKey]:
    """Give the next keys of people, by license, that another master key wraps; locked."""
    rows = await connection.execute(
        select(_P.license_id, _P.person_id, _P.wrapped_key)
        .where(_P.license_id >= after, func.substr(_P.wrapped_key, 1, len(current)) != current)
        .order_by(_P.license_id, _P.person_id)
        .limit(BATCH)
        .with_for_update()
    )
    return [PersonKey(*row) for row in rows]


async def save_people(connection: AsyncConnection, keys: Sequence[PersonKey]) -> None:
    """Write keys of people that are wrapped anew."""
    await connection.execute(
        update(people)
        .where(_P.license_id == bindparam("license"), _P.person_id == bindparam("person"))
        .values(wrapped_key=bindparam("wrapped")),
        [
            {"license": key.license_id, "person": key.person_id, "wrapped": key.wrapped}
            for key in keys
        ],
    )


async def database_time(connection: AsyncConnection) -> datetime:
    """Give the time by the database's own clock."""
    now: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return now


async def is_open_since_before(connection: AsyncConnection, moment: datetime) -> bool:
    """Whether a transaction of this database still runs that began before a moment."""
    question = text(
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND pid <> pg_backend_pid() AND xact_start < :moment)"
    )
    return bool(await connection.scalar(question, {"moment": moment}))
