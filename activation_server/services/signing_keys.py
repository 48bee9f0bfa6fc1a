"""Signing keys, as operators list, prepare, rotate and retire them.

The database says which key signs: each change here holds in every process from its commit on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from activation_server.formats.times import rfc3339
from activation_server.rules import signing_keys as rules
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.rules.signing_keys import FOREVER, KeyLife, Retirement, Standing
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.services.keys import make_key
from activation_server.services.products import require_product
from activation_server.store import signing_keys
from activation_server.store.database import Connection
from activation_server.store.signing_keys import SignedActivation


@dataclass(frozen=True, slots=True)
class KeyView:
    """A signing key with its public bytes, and what it does now."""

    life: KeyLife
    standing: Standing
    public: bytes


@dataclass(frozen=True, slots=True)
class Retired:
    """What a retirement did, or in a dry run would do."""

    key: KeyView
    successor: KeyView | None  # the key that began to sign in its place
    signed: Mapping[str, int] = field(default_factory=dict)  # activations by product


@dataclass(frozen=True, slots=True)
class Signed:
    """The activations whose newest certificate a key signed: all counted, some listed."""

    key: KeyView
    counts: Mapping[str, int]
    activations: Sequence[SignedActivation]


async def list_keys(context: Context) -> Sequence[KeyView]:
    """Give all signing keys, oldest first."""

    async def work(connection: Connection) -> Sequence[KeyView]:
        return await _views(connection, context.now())

    return await context.database.transact(work)


async def prepare(context: Context, product: str | None) -> KeyView:
    """Make a key that is published, and signs from the next rotation of its scope on.

    Raises OperatorError when one waits already, or there is no such product.
    """
    now = context.now()

    async def work(connection: Connection) -> KeyView:
        keys = await _lock(connection, product)
        if waiting := rules.prepared(keys, product):
            msg = f"A prepared key waits already: {waiting.kid}. It signs after `keys rotate`."
            raise OperatorError(msg)
        number = await _add(context, connection, keys, product, signs_since=None)
        key = await _view(connection, number, now)
        await _note(context, connection, Action.KEY_PREPARED, key)
        return key

    return await context.database.transact(work)


async def rotate(context: Context, product: str | None) -> KeyView:
    """Let the prepared key of a scope sign, or a new one; the old one stays published.

    Raises OperatorError when there is no such product.
    """
    now = context.now()

    async def work(connection: Connection) -> KeyView:
        keys = await _lock(connection, product)
        number = await _succeed(context, connection, keys, product)
        key = await _view(connection, number, now)
        await _note(context, connection, Action.KEY_ROTATED, key)
        return key

    return await context.database.transact(work)


async def retire(
    context: Context, kid: str, reason: str, *, compromised: bool, dry_run: bool = False
) -> Retired:
    """Take a key out of use for good, and count what it signed.

    A compromised one goes at once; if it signs, another begins to. Otherwise it must neither sign
    nor be needed for a valid certificate. Raises OperatorError.
    """
    now = context.now()
    retirement = Retirement.COMPROMISED if compromised else Retirement.OVER

    async def work(connection: Connection) -> tuple[KeyView, KeyView | None]:
        keys = await _lock(connection)
        key = _find(keys, kid)
        _refuse_retirement(key, keys, now, compromised=compromised)
        signs = rules.standing(key, keys, now) is Standing.SIGNING
        if dry_run:
            return await _view(connection, key.number, now), None
        await signing_keys.retire(connection, key.number, retirement, reason, now)
        successor = None
        if signs:
            number = await _succeed(context, connection, keys, key.product)
            successor = await _view(connection, number, now)
        retired = await _view(connection, key.number, now)
        await _note(context, connection, Action.KEY_RETIRED, retired, reason)
        if successor is not None:
            await _note(context, connection, Action.KEY_ROTATED, successor)
        return retired, successor

    async def count(connection: Connection) -> Mapping[str, int]:
        return await signing_keys.count_signed(connection, key.life.number)

    key, successor = await context.database.transact(work)
    # Counting reads every activation: apart, so that nothing waits for it.
    return Retired(key, successor, await context.database.transact(count))


async def signed(context: Context, kid: str, limit: int) -> Signed:
    """Give the activations whose newest certificate a key signed. Raises OperatorError."""

    async def work(connection: Connection) -> Signed:
        views = await _views(connection, context.now())
        number = _find([view.life for view in views], kid).number
        [key] = [view for view in views if view.life.number == number]
        counts = await signing_keys.count_signed(connection, number)
        found = await signing_keys.list_signed(connection, number, limit)
        details, subject = {"found": len(found)}, key.life.kid
        await audit.note(context, connection, Action.LOOKED_UP, subject=subject, details=details)
        return Signed(key, counts, found)

    return await context.database.transact(work)


def _refuse_retirement(
    key: KeyLife, keys: Sequence[KeyLife], now: datetime, *, compromised: bool
) -> None:
    """Raise OperatorError with what to do, if a key can't be retired so."""
    standing = rules.standing(key, keys, now)
    if standing is Standing.COMPROMISED or (standing is Standing.RETIRED and not compromised):
        msg = "This key is retired already."
    elif compromised or standing in {Standing.OVER, Standing.PREPARED}:
        return
    elif standing is Standing.SIGNING:
        msg = "This key signs; let another one sign first, with `keys rotate`."
    else:
        until = key.covers_until
        msg = (
            "Certificates signed with this key have no end; it must stay."
            if until is None or until >= FOREVER
            else f"Certificates signed with this key are valid until {rfc3339(until)}; "
            "it can be retired after that."
        )
    raise OperatorError(msg)


