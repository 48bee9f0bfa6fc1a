"""Runs of retention: killed, resumed, halted, beside check-ins, one at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from activation_server.rules.errors import OperatorError
from activation_server.rules.person import Person
from activation_server.rules.retention import Due
from activation_server.services import over_licenses, retention, seat_changes
from activation_server.services.context import Context
from activation_server.store import contacts, disposal
from activation_server.store import over_licenses as over_licenses_store
from activation_server.store import retention as store
from activation_server.store.database import Connection
from activation_server.store.disposal import Moment
from activation_server.store.people import lock_license
from tests.conftest import World
from tests.services.calls import issue_one, make_request
from tests.services.kept import SECOND, TWO_YEARS, ask, gone, ignore
from tests.services.test_people import ANA, BEN, activate, check_in, people_of, told

LOOKED_UP = {"activations", "person_computers", "people"}
Step = Callable[[Connection], Awaitable[int]]
WALKED = "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0"


def test_who_is_due_is_looked_up_by_indexes_however_small_a_table_is(world: World):
    """A statement that walks a table for each person never ends where check-ins make it grow."""

    async def work(context: Context):
        for number in range(3):
            sold = await issue_one(context, buyer=ANA, seats=2)
            request = make_request(number, sold.license_key, number, told=told(BEN))
            seat = await activate(context, request)
        await seat_changes.remove_activation(context, seat.activation.activation_id, "moved")
        moment = Moment(context.now() + SECOND, context.now())

        async def seats(connection: Connection) -> int:
            return (await contacts.Seats().dispose(connection, moment, ())).gone

        async def due(connection: Connection) -> int:
            count = (await contacts.Contacts().due(connection, moment)).count
            assert await connection.scalar(text("SHOW enable_seqscan")) == "on"  # for what follows
            return count

        async def people(connection: Connection) -> int:
            return (await contacts.Contacts().dispose(connection, moment, ())).gone

        for step, count in ((seats, 1), (due, 6), (people, 6)):

            async def walked(connection: Connection, step: Step = step, count: int = count):
                await connection.execute(text("ANALYZE"))
                before = set(await connection.scalars(text(WALKED)))
                assert await step(connection) == count
                return set(await connection.scalars(text(WALKED))) - before

            assert not LOOKED_UP & await context.database.transact(walked)

    world.run(work)


def test_a_batch_that_others_hold_at_the_moment_does_not_keep_the_next_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(contacts, "AT_ONCE", 2)

    async def work(context: Context):
        held = []
        for _ in range(2):
            held.append((await issue_one(context, buyer=ANA)).license.license_id)
            world.clock.now += SECOND
        await issue_one(context, buyer=BEN)
        world.clock.now += TWO_YEARS + SECOND
        async with context.database.engine.begin() as connection:
            for license_id in held:
                await lock_license(connection, license_id)
            assert await gone(context) == {"contact": 1}
        assert await gone(context) == {"contact": 2}

    world.run(work)


def test_a_run_that_is_killed_is_recorded_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(disposal, "BATCH", 2)
    monkeypatch.setattr("activation_server.store.contacts.AT_ONCE", 2)

    async def work(context: Context):
        for number in range(7):
            await issue_one(context, buyer=Person(f"Person {number}"))
        world.clock.now += TWO_YEARS + SECOND

        def kill(_name: str, done: int, _total: int) -> None:
            if done >= 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await retention.run(context, kill)
        [cut] = await retention.reviews(context)
        assert cut.ended_at is None
        assert (cut.classes["contact"]["due"], cut.classes["contact"]["gone"]) == (7, 4)
        assert await ask(context, "SELECT count(*) FROM people") == 3
        assert (await gone(context))["contact"] == 3
        world.clock.now += SECOND
        assert "contact" not in await gone(context)

    world.run(work)


def test_a_run_takes_its_time_to_count_and_whoever_waits_is_not_kept_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Among millions a count takes longer than a statement may that somebody waits for."""
    allowed: list[str] = []

    async def due(_part: object, connection: Connection, _moment: object) -> Due:
        allowed.append(str(await connection.scalar(text("SHOW statement_timeout"))))
        return Due()

    async def work(context: Context):
        monkeypatch.setattr(contacts.Contacts, "due", due)
        for counting in (
            retention.run(context, ignore),
            retention.preview(context, patient=True),
            retention.preview(context),
            retention.run(context, ignore, at_most=timedelta(minutes=1)),
        ):
            allowed.clear()
            await counting
            yield set(allowed)

    async def told(context: Context) -> list[set[str]]:
        return [each async for each in work(context)]

    assert world.run(told) == [{"10min"}, {"10min"}, {"15s"}, {"15s"}]


