"""The master key is replaced under servers that go on; no sealed value changes, nothing is lost."""

import asyncio
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from activation_server.crypto import master_key
from activation_server.crypto.master_key import MasterKeyError
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import SealBrokenError
from activation_server.crypto.vault import key_place
from activation_server.rules.errors import OperatorError
from activation_server.rules.person import Person
from activation_server.services import master_key_rotation as rotation
from activation_server.services.context import Context
from activation_server.store import wrapped_keys
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import issue_one, make_request
from tests.services.test_people import ANA, BEN, activate, check_in, people_of, told


@pytest.fixture
def key_file(world: World, tmp_path: Path) -> Path:
    """The world's master key, in a file as on a server."""
    path = tmp_path / "master.key"
    master_key.make(path, world.master)
    world.master_key_file = path
    return path


def ignore(_done: int, _total: int) -> None:
    """Nobody watches."""


async def sealed(context: Context) -> list[tuple[bytes, bytes]]:
    async def work(connection: Connection) -> list[tuple[bytes, bytes]]:
        rows = await connection.execute(text("SELECT wrapped_key, name FROM people ORDER BY name"))
        return [(row[0], row[1]) for row in rows]

    return await context.database.transact(work)


def test_keys_are_wrapped_anew_and_data_is_not_touched(world: World, key_file: Path):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        other = await issue_one(context, buyer=BEN)
        before, [old] = await sealed(context), master_key.load(key_file)
        done = await rotation.rotate(context, ignore)
        assert (done.keys, done.old_key_kept) == (2, False)
        after, [new] = await sealed(context), master_key.load(key_file)
        assert new != old
        assert [name for _, name in after] == [name for _, name in before]
        assert not {key for key, _ in after} & {key for key, _ in before}
        assert [each.person for each in await people_of(context, sold)] == [ANA]
        lost = MasterKeys.of([old], context.randomness.random_bytes)
        with pytest.raises(SealBrokenError):
            lost.unwrap(after[0][0], key_place(other.license.license_id, UUID(int=1)))

    world.run(work)
    world.run(issue_one)  # the new key alone opens everything


def test_a_server_follows_without_a_restart(world: World, key_file: Path):
    async def work(server: Context):
        sold = await issue_one(server, seats=2, buyer=ANA)
        seat = await activate(server, make_request(1, sold.license_key, told=told(BEN)))
        async with world.open() as command:
            await rotation.rotate(command, ignore)
        await check_in(server, seat, make_request(2, told=told(Person("Ben B."))))
        await activate(server, make_request(3, sold.license_key, 2, told=told(Person("Cleo"))))
        names = {each.person.name for each in await people_of(server, sold)}
        assert names == {ANA.name, "Ben B.", "Cleo"}

    world.run(work)
    assert len(master_key.load(key_file)) == 1


def test_cut_off_anywhere_it_goes_on(world: World, key_file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(wrapped_keys, "BATCH", 2)

    async def work(context: Context):
        sold = [await issue_one(context, buyer=Person(f"Person {n}")) for n in range(7)]
        told_of: list[tuple[int, int]] = []

        def stop(done: int, total: int) -> None:
            told_of.append((done, total))
            if done >= 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await rotation.rotate(context, stop)
        assert told_of == [(0, 7), (2, 7), (4, 7)]
        assert len(master_key.load(key_file)) == 2
        async with world.open() as restarted:
            assert (await rotation.rotate(restarted, ignore)).keys == 3
            for number, each in enumerate(sold):
                [person] = await people_of(restarted, each)
                assert person.person.name == f"Person {number}"

    world.run(work)
    assert len(master_key.load(key_file)) == 1


def test_the_old_key_stays_for_other_machines(world: World, key_file: Path):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)
        assert (await rotation.rotate(context, ignore, keep_old=True)).old_key_kept
        first = master_key.load(key_file)
        assert len(first) == 2
        assert not (await rotation.rotate(context, ignore)).old_key_kept
        assert master_key.load(key_file) == [first[0]]

    world.run(work)


def test_what_is_wrapped_meanwhile_is_waited_for(world: World, key_file: Path):
    """A transaction that took the old key before the file changed, and commits after."""

    async def work(context: Context):
        await issue_one(context)
        late, begun, wrapped = asyncio.Event(), asyncio.Event(), asyncio.Event()

        async def slow(connection: Connection):
            await connection.execute(text("SELECT 1"))
            old = next(iter(context.keyring.master.keys))
            begun.set()
            await late.wait()
            question = text(
                "INSERT INTO people (license_id, person_id, role, wrapped_key, tokens,"
                " contacted_at) SELECT license_id, license_id, 'user', :key, '{}', now()"
                " FROM licenses"
            )
            [license_id] = (await connection.execute(text("SELECT license_id FROM licenses"))).one()
            place = key_place(license_id, license_id)
            key = old + context.keyring.master.keys[old].seal(bytes(32), place)
            await connection.execute(question, {"key": key})

        writing = asyncio.create_task(context.database.transact(slow))
        await begun.wait()
        rotating = asyncio.create_task(
            rotation.rotate(context, lambda _done, _total: wrapped.set())
        )
        await wrapped.wait()
        assert len(master_key.load(key_file)) == 2
        late.set()
        await writing
        assert (await rotating).keys == 1
        [(key, _)] = await sealed(context)
        assert key[:4] == context.keyring.master.current_id()

    world.run(work)


def test_two_at_once_are_refused(world: World, key_file: Path):
    async def work(context: Context):
        async with context.database.alone(wrapped_keys.ROTATION_LOCK):
            with pytest.raises(OperatorError, match="Another command"):
                await rotation.rotate(context, ignore)

    world.run(work)
    assert len(master_key.load(key_file)) == 1


def test_a_key_that_comes_from_no_file_is_refused(world: World):
    async def work(context: Context):
        with pytest.raises(MasterKeyError, match="no file"):
            await rotation.rotate(context, ignore)

    world.run(work)
