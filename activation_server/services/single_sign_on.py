"""Single sign-on: staff let in on the word of the vendor's identity provider.

A ticket in the browser's cookie is what state, nonce and code verifier are derived from, so nothing
is kept of sign-ins that are only begun. It is good for one use: an account takes none that is not
newer than the last. An account is linked to a member of staff, once, by a verified address.
"""

import hmac
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog

from activation_server import base64url
from activation_server.crypto.staff_tokens import Purpose, Ticket
from activation_server.rules.audit import Action
from activation_server.rules.single_sign_on import (
    SSO_WITHIN,
    Asked,
    Identity,
    ProviderAwayError,
    Returned,
    WrongAnswerError,
    email_form,
    is_anew,
)
from activation_server.rules.staff import CODE_WITHIN, NotLetIn, Session, Why
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.credentials import (
    Caller,
    LetIn,
    begin_session,
    let_in,
    make_ticket,
    seconds,
)
from activation_server.services.identity_provider import SingleSignOn
from activation_server.services.sign_in import (
    BY_SSO,
    note_failure,
    note_let_in,
    renew_session,
)
from activation_server.services.staff import new_token
from activation_server.store import staff as store
from activation_server.store import staff_identities, staff_passkeys
from activation_server.store.database import Connection
from activation_server.store.staff import Member

CALLBACK_PATH: Final = "/console/sign-in/sso/callback"
_NOBODY: Final = UUID(int=0)
_NONCE_BYTES: Final = 8

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Begun:
    """What a browser is given to go to the provider with."""

    ticket: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class CodeDue:
    """The provider's word counts as one factor: the code, or a passkey, is to come with this."""

    ticket: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Proof:
    """Who came back, and with which ticket."""

    identity: Identity
    ticket: Ticket

    @property
    def until(self) -> datetime:
        return datetime.fromtimestamp(self.ticket.until, UTC)


async def begin(
    context: Context,
    sign_on: SingleSignOn,
    caller: Caller,
    session: Session | None = None,
    *,
    link: bool = False,
) -> Begun | NotLetIn:
    """Send a browser to the provider: to sign in, or the owner of a session to do so again.

    With `link`, to show which account is theirs.
    """
    limits = context.sign_in_limits
    if session is None:
        wait, staff_id, purpose = limits.attempt_from(caller.network), _NOBODY, Purpose.SSO
    else:
        wait, staff_id = limits.attempt_of(session.session_id), session.staff_id
        purpose = Purpose.SSO_LINK if link else Purpose.SSO_STEP_UP
    if wait:
        return NotLetIn(Why.TOO_MANY, wait)
    until = seconds(context) + int(SSO_WITHIN.total_seconds())
    nonce = context.randomness.random_bytes(_NONCE_BYTES)
    ticket = context.keyring.staff_tokens.make(purpose, Ticket(staff_id, 0, until, nonce))
    try:
        provider = await sign_on.provider()
        address = await provider.address(_asked(context, ticket, purpose), context.now())
    except ProviderAwayError as error:
        log.warning("identity_provider_away", kind=error.kind)
        return NotLetIn(Why.SSO_AWAY)
    return Begun(ticket, address)


async def sign_in(
    context: Context, sign_on: SingleSignOn, ticket: str, returned: Returned, caller: Caller
) -> LetIn | CodeDue | NotLetIn:
    """Take what a browser brought back, and begin a session, or ask for the second factor."""
    proof = await _proof(context, sign_on, Purpose.SSO, ticket, returned)
    if isinstance(proof, NotLetIn):
        await _note(context, proof, "", caller)
        return proof
    token, session_id = new_token(context), context.randomness.uuid()

    async def work(connection: Connection) -> tuple[LetIn | CodeDue | NotLetIn, str]:
        member, why = await _take(context, connection, proof, link=True)
        if member is None or why is not None:
            return NotLetIn(why or Why.SSO_UNKNOWN), "" if member is None else member.name
        if not sign_on.rules.is_two(proof.identity):
            return await _second_step(context, connection, member), member.name
        await begin_session(
            context, connection, member, session_id, token, _signed_in_at(context, proof.identity)
        )
        await note_let_in(context, connection, Action.SIGNED_IN, member, BY_SSO)
        return let_in(context, member, token), member.name

    done, name = await context.database.transact(work)
    if isinstance(done, NotLetIn):
        await _note(context, done, name, caller)
    return done


