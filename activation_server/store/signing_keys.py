"""Signing keys and the root secret, as wrapped by the master key."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.signing_keys import KeyLife, Retirement
from activation_server.store.tables import activations, licenses, signing_keys, wrapped_secrets

CHANGE_LOCK = 7_305_226_921  # any number that is this project's own

_K = signing_keys.c
_STORED = select(
    _K.number,
    _K.kid,
    _K.product,
    _K.created_at,
    _K.signs_since,
    _K.covers_until,
    _K.retired_at,
    _K.retirement,
    _K.reason,
    _K.public,
    _K.wrapped_seed,
)


@dataclass(frozen=True, slots=True)
class StoredSigningKey:
    """A signing key at rest."""

    life: KeyLife
    public: bytes
    wrapped_seed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedActivation:
    """An activation whose newest certificate was signed with a key that is asked for."""

    activation_id: UUID
    license_id: UUID
    product: str
    answered_at: datetime
    certificate_expires: datetime | None


async def all_keys(
    connection: AsyncConnection, *, for_change: bool = False
) -> Sequence[StoredSigningKey]:
    """Give all signing keys, oldest first; `for_change` locks them against other changes."""
    question = _STORED.order_by(_K.number)
    if for_change:
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CHANGE_LOCK})
        # Activations that refer to a key are written meanwhile; what moves `covers_until` waits.
        question = question.with_for_update(key_share=True)
    return [_key(row) for row in await connection.execute(question)]


async def get(connection: AsyncConnection, number: int) -> StoredSigningKey | None:
    """Give one signing key."""
    row = (await connection.execute(_STORED.where(_K.number == number))).one_or_none()
    return row and _key(row)


async def add_key(connection: AsyncConnection, key: StoredSigningKey) -> None:
    """Add a signing key, unless another process has just added one of that number."""
    await connection.execute(
        insert(signing_keys)
        .values(
            number=key.life.number,
            kid=key.life.kid,
            public=key.public,
            wrapped_seed=key.wrapped_seed,
            created_at=key.life.created_at,
            product=key.life.product,
            signs_since=key.life.signs_since,
        )
        .on_conflict_do_nothing()
    )


async def start_signing(connection: AsyncConnection, number: int, now: datetime) -> None:
    """Let a prepared key sign."""
    await connection.execute(
        update(signing_keys).where(_K.number == number).values(signs_since=now)
    )


async def move_cover(connection: AsyncConnection, number: int, until: datetime) -> bool:
    """Note that a key signs certificates that are valid until then; false when it is retired."""
    moved = await connection.execute(
        update(signing_keys)
        .where(_K.number == number, _K.retired_at.is_(None))
        .values(covers_until=func.greatest(_K.covers_until, until))
    )
    return moved.rowcount == 1


async def is_retired(connection: AsyncConnection, number: int) -> bool:
    """Whether a key must not sign any more, not even what it signed before."""
    found = await connection.scalar(select(_K.retired_at).where(_K.number == number))
    return found is not None


async def retire(
    connection: AsyncConnection, number: int, retirement: Retirement, reason: str, now: datetime
) -> None:
    """Take a key out of use for good."""
    await connection.execute(
        update(signing_keys)
        .where(_K.number == number)
        .values(retired_at=now, retirement=retirement, reason=reason)
    )


async def count_signed(connection: AsyncConnection, number: int) -> dict[str, int]:
    """Count, by product, the activations whose newest certificate a key signed.

    Reads every activation: no index holds the key, because each check-in may change it.
    """
    await connection.execute(text("SET LOCAL statement_timeout = '10min'"))
    rows = await connection.execute(
        select(licenses.c.product, func.count())
        .join(activations, activations.c.license_id == licenses.c.license_id)
        .where(activations.c.signing_key == number)
        .group_by(licenses.c.product)
        .order_by(licenses.c.product)
    )
    return {product: count for product, count in rows}  # noqa: C416 - rows are not pairs to mypy


async def list_signed(
    connection: AsyncConnection, number: int, limit: int
) -> Sequence[SignedActivation]:
    """Give activations whose newest certificate a key signed, by license."""
    columns = activations.c
    rows = await connection.execute(
        select(
            columns.activation_id,
            columns.license_id,
            licenses.c.product,
            columns.answered_at,
            columns.certificate_expires,
        )
        .join(licenses, licenses.c.license_id == columns.license_id)
        .where(columns.signing_key == number)
        .order_by(columns.license_id, columns.activation_id)
        .limit(limit)
    )
    return [SignedActivation(*row) for row in rows]


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


def _key(row: Row[*tuple[Any, ...]]) -> StoredSigningKey:
    life = KeyLife(
        number=row.number,
        kid=row.kid,
        product=row.product,
        created_at=row.created_at,
        signs_since=row.signs_since,
        covers_until=row.covers_until,
        retired_at=row.retired_at,
        retirement=None if row.retirement is None else Retirement(row.retirement),
        reason=row.reason,
    )
    return StoredSigningKey(life, row.public, row.wrapped_seed)
