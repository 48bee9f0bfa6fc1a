"""Staff and their accounts at the identity provider, as operators keep them."""

from dataclasses import replace

from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role
from activation_server.rules.single_sign_on import checked_email
from activation_server.services import audit, staff
from activation_server.services.context import Context
from activation_server.services.single_sign_on import email_digest
from activation_server.services.staff import Link, Staff
from activation_server.store import staff_identities as store
from activation_server.store.database import Connection


async def add(
    context: Context,
    typed_name: str,
    role: Role,
    typed_email: str | None,
    *,
    why: str | None = None,
) -> Link:
    """Add somebody, with the address that the provider knows them by. Raises OperatorError."""

    async def work(connection: Connection) -> Link:
        within = context.within(connection)
        link = await staff.add(within, typed_name, role, why=why)
        if typed_email is None:
            return link
        return replace(link, of=await expect(within, typed_name, typed_email, why=why))

    return await context.database.transact(work)


async def expect(
    context: Context, typed_name: str, typed_email: str, *, why: str | None = None
) -> Staff:
    """Let the first account at the provider with this verified address be somebody's.

    Raises OperatorError.
    """
    digest = email_digest(context, checked_email(typed_email))

    async def work(connection: Connection) -> Staff:
        member = await staff.require(connection, typed_name)
        known = await store.of_staff(connection, member.staff_id)
        if known is not None and known.digest is not None:
            raise OperatorError(
                f"{member.name} is linked to an account already; first `staff unlink "
                f"{member.name}`."
            )
        if not await store.expect(connection, member.staff_id, digest):
            raise OperatorError("This address is somebody else's already.")
        await audit.note(context, connection, Action.SSO_EXPECTED, subject=member.name, why=why)
        return await staff.shown(context, connection, member)

    return await context.database.transact(work)


async def unlink(context: Context, typed_name: str, *, why: str | None = None) -> Staff:
    """Forget somebody's account at the provider, and their address; sessions go on.

    Raises OperatorError.
    """

    async def work(connection: Connection) -> Staff:
        member = await staff.require(connection, typed_name)
        if not await store.remove(connection, member.staff_id):
            raise OperatorError(f"{member.name} has no account at the identity provider.")
        await audit.note(context, connection, Action.SSO_UNLINKED, subject=member.name, why=why)
        return await staff.shown(context, connection, member)

    return await context.database.transact(work)
