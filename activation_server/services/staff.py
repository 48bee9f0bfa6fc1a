"""The vendor's staff, as operators and administrators keep them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from activation_server import base64url
from activation_server.crypto.staff_tokens import TOKEN_BYTES, Purpose
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role
from activation_server.rules.staff import (
    LINK_VALID,
    Session,
    SingleSignOn,
    Standing,
    checked_name,
    is_last,
    name_of,
    standing,
)
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store import staff as store
from activation_server.store import staff_identities, staff_sessions
from activation_server.store.database import Connection
from activation_server.store.staff import Member
from activation_server.store.staff_identities import StoredIdentity

LINK_PATH: Final = "/console/set-up/"


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff, as others see them."""

    staff_id: UUID
    name: str
    role: Role
    standing: Standing
    added_at: datetime
    seen_on: date | None  # the last day in the console
    disabled_at: datetime | None
    link_until: datetime | None  # until when a link is open, if one is
    single_sign_on: SingleSignOn | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A link to choose a password with, for one use; shown once."""

    of: Staff
    url: str = field(repr=False)
    until: datetime


async def add(
    context: Context,
    typed: str,
    role: Role,
    *,
    why: str | None = None,
    token: str | None = None,
) -> Link:
    """Add somebody; give the link that they choose their password with. Raises OperatorError.

    `token`: what the link is to be made of, where whoever orders it knows it already.
    """
    name, token = checked_name(typed), token or new_token(context)
    new = Member(
        staff_id=context.randomness.uuid(),
        name=name,
        role=role,
        added_at=context.now(),
        link_digest=context.keyring.staff_tokens.digest(Purpose.LINK, token),
        link_until=context.now() + LINK_VALID,
    )

    async def work(connection: Connection) -> Link:
        if not await store.add(connection, new):
            raise OperatorError(f"There is somebody named {name} already.")
        details, action = {"role": role}, Action.STAFF_ADDED
        await audit.note(context, connection, action, subject=name, details=details, why=why)
        return await _link(context, connection, new, token)

    return await context.database.transact(work)


async def list_all(context: Context) -> Sequence[Staff]:
    """Give everybody, by name."""
    now = context.now()

    async def work(connection: Connection) -> Sequence[Staff]:
        known = {each.staff_id: each for each in await staff_identities.list_all(connection)}
        found = await store.list_all(connection)
        return [as_seen(each, now, known.get(each.staff_id)) for each in found]

    return await context.database.transact(work)


async def make_link(
    context: Context, typed: str, *, why: str | None = None, token: str | None = None
) -> Link:
    """Make a new link for who forgot the password or lost the phone. Raises OperatorError.

    An earlier link is void. The old password goes on until the new one is chosen. `token` as `add`
    has it.
    """
    token, until = token or new_token(context), context.now() + LINK_VALID
    digest = context.keyring.staff_tokens.digest(Purpose.LINK, token)

    async def work(connection: Connection) -> Link:
        member = await require(connection, typed)
        if member.disabled_at is not None:
            raise OperatorError(f"{member.name} is disabled: enable them first.")
        await store.save(connection, member.staff_id, link_digest=digest, link_until=until)
        await audit.note(context, connection, Action.STAFF_LINK_MADE, subject=member.name, why=why)
        invited = replace(member, link_digest=digest, link_until=until)
        return await _link(context, connection, invited, token)

    return await context.database.transact(work)


async def set_role(context: Context, typed: str, role: Role, *, why: str | None = None) -> Staff:
    """Give somebody another role, from their next click on. Raises OperatorError."""

    async def work(connection: Connection) -> Staff:
        administrators = await store.lock_administrators(connection)
        member = await require(connection, typed)
        if member.role is not role:
            if is_last(member.staff_id, administrators):
                raise OperatorError(_last(member, "lowered"))
            await store.save(connection, member.staff_id, role=role)
            details = {"from": member.role, "to": role}
            action = Action.STAFF_ROLE_SET
            subject = member.name
            await audit.note(context, connection, action, subject=subject, details=details, why=why)
        return await shown(context, connection, replace(member, role=role))

    return await context.database.transact(work)


async def disable(context: Context, typed: str, *, why: str | None = None) -> Staff:
    """Let somebody in no more: sessions end, a link is void. Raises OperatorError."""
    now = context.now()

    async def work(connection: Connection) -> Staff:
        administrators = await store.lock_administrators(connection)
        member = await require(connection, typed)
        if member.disabled_at is not None:
            return await shown(context, connection, member)
        if is_last(member.staff_id, administrators):
            raise OperatorError(_last(member, "disabled"))
        await store.save(
            connection, member.staff_id, disabled_at=now, link_digest=None, link_until=None
        )
        await staff_sessions.end(connection, member.staff_id)
        await audit.note(context, connection, Action.STAFF_DISABLED, subject=member.name, why=why)
        gone = replace(member, disabled_at=now, link_until=None)
        return await shown(context, connection, gone)

    return await context.database.transact(work)


async def enable(context: Context, typed: str, *, why: str | None = None) -> Staff:
    """Let somebody in again, with the password they had. Raises OperatorError."""

    async def work(connection: Connection) -> Staff:
        member = await require(connection, typed)
        if member.disabled_at is not None:
            await store.save(connection, member.staff_id, disabled_at=None)
            action, subject = Action.STAFF_ENABLED, member.name
            await audit.note(context, connection, action, subject=subject, why=why)
        return await shown(context, connection, replace(member, disabled_at=None))

    return await context.database.transact(work)


async def sessions(context: Context, typed: str | None) -> Sequence[Session]:
    """Give the sessions that hold, of one or of all. Raises OperatorError."""
    now = context.now()

    async def work(connection: Connection) -> Sequence[Session]:
        member = None if typed is None else await require(connection, typed)
        staff_id = None if member is None else member.staff_id
        found = await staff_sessions.of_staff(connection, staff_id)
        return [each for each in found if each.holds(now, context.session_times)]

    return await context.database.transact(work)


async def sign_out(
    context: Context, typed: str, *, only: UUID | None = None, why: str | None = None
) -> int:
    """End somebody's sessions, all or one; give how many there were. Raises OperatorError."""

    async def work(connection: Connection) -> int:
        member = await require(connection, typed)
        count = await staff_sessions.end(connection, member.staff_id, only=only)
        if count:
            details = {"sessions": count}
            action, subject = Action.SIGNED_OUT, member.name
            await audit.note(context, connection, action, subject=subject, details=details, why=why)
        return count

    return await context.database.transact(work)


