"""Signing in to the console: name and password, then a code; and again for what needs it fresh."""

from collections.abc import Mapping
from typing import Final

from activation_server.crypto.staff_tokens import Purpose, Ticket
from activation_server.rules.audit import Action
from activation_server.rules.staff import (
    CODE_WITHIN,
    NotLetIn,
    Session,
    Why,
    is_name,
    name_of,
)
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.credentials import (
    Caller,
    LetIn,
    Proven,
    begin_session,
    is_of,
    is_password,
    known_browser,
    let_in,
    make_ticket,
    seconds,
    session_digest,
    take_code,
)
from activation_server.services.staff import new_token
from activation_server.store import staff as store
from activation_server.store import staff_sessions
from activation_server.store.database import Connection
from activation_server.store.staff import Member

BY_SSO: Final[Mapping[str, object]] = {"by": "single_sign_on"}


async def check_password(
    context: Context, typed_name: str, password: str, caller: Caller
) -> str | NotLetIn:
    """Take name and password; give the ticket that the code is to come with.

    An unknown name takes as long as a wrong password, and gets the same answer.
    """
    name = name_of(typed_name)

    async def find(connection: Connection) -> Member | None:
        return await store.named(connection, name if is_name(name) else "")

    member = await context.database.transact(find)
    browser = known_browser(context, member, caller)
    if wait := _wait_for_password(context, browser, name, caller):
        return NotLetIn(Why.TOO_MANY, wait)
    if not await is_password(context, member, password) or member is None:
        await note_failure(context, name, Why.WRONG, caller, known=member is not None)
        return NotLetIn(Why.WRONG)
    if must_use_sso(context, member):
        await note_failure(context, name, Why.SSO_DUE, caller)
        return NotLetIn(Why.SSO_DUE)
    return make_ticket(context, member, Purpose.SECOND_STEP, CODE_WITHIN)


async def check_code(context: Context, ticket: str, typed: str, caller: Caller) -> LetIn | NotLetIn:
    """Take the code of an authenticator app, or a recovery code, and begin a session."""
    given = _second_step(context, Purpose.SECOND_STEP, ticket)
    after_sso = _second_step(context, Purpose.SSO_SECOND_STEP, ticket)
    given = given or after_sso
    if given is None:
        return NotLetIn(Why.TOO_LATE)
    token, session_id = new_token(context), context.randomness.uuid()

    async def work(connection: Connection) -> tuple[LetIn | NotLetIn, str | None]:
        member = await store.get(connection, given.staff_id, lock=True)
        if member is None or not is_of(given, member):
            return NotLetIn(Why.TOO_LATE), None
        browser = known_browser(context, member, caller)
        if wait := _wait_for_code(context, browser, given):
            return NotLetIn(Why.TOO_MANY, wait), None
        known = browser is not None
        proven = await take_code(context, connection, member, typed, known=known)
        if isinstance(proven, NotLetIn):
            return proven, member.name
        await begin_session(context, connection, member, session_id, token)
        details = {**_left(proven), **({} if after_sso is None else BY_SSO)}
        await note_let_in(context, connection, Action.SIGNED_IN, member, details)
        return let_in(context, member, token, proven.codes_left), member.name

    done, name = await context.database.transact(work)
    if isinstance(done, NotLetIn) and name is not None:
        await note_failure(context, name, done.why, caller)
    return done


def is_after_sso(context: Context, ticket: str | None, member: Member) -> bool:
    """Tell whether a browser's ticket says that the provider signed this member in just now."""
    given = None if ticket is None else _second_step(context, Purpose.SSO_SECOND_STEP, ticket)
    return given is not None and is_of(given, member)


def must_use_sso(context: Context, member: Member) -> bool:
    """Tell whether somebody may sign in by the identity provider alone."""
    return context.sign_on is not None and context.sign_on.rules.is_due_for(member.role)


def _second_step(context: Context, purpose: Purpose, ticket: str) -> Ticket | None:
    return context.keyring.staff_tokens.check(purpose, ticket, seconds(context))


async def step_up(
    context: Context, session: Session, password: str, typed: str, caller: Caller
) -> LetIn | NotLetIn:
    """Take password and code again; the session gets another token, and the old one is void."""

    async def find(connection: Connection) -> Member | None:
        return await store.get(connection, session.staff_id)

    if wait := context.sign_in_limits.attempt_of(session.session_id):
        return NotLetIn(Why.TOO_MANY, wait)
    member = await context.database.transact(find)
    if not await is_password(context, member, password) or member is None:
        await note_failure(context, session.name, Why.WRONG, caller)
        return NotLetIn(Why.WRONG)
    token, credentials_at = new_token(context), member.credentials_at

    async def work(connection: Connection) -> LetIn | NotLetIn:
        locked = await store.get(connection, session.staff_id, lock=True)
        if locked is None or locked.disabled_at or locked.credentials_at != credentials_at:
            return NotLetIn(Why.TOO_LATE)
        proven = await take_code(context, connection, locked, typed, known=True)
        if isinstance(proven, NotLetIn):
            return proven
        if not await renew_session(context, connection, session, token):
            return NotLetIn(Why.TOO_LATE)
        await note_let_in(context, connection, Action.STEPPED_UP, locked, _left(proven))
        return let_in(context, locked, token, proven.codes_left)

    done = await context.database.transact(work)
    if isinstance(done, NotLetIn):
        await note_failure(context, session.name, done.why, caller)
    return done


def _wait_for_password(context: Context, browser: Ticket | None, name: str, caller: Caller) -> int:
    limits = context.sign_in_limits
    if browser is not None:
        return limits.attempt_of(browser.nonce)
    return limits.attempt(caller.network, name)


def _wait_for_code(context: Context, browser: Ticket | None, given: Ticket) -> int:
    """Whoever types codes knows the password: so they hold up no browser that is known."""
    who = given.staff_id if browser is None else ("code", browser.nonce)
    return context.sign_in_limits.attempt_of(who)


def _left(proven: Proven) -> Mapping[str, object]:
    return {} if proven.codes_left is None else {"recovery_codes_left": proven.codes_left}


async def renew_session(
    context: Context, connection: Connection, session: Session, token: str
) -> bool:
    """Give a session, whose owner signed in again, another token; `False` when it is gone."""
    digest = session_digest(context, token)
    return await staff_sessions.renew(connection, session.session_id, digest, context.now())


async def note_let_in(
    context: Context,
    connection: Connection,
    action: Action,
    member: Member,
    details: Mapping[str, object],
) -> None:
    """Note that somebody signed in, or did again, in the transaction in which they do."""
    acting = context.acting(member.name)
    await audit.note(acting, connection, action, subject=member.name, details=details)


async def note_failure(
    context: Context, name: str, why: Why, caller: Caller, *, known: bool = True
) -> None:
    """Note that somebody was not let in: seldom, and no name that is nobody's.

    What is typed there may be a password.
    """
    if not context.sign_in_limits.is_to_be_noted(caller.network, name):
        return
    subject = name if known else None

    async def work(connection: Connection) -> None:
        await audit.note(
            context, connection, Action.SIGN_IN_FAILED, subject=subject, details={"why": why}
        )

    await context.database.transact(work)
