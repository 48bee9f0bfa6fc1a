"""Who gets the newsletter: confirm and withdraw consents, show one, list all.

What suppresses an address, or lifts that, is entered in the erasure ledger first, then done: so
that a withdrawal outlives the restore of an older backup.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activation_server.rules import erasure as ledger_rules
from activation_server.rules.audit import Action
from activation_server.rules.consent import Channel, Consent, State
from activation_server.rules.erasure import Erased, Erasure
from activation_server.rules.errors import OperatorError
from activation_server.services import audit, consents, erasure
from activation_server.services.consents import digest_of
from activation_server.services.context import Context
from activation_server.services.sealed_people import open_person
from activation_server.store import erasure as positions
from activation_server.store import newsletter as store
from activation_server.store.database import Connection
from activation_server.store.newsletter import StoredConsent
from activation_server.store.people import StoredPerson

_NOT_ASKED = (
    "No consent of this address waits to be confirmed; an app must ask for it first, "
    "with `newsletter: true` at an activation."
)


@dataclass(frozen=True, slots=True)
class Status:
    """What holds for an address."""

    consents: Sequence[StoredConsent]
    suppressed_since: datetime | None

    @property
    def in_force(self) -> set[State]:
        """The states of the consents that were not withdrawn."""
        return {each.consent.state for each in self.consents} - {State.WITHDRAWN}

    @property
    def gets_newsletter(self) -> bool:
        """Whether the newsletter goes to the address."""
        return self.suppressed_since is None and State.CONFIRMED in self.in_force


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address in clear that gets the newsletter, and the evidence that it may."""

    email: str = field(repr=False)
    consent: Consent


async def status(context: Context, email: str) -> Status:
    """Tell what holds for an address, in every license."""

    async def work(connection: Connection) -> Status:
        found = await standing(context, connection, email)
        details = {"found": len(found.consents)}
        await audit.note(context, connection, Action.LOOKED_UP, details=details)
        return found

    return await context.database.transact(work)


async def _known(context: Context, email: str) -> Status:
    async def work(connection: Connection) -> Status:
        return await standing(context, connection, email)

    return await context.database.transact(work)


async def standing(context: Context, connection: Connection, email: str) -> Status:
    """Tell what holds for an address; whoever asks notes it."""
    digest = digest_of(context, email)
    held = await store.of_address(connection, digest)
    return Status(held, await store.suppressed_since(connection, digest))


async def confirm(
    context: Context, email: str, channel: Channel = Channel.OPERATOR, reason: str | None = None
) -> Status:
    """Confirm what was asked for with an address; repeated, nothing changes.

    Raises OperatorError when nothing was.
    """
    digest = digest_of(context, email)
    async with context.ledger.locked():
        await erasure.check(context)
        known = await _known(context, email)
        if not known.in_force:
            raise OperatorError(_NOT_ASKED)
        now = context.now()
        lifted = [Erasure(Erased.LIFTED, digest)] if known.suppressed_since else []
        entries = context.ledger.append(lifted, now)

        async def work(connection: Connection) -> None:
            await consents.confirmed(connection, digest, now, channel)
            await positions.save_position(connection, ledger_rules.end(entries))
            if lifted or State.UNCONFIRMED in known.in_force:
                details = {"consents": len(known.consents)}
                done = Action.NEWSLETTER_CONFIRMED
                await audit.note(context, connection, done, details=details, why=reason)

        await context.database.transact(work)
    return await _known(context, email)


async def withdraw(
    context: Context, email: str, channel: Channel = Channel.OPERATOR, reason: str | None = None
) -> Status:
    """Withdraw every consent for an address and suppress it, known or not; repeated, it is done."""
    digest = digest_of(context, email)
    async with context.ledger.locked():
        await erasure.check(context)
        known = await _known(context, email)
        if known.suppressed_since is not None and not known.in_force:
            return known
        now = context.now()
        entries = context.ledger.append([Erasure(Erased.SUPPRESSED, digest)], now)

        async def work(connection: Connection) -> None:
            await consents.withdrawn(connection, digest, now, channel)
            await positions.save_position(connection, ledger_rules.end(entries))
            details = {"consents": len(known.consents)}
            done = Action.NEWSLETTER_WITHDRAWN
            await audit.note(context, connection, done, details=details, why=reason)

        await context.database.transact(work)
    return await _known(context, email)


async def recipients(context: Context, reason: str) -> AsyncGenerator[Recipient]:
    """Give every address that gets the newsletter, once, page by page; why is noted first."""
    after = b""

    async def note(connection: Connection) -> None:
        await audit.note(context, connection, Action.REVEALED, subject="newsletter", why=reason)

    await context.database.transact(note)

    async def work(connection: Connection) -> Sequence[tuple[StoredPerson, Consent]]:
        return await store.page_of_confirmed(connection, after)

    while page := await context.database.transact(work):
        for person, consent in page:
            opened = open_person(context, person)
            email = opened and opened.person.email
            if email and digest_of(context, email) == consent.email_digest:
                yield Recipient(email, consent)
        after = page[-1][1].email_digest
