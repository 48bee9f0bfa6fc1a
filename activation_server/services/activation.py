"""Activate, check in, give back: lock the facts, decide, write, commit; then sign the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from activation_server.crypto.digests import hardware_digest
from activation_server.crypto.tokens import Presented
from activation_server.formats import certificate, license_key
from activation_server.rules import activation as rules
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.hardware import identity, usable
from activation_server.rules.license import App, License
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.rules.seat import Activation, Call, Computer
from activation_server.services import keys
from activation_server.services.context import Context
from activation_server.store import activations, events, licenses
from activation_server.store.database import Connection
from activation_server.store.licenses import StoredLicense


@dataclass(frozen=True, slots=True)
class Request:
    """What an app asks with, at activation and at check-in."""

    request_id: UUID
    nonce: bytes = field(repr=False)
    body: bytes = field(repr=False)  # canonical: the same for the same request
    hardware_id: str = field(repr=False)
    components: Mapping[str, str] = field(repr=False)
    app: App
    computer: Computer
    product: str | None = None
    license_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of a license now; `limit` is `None` when unlimited."""

    limit: int | None
    used: int


@dataclass(frozen=True, slots=True)
class Certified:
    """A granted activation or check-in."""

    activation: Activation
    certificate: str = field(repr=False)
    check_in_token: str = field(repr=False)
    seats: Seats
    notices: Sequence[Notice]


@dataclass(frozen=True, slots=True)
class _Decided:
    """A decision that is written, and what its answer takes beside."""

    stored: StoredLicense
    decision: Granted | Repeated
    seats: Seats


async def activate(context: Context, request: Request) -> Certified | Refused:
    """Activate a computer for a license key."""
    now = context.now()

    async def work(connection: Connection) -> _Decided | Refused:
        stored = await _license_by_key(context, connection, request)
        if stored is None:
            return Refused(Reason.LICENSE_NOT_FOUND)
        license_ = stored.license
        call, hardware_token = _call(context, request, license_.hardware_salt)
        activation_id = context.keyring.digester.activation_id(
            license_.license_id, request.request_id
        )
        known = await activations.known(
            connection, license_.license_id, activation_id, call.hardware
        )
        decision = rules.activate(call, license_, known, activation_id, stored.signing_key, now)
        if isinstance(decision, Granted) and decision.takes_seat:
            await activations.add(connection, decision.activation, hardware_token)
            await licenses.take_seat(connection, license_.license_id, now)
        elif isinstance(decision, Granted):
            await activations.save_answer(connection, decision.activation, hardware_token)
        return await _conclude(context, connection, stored, decision)

    return await _answer(context, await context.database.transact(work))


async def reactivate(
    context: Context, activation_id: UUID, check_in_token: str, request: Request
) -> Certified | Refused:
    """Take a periodic check-in. A forged token is refused without touching the database."""
    now = context.now()
    presented = context.keyring.tokens.check(check_in_token, activation_id)
    if presented is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)

    async def work(connection: Connection) -> _Decided | Refused:
        activation = await activations.lock(connection, presented.license_id, activation_id)
        stored = await licenses.get(connection, presented.license_id)
        if (
            activation is None
            or stored is None
            or not await _agrees(context, connection, request, stored.license)
        ):
            return Refused(Reason.ACTIVATION_NOT_FOUND)
        call, hardware_token = _call(context, request, stored.license.hardware_salt)
        decision = rules.reactivate(
            call, presented.seq, activation, stored.license, stored.signing_key, now
        )
        if isinstance(decision, Granted):
            await activations.save_answer(connection, decision.activation, hardware_token)
        return await _conclude(context, connection, stored, decision)

    return await _answer(context, await context.database.transact(work))


async def deactivate(
    context: Context, activation_id: UUID, check_in_token: str, request_id: UUID
) -> Seats | Refused:
    """Give a seat back; repeated, it answers the same."""
    now = context.now()
    presented = context.keyring.tokens.check(check_in_token, activation_id)
    if presented is None:
        return Refused(Reason.ACTIVATION_NOT_FOUND)

    async def work(connection: Connection) -> Seats | Refused:
        found = await _lock_both(connection, presented, activation_id)
        if found is None:
            return Refused(Reason.ACTIVATION_NOT_FOUND)
        stored, activation = found
        license_ = stored.license
        given_back = await _given_back(connection, license_, now)
        decision = rules.deactivate(request_id, activation, license_, given_back, now)
        if isinstance(decision, Granted):
            await activations.save_removal(connection, decision.activation)
            await licenses.free_seat(connection, activation.license_id)
        await _record(context, connection, activation.license_id, decision)
        if isinstance(decision, Refused):
            return decision
        freed = int(isinstance(decision, Granted))
        return Seats(license_.terms.seats, license_.seats_used - freed)

    return await context.database.transact(work)


