"""The audit log as operators read it. Reading it is not noted."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, replace

from activation_server.rules.audit import Entry, Place, Wanted
from activation_server.services import notes
from activation_server.services.audit import why_place
from activation_server.services.context import Context
from activation_server.services.licensing import ids_of_key_or_id
from activation_server.store import audit
from activation_server.store.database import Connection


@dataclass(frozen=True, slots=True)
class Shown:
    """An entry with its reason opened; `why` is none where none was given, or its key is gone."""

    entry: Entry
    why: str | None


async def newest(context: Context, wanted: Wanted, key_or_id: str | None) -> Sequence[Shown]:
    """Give the entries that are asked for, newest first; of one license, if one is named."""

    async def work(connection: Connection) -> Sequence[Shown]:
        asked = wanted
        if key_or_id is not None:
            # A license that is gone is found by its id all the same.
            ids = await ids_of_key_or_id(context, connection, key_or_id.strip())
            asked = replace(wanted, license_ids=ids)
        entries = await audit.newest(connection, asked)
        named = {entry.license_id for entry in entries if entry.license_id is not None}
        keys = await notes.keys_of(context, connection, named)
        return [Shown(entry, _why(context, keys, entry)) for entry in entries]

    return await context.database.transact(work)


async def all_of(
    context: Context, wanted: Wanted, key_or_id: str | None
) -> AsyncGenerator[Sequence[Shown]]:
    """Give all entries that are asked for, newest first, `wanted.limit` at a time."""
    page = await newest(context, wanted, key_or_id)
    while page:
        yield page
        if len(page) < wanted.limit:
            return
        last = page[-1].entry
        wanted = replace(wanted, before=Place(last.at, last.seq))
        page = await newest(context, wanted, key_or_id)


def _why(context: Context, keys: notes.Keys, entry: Entry) -> str | None:
    if entry.why_sealed is None:
        return None
    return notes.open_note(context, keys, entry.license_id, entry.why_sealed, why_place(entry.seq))
