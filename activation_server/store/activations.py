"""Activations: the seats of computers, each with what its last answer was made from."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, bindparam, false, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.rules.hardware import ANCHORS
from activation_server.rules.seat import Activation, Known, RemovedBy
from activation_server.store.activation_rows import (
    STORED,
    activation_of,
    answer_columns,
    columns_of,
)
from activation_server.store.tables import activations

_A = activations.c
_ONE = select(*STORED).where(
    _A.license_id == bindparam("license_id"), _A.activation_id == bindparam("activation_id")
)
# What a check-in changes. Of these columns only `hardware_token` stands in an index, and it is
# another one only when the computer's hardware id is.
_ANSWERED = (
    update(activations)
    .where(
        _A.license_id == bindparam("the_license_id"),
        _A.activation_id == bindparam("the_activation_id"),
    )
    .values(
        {
            name: bindparam(name)
            for name in (
                "hardware_token",
                "hardware",
                "seq",
                "fork_tip",
                "virtual",
                "leased_until",
                "lapsed",
                "true_tip",
                "outcome",
                "request_id",
                "request_digest",
                "nonce",
                "answered_at",
                "check_in_after",
                "certificate_expires",
                "coverage",
                "signing_key",
                "notices",
                "app_version",
                "app_edition",
                "os_family",
                "os_version",
                "told_digest",
            )
        }
    )
)


async def known(
    connection: AsyncConnection,
    license_id: UUID,
    activation_id: UUID,
    hardware: Mapping[str, bytes],
) -> Known:
    """Give the activations that bear on a call: made by its request, or seated and alike.

    Alike are those that share at least one anchor's digest with the computer that calls.
    """
    # By the digest's bytes, wherever they stand: 16 of them are not there by chance.
    position = func.pg_catalog.position
    anchors = sorted(ANCHORS & hardware.keys())
    alike = [position(_A.hardware, hardware[name]) > 0 for name in anchors]
    rows = await connection.execute(
        select(*STORED).where(
            _A.license_id == license_id,
            (_A.activation_id == activation_id) | (_A.removed_at.is_(None) & or_(false(), *alike)),
        )
    )
    return Known.among(map(activation_of, rows), hardware, activation_id)


async def lock(
    connection: AsyncConnection, license_id: UUID, activation_id: UUID
) -> Activation | None:
    """Give an activation, locked for a decision on it."""
    row = (
        await connection.execute(
            _ONE.with_for_update(), {"license_id": license_id, "activation_id": activation_id}
        )
    ).one_or_none()
    return None if row is None else activation_of(row)


async def license_ids_of(connection: AsyncConnection, activation_id: UUID) -> Sequence[UUID]:
    """Give the license of an activation that is known by its id alone.

    An activation id begins with six bytes of its license's id, so this is a range of the
    primary key, and needs no index of its own.
    """
    prefix = activation_id.bytes[:6]
    rows = await connection.execute(
        select(_A.license_id).where(
            _A.license_id.between(
                UUID(bytes=prefix + bytes(10)), UUID(bytes=prefix + b"\xff" * 10)
            ),
            _A.activation_id == activation_id,
        )
    )
    return rows.scalars().all()


async def license_ids_active_on(
    connection: AsyncConnection, hardware_token: bytes, now: datetime
) -> Sequence[UUID]:
    """Give the licenses that a computer holds a seat of now."""
    rows = await connection.execute(
        select(_A.license_id)
        .where(_A.hardware_token == hardware_token, _A.removed_at.is_(None), ~_A.lapsed)
        .where(_in_time(now))
        .distinct()
    )
    return rows.scalars().all()


def _in_time(now: datetime) -> ColumnElement[bool]:
    """Whether a seat does not float, or its lease still runs."""
    return _A.leased_until.is_(None) | (_A.leased_until > now)


def _over(
    license_id: UUID | ColumnElement[UUID], now: datetime | ColumnElement[datetime]
) -> ColumnElement[bool]:
    """Whether a lease of a license ran out, and its seat is still counted."""
    counted = (_A.license_id == license_id) & _A.removed_at.is_(None) & ~_A.lapsed
    return counted & (_A.leased_until <= now)


async def lapse(connection: AsyncConnection, license_id: UUID, now: datetime) -> int:
    """Mark the leases that ran out; give how many. One that a check-in renews meanwhile stays."""
    done = await connection.execute(
        update(activations).where(_over(license_id, now)).values(lapsed=True)
    )
    return done.rowcount


async def lapsing(connection: AsyncConnection, license_id: UUID, now: datetime) -> int:
    """Count the leases that ran out and are not marked yet."""
    return (await connection.execute(select(ran_out(license_id, now)))).scalar_one()


def ran_out(
    license_id: UUID | ColumnElement[UUID], now: datetime | ColumnElement[datetime]
) -> ScalarSelect[int]:
    """Count the same as part of a statement."""
    return select(func.count()).where(_over(license_id, now)).scalar_subquery()


async def virtual_seats_used(connection: AsyncConnection, license_id: UUID, now: datetime) -> int:
    """Count the virtual machines that hold a seat of a license now."""
    held = _A.removed_at.is_(None) & ~_A.lapsed & _in_time(now)
    question = select(func.count()).where(_A.license_id == license_id, _A.virtual, held)
    return (await connection.execute(question)).scalar_one()


async def of_license(
    connection: AsyncConnection, license_id: UUID, most: int | None = None
) -> Sequence[Activation]:
    """Give the activations of a license, the last seen first: so many at most, or all."""
    rows = await connection.execute(
        select(*STORED)
        .where(_A.license_id == license_id)
        .order_by(_A.removed_at.is_not(None), _A.answered_at.desc(), _A.activation_id)
        .limit(most)
    )
    return [activation_of(row) for row in rows]


async def count(connection: AsyncConnection, license_id: UUID) -> int:
    """Count the activations of a license."""
    question = select(func.count()).where(_A.license_id == license_id)
    return (await connection.execute(question)).scalar_one()


async def given_back_since(connection: AsyncConnection, license_id: UUID, since: datetime) -> int:
    """Count the seats of a license that apps have given back."""
    question = select(func.count()).where(
        _A.license_id == license_id, _A.removed_by == RemovedBy.APP, _A.removed_at > since
    )
    return (await connection.execute(question)).scalar_one()


async def add(connection: AsyncConnection, activation: Activation, hardware_token: bytes) -> None:
    """Add an activation."""
    await connection.execute(insert(activations).values(columns_of(activation, hardware_token)))


async def save_answer(
    connection: AsyncConnection, activation: Activation, hardware_token: bytes
) -> None:
    """Write what an activation's newest answer is made from."""
    await connection.execute(
        _ANSWERED,
        {
            "the_license_id": activation.license_id,
            "the_activation_id": activation.activation_id,
            "hardware_token": hardware_token,
            **answer_columns(activation),
        },
    )


async def save_signing_key(connection: AsyncConnection, activation: Activation) -> None:
    """Write that an activation's last answer is signed by another key from now on."""
    await connection.execute(
        update(activations)
        .where(_A.license_id == activation.license_id, _A.activation_id == activation.activation_id)
        .values(signing_key=activation.last.signing_key)
    )


async def save_removal(connection: AsyncConnection, activation: Activation) -> None:
    """Write that an activation's seat was given back or taken."""
    await connection.execute(
        update(activations)
        .where(_A.license_id == activation.license_id, _A.activation_id == activation.activation_id)
        .values(removed_at=activation.removed_at, removed_by=activation.removed_by)
    )


async def save_declared(connection: AsyncConnection, activation: Activation) -> None:
    """Write which tokens of an activation support declared disowned."""
    await connection.execute(
        update(activations)
        .where(_A.license_id == activation.license_id, _A.activation_id == activation.activation_id)
        .values(
            fork_tip=activation.fork_tip,
            true_from=activation.true_from,
            true_tip=activation.true_tip,
        )
    )