def _call(context: Context, request: Request, salt: bytes) -> tuple[Call, bytes]:
    """Make a request's hardware into digests: the license's own, and the one for look-up."""
    values = usable(request.hardware_id, request.components)
    call = Call(
        request_id=request.request_id,
        digest=context.keyring.digester.request_body(request.body),
        nonce=request.nonce,
        hardware={name: hardware_digest(salt, value) for name, value in values.items()},
        app=request.app,
        computer=request.computer,
    )
    return call, context.keyring.digester.hardware(identity(values))


async def _license_by_key(
    context: Context, connection: Connection, request: Request
) -> StoredLicense | None:
    """Find and lock the license. Unknown, mistyped and another product's: the same one look-up."""
    exact, folded = key_digests(context, request.product or "", request.license_key or "")
    return await licenses.lock_by_key(connection, exact, folded)


def key_digests(context: Context, product: str, key: str) -> tuple[bytes, bytes]:
    """Give what a key is looked up by: of its exact and of its folded form."""
    digester, forms = context.keyring.digester, license_key.lookup_forms(key)
    return (
        digester.license_key(product, "exact", forms.exact),
        digester.license_key(product, "folded", forms.folded),
    )


async def _agrees(
    context: Context, connection: Connection, request: Request, license_: License
) -> bool:
    """Whether the product and the key that a check-in may name are the license's."""
    if request.product is not None and request.product != license_.product:
        return False
    if request.license_key is None:
        return True
    digests = key_digests(context, license_.product, request.license_key)
    return license_.license_id in await licenses.ids_by_digests(connection, digests)


async def _given_back(connection: Connection, license_: License, now: datetime) -> int:
    """Count the seats given back in the span that a limit is for; not asked without a limit."""
    if license_.terms.transfers is None:
        return 0
    since = now - timedelta(days=license_.terms.transfer_days)
    return await activations.given_back_since(connection, license_.license_id, since)


async def _lock_both(
    connection: Connection, presented: Presented, activation_id: UUID
) -> tuple[StoredLicense, Activation] | None:
    """Lock the license, then the activation: the same order everywhere."""
    stored = await licenses.get(connection, presented.license_id, lock=True)
    activation = await activations.lock(connection, presented.license_id, activation_id)
    return None if stored is None or activation is None else (stored, activation)


async def _record(
    context: Context,
    connection: Connection,
    license_id: UUID,
    decision: Granted | Repeated | Refused,
) -> None:
    """Write what support will want to see: events, or the refusal."""
    if isinstance(decision, Refused):
        await events.note_refusal(connection, license_id, decision, context.now())
    elif isinstance(decision, Granted):
        for event in decision.events:
            at, event_id = context.clock(), context.randomness.uuid()
            await events.add(connection, license_id, event, event_id, at)


async def _conclude(
    context: Context,
    connection: Connection,
    stored: StoredLicense,
    decision: Granted | Repeated | Refused,
) -> _Decided | Refused:
    await _record(context, connection, stored.license.license_id, decision)
    if isinstance(decision, Refused):
        return decision
    decision = await keys.sign_for(connection, stored, decision)
    took = int(isinstance(decision, Granted) and decision.takes_seat)
    seats = Seats(stored.license.terms.seats, stored.license.seats_used + took)
    return _Decided(stored, decision, seats)


async def _answer(context: Context, decided: _Decided | Refused) -> Certified | Refused:
    """Sign what is committed: the same activation gives the same bytes."""
    if isinstance(decided, Refused):
        return decided
    activation, license_ = decided.decision.activation, decided.stored.license
    key = await keys.signing_key(context, activation.last.signing_key)
    claims = certificate.claims(
        activation, context.issuer, license_.product, license_.hardware_salt
    )
    return Certified(
        activation=activation,
        certificate=key.sign(certificate.header(key.kid, decided.stored.algorithm), claims),
        check_in_token=context.keyring.tokens.make(
            activation.license_id, activation.activation_id, activation.seq
        ),
        seats=decided.seats,
        notices=decided.decision.notices,
    )
