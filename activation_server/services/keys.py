"""Unlock the keys at the start; make them on first use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activation_server.crypto import signing
from activation_server.crypto.keyring import ROOT, Keyring, root_place, signing_key_place
from activation_server.crypto.master_key import MasterKeyError
from activation_server.crypto.sealed import KEY_BYTES, SealBrokenError, SealingKey
from activation_server.crypto.signing import SigningKey
from activation_server.formats.certificate import PublicKey, thumbprint
from activation_server.services.context import Context
from activation_server.store import signing_keys
from activation_server.store.database import Connection, Database
from activation_server.store.signing_keys import StoredSigningKey

FIRST_KEY = 1


@dataclass(frozen=True, slots=True)
class Unlocking:
    """What it takes to unlock the keys."""

    database: Database
    master: SealingKey = field(repr=False)
    random_bytes: Callable[[int], bytes] = field(repr=False)
    now: datetime


async def exist(database: Database) -> bool:
    """Whether this database's keys were made already."""

    async def work(connection: Connection) -> bool:
        return await signing_keys.get_secret(connection, ROOT) is not None

    return await database.transact(work)


async def unlock(unlocking: Unlocking) -> Keyring:
    """Unwrap all keys with the master key, making them when the database has none.

    Raises MasterKeyError when the master key is not the one that wrapped them.
    """

    async def work(connection: Connection) -> Keyring:
        root = await signing_keys.get_secret(connection, ROOT)
        if root is None:
            await _make(connection, unlocking)
            root = await signing_keys.get_secret(connection, ROOT)
        stored = await signing_keys.all_keys(connection)
        return _unwrap(root or b"", stored, unlocking.master)

    return await unlocking.database.transact(work)


async def published(context: Context) -> Sequence[PublicKey]:
    """Give the public keys that certificates out there are verified with."""
    keys = await context.database.transact(signing_keys.all_keys)
    return [PublicKey(key.kid, key.public) for key in keys]


async def _make(connection: Connection, unlocking: Unlocking) -> None:
    """Make the root secret and the first signing key; of two processes, the first one's stay."""
    root = unlocking.random_bytes(KEY_BYTES)
    seed = unlocking.random_bytes(KEY_BYTES)
    public = signing.public_bytes(seed)
    wrapped_root = unlocking.master.seal(root, root_place())
    await signing_keys.add_secret(connection, ROOT, wrapped_root, unlocking.now)
    key = StoredSigningKey(
        number=FIRST_KEY,
        kid=thumbprint(public),
        public=public,
        wrapped_seed=unlocking.master.seal(seed, signing_key_place(FIRST_KEY)),
    )
    await signing_keys.add_key(connection, key, unlocking.now)


def _unwrap(root: bytes, stored: Sequence[StoredSigningKey], master: SealingKey) -> Keyring:
    try:
        opened = {
            key.number: SigningKey.from_seed(
                key.number,
                key.kid,
                master.open(key.wrapped_seed, signing_key_place(key.number)),
            )
            for key in stored
        }
        return Keyring.unlocked(master.open(root, root_place()), opened, master)
    except SealBrokenError:
        msg = (
            "The master key is not the one that this database's keys were wrapped with; "
            "set ACTIVATION_MASTER_KEY_FILE to the right file."
        )
        raise MasterKeyError(msg) from None