@pytest.mark.parametrize(("patient", "allows"), [(True, "10min"), (False, "15s")])
def test_licenses_that_are_over_are_looked_for_as_long_as_nobody_waits(
    world: World, monkeypatch: pytest.MonkeyPatch, *, patient: bool, allows: str
):
    allowed: list[str] = []

    async def page(connection: Connection, *_asked: object) -> list[object]:
        allowed.append(str(await connection.scalar(text("SHOW statement_timeout"))))
        return []

    async def work(context: Context):
        monkeypatch.setattr(over_licenses_store, "page", page)
        moment = disposal.Moment(context.now(), context.now())
        assert [
            gone async for gone in over_licenses.dispose(context, moment, patient=patient)
        ] == []

    world.run(work)
    assert allowed == [allows]


def test_one_run_at_a_time_and_one_a_day_by_itself(world: World):
    async def work(context: Context):
        async with context.database.alone(store.ALONE_LOCK):
            with pytest.raises(OperatorError, match="under way"):
                await retention.run(context, ignore)
            assert await retention.run_daily(context) is None
        assert await retention.run_daily(context) is not None
        world.clock.now += timedelta(hours=21)
        assert await retention.run_daily(context) is None
        world.clock.now += timedelta(hours=1)
        both = await asyncio.gather(retention.run_daily(context), retention.run_daily(context))
        assert sum(done is not None for done in both) == 1

    world.run(work)


def test_check_ins_go_on_beside_a_run(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disposal, "BATCH", 3)
    monkeypatch.setattr("activation_server.store.contacts.AT_ONCE", 3)

    async def work(context: Context):
        sold = await issue_one(context, seats=None)
        news = [told(Person(f"Person {n}"), "Hello", f"PC-{n}") for n in range(20)]
        seats = [
            await activate(context, make_request(n + 1, sold.license_key, n, told=news[n]))
            for n in range(20)
        ]
        world.clock.now += TWO_YEARS + SECOND
        calls = [
            check_in(context, seat, make_request(n + 101, computer=n, told=told(Person(f"P {n}"))))
            for n, seat in enumerate(seats)
            if n % 2
        ]
        await asyncio.gather(retention.run(context, ignore), *calls)
        await retention.run(context, ignore)
        names = {each.person.name for each in await people_of(context, sold)}
        assert names == {f"P {n}" for n in range(20) if n % 2}

    world.run(work)


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def work(context: Context):
        for number in range(3):
            await issue_one(context, buyer=replace(ANA, email=f"{number}@example.com"))
        world.clock.now += TWO_YEARS + SECOND
        monkeypatch.setattr(contacts, "AT_ONCE", 1)
        monkeypatch.setattr(retention, "REST", timedelta())

        def tell(_name: str, _done: int, _total: int) -> None:
            world.clock.now += SECOND

        first = await retention.run(context, tell, at_most=2 * SECOND)
        assert (first.classes["contact"]["gone"], first.is_paused()) == (2, True)
        assert await retention.run_daily(context) is not None  # the day's run is still due
        assert await retention.run_daily(context) is None
        assert await ask(context, "SELECT count(*) FROM people") == 0

    world.run(work)
