"""Replace the master key: every key that it wraps is wrapped anew, and no sealed data is touched.

The file has the new key and the old one meanwhile, so that servers go on; what is wrapped anew
says so itself. Cut off at any point, the next call goes on from there.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from activation_server.crypto.keyring import root_place, signing_key_place
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import KEY_BYTES, Place
from activation_server.crypto.vault import key_place, note_key_place
from activation_server.rules.audit import Action
from activation_server.rules.errors import OperatorError
from activation_server.services import audit
from activation_server.services.context import Context
from activation_server.store import wrapped_keys as store
from activation_server.store.database import Connection
from activation_server.store.wrapped_keys import DataKey

WAIT_SECONDS = 0.2
_FIRST = UUID(int=0)
_PLACES: Mapping[str, Callable[..., Place]] = {"people": key_place, "note_keys": note_key_place}

Progress = Callable[[int, int], None]  # told how many keys are wrapped anew, of how many


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did; the old key is gone unless it was to be kept."""

    keys: int  # of people, and of operators' words
    old_key_kept: bool


async def rotate(context: Context, progress: Progress, *, keep_old: bool = False) -> Rotated:
    """Replace the master key, or go on with a replacement that was cut off. Raises OperatorError.

    `keep_old` leaves the old key in the file, for other machines that do not have the new one yet:
    copy the file there, and call again.
    """
    master = context.keyring.master
    async with context.database.alone(store.ROTATION_LOCK) as mine:
        if not mine:
            raise OperatorError("Another command replaces the master key; wait for its end.")
        if len(master.keys) == 1:
            master.begin_rotation(context.randomness.random_bytes(KEY_BYTES))
        changed_at = await context.database.transact(store.database_time)
        await _wrap_server_keys(context, master)
        done = await _wrap_data_keys(context, master, progress)
        if keep_old:
            return await _noted(context, Rotated(done, old_key_kept=True))
        await _wait_for_others(context, changed_at)
        done += await _wrap_data_keys(context, master, progress)
        await _wrap_server_keys(context, master)
        master.end_rotation()
    return await _noted(context, Rotated(done, old_key_kept=False))


async def _noted(context: Context, done: Rotated) -> Rotated:
    async def work(connection: Connection) -> None:
        action, details = Action.MASTER_KEY_ROTATED, asdict(done)
        await audit.note(context, connection, action, details=details)

    await context.database.transact(work)
    return done


async def _wrap_server_keys(context: Context, master: MasterKeys) -> None:
    async def work(connection: Connection) -> None:
        for name, wrapped in await store.secrets(connection):
            anew = master.wrap(master.unwrap(wrapped, root_place()), root_place())
            await store.save_secret(connection, name, anew)
        for number, wrapped in await store.seeds(connection):
            place = signing_key_place(number)
            anew = master.wrap(master.unwrap(wrapped, place), place)
            await store.save_seed(connection, number, anew)

    await context.database.transact(work)


async def _wrap_data_keys(context: Context, master: MasterKeys, progress: Progress) -> int:
    current, counts = master.current_id(), []
    for table in _PLACES:

        async def count(connection: Connection, table: str = table) -> int:
            return await store.count(connection, table, current)

        counts.append(await context.database.transact(count))
    done, total = 0, sum(counts)
    progress(done, total)
    for table, due in zip(_PLACES, counts, strict=True):
        after: UUID | None = _FIRST if due else None
        while after is not None:
            found = await _wrap_batch(context, table, after)
            done += len(found)
            progress(done, max(total, done))
            after = found[-1].row[0] if len(found) == store.BATCH else None
    return done


async def _wrap_batch(context: Context, table: str, after: UUID) -> Sequence[DataKey]:
    master, place = context.keyring.master, _PLACES[table]

    async def work(connection: Connection) -> Sequence[DataKey]:
        found = await store.wrapped_otherwise(connection, table, master.current_id(), after)
        anew = [
            key._replace(wrapped=master.wrap(master.unwrap(key.wrapped, at), at))
            for key in found
            for at in [place(*key.row)]
        ]
        await store.save(connection, table, anew)
        return found

    return await context.database.transact(work)


async def _wait_for_others(context: Context, moment: datetime) -> None:
    """Wait for the transactions that may have taken the old key before the file had the new one."""

    async def work(connection: Connection) -> bool:
        return await store.is_open_since_before(connection, moment)

    while await context.database.transact(work):  # noqa: ASYNC110 - others give no sign of their end
        await asyncio.sleep(WAIT_SECONDS)
