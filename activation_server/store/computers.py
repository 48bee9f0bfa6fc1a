"""Computers, known by their look-up token alone: what counts for one whatever its licenses."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.store.tables import computers

_C = computers.c


@dataclass(frozen=True, slots=True)
class Trial:
    """The last trial of a product that a computer was given."""

    license_id: UUID
    at: datetime


async def claim(connection: AsyncConnection, product: str, token: bytes) -> Trial | None:
    """Lock a computer, known or not, and give its last trial: a second call waits for the first."""
    new = insert(computers).values(product=product, hardware_token=token).on_conflict_do_nothing()
    while True:  # until the row is there and locked: a retention run may take it away in between
        await connection.execute(new)
        row = await _lock(connection, product, token)
        if row is not None:
            return row.trial


async def trial_of(connection: AsyncConnection, product: str, token: bytes) -> Trial | None:
    """Give a computer's last trial; the computer, if it is known, is locked."""
    row = await _lock(connection, product, token)
    return None if row is None else row.trial


@dataclass(frozen=True, slots=True)
class _Computer:
    trial: Trial | None


async def _lock(connection: AsyncConnection, product: str, token: bytes) -> _Computer | None:
    row = (
        await connection.execute(
            select(_C.trial_license_id, _C.trial_at)
            .where(_C.product == product, _C.hardware_token == token)
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    if row is None:
        return None
    return _Computer(None if row.trial_license_id is None else Trial(*row))


async def save_trial(connection: AsyncConnection, product: str, token: bytes, trial: Trial) -> None:
    """Write the trial that a computer is given; the computer must be claimed."""
    await connection.execute(
        update(computers)
        .where(_C.product == product, _C.hardware_token == token)
        .values(trial_license_id=trial.license_id, trial_at=trial.at)
    )
