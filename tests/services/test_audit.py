"""The audit log in the database: written with what it tells of, verified, tampered with."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from activation_server import bootstrap
from activation_server.crypto.sealed import SealingKey
from activation_server.formats.checkpoint import key_id
from activation_server.rules.audit import Action, Break, Fault, Wanted
from activation_server.rules.errors import OperatorError
from activation_server.services import audit, audit_list, signing_keys
from activation_server.services.audit import Verified
from activation_server.services.context import Context
from activation_server.store.database import Connection
from tests.conftest import World

ENTRIES = 8
SWAP = "UPDATE audit_log SET seq = 9 - seq, at = at + seq * interval '1 us' WHERE seq IN (4, 5)"
PUT_IN = (
    "INSERT INTO audit_log SELECT at + interval '1 us', 4, 'eve', action, license_id, subject, "
    "details, why_sealed, previous, digest FROM audit_log WHERE seq = 4"
)


async def do(context: Context, statement: str, **values: object) -> Any:
    """What somebody does who may write into the database."""

    async def work(connection: Connection) -> Any:
        return await connection.execute(text(statement), values)

    return await context.database.transact(work)


async def write(context: Context, count: int, **values: Any) -> None:
    async def work(connection: Connection) -> None:
        for number in range(count):
            await audit.note(
                context, connection, Action.SHOWN, details={"number": number}, **values
            )

    await context.database.transact(work)


async def verify(context: Context, token: str | None = None) -> Verified:
    return await audit.verify(context, lambda _done, _total: None, token)


async def broken(context: Context, token: str | None = None) -> tuple[int, Fault] | None:
    found: Break | None = (await verify(context, token)).broken
    return None if found is None else (found.seq, found.what)


def test_a_log_verifies_and_progress_is_told(world: World):
    async def work(context: Context):
        empty = await verify(context)
        assert (empty.broken, empty.walk.entries) == (None, 0)
        await write(context, 2500)
        told: list[tuple[int, int]] = []
        found = await audit.verify(context, lambda *done: told.append(done))
        assert (found.broken, found.walk.entries) == (None, 2500)
        assert (found.walk.first.seq, found.walk.last.seq) == (1, 2500)
        assert told == [(1000, 2500), (2000, 2500), (2500, 2500)]

    world.run(work)


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("UPDATE audit_log SET who = 'eve' WHERE seq = 4", 4, Fault.CHANGED),
        ("UPDATE audit_log SET details = '{}' WHERE seq = 4", 4, Fault.CHANGED),
        ("UPDATE audit_log SET details = 'no JSON' WHERE seq = 4", 4, Fault.CHANGED),
        ("UPDATE audit_log SET at = at + interval '9 years' WHERE seq = 4", 4, Fault.CHANGED),
        ("UPDATE audit_log SET digest = '' WHERE seq = 4", 4, Fault.CHANGED),
        ("UPDATE audit_log SET previous = '' WHERE seq = 4", 4, Fault.ORDER),
        (SWAP, 4, Fault.ORDER),
        ("DELETE FROM audit_log WHERE seq = 4", 4, Fault.MISSING),
        ("DELETE FROM audit_log WHERE seq <= 2", 1, Fault.MISSING),
        ("DELETE FROM audit_log WHERE seq = 8", 8, Fault.MISSING),
        ("UPDATE audit_head SET seq = 7", 8, Fault.HEAD),
        ("UPDATE audit_head SET digest = ''", 8, Fault.HEAD),
        ("DELETE FROM audit_head", 8, Fault.HEAD),
        (PUT_IN, 4, Fault.ORDER),
    ],
)
def test_tampering_is_found_at_its_place(world: World, statement: str, seq: int, what: Fault):
    async def work(context: Context):
        await write(context, ENTRIES, why="a reason")
        assert await broken(context) is None
        await do(context, statement)
        assert await broken(context) == (seq, what)

    world.run(work)


def test_an_end_cut_off_with_its_head_shows_against_a_checkpoint_from_elsewhere(world: World):
    async def work(context: Context):
        await write(context, ENTRIES)
        token = (await audit.checkpoint(context)).jws
        await do(context, "DELETE FROM audit_log WHERE seq > 5")
        row = await do(context, "SELECT at, digest FROM audit_log WHERE seq = 5")
        at, digest = row.one()
        await do(context, "UPDATE audit_head SET seq = 5, at = :at, digest = :d", at=at, d=digest)
        assert await broken(context) == (8, Fault.CHECKPOINT)
        await do(context, "DELETE FROM audit_checkpoints")
        assert await broken(context) is None
        assert await broken(context, token) == (8, Fault.CHECKPOINT)
        await write(context, 5)  # grown again
        assert await broken(context, token) == (8, Fault.CHECKPOINT)

    world.run(work)


def test_a_checkpoint_is_of_this_server_and_of_its_entry(world: World):
    async def work(context: Context):
        with pytest.raises(OperatorError, match="no entry yet"):
            await audit.checkpoint(context)
        await write(context, ENTRIES)
        signed = await audit.checkpoint(context)
        assert await audit.checkpoint(context) == signed
        assert await broken(context, f" {signed.jws}\n") is None
        for wrong in ("", "a.b.c", signed.jws[:-4] + "AAAA", "ключ"):
            with pytest.raises(OperatorError, match="no checkpoint"):
                await verify(context, wrong)
        await do(context, "UPDATE audit_checkpoints SET jws = 'a.b.c'")
        assert await broken(context) == (8, Fault.CHECKPOINT)
        await do(context, "UPDATE audit_checkpoints SET jws = :jws, seq = 3", jws=signed.jws)
        assert await broken(context) == (3, Fault.CHECKPOINT)

    world.run(work)


def test_a_key_that_the_master_key_did_not_wrap_signs_no_checkpoint(world: World):
    async def work(context: Context):
        await write(context, ENTRIES)
        token = (await audit.checkpoint(context)).jws
        await do(context, "UPDATE signing_keys SET wrapped_seed = 'forged'")
        assert await broken(context) == (8, Fault.CHECKPOINT)
        with pytest.raises(OperatorError, match="no checkpoint"):
            await verify(context, token)

    world.run(work)


def test_a_clock_that_runs_back_does_not_take_the_log_with_it(world: World):
    async def work(context: Context):
        await write(context, 1)
        world.clock.advance(days=-40)
        await write(context, 1)
        newest = await audit_list.newest(context, Wanted(), None)
        assert newest[0].entry.at == newest[1].entry.at
        assert await broken(context) is None

    world.run(work)


def test_reasons_open_in_their_own_entry_alone(world: World):
    async def work(context: Context):
        await write(context, 1, why="call 17")
        await write(context, 1, why="call 18")
        await write(context, 1)
        shown = await audit_list.newest(context, Wanted(), None)
        assert [each.why for each in shown] == [None, "call 18", "call 17"]
        await do(
            context,
            "UPDATE audit_log SET why_sealed = (SELECT why_sealed FROM audit_log WHERE seq = 2) "
            "WHERE seq = 1",
        )
        shown = await audit_list.newest(context, Wanted(), None)
        assert [each.why for each in shown] == [None, "call 18", None]

    world.run(work)


def test_two_processes_at_once_never_fork_the_chain(world: World):
    async def work(context: Context):
        async with world.open() as other:
            await asyncio.gather(*(write(each, 3) for _ in range(15) for each in (context, other)))
        found = await verify(context)
        assert (found.broken, found.walk.entries) == (None, 90)

    world.run(work)


def test_what_fails_leaves_no_entry(world: World):
    async def work(context: Context):
        async def fails(connection: Connection) -> None:
            await audit.note(context, connection, Action.SHOWN)
            msg = "too late"
            raise OperatorError(msg)

        await write(context, 1)
        with pytest.raises(OperatorError):
            await context.database.transact(fails)
        await write(context, 1)
        found = await verify(context)
        assert (found.broken, found.walk.entries) == (None, 2)

    world.run(work)


async def checkpoints(context: Context) -> list[int]:
    rows = await do(context, "SELECT seq FROM audit_checkpoints ORDER BY seq")
    return list(rows.scalars())


async def partitions_of(context: Context) -> list[str]:
    rows = await do(
        context,
        "SELECT relname FROM pg_class WHERE relname ~ '^audit_log_[0-9]{4}_[0-9]{2}$' "
        "AND relkind = 'r' ORDER BY relname",
    )
    return list(rows.scalars())


async def write_months(context: Context, world: World, months: int, each: int = 3) -> None:
    """Entries in so many months, from November 2026 on, which have partitions to February."""
    for _ in range(months):
        await write(context, each)
        world.clock.advance(days=31)


def test_months_are_dropped_and_the_rest_still_verifies(world: World):
    async def work(context: Context):
        await write_months(context, world, 3)
        kept_elsewhere = (await audit.checkpoint(context)).jws  # of entry 9
        assert await audit.forget_before(context, datetime(2026, 11, 1, tzinfo=UTC)) == 0
        assert await audit.forget_before(context, datetime(2027, 1, 31, 20, tzinfo=UTC)) == 6
        assert await partitions_of(context) == ["audit_log_2027_01", "audit_log_2027_02"]
        assert await checkpoints(context) == [6, 9]
        found = await verify(context, kept_elsewhere)
        assert (found.broken, found.walk.entries, found.walk.first.seq) == (None, 3, 7)
        await write(context, 3)
        assert await broken(context) is None
        assert await audit.forget_before(context, datetime(2027, 1, 1, tzinfo=UTC)) == 0

    world.run(work)


def test_months_without_a_partition_of_their_own_go_as_well(world: World):
    async def work(context: Context):
        await write_months(context, world, 6)
        assert await audit.forget_before(context, datetime(2030, 1, 1, tzinfo=UTC)) == 18
        assert (await do(context, "SELECT count(*) FROM audit_log")).scalar_one() == 0
        assert await broken(context) is None
        signed = await audit.checkpoint(context)  # the one that the months left
        assert (signed.checkpoint.link.seq, signed.checkpoint.forgotten) == (18, True)
        await write(context, 2)
        assert await broken(context) is None

    world.run(work)


@pytest.mark.parametrize(
    ("statement", "seq", "what"),
    [
        ("DELETE FROM audit_checkpoints WHERE seq = 3", 1, Fault.MISSING),
        ("UPDATE audit_checkpoints SET jws = 'a.b.c' WHERE seq = 3", 1, Fault.MISSING),
        ("DELETE FROM audit_log WHERE seq = 4", 4, Fault.MISSING),
        # An ordinary checkpoint does not let the log begin after it.
        ("DELETE FROM audit_log WHERE seq <= 6", 4, Fault.MISSING),
    ],
)
def test_nobody_else_makes_the_log_begin_later(world: World, statement: str, seq: int, what: Fault):
    async def work(context: Context):
        await write_months(context, world, 2)
        await audit.checkpoint(context)  # of entry 6
        await write(context, 3)
        await audit.forget_before(context, datetime(2026, 12, 1, tzinfo=UTC))
        assert await broken(context) is None
        await do(context, statement)
        assert await broken(context) == (seq, what)

    world.run(work)


def test_a_checkpoint_of_a_month_that_is_gone_is_told(world: World):
    async def work(context: Context):
        await write(context, 2)
        token = (await audit.checkpoint(context)).jws
        await write(context, 1)
        world.clock.advance(days=31)
        await write(context, 1)
        await audit.forget_before(context, datetime(2026, 12, 1, tzinfo=UTC))
        with pytest.raises(OperatorError, match="newer checkpoint"):
            await verify(context, token)

    world.run(work)


def test_the_first_of_several_processes_makes_the_checkpoint_of_the_day(world: World):
    async def work(context: Context):
        async def daily() -> list[int]:
            async with world.open() as other:
                made = await asyncio.gather(
                    *(audit.checkpoint_daily(each) for each in (context, other, context))
                )
            return [signed.checkpoint.link.seq for signed in made if signed is not None]

        assert await daily() == []  # nothing to sign
        await write(context, 2)
        assert await daily() == [2]
        await write(context, 2)
        world.clock.advance(hours=13)
        assert await daily() == []  # of this day there is one
        world.clock.advance(hours=1)
        assert await daily() == [4]
        world.clock.advance(days=1)
        assert await daily() == []  # nothing is new
        assert await checkpoints(context) == [2, 4]
        assert await broken(context) is None

    world.run(work)


def test_a_server_signs_the_log_by_itself(world: World):
    async def work(context: Context):
        await write(context, 2)
        running = asyncio.create_task(bootstrap.keep_checkpoints(context, 0.01))
        while await checkpoints(context) != [2]:
            assert not running.done()
            await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    world.run(work)


def test_the_chain_holds_when_the_key_of_the_reasons_is_gone(world: World):
    async def work(context: Context):
        await write(context, 2, why="call 17")
        gone = replace(
            context, keyring=replace(context.keyring, notes=SealingKey(bytes(32), bytes))
        )
        assert [each.why for each in await audit_list.newest(gone, Wanted(), None)] == [None, None]
        assert await broken(gone) is None

    world.run(work)


def test_checkpoints_hold_over_rotation_and_retirement_of_their_key(world: World):
    async def work(context: Context):
        await write(context, 2)
        token = (await audit.checkpoint(context)).jws
        [old] = [key.kid for key in context.keyring.signing.values()]
        await signing_keys.rotate(context, None)
        await signing_keys.retire(context, old, "over", compromised=False)
        async with world.open() as anew:
            assert await broken(anew, token) is None
            assert key_id((await audit.checkpoint(anew)).jws) != old

    world.run(work)