async def step_up(
    context: Context,
    sign_on: SingleSignOn,
    session: Session,
    ticket: str,
    returned: Returned,
    caller: Caller,
) -> LetIn | NotLetIn:
    """Take what the owner of a session brought back; the session gets another token."""
    proof = await _proof(context, sign_on, Purpose.SSO_STEP_UP, ticket, returned)
    if isinstance(proof, NotLetIn):
        await _note(context, proof, session.name, caller)
        return proof
    token = new_token(context)

    async def work(connection: Connection) -> LetIn | NotLetIn:
        member, why = await _take(context, connection, proof, link=False)
        if member is None or why is not None or member.staff_id != session.staff_id:
            return NotLetIn(why or Why.SSO_UNKNOWN)
        if not is_anew(proof.identity, proof.until - SSO_WITHIN):
            return NotLetIn(Why.SSO_FAILED)
        if not sign_on.rules.is_two(proof.identity):
            return NotLetIn(Why.SSO_ONE_FACTOR)
        if not await renew_session(context, connection, session, token):
            return NotLetIn(Why.TOO_LATE)
        await note_let_in(context, connection, Action.STEPPED_UP, member, BY_SSO)
        return let_in(context, member, token)

    if proof.ticket.staff_id != session.staff_id:  # begun by somebody else in this browser
        done: LetIn | NotLetIn = NotLetIn(Why.TOO_LATE)
    else:
        done = await context.database.transact(work)
    if isinstance(done, NotLetIn):
        await _note(context, done, session.name, caller)
    return done


async def link(
    context: Context,
    sign_on: SingleSignOn,
    session: Session,
    ticket: str,
    returned: Returned,
) -> NotLetIn | None:
    """Link the account that the owner of a session came back with; give why it is not."""
    proof = await _proof(context, sign_on, Purpose.SSO_LINK, ticket, returned)
    if isinstance(proof, NotLetIn):
        return proof
    if proof.ticket.staff_id != session.staff_id:  # begun by somebody else in this browser
        return NotLetIn(Why.TOO_LATE)
    digest = subject_digest(context, proof.identity)

    async def work(connection: Connection) -> NotLetIn | None:
        member = await store.get(connection, session.staff_id, lock=True)
        mine = await staff_identities.of_staff(connection, session.staff_id)
        if member is None or member.disabled_at is not None or (mine and mine.digest):
            return NotLetIn(Why.SSO_UNKNOWN)
        if not await staff_identities.link_own(
            connection, session.staff_id, digest, context.now(), proof.until
        ):
            return NotLetIn(Why.SSO_UNKNOWN)  # it is somebody else's
        acting = context.acting(session.name)
        await audit.note(acting, connection, Action.SSO_LINKED, subject=session.name)
        return None

    return await context.database.transact(work)


async def linked_since(context: Context, session: Session) -> datetime | None:
    """Tell since when the owner of a session is linked to an account, if they are."""

    async def work(connection: Connection) -> datetime | None:
        mine = await staff_identities.of_staff(connection, session.staff_id)
        return None if mine is None else mine.linked_at

    return await context.database.transact(work)


@dataclass(frozen=True, slots=True)
class Ways:
    """What the owner of a session can sign in again with, besides a passkey."""

    password: bool
    sso: bool


async def ways(context: Context, session: Session) -> Ways:
    """Give what a session's owner can sign in again with."""
    sign_on = context.sign_on

    async def work(connection: Connection) -> Ways:
        member = await store.get(connection, session.staff_id)
        mine = await staff_identities.of_staff(connection, session.staff_id)
        return Ways(
            password=member is not None and member.credentials_at is not None,
            sso=sign_on is not None
            and sign_on.rules.may_be_two()
            and mine is not None
            and mine.digest is not None,
        )

    return await context.database.transact(work)


def is_step_up(context: Context, ticket: str) -> bool:
    """Tell whether a ticket is of somebody who signs in again."""
    return _is_for(context, Purpose.SSO_STEP_UP, ticket)


def is_link(context: Context, ticket: str) -> bool:
    """Tell whether a ticket is of somebody who links an account."""
    return _is_for(context, Purpose.SSO_LINK, ticket)


def _is_for(context: Context, purpose: Purpose, ticket: str) -> bool:
    return context.keyring.staff_tokens.check(purpose, ticket, seconds(context)) is not None


