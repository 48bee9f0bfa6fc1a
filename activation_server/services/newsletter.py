"""Who gets the newsletter: confirm and withdraw consents, show one, list all.

What suppresses an address, or lifts that, is entered in the erasure ledger first, then done: so
that a withdrawal outlives the restore of an older backup.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from activation_server.rules import erasure as ledger_rules
from activation_server.rules.audit import Action
from activation_server.rules.consent import Channel, Consent, State, Step
from activation_server.rules.erasure import Erased, Erasure
from activation_server.rules.errors import OperatorError
from activation_server.services import audit, consents, erasure, tool_calls
from activation_server.services.consents import digest_of
from activation_server.services.context import Context
from activation_server.services.sealed_people import open_person
from activation_server.services.tool_calls import Answered, ToolCall
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


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be done with the consents for an address."""

    step: Step
    email: str = field(repr=False)
    channel: Channel = Channel.OPERATOR  # through what the person said so
    reason: str | None = field(default=None, repr=False)


class _UndoneError(Exception):
    """Undoes what was only to be looked at."""

    def __init__(self, found: Status) -> None:
        super().__init__()
        self.found = found


More = Callable[[Connection, Status], Awaitable[None]]
_NOTED: Final = {
    Step.CONFIRM: Action.NEWSLETTER_CONFIRMED,
    Step.WITHDRAW: Action.NEWSLETTER_WITHDRAWN,
}


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
    async with context.ledger.locked():
        return await _carry_out(context, Order(Step.CONFIRM, email, channel, reason))


async def withdraw(
    context: Context, email: str, channel: Channel = Channel.OPERATOR, reason: str | None = None
) -> Status:
    """Withdraw every consent for an address and suppress it, known or not; repeated, it is done."""
    async with context.ledger.locked():
        return await _carry_out(context, Order(Step.WITHDRAW, email, channel, reason))


async def by_tool(
    context: Context, order: Order, call: ToolCall, write: Callable[[Status], bytes]
) -> Answered:
    """Do the same for a tool, once; a dry run only tells what would be. `write` makes the answer.

    Raises OperatorError, KeyReusedError.
    """

    async def answered(connection: Connection, found: Status) -> None:
        async def answer(_inner: Context) -> bytes:
            return write(found)

        if call.dry_run:
            raise _UndoneError(found)
        await tool_calls.once(context.within(connection), call, answer)

    async with context.ledger.locked():
        if not call.dry_run and (before := await tool_calls.given(context, call)):
            return before
        try:
            found = await _carry_out(context, order, answered, dry_run=call.dry_run)
        except _UndoneError as undone:
            found = undone.found
        return Answered(write(found))


async def _nothing_more(_connection: Connection, _found: Status) -> None:
    """Nothing else is part of the change."""


async def _carry_out(
    context: Context, order: Order, more: More = _nothing_more, *, dry_run: bool = False
) -> Status:
    """Confirm or withdraw, and `more` in the same transaction; the ledger is locked."""
    await erasure.check(context)
    digest, now = digest_of(context, order.email), context.now()
    known = await _known(context, order.email)
    is_due, erasures = _due(order.step, known, digest)
    entries = context.ledger.append(erasures, now) if erasures and not dry_run else ()
    move = consents.confirmed if order.step is Step.CONFIRM else consents.withdrawn

    async def work(connection: Connection) -> Status:
        if is_due:
            await move(connection, digest, now, order.channel)
            details, done = {"consents": len(known.consents)}, _NOTED[order.step]
            if entries:
                await positions.save_position(connection, ledger_rules.end(entries))
            await audit.note(context, connection, done, details=details, why=order.reason)
        found = await standing(context, connection, order.email)
        await more(connection, found)
        return found

    return await context.database.transact(work)


def _due(step: Step, known: Status, digest: bytes) -> tuple[bool, Sequence[Erasure]]:
    """Tell whether there is anything to do, and what the ledger is to have of it.

    Raises OperatorError.
    """
    is_suppressed = known.suppressed_since is not None
    if step is Step.WITHDRAW:
        is_due = not is_suppressed or bool(known.in_force)
        return is_due, [Erasure(Erased.SUPPRESSED, digest)] if is_due else []
    if not known.in_force:
        raise OperatorError(_NOT_ASKED)
    lifted = [Erasure(Erased.LIFTED, digest)] if is_suppressed else []
    return is_suppressed or State.UNCONFIRMED in known.in_force, lifted


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
