"""Seats: taken by a rule; in use now, where leases run out; limited in more ways than one."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from activation_server.rules import activation as rules
from activation_server.rules import hardware
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.license import Kind, License, refuse_standing
from activation_server.rules.reasons import Refused
from activation_server.rules.seat import Activation, Call, Known
from activation_server.services import people
from activation_server.services.calls import Decided, Request, add_event, computer_call, conclude
from activation_server.services.context import Context
from activation_server.store import activations, computers, licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense

Rule = Callable[[Call, License, Known, UUID, int, datetime], Granted | Repeated | Refused]


async def take(
    context: Context,
    connection: Connection,
    stored: StoredLicense,
    request: Request,
    now: datetime,
    decide: Rule = rules.activate,
) -> Decided[StoredLicense] | Refused:
    """Seat a computer on a license, which is locked, or go on with the seat that it holds."""
    call, token = await computer_call(context, connection, request, stored.license)
    stored = await freed(connection, stored, now)
    stored, call = await limited(connection, stored, call, token, now)
    license_id = stored.license.license_id
    activation_id = context.keyring.digester.activation_id(license_id, request.request_id)
    known = await activations.known(connection, license_id, activation_id, call.hardware)
    decision = decide(call, stored.license, known, activation_id, stored.signing_key, now)
    decision = await save(context, connection, decision, request, token)
    return await conclude(context, connection, stored, decision)


async def save(
    context: Context,
    connection: Connection,
    decision: Granted | Repeated | Refused,
    request: Request,
    token: bytes,
) -> Granted | Repeated | Refused:
    """Write what is granted, and what the computer tells of its user; give what was written."""
    if not isinstance(decision, Granted):
        return decision
    activation, now = decision.activation, context.now()
    news = people.news(context, activation, request.told)
    if news is not None:
        activation = replace(activation, told=news)
    if activation.is_new:
        await activations.add(connection, activation, token)
    else:
        await activations.save_answer(connection, activation, token)
    if decision.takes_seat:
        await licenses.take_seat(connection, activation.license_id, now)
    if news is not None:
        await people.remember(context, connection, activation, request.told, now)
    return replace(decision, activation=activation)


async def free(context: Context, connection: Connection, removed: Granted) -> Activation:
    """Write that an activation was removed; give it."""
    activation = removed.activation
    await activations.save_removal(connection, activation)
    if not activation.lapsed:
        await licenses.free_seats(connection, activation.license_id, 1)
    for event in removed.events:
        await add_event(context, connection, activation.license_id, event)
    return activation


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
    return less(stored, await activations.lapsing(connection, stored.license.license_id, now))


async def given_back(connection: Connection, license_: License, now: datetime) -> int:
    """Count the seats given back in the span that a limit is for; not asked without a limit."""
    if license_.terms.transfers is None:
        return 0
    since = now - timedelta(days=license_.terms.transfer_days)
    return await activations.given_back_since(connection, license_.license_id, since)


async def limited(
    connection: Connection, stored: StoredLicense, call: Call, token: bytes, now: datetime
) -> tuple[StoredLicense, Call]:
    """Add the facts that limits of this license ask for, before a computer takes a seat of it."""
    license_ = stored.license
    if license_.terms.virtual_seats is not None:
        used = await activations.virtual_seats_used(connection, license_.license_id, now)
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
    if not free:
        return stored
    license_ = stored.license
    return replace(stored, license=replace(license_, seats_used=license_.seats_used - free))
