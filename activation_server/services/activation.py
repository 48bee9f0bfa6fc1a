"""Activate, check in, give back: lock the facts, decide, write, commit; then sign the answer."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from functools import partial
from typing import Any
from uuid import UUID

from activation_server.crypto.tokens import Presented
from activation_server.rules import activation as rules
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.license import License
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import Activation, Call, RemovedBy
from activation_server.services import seats, trials
from activation_server.services.calls import (
    Certified,
    Decided,
    Request,
    Seats,
    certify,
    computer_call,
    conclude,
    key_digests,
    record,
)
from activation_server.services.context import Context
from activation_server.store import activations, licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense


class _Again(Enum):
    """Why a unit of work must be done again, otherwise."""

    LICENSE_FIRST = "the lease ran out: to take the seat up again locks the license before it"


async def activate_alone(context: Context, request: Request) -> Certified | Refused:
    """Activate a computer for a license key, as `new_seat.activate` does where it can't pool it."""
    now = context.now()

    async def work(connection: Connection) -> Decided[StoredLicense] | Refused:
        digests = key_digests(context, request.product or "", request.license_key or "")
        stored = await licenses.lock_by_key(connection, *digests)
        if stored is None:  # unknown, mistyped and another product's: the same one look-up
            return Refused(Reason.LICENSE_NOT_FOUND)
        # Asked of the locked license: it may have got a new key while it was waited for.
        license_id = stored.license.license_id
        replaced = await licenses.key_replaced_at(connection, license_id, digests)
        decide = partial(_by_key, replaced)
        decided = await seats.take(context, connection, stored, request, now, decide)
        if isinstance(decided, Decided) and isinstance(decided.decision, Granted):
            await trials.convert(context, connection, stored.license, request, now)
        return decided

    decided = await context.database.transact(work)
    return decided if isinstance(decided, Refused) else await certify(context, decided)


def _by_key(
    replaced_at: datetime | None,
    call: Call,
    *facts: Any,  # noqa: ANN401 - as the rule has them
) -> Granted | Repeated | Refused:
    """Decide on a computer that comes with a key which may have been replaced."""
    return rules.activate(replace(call, key_replaced_at=replaced_at), *facts)


async def reactivate_alone(
    context: Context, activation_id: UUID, check_in_token: str, request: Request
) -> Certified | Refused:
    """Take a periodic check-in by itself, as `check_in.reactivate` does where it can't pool it."""
    now = context.now()
    presented = context.keyring.tokens.check(check_in_token, activation_id)
    if presented is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)

    async def renew(connection: Connection) -> Decided[StoredLicense] | Refused | _Again:
        activation = await activations.lock(connection, presented.license_id, activation_id)
        stored = await licenses.get(connection, presented.license_id)
        if activation is None or stored is None:
            return Refused(Reason.ACTIVATION_NOT_FOUND)
        if activation.removed_at is None and not activation.is_active(now):
            return _Again.LICENSE_FIRST
        if stored.license.terms.floating_minutes is not None or activation.leased_until is not None:
            stored = await seats.counted(connection, stored, now)
        held = _Held(stored, activation, presented.seq)
        return await _check_in(context, connection, held, request, now)

    async def retake(connection: Connection) -> Decided[StoredLicense] | Refused:
        stored = await licenses.get(connection, presented.license_id, lock=True)
        stored = stored and await seats.freed(connection, stored, now)
        activation = await activations.lock(connection, presented.license_id, activation_id)
        if activation is None or stored is None:
            return Refused(Reason.ACTIVATION_NOT_FOUND)
        held = _Held(stored, activation, presented.seq)
        return await _check_in(context, connection, held, request, now)

    decided = await context.database.transact(renew)
    if isinstance(decided, _Again):
        decided = await context.database.transact(retake)
    return decided if isinstance(decided, Refused) else await certify(context, decided)


@dataclass(frozen=True, slots=True)
class _Held:
    """The seat that checks in, and the counter in its token."""

    stored: StoredLicense
    activation: Activation
    token_seq: int


async def _check_in(
    context: Context, connection: Connection, held: _Held, request: Request, now: datetime
) -> Decided[StoredLicense] | Refused:
    stored, activation = held.stored, held.activation
    if not await _agrees(context, connection, request, stored.license):
        return Refused(Reason.ACTIVATION_NOT_FOUND)
    call, token = await computer_call(context, connection, request, stored.license)
    if activation.lapsed:
        stored, call = await seats.limited(connection, stored, call, token, now)
    decision = rules.reactivate(
        call, held.token_seq, activation, stored.license, stored.signing_key, now
    )
    decision = await seats.save(context, connection, decision, request, token)
    return await conclude(context, connection, stored, decision)


async def deactivate(
    context: Context, activation_id: UUID, check_in_token: str, request_id: UUID
) -> Seats | Refused:
    """Give a seat back; repeated, it answers the same."""
    now = context.now()
    presented = context.keyring.tokens.check(check_in_token, activation_id)
    if presented is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)
    if limited := context.limits.check_in_of(presented.license_id):
        return limited

    async def work(connection: Connection) -> Seats | Refused:
        found = await _lock_both(connection, presented, activation_id)
        if found is None:
            return Refused(Reason.ACTIVATION_NOT_FOUND)
        stored, activation = found
        license_ = stored.license
        given_back = await seats.given_back(connection, license_, now)
        decision = rules.deactivate(request_id, activation, license_, given_back, now)
        if isinstance(decision, Granted):
            removed = await seats.free(context, connection, decision)
            if removed.removed_by is RemovedBy.ALLOWED:
                await licenses.set_transfer_allowed(connection, license_.license_id, None)
            stored = seats.less(stored, 0 if activation.lapsed else 1)
        elif isinstance(decision, Refused):
            await record(context, connection, activation.license_id, decision)
            return decision
        stored = await seats.counted(connection, stored, now)
        return Seats(stored.license.terms.seats, stored.license.seats_used)

    return await context.database.transact(work)


async def _agrees(
    context: Context, connection: Connection, request: Request, license_: License
) -> bool:
    """Whether the product and the key that a check-in may name are the license's.

    A key that was replaced was its own: computers that are activated go on.
    """
    if request.product is not None and request.product != license_.product:
        return False
    if request.license_key is None:
        return True
    digests = key_digests(context, license_.product, request.license_key)
    return license_.license_id in await licenses.ids_by_digests(connection, digests)


async def _lock_both(
    connection: Connection, presented: Presented, activation_id: UUID
) -> tuple[StoredLicense, Activation] | None:
    """Lock the license, then the activation: the same order everywhere."""
    stored = await licenses.get(connection, presented.license_id, lock=True)
    activation = await activations.lock(connection, presented.license_id, activation_id)
    return None if stored is None or activation is None else (stored, activation)