def subject_digest(context: Context, identity: Identity) -> bytes:
    """Digest an account at a provider, as it is kept."""
    text = f"{identity.issuer}\x00{identity.subject}"
    return context.keyring.staff_tokens.digest(Purpose.SSO_SUBJECT, text)


def email_digest(context: Context, address: str) -> bytes:
    """Digest an address that an account is found by, as it is kept."""
    return context.keyring.staff_tokens.digest(Purpose.SSO_EMAIL, email_form(address))


async def _proof(
    context: Context, sign_on: SingleSignOn, purpose: Purpose, ticket: str, returned: Returned
) -> _Proof | NotLetIn:
    """Ask the provider who came back; nothing of the database is held meanwhile."""
    given = context.keyring.staff_tokens.check(purpose, ticket, seconds(context))
    asked = _asked(context, ticket, purpose)
    is_mine = hmac.compare_digest(asked.state.encode(), returned.state.encode())
    if given is None or not is_mine:
        return NotLetIn(Why.TOO_LATE)
    if wait := context.sign_in_limits.attempt_of(("sso", given.nonce)):
        return NotLetIn(Why.TOO_MANY, wait)
    if returned.failed or not returned.code:
        return NotLetIn(Why.SSO_FAILED)
    try:
        provider = await sign_on.provider()
        identity = await provider.identity(returned, asked, context.now())
    except ProviderAwayError as error:
        log.warning("identity_provider_away", kind=error.kind)
        return NotLetIn(Why.SSO_AWAY)
    except WrongAnswerError as error:
        log.warning("identity_provider_answer_refused", kind=error.kind)
        return NotLetIn(Why.SSO_FAILED)
    return _Proof(identity, given)


async def _take(
    context: Context, connection: Connection, proof: _Proof, *, link: bool
) -> tuple[Member | None, Why | None]:
    """Use a ticket up; give whose account it is, and why they are not let in."""
    digest, identity = subject_digest(context, proof.identity), proof.identity
    found = await staff_identities.linked(connection, digest)
    by_email = email_digest(context, identity.email) if link and identity.email else None
    if found is None and by_email is not None:
        found = await staff_identities.expected(connection, by_email)
    if found is None:
        return None, Why.SSO_UNKNOWN
    member = await store.get(connection, found.staff_id, lock=True)
    mine = await staff_identities.of_staff(connection, found.staff_id)
    if member is None or mine is None or member.disabled_at is not None:
        return member, Why.SSO_UNKNOWN
    if mine.digest is None and mine.email_digest == by_email:
        await staff_identities.link(connection, member.staff_id, digest, context.now())
        acting = context.acting(member.name)
        await audit.note(acting, connection, Action.SSO_LINKED, subject=member.name)
    elif mine.digest != digest:  # unlinked, or linked to another one, meanwhile
        return member, Why.SSO_UNKNOWN
    if mine.used_until is not None and proof.until <= mine.used_until:
        return member, Why.TOO_LATE
    await staff_identities.use(connection, member.staff_id, context.now(), proof.until)
    return member, None


async def _second_step(
    context: Context, connection: Connection, member: Member
) -> CodeDue | NotLetIn:
    has_passkey = await staff_passkeys.count(connection, member.staff_id) > 0
    if member.credentials_at is None and not has_passkey:
        return NotLetIn(Why.SSO_ONE_FACTOR)
    return CodeDue(make_ticket(context, member, Purpose.SSO_SECOND_STEP, CODE_WITHIN))


def _signed_in_at(context: Context, identity: Identity) -> datetime:
    """Give since when somebody is signed in, for what needs it just now; of no word, long ago."""
    long_ago = context.now() - context.session_times.fresh
    return min(identity.signed_in_at or long_ago, context.now())


def _asked(context: Context, ticket: str, purpose: Purpose) -> Asked:
    def derived(what: Purpose) -> str:
        return base64url.encode(context.keyring.staff_tokens.digest(what, ticket))

    return Asked(
        state=derived(Purpose.SSO_STATE),
        nonce=derived(Purpose.SSO_NONCE),
        code_verifier=derived(Purpose.SSO_VERIFIER),
        redirect_uri=context.issuer + CALLBACK_PATH,
        anew=purpose is not Purpose.SSO,
    )


async def _note(context: Context, done: NotLetIn, name: str, caller: Caller) -> None:
    if done.why is not Why.TOO_MANY:
        await note_failure(context, name, done.why, caller, known=name != "")
