"""Seats as they stand now: what ran out is free, and limits that not every license has."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from activation_server.rules import hardware
from activation_server.rules.license import Kind, refuse_standing
from activation_server.rules.seat import Call
from activation_server.store import activations, computers, licenses
from activation_server.store.database import Connection
from activation_server.store.licenses import StoredLicense


async def freed(connection: Connection, stored: StoredLicense, now: datetime) -> StoredLicense:
    """Free the floating seats whose leases ran out, of a license that is locked."""
    license_ = stored.license
    if license_.terms.floating_minutes is None and license_.has_free_seat():
        return stored
    lapsed = await activations.lapse(connection, license_.license_id, now)
    if lapsed:
        await licenses.free_seats(connection, license_.license_id, lapsed)
    return less(stored, lapsed)


async def counted(connection: Connection, stored: StoredLicense, now: datetime) -> StoredLicense:
    """Give a license with the seats that are in use now, and write nothing."""
    if stored.license.terms.floating_minutes is None:
        return stored
    return less(stored, await activations.lapsing(connection, stored.license.license_id, now))


async def limited(
    connection: Connection, stored: StoredLicense, call: Call, token: bytes, now: datetime
) -> tuple[StoredLicense, Call]:
    """Add the facts that limits of this license ask for, before a computer takes a seat of it."""
    license_ = stored.license
    if license_.terms.virtual_seats is not None:
        used = await activations.virtual_seats_used(connection, license_.license_id)
        stored = replace(stored, license=replace(license_, virtual_seats_used=used))
    identified = not hardware.ANCHORS.isdisjoint(call.hardware)
    if license_.terms.one_license_per_computer and identified:
        await computers.claim(connection, license_.product, token)
        call = replace(call, other_license=await _other_license(connection, stored, token, now))
    return stored, call


async def _other_license(
    connection: Connection, stored: StoredLicense, token: bytes, now: datetime
) -> UUID | None:
    """Find another license of the product, in force and no trial, that this computer sits on."""
    license_ = stored.license
    ids = await activations.license_ids_active_on(connection, token, now)
    others = [one.license for one in await licenses.by_ids(connection, ids)]
    return next(
        (
            other.license_id
            for other in others
            if other.license_id != license_.license_id
            and other.product == license_.product
            and other.kind(now) is not Kind.TRIAL
            and refuse_standing(other, now) is None
        ),
        None,
    )


def less(stored: StoredLicense, free: int) -> StoredLicense:
    """Give a license with so many seats less in use."""
    license_ = stored.license
    return replace(stored, license=replace(license_, seats_used=license_.seats_used - free))
