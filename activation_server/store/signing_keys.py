"""Signing keys and the root secret, as wrapped by the master key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import signing_keys, wrapped_secrets


@dataclass(frozen=True, slots=True)
class StoredSigningKey:
    """A signing key at rest."""

    number: int
    kid: str
    public: bytes
    wrapped_seed: bytes = field(repr=False)


async def all_keys(connection: AsyncConnection) -> Sequence[StoredSigningKey]:
    """Give all signing keys, oldest first."""
    columns = signing_keys.c
    rows = await connection.execute(
        select(columns.number, columns.kid, columns.public, columns.wrapped_seed).order_by(
            columns.number
        )
    )
    return [StoredSigningKey(*row) for row in rows]


async def add_key(connection: AsyncConnection, key: StoredSigningKey, now: datetime) -> None:
    """Add a signing key, unless another process has just added one of that number."""
    await connection.execute(
        insert(signing_keys)
        .values(
            number=key.number,
            kid=key.kid,
            public=key.public,
            wrapped_seed=key.wrapped_seed,
            created_at=now,
        )
        .on_conflict_do_nothing()
    )


async def get_secret(connection: AsyncConnection, name: str) -> bytes | None:
    """Give a wrapped secret."""
    question = select(wrapped_secrets.c.wrapped).where(wrapped_secrets.c.name == name)
    return (await connection.execute(question)).scalar_one_or_none()


async def add_secret(connection: AsyncConnection, name: str, wrapped: bytes, now: datetime) -> None:
    """Add a wrapped secret, unless another process has just added it."""
    await connection.execute(
        insert(wrapped_secrets)
        .values(name=name, wrapped=wrapped, created_at=now)
        .on_conflict_do_nothing()
    )
