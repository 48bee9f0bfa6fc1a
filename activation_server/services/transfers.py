"""One more transfer than a license's terms allow: support grants it, an app uses it up."""

from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.history import Event, EventKind
from activation_server.services import audit
from activation_server.services.calls import add_event
from activation_server.services.context import Context
from activation_server.services.licensing import KeyOrId, LicenseView, require_license, view_now
from activation_server.store import licenses
from activation_server.store.database import Connection


async def allow_one_more(context: Context, key_or_id: KeyOrId, reason: str) -> LicenseView:
    """Let an app give a seat back over the limit, once; repeated, nothing changes.

    It counts as no transfer, and waits until it is used or withdrawn. Raises OperatorError.
    """
    return await _set(context, key_or_id, reason, allowed=True)


async def withdraw(context: Context, key_or_id: KeyOrId, reason: str) -> LicenseView:
    """Take back what was allowed and not used yet. Raises OperatorError."""
    return await _set(context, key_or_id, reason, allowed=False)


async def _set(context: Context, key_or_id: KeyOrId, reason: str, *, allowed: bool) -> LicenseView:
    at = context.now() if allowed else None
    kind = EventKind.TRANSFER_ALLOWED if allowed else EventKind.TRANSFER_WITHDRAWN

    async def work(connection: Connection) -> LicenseView:
        stored = await require_license(context, connection, key_or_id)
        license_id = stored.license.license_id
        if allowed and stored.license.terms.transfers is None:
            raise OperatorError("This license's transfers are not limited: there is nothing to do.")
        if stored.license.transfer_allowed is not allowed:
            await licenses.set_transfer_allowed(connection, license_id, at)
            await add_event(context, connection, license_id, Event(kind, {"reason": reason}))
            action = Action(kind.value)
            await audit.note(context, connection, action, license_id=license_id, why=reason)
        changed = await licenses.get(connection, license_id) or stored
        return await view_now(context, connection, changed)

    return await context.database.transact(work)
