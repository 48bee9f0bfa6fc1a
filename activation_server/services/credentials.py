"""What members of staff prove themselves by: passwords, codes, known browsers."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit
from uuid import UUID

from activation_server.crypto.keyring import password_place, totp_place
from activation_server.crypto.staff_tokens import Purpose, Ticket
from activation_server.rules import totp
from activation_server.rules.staff import (
    BROWSER_KNOWN,
    RECOVERY_BYTES,
    RECOVERY_CODES,
    WRONG_CODES,
    NotLetIn,
    Session,
    Why,
    recovery_code,
    recovery_form,
)
from activation_server.services.context import Context
from activation_server.store import staff as store
from activation_server.store import staff_sessions
from activation_server.store.database import Connection
from activation_server.store.staff import Member

_NONCE_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Caller:
    """Where an attempt comes from: its network, and what its browser has from an earlier one."""

    network: str | None = None
    browser: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class LetIn:
    """What a browser is given that signed in."""

    session: str = field(repr=False)  # its token, which is kept nowhere else
    browser: str = field(repr=False)  # by which it is known next time
    codes_left: int | None = None  # of the recovery codes, where one was used up


@dataclass(frozen=True, slots=True)
class Proven:
    """That a code was right."""

    codes_left: int | None = None


def known_browser(context: Context, member: Member | None, caller: Caller) -> Ticket | None:
    """Give the ticket of a browser that this member signed in with before, if it is one."""
    if member is None or caller.browser is None:
        return None
    now = seconds(context)
    ticket = context.keyring.staff_tokens.check(Purpose.BROWSER, caller.browser, now)
    return ticket if ticket is not None and is_of(ticket, member) else None


def make_ticket(context: Context, member: Member, purpose: Purpose, valid: timedelta) -> str:
    """Make a ticket for a browser; other credentials make it void."""
    return context.keyring.staff_tokens.make(
        purpose,
        Ticket(
            staff_id=member.staff_id,
            credentials_at=_credentials_at(member),
            until=seconds(context) + int(valid.total_seconds()),
            nonce=context.randomness.random_bytes(_NONCE_BYTES),
        ),
    )


def is_of(ticket: Ticket, member: Member) -> bool:
    """Tell whether a ticket is of this member, who may come in, and of their credentials."""
    mine = member.staff_id, _credentials_at(member)
    return member.disabled_at is None and mine == (ticket.staff_id, ticket.credentials_at)


def _credentials_at(member: Member) -> int:
    """Give since when somebody has their password and app; 0 where they have none."""
    return 0 if member.credentials_at is None else int(member.credentials_at.timestamp())


async def is_password(context: Context, member: Member | None, typed: str) -> bool:
    """Tell whether a password is right; takes as long where there is nobody, or none to compare."""
    digest = None
    if member is not None and member.password_sealed is not None and member.disabled_at is None:
        place = password_place(member.staff_id)
        digest = context.keyring.credentials.open(member.password_sealed, place).decode()
    return await context.passwords.matches(digest, typed, context.randomness.random_bytes)


async def take_code(
    context: Context, connection: Connection, member: Member, typed: str, *, known: bool
) -> Proven | NotLetIn:
    """Use a code up, of the app or for recovery, in this transaction; the member is locked.

    Wrong ones are counted: too many close the way for browsers that are not known.
    """
    if member.wrong_codes >= WRONG_CODES and not known:
        return NotLetIn(Why.CODES_USED_UP)
    proven = _app_step(context, member, typed)
    values: dict[str, int] = {"wrong_codes": 0}
    left = None
    if proven is not None:
        values["totp_step"] = proven
    elif await _is_recovery_code(context, connection, member, typed):
        left = await store.count_recovery_codes(connection, member.staff_id)
    else:
        wrong = min(member.wrong_codes + 1, WRONG_CODES)
        await store.save(connection, member.staff_id, wrong_codes=wrong)
        return NotLetIn(Why.WRONG_CODE)
    await store.save(connection, member.staff_id, **values)
    return Proven(left)


async def begin_session(
    context: Context,
    connection: Connection,
    member: Member,
    session_id: UUID,
    token: str,
    signed_in_at: datetime | None = None,
) -> None:
    """Begin a session that this token opens; its owner signed in just now, or at some time."""
    now = context.now()
    session = Session(
        session_id=session_id,
        staff_id=member.staff_id,
        name=member.name,
        role=member.role,
        began_at=now,
        seen_at=now,
        signed_in_at=signed_in_at or now,
        ends_at=now + context.session_times.longest,
    )
    await staff_sessions.add(connection, session, session_digest(context, token))
    await store.saw(connection, member.staff_id, now.date())


def let_in(context: Context, member: Member, token: str, codes_left: int | None = None) -> LetIn:
    """Give what a browser gets that signed in."""
    browser = make_ticket(context, member, Purpose.BROWSER, BROWSER_KNOWN)
    return LetIn(token, browser, codes_left)


async def replace_recovery_codes(
    context: Context, connection: Connection, staff_id: UUID, codes: list[str]
) -> None:
    """Keep the digests of new recovery codes in place of the old ones."""
    digests = [_recovery_digest(context, staff_id, code) for code in codes]
    await store.replace_recovery_codes(connection, staff_id, digests)


def new_recovery_codes(context: Context) -> list[str]:
    """Make recovery codes, to be shown once."""
    draw = context.randomness.random_bytes
    return [recovery_code(draw(RECOVERY_BYTES)) for _ in range(RECOVERY_CODES)]


def session_digest(context: Context, token: str) -> bytes:
    """Digest a session's token, as it is kept."""
    return context.keyring.staff_tokens.digest(Purpose.SESSION, token)


def seconds(context: Context) -> int:
    """Give the time in seconds since 1970."""
    return int(context.now().timestamp())


def uri_of(context: Context, secret: bytes, name: str) -> str:
    """Give what an authenticator app scans."""
    host = urlsplit(context.issuer).hostname or context.issuer
    return totp.uri(secret, host, name)


def _app_step(context: Context, member: Member, typed: str) -> int | None:
    if member.totp_sealed is None:
        return None
    place = totp_place(member.staff_id)
    secret = context.keyring.credentials.open(member.totp_sealed, place)
    return totp.matching_step(secret, typed, seconds(context), member.totp_step)


async def _is_recovery_code(
    context: Context, connection: Connection, member: Member, typed: str
) -> bool:
    digest = _recovery_digest(context, member.staff_id, typed)
    return await store.use_recovery_code(connection, member.staff_id, digest)


def _recovery_digest(context: Context, staff_id: UUID, typed: str) -> bytes:
    text = f"{staff_id}\x00{recovery_form(typed)}"
    return context.keyring.staff_tokens.digest(Purpose.RECOVERY, text)
