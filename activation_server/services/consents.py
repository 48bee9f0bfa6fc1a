"""Consents to the newsletter, within a use case: noted as apps tell, moved on, replayed."""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from activation_server.rules import consent as rules
from activation_server.rules.consent import Channel, State, Step, Wish
from activation_server.rules.erasure import Erased, LedgerEntry
from activation_server.rules.folding import fold
from activation_server.rules.seat import Activation, Outcome
from activation_server.services.context import Context
from activation_server.services.sealed_people import OpenPerson
from activation_server.store import newsletter as store
from activation_server.store.database import Connection

BATCH = 500


def digest_of(context: Context, email: str) -> bytes:
    """Give what an address is known by here, however it is spelled."""
    return context.keyring.digester.of_email(fold(email.strip()))


def wish(context: Context, activation: Activation, *, newsletter: bool) -> Wish | None:
    """Give what an app asks for."""
    if not newsletter:
        return None
    last = activation.last
    activates = last.outcome is not Outcome.REACTIVATED
    return Wish(context.newsletter_wording, last.app.version, activates)


async def noted(
    context: Context,
    connection: Connection,
    user: OpenPerson,
    wished: Wish | None,
    now: datetime,
    *,
    leaves: UUID | None = None,
) -> bool:
    """Store what follows for the newsletter from what is told of a user, who is stored.

    Tells whether a consent ended by it.

    `leaves` is who the user was taken for before, and is not any more: a consent for the same
    address goes on.
    """
    ids = [user.person_id] if leaves is None else [user.person_id, leaves]
    before = await store.of_people(connection, user.license_id, ids)
    if wished is None and not before:
        return False
    digest = digest_of(context, user.person.email) if user.person.email else None
    digests = {each.email_digest for each in before.values()} | ({digest} if digest else set())
    await store.lock_addresses(connection, digests)
    consents = await store.of_people(connection, user.license_id, ids)
    stored = consents.get(user.person_id)
    in_force = [each for each in consents.values() if each.is_in_force_for(digest)]
    known = min(in_force, key=_first_confirmed) if in_force else stored
    suppressed = (
        wished is not None
        and digest is not None
        and await store.suppressed_since(connection, digest) is not None
    )
    consent = rules.noted(known, digest, wished, now, suppressed=suppressed)
    if consent is None or consent == stored:
        return False
    await store.save(connection, user.license_id, user.person_id, consent)
    return consent.state is State.WITHDRAWN


def _first_confirmed(consent: rules.Consent) -> tuple[bool, datetime]:
    return consent.confirmed_at is None, consent.confirmed_at or consent.asked_at


async def confirmed(connection: Connection, digest: bytes, at: datetime, channel: Channel) -> None:
    """Confirm the consents for an address that were asked for until then, and lift suppression."""
    await store.lock_addresses(connection, [digest])
    await store.lift(connection, digest)
    await _move(connection, digest, Step.CONFIRM, at, channel)


async def withdrawn(connection: Connection, digest: bytes, at: datetime, channel: Channel) -> None:
    """Withdraw the consents for an address that were asked for until then, and suppress it."""
    await store.lock_addresses(connection, [digest])
    await store.suppress(connection, digest, at)
    await _move(connection, digest, Step.WITHDRAW, at, channel)


async def _move(
    connection: Connection, digest: bytes, step: Step, at: datetime, channel: Channel
) -> None:
    for each in await store.of_address(connection, digest):
        moved = each.consent.after(step, at, channel)
        if each.consent.asked_at <= at and moved != each.consent:
            await store.save_step(connection, each.license_id, each.person_id, moved)


_REPLAYED = {Erased.SUPPRESSED: withdrawn, Erased.LIFTED: confirmed}


async def replay(
    context: Context, entries: Sequence[LedgerEntry], progress: Callable[[int], None]
) -> None:
    """Carry out again, in their order, what the ledger has of suppressions."""
    due = [entry for entry in entries if entry.erasure.kind in _REPLAYED]
    for start in range(0, len(due), BATCH):
        await _replay(context, due[start : start + BATCH])
        progress(len(due[start : start + BATCH]))


async def _replay(context: Context, entries: Sequence[LedgerEntry]) -> None:
    async def work(connection: Connection) -> None:
        await store.lock_addresses(connection, {entry.erasure.digest for entry in entries})
        for entry in entries:
            carry_out = _REPLAYED[entry.erasure.kind]
            await carry_out(connection, entry.erasure.digest, entry.at, Channel.LEDGER)

    await context.database.transact(work)