def new_token(context: Context) -> str:
    """Make a token that nobody can guess."""
    return base64url.encode(context.randomness.random_bytes(TOKEN_BYTES))


async def require(connection: Connection, typed: str) -> Member:
    """Give the one of a name, locked. Raises OperatorError."""
    member = await store.named(connection, name_of(typed), lock=True)
    if member is None:
        raise OperatorError("There is nobody of this name; `staff list` shows who there is.")
    return member


def _last(member: Member, done: str) -> str:
    return (
        f"{member.name} is the last administrator and can't be {done}: first make somebody else "
        "one, who has used their link."
    )


async def _link(context: Context, connection: Connection, member: Member, token: str) -> Link:
    until = member.link_until or context.now()
    return Link(await shown(context, connection, member), url_of(context, token), until)


def url_of(context: Context, token: str) -> str:
    """Give the link that a token makes."""
    return f"{context.issuer}{LINK_PATH}{token}"


async def shown(context: Context, connection: Connection, member: Member) -> Staff:
    """Give a member of staff as others see them."""
    known = await staff_identities.of_staff(connection, member.staff_id)
    return as_seen(member, context.now(), known)


def as_seen(member: Member, now: datetime, known: StoredIdentity | None) -> Staff:
    """Give a member of staff as others see them, by the account that they sign in with."""
    is_linked = known is not None and known.digest is not None
    expected = None if known is None else SingleSignOn.EXPECTED
    has_link = member.link_until is not None and now < member.link_until
    return Staff(
        staff_id=member.staff_id,
        name=member.name,
        role=member.role,
        standing=standing(
            disabled=member.disabled_at is not None,
            set_up=is_linked or member.credentials_at is not None,
        ),
        added_at=member.added_at,
        seen_on=member.seen_on,
        disabled_at=member.disabled_at,
        link_until=member.link_until if has_link else None,
        single_sign_on=SingleSignOn.LINKED if is_linked else expected,
    )
