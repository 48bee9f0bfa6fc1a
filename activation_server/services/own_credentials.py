"""What members of staff change of their own credentials: the password, the authenticator app."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from activation_server.crypto.keyring import password_place, totp_place
from activation_server.crypto.staff_tokens import Purpose
from activation_server.rules import totp
from activation_server.rules.audit import Action
from activation_server.rules.staff import NotLetIn, Session, Why, password_fault
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.credentials import (
    Caller,
    LetIn,
    is_password,
    let_in,
    seconds,
    uri_of,
)
from activation_server.services.sign_in import note_failure, renew_session
from activation_server.services.staff import new_token
from activation_server.store import staff as store
from activation_server.store import staff_sessions
from activation_server.store.database import Connection
from activation_server.store.staff import Member


@dataclass(frozen=True, slots=True)
class NewPassword:
    """What was typed to change a password."""

    old: str = field(repr=False)
    new: str = field(repr=False)
    repeated: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NotChanged:
    """What is wrong with what was typed, by field."""

    new: str | None = None
    repeated: str | None = None


@dataclass(frozen=True, slots=True)
class NewApp:
    """The secret for another authenticator app, derived from the form that it stands in."""

    key: str  # of the form
    secret: bytes = field(repr=False)
    uri: str = field(repr=False)


async def change_password(
    context: Context, session: Session, typed: NewPassword, caller: Caller
) -> LetIn | NotChanged | NotLetIn:
    """Change the owner's password; their other sessions end, and this one gets another token."""
    if wait := context.sign_in_limits.attempt_of(session.session_id):
        return NotLetIn(Why.TOO_MANY, wait)
    member = await context.database.transact(lambda each: store.get(each, session.staff_id))
    if not await is_password(context, member, typed.old) or member is None:
        await note_failure(context, session.name, Why.WRONG, caller)
        return NotLetIn(Why.WRONG)
    faults = _faults(typed, session.name)
    if faults != NotChanged():
        return faults
    digest = await context.passwords.digest(typed.new, context.randomness.random_bytes)
    values = {
        "password_sealed": context.keyring.credentials.seal(
            digest.encode(), password_place(member.staff_id)
        ),
        "credentials_at": max(context.now(), member.credentials_at or context.now()),
    }
    return await _save(context, session, member, values, Action.PASSWORD_CHANGED)


def offer_app(context: Context, session: Session, key: str | None = None) -> NewApp:
    """Offer another authenticator app: the same for the same key of a form."""
    key = key or context.randomness.uuid().hex
    token = f"{session.staff_id}\0{key}"
    secret = context.keyring.staff_tokens.digest(Purpose.TOTP, token)[: totp.SECRET_BYTES]
    return NewApp(key, secret, uri_of(context, secret, session.name))


async def change_app(context: Context, session: Session, key: str, code: str) -> LetIn | None:
    """Take another authenticator app by a code that it shows; `None` where that is wrong.

    The owner's other sessions end, and this one gets another token.
    """
    secret = offer_app(context, session, key).secret
    step = totp.matching_step(secret, code, seconds(context), 0)
    member = await context.database.transact(lambda each: store.get(each, session.staff_id))
    if step is None or member is None or member.credentials_at is None:
        return None
    values = {
        "totp_sealed": context.keyring.credentials.seal(secret, totp_place(member.staff_id)),
        "totp_step": step,
        "wrong_codes": 0,
    }
    done = await _save(context, session, member, values, Action.AUTHENTICATOR_CHANGED)
    return done if isinstance(done, LetIn) else None


def _faults(typed: NewPassword, name: str) -> NotChanged:
    fault = password_fault(typed.new, name)
    if fault is None and typed.new == typed.old:
        fault = "Choose another one than before."
    same = typed.new == typed.repeated
    return NotChanged(fault, None if same else "This is not the same password.")


async def _save(
    context: Context,
    session: Session,
    seen: Member,
    values: Mapping[str, Any],
    action: Action,
) -> LetIn | NotLetIn:
    """Write credentials of somebody who has still those that were seen."""
    token = new_token(context)

    async def work(connection: Connection) -> LetIn | NotLetIn:
        locked = await store.get(connection, session.staff_id, lock=True)
        if locked is None or locked.disabled_at or locked.credentials_at != seen.credentials_at:
            return NotLetIn(Why.TOO_LATE)
        if not await renew_session(context, connection, session, token):
            return NotLetIn(Why.TOO_LATE)
        await store.save(connection, session.staff_id, **values)
        ended = await staff_sessions.end(
            connection, session.staff_id, except_for=session.session_id
        )
        acting, details = context.acting(session.name), {"sessions": ended}
        await audit.note(acting, connection, action, subject=session.name, details=details)
        changed = await store.get(connection, session.staff_id) or locked
        return let_in(context, changed, token)

    return await context.database.transact(work)
