"""Sessions of the console: found by their tokens, listed and ended by their owners."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from activation_server import base64url
from activation_server.crypto.staff_tokens import Purpose
from activation_server.rules.audit import Action
from activation_server.rules.staff import Session
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.credentials import (
    new_recovery_codes,
    replace_recovery_codes,
    session_digest,
)
from activation_server.store import staff as store
from activation_server.store import staff_sessions
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Account:
    """What members of staff see of their own."""

    sessions: Sequence[Session]
    codes_left: int = field(default=0)
    has_password: bool = True


async def find(context: Context, token: str) -> Session | None:
    """Give the session of a token, if it holds; its use is noted, once a minute."""
    now = context.now()

    async def work(connection: Connection) -> Session | None:
        session = await staff_sessions.find(connection, session_digest(context, token))
        if session is None or not session.holds(now, context.session_times):
            return None
        if session.is_to_be_noted(now):
            await staff_sessions.saw(connection, session.session_id, now)
            await store.saw(connection, session.staff_id, now.date())
        return session

    return await context.database.transact(work)


def form_token(context: Context, session: Session) -> str:
    """Give what every form of a session has, so that no other site can send one.

    It stays when the session gets another token: forms in other windows go on.
    """
    return base64url.encode(
        context.keyring.staff_tokens.digest(Purpose.FORM, str(session.session_id))
    )


def is_form_token(right: str, given: str) -> bool:
    """Tell whether a form has the token of its session, in the same time whatever it has."""
    return hmac.compare_digest(right.encode(), given.encode())


async def account(context: Context, session: Session) -> Account:
    """Give a session's owner's sessions that hold, and what they sign in by."""
    now = context.now()

    async def work(connection: Connection) -> Account:
        found = await staff_sessions.of_staff(connection, session.staff_id)
        holding = [each for each in found if each.holds(now, context.session_times)]
        left = await store.count_recovery_codes(connection, session.staff_id)
        member = await store.get(connection, session.staff_id)
        has_password = member is not None and member.credentials_at is not None
        return Account(holding, left, has_password)

    return await context.database.transact(work)


async def sign_out(context: Context, session: Session) -> None:
    """End a session."""
    await _end(context, session, only=session.session_id)


async def end_one(context: Context, session: Session, session_id: UUID) -> bool:
    """End one of the owner's sessions; `False` when there is none of this id."""
    return await _end(context, session, only=session_id) == 1


async def end_others(context: Context, session: Session) -> int:
    """End all of the owner's sessions but this one; give how many there were."""
    return await _end(context, session, except_for=session.session_id)


async def renew_recovery_codes(context: Context, session: Session) -> Sequence[str]:
    """Give the owner new recovery codes, shown once; the old ones are void."""
    codes = new_recovery_codes(context)

    async def work(connection: Connection) -> Sequence[str]:
        await store.get(connection, session.staff_id, lock=True)
        await replace_recovery_codes(context, connection, session.staff_id, codes)
        acting = context.acting(session.name)
        await audit.note(acting, connection, Action.RECOVERY_CODES_MADE, subject=session.name)
        return codes

    return await context.database.transact(work)


async def _end(
    context: Context,
    session: Session,
    *,
    only: UUID | None = None,
    except_for: UUID | None = None,
) -> int:
    async def work(connection: Connection) -> int:
        count = await staff_sessions.end(
            connection, session.staff_id, only=only, except_for=except_for
        )
        if count:
            acting, details = context.acting(session.name), {"sessions": count}
            action, subject = Action.SIGNED_OUT, session.name
            await audit.note(acting, connection, action, subject=subject, details=details)
        return count

    return await context.database.transact(work)
