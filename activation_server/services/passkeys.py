"""Passkeys: made, used in place of password and code, removed.

A ticket comes with the page and goes with the answer; the challenge is derived from it, so nothing
is kept of pages that are only opened. It is good for one use: a passkey takes none that is not
newer than the last.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from activation_server.crypto import passkeys as crypto
from activation_server.crypto.passkeys import Passkey, PasskeyError, Site
from activation_server.crypto.staff_tokens import Purpose, Ticket
from activation_server.rules.audit import Action
from activation_server.rules.staff import MOST_PASSKEYS, PASSKEY_WITHIN, NotLetIn, Session, Why
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.credentials import (
    Caller,
    LetIn,
    begin_session,
    let_in,
    seconds,
)
from activation_server.services.sign_in import (
    is_after_sso,
    must_use_sso,
    note_failure,
    note_let_in,
    renew_session,
)
from activation_server.services.staff import new_token
from activation_server.store import staff as store
from activation_server.store import staff_passkeys
from activation_server.store.database import Connection
from activation_server.store.staff import Member
from activation_server.store.staff_passkeys import StoredPasskey

_NOBODY: Final = UUID(int=0)
_NONCE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Offer:
    """What a page has for a browser, and gets back with its answer."""

    ticket: str = field(repr=False)
    options: str = field(repr=False)  # JSON


def site_of(context: Context) -> Site | None:
    """Give what passkeys are bound to; none at an address that browsers take none for."""
    issuer = urlsplit(context.issuer)
    host = issuer.hostname or ""
    if issuer.scheme != "https" and host != "localhost":
        return None
    try:
        ip_address(host)
    except ValueError:
        return Site(host, f"{issuer.scheme}://{issuer.netloc}")
    return None


def offer_use(context: Context) -> Offer | None:
    """Offer to use a passkey."""
    site = site_of(context)
    if site is None:
        return None
    ticket = _ticket(context, Purpose.PASSKEY, _NOBODY)
    return Offer(ticket, crypto.options_to_use(site, _challenge(context, ticket)))


async def offer_new(context: Context, session: Session) -> Offer | None:
    """Offer to make a passkey."""
    site = site_of(context)
    if site is None:
        return None
    await _loaded()
    known = [each.credential_id for each in await of_session(context, session)]
    ticket = _ticket(context, Purpose.NEW_PASSKEY, session.staff_id)
    challenge = _challenge(context, ticket)
    options = crypto.options_to_make(site, challenge, session.staff_id, session.name, known)
    return Offer(ticket, options)


async def of_session(context: Context, session: Session) -> Sequence[StoredPasskey]:
    """Give the passkeys of a session's owner."""

    async def work(connection: Connection) -> Sequence[StoredPasskey]:
        return await staff_passkeys.of_staff(connection, session.staff_id)

    return await context.database.transact(work)


async def add(context: Context, session: Session, ticket: str, answer: str) -> bool:
    """Keep a passkey that was made; `False` where it is not taken."""
    site = site_of(context)
    given = _checked(context, Purpose.NEW_PASSKEY, ticket)
    if site is None or given is None or given.staff_id != session.staff_id:
        return False
    await _loaded()
    try:
        new = crypto.made(site, _challenge(context, ticket), answer)
    except PasskeyError:
        return False
    stored = StoredPasskey(
        new.credential_id, session.staff_id, new.public_key, new.sign_count, context.now()
    )

    async def work(connection: Connection) -> bool:
        await store.get(connection, session.staff_id, lock=True)
        if await staff_passkeys.count(connection, session.staff_id) >= MOST_PASSKEYS:
            return False
        if not await staff_passkeys.add(connection, stored):
            return False
        acting = context.acting(session.name)
        await audit.note(acting, connection, Action.PASSKEY_ADDED, subject=session.name)
        return True

    return await context.database.transact(work)


async def remove(context: Context, session: Session, credential_id: bytes) -> bool:
    """Remove one of the owner's passkeys; `False` when there is none such."""

    async def work(connection: Connection) -> bool:
        if not await staff_passkeys.remove(connection, session.staff_id, credential_id):
            return False
        acting = context.acting(session.name)
        await audit.note(acting, connection, Action.PASSKEY_REMOVED, subject=session.name)
        return True

    return await context.database.transact(work)


