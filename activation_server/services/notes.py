"""What operators write in free words, sealed: the one place that does it.

Words on a license are sealed with a key of that license: erasing one of its people destroys it, as
nobody can tell whom words are about.
"""

from collections.abc import Collection, Mapping
from uuid import UUID

from activation_server.crypto.sealed import Place, SealBrokenError, SealingKey
from activation_server.crypto.vault import note_key_place
from activation_server.services.context import Context
from activation_server.store import note_keys
from activation_server.store.database import Connection

Keys = Mapping[UUID, SealingKey]


async def seal_note(
    context: Context, connection: Connection, license_id: UUID | None, text: str, place: Place
) -> bytes:
    """Seal a note for the place it is kept in; on no license, with a key of the server."""
    if license_id is None:
        return context.keyring.notes.seal(text.encode(), place)
    vault, key_place = context.keyring.vault, note_key_place(license_id)
    wrapped = await note_keys.get(connection, license_id, vault.new_wrapped_key(key_place))
    return vault.unwrapped(wrapped, key_place).seal(text.encode(), place)


async def keys_of(context: Context, connection: Connection, license_ids: Collection[UUID]) -> Keys:
    """Give the keys that words on licenses are sealed with, as far as there are any."""
    wrapped = await note_keys.of_licenses(connection, license_ids)
    vault = context.keyring.vault
    return {
        license_id: vault.unwrapped(key, note_key_place(license_id))
        for license_id, key in wrapped.items()
    }


def open_note(
    context: Context, keys: Keys, license_id: UUID | None, sealed: bytes, place: Place
) -> str | None:
    """Open a note; none where its key is gone, or it stands in another's place."""
    key = context.keyring.notes if license_id is None else keys.get(license_id)
    if key is None:
        return None
    try:
        return key.open(sealed, place).decode()
    except SealBrokenError:
        return None
