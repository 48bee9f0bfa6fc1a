"""Unlock the keys at the start, making them on first use; the keys that sign and are published."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from activation_server.crypto import signing
from activation_server.crypto.keyring import ROOT, Keyring, root_place, signing_key_place
from activation_server.crypto.master_key import MasterKeyError
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import KEY_BYTES, SealBrokenError
from activation_server.crypto.signing import SigningKey
from activation_server.formats.certificate import PublicKey, thumbprint
from activation_server.rules import signing_keys as rules
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.errors import UnavailableError
from activation_server.rules.signing_keys import KeyLife
from activation_server.services.context import Context
from activation_server.store import activations, signing_keys
from activation_server.store.database import Connection, Database
from activation_server.store.license_rows import CertifiedLicense
from activation_server.store.signing_keys import StoredSigningKey

FIRST_KEY = 1


@dataclass(frozen=True, slots=True)
class Unlocking:
    """What it takes to unlock the keys."""

    database: Database
    master: MasterKeys = field(repr=False)
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
    """Give the public keys that certificates out there, now and next, are verified with."""
    keys = await context.database.transact(signing_keys.all_keys)
    wanted = rules.published([key.life for key in keys], context.now())
    return [PublicKey(key.life.kid, key.public) for key in keys if key.life in wanted]


async def signing_key(context: Context, number: int) -> SigningKey:
    """Give an unlocked signing key; one that another process made is fetched, once.

    Raises UnavailableError, and SealBrokenError when the master key did not wrap it.
    """
    unlocked = context.keyring.signing
    if number not in unlocked:

        async def work(connection: Connection) -> StoredSigningKey | None:
            return await signing_keys.get(connection, number)

        stored = await context.database.transact(work)
        if stored is None:
            raise KeyError(number)
        unlocked[number] = _open(stored, context.keyring.master)
    return unlocked[number]


async def common_key(context: Context, connection: Connection) -> SigningKey:
    """Give the key of all products that signs now, unlocked. Raises UnavailableError."""
    stored = await signing_keys.all_keys(connection)
    current = rules.signing([key.life for key in stored], None)
    for key in stored:
        if key.life == current:
            return _open(key, context.keyring.master)
    msg = "no signing key"
    raise UnavailableError(msg)


async def that_signed(context: Context, connection: Connection) -> Mapping[str, SigningKey]:
    """Give every key by its id, retired ones too: what they signed is still to be verified.

    One that the master key did not wrap is left out: somebody wrote it into the database.
    """
    found = {}
    for key in await signing_keys.all_keys(connection):
        with suppress(SealBrokenError):
            found[key.life.kid] = _open(key, context.keyring.master)
    return found


async def can_sign(context: Context) -> bool:
    """Whether there is a common signing key, and the master key opens it."""
    stored = await context.database.transact(signing_keys.all_keys)
    current = rules.signing([key.life for key in stored], None)
    try:
        return current is not None and bool(await signing_key(context, current.number))
    except SealBrokenError:
        return False


async def sign_for(
    connection: Connection, stored: CertifiedLicense, decision: Granted | Repeated
) -> Granted | Repeated:
    """Hold the key of an answer to what will be signed with it, before the commit.

    A repeated answer keeps its key, unless that is retired: then the current one takes its place
    for good. Raises UnavailableError when the current key was retired this very moment.
    """
    number = decision.activation.last.signing_key
    if isinstance(decision, Repeated):
        if number == stored.signing_key or not await signing_keys.is_retired(connection, number):
            return decision
        last = replace(decision.activation.last, signing_key=stored.signing_key)
        decision = replace(decision, activation=replace(decision.activation, last=last))
        await activations.save_signing_key(connection, decision.activation)
    until = rules.cover(stored.key_covers_until, decision.activation.last.certificate_expires)
    if until and not await signing_keys.move_cover(connection, stored.signing_key, until):
        msg = "the signing key was retired meanwhile"
        raise UnavailableError(msg)
    return decision


def make_key(
    life: KeyLife, master: MasterKeys, random_bytes: Callable[[int], bytes]
) -> StoredSigningKey:
    """Make a signing key, wrapped; its `kid` is its thumbprint.

    None begins with a dash: operators give it to commands, which would take it for an option.
    """
    seed = random_bytes(KEY_BYTES)
    while thumbprint(public := signing.public_bytes(seed)).startswith("-"):
        seed = random_bytes(KEY_BYTES)
    wrapped = master.wrap(seed, signing_key_place(life.number))
    return StoredSigningKey(replace(life, kid=thumbprint(public)), public, wrapped)


async def _make(connection: Connection, unlocking: Unlocking) -> None:
    """Make the root secret and the first signing key; of two processes, the first one's stay."""
    root = unlocking.random_bytes(KEY_BYTES)
    wrapped_root = unlocking.master.wrap(root, root_place())
    await signing_keys.add_secret(connection, ROOT, wrapped_root, unlocking.now)
    life = KeyLife(FIRST_KEY, "", None, unlocking.now, signs_since=unlocking.now)
    key = make_key(life, unlocking.master, unlocking.random_bytes)
    await signing_keys.add_key(connection, key)


def _unwrap(root: bytes, stored: Sequence[StoredSigningKey], master: MasterKeys) -> Keyring:
    try:
        opened = {
            key.life.number: _open(key, master) for key in stored if key.life.retired_at is None
        }
        return Keyring.unlocked(master.unwrap(root, root_place()), opened, master)
    except SealBrokenError:
        msg = (
            "The master key is not the one that this database's keys were wrapped with; "
            "set ACTIVATION_MASTER_KEY_FILE to the right file."
        )
        raise MasterKeyError(msg) from None


def _open(key: StoredSigningKey, master: MasterKeys) -> SigningKey:
    seed = master.unwrap(key.wrapped_seed, signing_key_place(key.life.number))
    return SigningKey.from_seed(key.life.number, key.life.kid, seed)
