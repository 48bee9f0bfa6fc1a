"""Choosing a password and an authenticator app, by a link that is good for one use."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from activation_server.crypto.keyring import password_place, totp_place
from activation_server.crypto.staff_tokens import Purpose
from activation_server.rules import totp
from activation_server.rules.audit import Action
from activation_server.rules.staff import password_fault
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.credentials import (
    LetIn,
    begin_session,
    let_in,
    new_recovery_codes,
    replace_recovery_codes,
    seconds,
    uri_of,
)
from activation_server.services.staff import new_token
from activation_server.store import staff as store
from activation_server.store import staff_passkeys, staff_sessions
from activation_server.store.database import Connection
from activation_server.store.staff import Member


@dataclass(frozen=True, slots=True)
class Offer:
    """Whom a link is for, and the secret for the authenticator app: the same each time."""

    name: str
    secret: bytes = field(repr=False)
    uri: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SetUp:
    """Somebody is set up, and signed in; the recovery codes are shown once."""

    let_in: LetIn
    codes: Sequence[str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotSetUp:
    """What is wrong with what was typed, by field."""

    password: str | None = None
    repeated: str | None = None
    code: str | None = None


async def offered(context: Context, token: str) -> Offer | None:
    """Give what a link offers; nothing when it was used, is too old, or there is none such."""

    async def work(connection: Connection) -> Member | None:
        return await _invited(context, connection, token)

    member = await context.database.transact(work)
    return None if member is None else _offer(context, member, token)


async def complete(
    context: Context, token: str, password: str, repeated: str, code: str
) -> SetUp | NotSetUp | None:
    """Choose a password and an app, use the link up, and sign in; sessions and passkeys end.

    Of two calls at the same moment one gets nothing, as does a link that is void.
    """
    offer = await offered(context, token)
    if offer is None:
        return None
    step = totp.matching_step(offer.secret, code, seconds(context), 0)
    faults = NotSetUp(
        password=password_fault(password, offer.name),
        repeated=None if password == repeated else "This is not the same password.",
        code=None if step else "This is not the code that the app shows now.",
    )
    if step is None or faults != NotSetUp():
        return faults
    digest = await context.passwords.digest(password, context.randomness.random_bytes)
    session_token, session_id = new_token(context), context.randomness.uuid()
    codes = new_recovery_codes(context)

    async def work(connection: Connection) -> SetUp | None:
        member = await _invited(context, connection, token, lock=True)
        if member is None:
            return None
        await _save(context, connection, member, digest, offer.secret, step)
        await replace_recovery_codes(context, connection, member.staff_id, codes)
        await staff_passkeys.remove(connection, member.staff_id)
        await staff_sessions.end(connection, member.staff_id)
        await begin_session(context, connection, member, session_id, session_token)
        acting = context.acting(member.name)
        await audit.note(acting, connection, Action.STAFF_SET_UP, subject=member.name)
        changed = await store.get(connection, member.staff_id) or member
        return SetUp(let_in(context, changed, session_token), codes)

    return await context.database.transact(work)


async def _invited(
    context: Context, connection: Connection, token: str, *, lock: bool = False
) -> Member | None:
    """Give the one that a link is for, while it is good and they may come in."""
    digest = context.keyring.staff_tokens.digest(Purpose.LINK, token)
    member = await store.invited(connection, digest, lock=lock)
    if member is None or member.link_until is None or member.disabled_at is not None:
        return None
    return member if context.now() < member.link_until else None


async def _save(
    context: Context,
    connection: Connection,
    member: Member,
    digest: str,
    secret: bytes,
    step: int,
) -> None:
    staff_id, seal = member.staff_id, context.keyring.credentials.seal
    await store.save(
        connection,
        staff_id,
        credentials_at=context.now(),
        password_sealed=seal(digest.encode(), password_place(staff_id)),
        totp_sealed=seal(secret, totp_place(staff_id)),
        totp_step=step,
        wrong_codes=0,
        link_digest=None,
        link_until=None,
    )


def _offer(context: Context, member: Member, token: str) -> Offer:
    """Derive the secret from the link: nothing half done is kept anywhere."""
    secret = context.keyring.staff_tokens.digest(Purpose.TOTP, token)[: totp.SECRET_BYTES]
    return Offer(member.name, secret, uri_of(context, secret, member.name))
