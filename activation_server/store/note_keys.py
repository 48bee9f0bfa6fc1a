"""The keys that operators' words on licenses are sealed with."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import note_keys

_N = note_keys.c


async def get(connection: AsyncConnection, license_id: UUID, new: bytes) -> bytes:
    """Give the key of a license, which is made of `new` if it has none; locked."""
    adding = insert(note_keys).values(license_id=license_id, wrapped_key=new)
    await connection.execute(adding.on_conflict_do_nothing())
    question = select(_N.wrapped_key).where(_N.license_id == license_id).with_for_update()
    key: bytes = (await connection.execute(question)).scalar_one()
    return key


async def of_licenses(
    connection: AsyncConnection, license_ids: Collection[UUID]
) -> Mapping[UUID, bytes]:
    """Give the keys of licenses, as far as there are any."""
    question = select(_N.license_id, _N.wrapped_key).where(_N.license_id.in_(license_ids))
    return {row.license_id: row.wrapped_key for row in await connection.execute(question)}


async def destroy(connection: AsyncConnection, license_id: UUID) -> None:
    """Destroy the key of a license: what was sealed with it is gone."""
    await connection.execute(delete(note_keys).where(_N.license_id == license_id))
