"""The licenses that somebody looked at last, by the audit log: no search text is kept for it."""

from collections.abc import Sequence
from typing import Final

from activation_server.rules.audit import Action, Wanted
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, view_of, with_people_and_holds
from activation_server.store import audit, licenses
from activation_server.store.database import Connection

MOST: Final = 8
_LOOKED_THROUGH: Final = 60  # entries of the log


async def recently_seen(context: Context) -> Sequence[LicenseView]:
    """Give the licenses that whoever acts looked at last, the newest first, people masked."""

    async def work(connection: Connection) -> Sequence[LicenseView]:
        wanted = Wanted(who=context.actor, action=Action.SHOWN, limit=_LOOKED_THROUGH)
        entries = await audit.newest(connection, wanted)
        shown = [entry.license_id for entry in entries if entry.license_id is not None]
        ids = list(dict.fromkeys(shown))[:MOST]
        stored = await licenses.by_ids(connection, ids)
        found = {each.license.license_id: view_of(context, each) for each in stored}
        views = [found[each] for each in ids if each in found]
        return await with_people_and_holds(context, connection, views)

    return await context.database.transact(work)
