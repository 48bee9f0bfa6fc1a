"""What all calls of apps share: their facts, what is written of them, their signed answer."""

from collections.abc import Mapping, Sequence
from dataclasses import field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from activation_server.crypto.digests import hardware_digests
from activation_server.crypto.keyring import license_key_place, order_place
from activation_server.crypto.vault import words_place
from activation_server.formats import certificate, license_key
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.folding import fold
from activation_server.rules.hardware import HARDWARE_ID, identity, usable
from activation_server.rules.history import Event
from activation_server.rules.license import App, License
from activation_server.rules.person import Indexed, Told
from activation_server.rules.reasons import Notice, Refused
from activation_server.rules.releases import Releases
from activation_server.rules.seat import Activation, Call, Computer
from activation_server.rules.virtual_machine import is_virtual
from activation_server.services import keys, notes, releases
from activation_server.services.context import Context
from activation_server.store import events
from activation_server.store.database import Connection
from activation_server.store.events import StoredEvent
from activation_server.store.license_rows import CertifiedLicense, StoredLicense

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

AsStored = TypeVar("AsStored", bound=CertifiedLicense)
REASON = "reason"  # in an event's details: what an operator wrote, sealed where it is stored
ERASED = "(erased)"


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
    virtual_machine: bool | None = None  # as the app says
    told: Told = field(default_factory=Told)
    product: str | None = None
    license_key: str | None = field(default=None, repr=False)
    network: str | None = field(default=None, repr=False)  # its prefix; of no part of `body`

    @property
    def reported(self) -> Mapping[str, str]:
        """All that it says of its hardware, the hardware id among it under its name."""
        return {**self.components, HARDWARE_ID: self.hardware_id}


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

    @property
    def notices(self) -> Sequence[Notice]:
        """What the answer tells beside: stored with it, so that a retry is told the same."""
        return self.activation.last.notices


@dataclass(frozen=True, slots=True)
class Decided(Generic[AsStored]):
    """A decision that is written, and what its answer takes beside."""

    stored: AsStored
    decision: Granted | Repeated
    seats: Seats


async def computer_call(
    context: Context, connection: Connection, request: Request, license_: License
) -> tuple[Call, bytes]:
    """Make a request into a call on a license, with what its computer is looked up by."""
    call = call_of(context, request, license_)
    if releases.needs_date(license_, request.app):
        call = replace(call, app=await releases.dated(connection, license_, request.app))
    return call, hardware_token(context, request)


def pooled_call(
    context: Context,
    request: Request,
    license_: License,
    listed: Releases,
    last: Activation | None = None,
) -> Call:
    """Make a request into a call, as `call_of`, by the releases that were read with the license."""
    call = call_of(context, request, license_, last)
    if releases.needs_date(license_, request.app):
        return replace(call, app=releases.dated_by(request.app, listed))
    return call


def call_of(
    context: Context, request: Request, license_: License, last: Activation | None = None
) -> Call:
    """Make a request into a call on a license: its hardware into the license's own digests.

    `last` is the seat that it is most likely for.
    """
    salt, reported = license_.hardware_salt, request.reported
    hardware = hardware_digests(salt, reported)
    virtual = request.virtual_machine
    # A computer that says what it said last is what it was then: nothing is searched for
    # placeholders or for a virtual machine's names again.
    if last is None or hardware != last.hardware or virtual not in {None, last.virtual}:
        values = usable(request.hardware_id, request.components)
        hardware = {name: hardware[name] for name in values}
        virtual = is_virtual(virtual, values.values())
    return Call(
        request_id=request.request_id,
        digest=context.keyring.digester.request_body(request.body),
        nonce=request.nonce,
        hardware=hardware,
        app=request.app,
        computer=request.computer,
        network=request.network,
        virtual=virtual,
    )


def hardware_token(context: Context, request: Request) -> bytes:
    """Give what a computer is looked up by, whatever the license."""
    return context.keyring.digester.hardware(
        identity(usable(request.hardware_id, request.components))
    )


def key_digests(context: Context, product: str, key: str) -> tuple[bytes, bytes]:
    """Give what a key is looked up by: of its exact and of its folded form."""
    digester, forms = context.keyring.digester, license_key.lookup_forms(key)
    return (
        digester.license_key(product, "exact", forms.exact),
        digester.license_key(product, "folded", forms.folded),
    )


def license_key_of(context: Context, stored: StoredLicense) -> str:
    """Open a license's key."""
    place = license_key_place(str(stored.license.license_id))
    return context.keyring.license_keys.open(stored.key_sealed, place).decode()


def sealed_order(
    context: Context, license_id: UUID, reference: str | None
) -> tuple[bytes | None, int | None]:
    """Seal the reference of an order; with the token that it is found by."""
    if not reference:
        return None, None
    place = order_place(str(license_id))
    sealed = context.keyring.license_keys.seal(reference.encode(), place)
    return sealed, order_token(context, reference)


def order_token(context: Context, reference: str) -> int:
    """Give the token that an order's reference is found by, among others."""
    return context.keyring.vault.token(Indexed.ORDER, fold(reference.strip()))


def order_of(context: Context, stored: StoredLicense) -> str | None:
    """Open the reference of a license's order."""
    if stored.order_sealed is None:
        return None
    place = order_place(str(stored.license.license_id))
    return context.keyring.license_keys.open(stored.order_sealed, place).decode()


async def record(
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
            await add_event(context, connection, license_id, event)


def line_of(context: Context, event: Event) -> StoredEvent:
    """Make an event without an operator's words into a line of now."""
    return StoredEvent(context.clock(), context.randomness.uuid(), event.kind, event.details)


async def add_event(
    context: Context,
    connection: Connection,
    license_id: UUID,
    event: Event,
    event_id: UUID | None = None,
    at: datetime | None = None,
) -> None:
    """Write a line of a license's history; the reason in its details is sealed."""
    event_id, details = event_id or context.randomness.uuid(), dict(event.details)
    reason = details.pop(REASON, None)
    words = None
    if reason is not None:
        place = words_place(event_id)
        words = await notes.seal_note(context, connection, license_id, str(reason), place)
    line = StoredEvent(at or context.clock(), event_id, event.kind, details, words)
    await events.add_many(connection, [(license_id, line)])


async def opened_events(
    context: Context, connection: Connection, license_id: UUID, lines: Sequence[StoredEvent]
) -> Sequence[StoredEvent]:
    """Give lines of a license's history with their reasons in the details again."""
    keys = await notes.keys_of(context, connection, [license_id])
    return [
        line
        if line.words is None
        else replace(
            line, details={**line.details, REASON: _reason(context, keys, license_id, line)}
        )
        for line in lines
    ]


def _reason(context: Context, keys: notes.Keys, license_id: UUID, line: StoredEvent) -> str:
    place = words_place(line.event_id)
    return notes.open_note(context, keys, license_id, line.words or b"", place) or ERASED


async def conclude(
    context: Context,
    connection: Connection,
    stored: AsStored,
    decision: Granted | Repeated | Refused,
) -> Decided[AsStored] | Refused:
    """Write what follows from a decision, and take its signing key, before the commit."""
    await record(context, connection, stored.license.license_id, decision)
    if isinstance(decision, Refused):
        return decision
    decision = await keys.sign_for(connection, stored, decision)
    took = int(isinstance(decision, Granted) and decision.takes_seat)
    seats = Seats(stored.license.terms.seats, stored.license.seats_used + took)
    return Decided(stored, decision, seats)


async def certify(context: Context, decided: Decided[AsStored]) -> Certified:
    """Sign what is committed: the same activation gives the same bytes."""
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
    )
