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
    await connection.execute(
        insert(computers).values(product=product, hardware_token=token).on_conflict_do_nothing()
    )
    return await trial_of(connection, product, token)


async def trial_of(connection: AsyncConnection, product: str, token: bytes) -> Trial | None:
    """Give a computer's last trial; the computer, if it is known, is locked."""
    row = (
        await connection.execute(
            select(_C.trial_license_id, _C.trial_at)
            .where(_C.product == product, _C.hardware_token == token)
            .with_for_update(key_share=True)
        )
    ).one_or_none()
    return None if row is None or row.trial_license_id is None else Trial(*row)


async def save_trial(connection: AsyncConnection, product: str, token: bytes, trial: Trial) -> None:
    """Write the trial that a computer is given; the computer must be claimed."""
    await connection.execute(
        update(computers)
        .where(_C.product == product, _C.hardware_token == token)
        .values(trial_license_id=trial.license_id, trial_at=trial.at)
    )
