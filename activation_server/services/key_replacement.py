"""A new key for a license whose key leaked: the old one stops, activated computers go on."""

from activation_server.crypto.keyring import license_key_place
from activation_server.formats import license_key
from activation_server.rules.audit import Action
from activation_server.rules.history import Event, EventKind
from activation_server.services import audit
from activation_server.services.calls import add_event, key_digests
from activation_server.services.context import Context
from activation_server.services.licensing import KeyOrId, LicenseView, require_license, view_now
from activation_server.store import events, licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense
from activation_server.store.licenses import NewKey


async def replace_key(context: Context, key_or_id: KeyOrId, reason: str) -> LicenseView:
    """Give a license a new key. Raises OperatorError.

    Its seats stay: a computer proves itself by its check-in token. Whoever activates with the old
    key is told that there is a new one, and support finds the license by either.
    """
    now, at = context.now(), context.clock()
    # Made once, before: run again after a commit whose answer was lost, it is found done.
    event_id, key = context.randomness.uuid(), license_key.make(context.randomness.bits(115))

    async def work(connection: Connection) -> LicenseView:
        stored = await require_license(context, connection, key_or_id)
        license_id = stored.license.license_id
        if await events.has(connection, license_id, event_id, at):
            return await view_now(context, connection, stored)
        new = _sealed(context, stored, key)
        await licenses.replace_key(connection, license_id, new, now)
        details = {"old_key": f"…{stored.key_tail}", "new_key": f"…{new.tail}"}
        event = Event(EventKind.KEY_REPLACED, {**details, "reason": reason})
        await add_event(context, connection, license_id, event, event_id, at)
        await audit.note(
            context,
            connection,
            Action.LICENSE_KEY_REPLACED,
            license_id=license_id,
            details=details,
            why=reason,
        )
        changed = await licenses.get(connection, license_id) or stored
        return await view_now(context, connection, changed)

    return await context.database.transact(work)


def _sealed(context: Context, stored: StoredLicense, key: str) -> NewKey:
    place = license_key_place(str(stored.license.license_id))
    _, folded = key_digests(context, stored.license.product, key)
    sealed = context.keyring.license_keys.seal(key.encode(), place)
    return NewKey(license_key.tail(key), sealed, folded)