async def _succeed(
    context: Context,
    connection: Connection,
    keys: Sequence[KeyLife],
    product: str | None,
) -> int:
    """Let the prepared key of a scope sign, or a new one; give its number."""
    now = context.now()
    waiting = rules.prepared(keys, product)
    if waiting is None:
        return await _add(context, connection, keys, product, signs_since=now)
    await signing_keys.start_signing(connection, waiting.number, now)
    return waiting.number


async def _add(
    context: Context,
    connection: Connection,
    keys: Sequence[KeyLife],
    product: str | None,
    *,
    signs_since: datetime | None,
) -> int:
    number = max(key.number for key in keys) + 1
    life = KeyLife(number, "", product, context.now(), signs_since)
    key = make_key(life, context.keyring.master, context.randomness.random_bytes)
    await signing_keys.add_key(connection, key)
    return number


async def _note(
    context: Context,
    connection: Connection,
    action: Action,
    key: KeyView,
    why: str | None = None,
) -> None:
    details = {"product": key.life.product, "standing": key.standing.value}
    await audit.note(context, connection, action, subject=key.life.kid, details=details, why=why)


async def _lock(connection: Connection, product: str | None = None) -> Sequence[KeyLife]:
    """Give all keys, locked for a change; a product must be known."""
    if product is not None:
        await require_product(connection, product)
    return [key.life for key in await signing_keys.all_keys(connection, for_change=True)]


def _find(keys: Sequence[KeyLife], kid: str) -> KeyLife:
    """Find a key by its id or a beginning of it that is no other key's."""
    found = [key for key in keys if kid and key.kid.startswith(kid)]
    if len(found) != 1:
        some = "Several signing keys begin" if found else "No signing key begins"
        msg = f"{some} with {kid!r}; `keys list` shows them all."
        raise OperatorError(msg)
    return found[0]


async def _views(connection: Connection, now: datetime) -> Sequence[KeyView]:
    stored = await signing_keys.all_keys(connection)
    lives = [key.life for key in stored]
    return [KeyView(key.life, rules.standing(key.life, lives, now), key.public) for key in stored]


async def _view(connection: Connection, number: int, now: datetime) -> KeyView:
    [view] = [view for view in await _views(connection, now) if view.life.number == number]
    return view
