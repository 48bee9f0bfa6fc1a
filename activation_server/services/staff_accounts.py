"""The accounts of the vendor's staff as administrators see them: ways to sign in, browsers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from activation_server.formats.times import rfc3339
from activation_server.rules import fact_version
from activation_server.rules.errors import NotFoundError
from activation_server.rules.staff import Session
from activation_server.services.context import Context
from activation_server.services.staff import Staff, as_seen
from activation_server.store import staff as store
from activation_server.store import staff_identities, staff_passkeys, staff_sessions
from activation_server.store.database import Connection
from activation_server.store.staff import Member
from activation_server.store.staff_identities import StoredIdentity


@dataclass(frozen=True, slots=True)
class Account:
    """A member of staff, with what they sign in by, and where they are signed in."""

    of: Staff
    has_password: bool
    passkeys: int
    codes_left: int  # for recovery
    sessions: Sequence[Session]

    def facts(self) -> Mapping[str, Any]:
        """Give what administrators change, as JSON has it."""
        until = self.of.link_until
        return {
            "role": self.of.role.value,
            "standing": self.of.standing.value,
            "signed_in_browsers": len(self.sessions),
            "link_good_until": None if until is None else rfc3339(until),
            "single_sign_on": self.of.single_sign_on and self.of.single_sign_on.value,
        }

    @property
    def version(self) -> str:
        """Give the version of what administrators change."""
        return fact_version.version({"staff_id": str(self.of.staff_id), **self.facts()})


async def list_all(context: Context) -> Sequence[Account]:
    """Give everybody, by name."""

    async def work(connection: Connection) -> Sequence[Account]:
        members = await store.list_all(connection)
        passkeys = await staff_passkeys.counts(connection)
        codes = await store.recovery_code_counts(connection)
        sessions = await _holding(context, connection, None)
        known = {each.staff_id: each for each in await staff_identities.list_all(connection)}
        return [
            _account(
                context,
                member,
                known.get(member.staff_id),
                passkeys.get(member.staff_id, 0),
                codes.get(member.staff_id, 0),
                [each for each in sessions if each.staff_id == member.staff_id],
            )
            for member in members
        ]

    return await context.database.transact(work)


async def get(context: Context, staff_id: UUID, *, lock: bool = False) -> Account:
    """Give one, locked for a change with `lock`. Raises NotFoundError."""

    async def work(connection: Connection) -> Account:
        if lock:  # in the order in which whoever disables or lowers somebody does
            await store.lock_administrators(connection)
        member = await store.get(connection, staff_id, lock=lock)
        if member is None:
            raise NotFoundError("There is no such member of staff.")
        return _account(
            context,
            member,
            await staff_identities.of_staff(connection, staff_id),
            await staff_passkeys.count(connection, staff_id),
            await store.count_recovery_codes(connection, staff_id),
            await _holding(context, connection, staff_id),
        )

    return await context.database.transact(work)


async def _holding(
    context: Context, connection: Connection, staff_id: UUID | None
) -> Sequence[Session]:
    now = context.now()
    found = await staff_sessions.of_staff(connection, staff_id)
    return [each for each in found if each.holds(now, context.session_times)]


def _account(
    context: Context,
    member: Member,
    known: StoredIdentity | None,
    passkeys: int,
    codes: int,
    sessions: Sequence[Session],
) -> Account:
    seen = as_seen(member, context.now(), known)
    return Account(seen, member.credentials_at is not None, passkeys, codes, sessions)
