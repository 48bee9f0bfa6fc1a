"""Everything that a master key wraps, for its replacement by another."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Table, bindparam, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import note_keys, people, signing_keys, wrapped_secrets

ROTATION_LOCK = 7_305_226_922  # any number that is this project's own
BATCH = 1000
# Tables of keys that data is sealed with, by their names.
_TABLES: Final = {"people": people, "note_keys": note_keys}


class DataKey(NamedTuple):
    """A key that data is sealed with, as it is stored: of a row, by its primary key."""

    row: tuple[UUID, ...]
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


async def count(connection: AsyncConnection, name: str, current: bytes) -> int:
    """Count the keys of a table that another master key than the current one wraps."""
    question = select(func.count()).where(_is_other(_TABLES[name], current))
    return (await connection.execute(question)).scalar_one()


async def wrapped_otherwise(
    connection: AsyncConnection, name: str, current: bytes, after: UUID
) -> Sequence[DataKey]:
    """Give the next keys of a table, by license, that another master key wraps; locked."""
    table = _TABLES[name]
    row = list(table.primary_key.columns)
    found = await connection.execute(
        select(*row, table.c.wrapped_key)
        .where(table.c.license_id >= after, _is_other(table, current))
        .order_by(*row)
        .limit(BATCH)
        .with_for_update()
    )
    return [DataKey(tuple(each[:-1]), each[-1]) for each in found]


async def save(connection: AsyncConnection, name: str, keys: Sequence[DataKey]) -> None:
    """Write keys of a table that are wrapped anew."""
    table = _TABLES[name]
    row = list(table.primary_key.columns)
    if keys:
        await connection.execute(
            update(table)
            .where(*(column == bindparam(f"of_{column.name}") for column in row))
            .values(wrapped_key=bindparam("wrapped")),
            [
                {
                    **{
                        f"of_{column.name}": part for column, part in zip(row, key.row, strict=True)
                    },
                    "wrapped": key.wrapped,
                }
                for key in keys
            ],
        )


def _is_other(table: Table, current: bytes) -> ColumnElement[bool]:
    return func.substr(table.c.wrapped_key, 1, len(current)) != current


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