async def sign_in(
    context: Context, ticket: str, answer: str, caller: Caller, after: str | None = None
) -> LetIn | NotLetIn:
    """Take a passkey's answer, and begin a session; `after`: the ticket of single sign-on."""
    if wait := context.sign_in_limits.attempt_from(caller.network):
        return NotLetIn(Why.TOO_MANY, wait)
    await _loaded()
    token, session_id = new_token(context), context.randomness.uuid()

    async def work(connection: Connection) -> tuple[LetIn | NotLetIn, str]:
        member, why = await _take(context, connection, ticket, answer, None)
        if member is None or why is not None:
            return NotLetIn(why or Why.WRONG_PASSKEY), "" if member is None else member.name
        if must_use_sso(context, member) and not is_after_sso(context, after, member):
            return NotLetIn(Why.SSO_DUE), member.name
        await begin_session(context, connection, member, session_id, token)
        await note_let_in(context, connection, Action.SIGNED_IN, member, {"by": "passkey"})
        return let_in(context, member, token), member.name

    done, name = await context.database.transact(work)
    if isinstance(done, NotLetIn):
        await note_failure(context, name, done.why, caller, known=name != "")
    return done


async def step_up(
    context: Context, session: Session, ticket: str, answer: str, caller: Caller
) -> LetIn | NotLetIn:
    """Take a passkey's answer of a session's owner; the session gets another token."""
    if wait := context.sign_in_limits.attempt_of(session.session_id):
        return NotLetIn(Why.TOO_MANY, wait)
    await _loaded()
    token = new_token(context)

    async def work(connection: Connection) -> LetIn | NotLetIn:
        member, why = await _take(context, connection, ticket, answer, session.staff_id)
        if member is None or why is not None:
            return NotLetIn(why or Why.WRONG_PASSKEY)
        if not await renew_session(context, connection, session, token):
            return NotLetIn(Why.TOO_LATE)
        await note_let_in(context, connection, Action.STEPPED_UP, member, {"by": "passkey"})
        return let_in(context, member, token)

    done = await context.database.transact(work)
    if isinstance(done, NotLetIn):
        await note_failure(context, session.name, done.why, caller)
    return done


async def _take(
    context: Context, connection: Connection, ticket: str, answer: str, staff_id: UUID | None
) -> tuple[Member | None, Why | None]:
    """Use a ticket up by a passkey's answer; give whose it is, and why it is not taken."""
    site, given = site_of(context), _checked(context, Purpose.PASSKEY, ticket)
    if site is None or given is None:
        return None, Why.TOO_LATE
    try:
        credential_id = crypto.named(answer)
        found = await staff_passkeys.find(connection, credential_id)
        if found is None or staff_id not in {None, found.staff_id}:
            return None, Why.WRONG_PASSKEY
        member = await store.get(connection, found.staff_id, lock=True)
        passkey = await staff_passkeys.find(connection, credential_id, lock=True)
        if passkey is None:  # removed meanwhile
            return None, Why.WRONG_PASSKEY
        until = datetime.fromtimestamp(given.until, UTC)
        is_used = passkey.used_until is not None and until <= passkey.used_until
        if member is None or member.disabled_at is not None or is_used:
            return member, Why.WRONG_PASSKEY
        half = Passkey(passkey.credential_id, passkey.public_key, passkey.sign_count)
        count = crypto.used(site, _challenge(context, ticket), answer, half)
    except PasskeyError:
        return None, Why.WRONG_PASSKEY
    await staff_passkeys.use(connection, passkey.credential_id, count, context.now(), until)
    return member, None


async def _loaded() -> None:
    """Have the library loaded before a transaction begins, and beside the event loop."""
    await asyncio.to_thread(crypto.load)


def _ticket(context: Context, purpose: Purpose, staff_id: UUID) -> str:
    until = seconds(context) + int(PASSKEY_WITHIN / timedelta(seconds=1))
    nonce = context.randomness.random_bytes(_NONCE_BYTES)
    return context.keyring.staff_tokens.make(purpose, Ticket(staff_id, 0, until, nonce))


def _checked(context: Context, purpose: Purpose, ticket: str) -> Ticket | None:
    return context.keyring.staff_tokens.check(purpose, ticket, seconds(context))


def _challenge(context: Context, ticket: str) -> bytes:
    return context.keyring.staff_tokens.digest(Purpose.CHALLENGE, ticket)
