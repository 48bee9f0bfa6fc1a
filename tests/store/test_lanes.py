"""Connections for the hot path: kept, shared by nobody, and given up when they may be broken."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import asyncpg
import pytest

from activation_server.store import lanes as store
from activation_server.store.database import create_engine
from activation_server.store.driver import Driver
from activation_server.store.lanes import Lanes

COUNT = 2


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Lanes]:
    lanes = Lanes(create_engine(url, COUNT), COUNT)
    yield lanes
    await lanes.dispose()


async def who(driver: Driver) -> int:
    return driver.get_server_pid()


@dataclass
class Held:
    """Work that keeps its connection until it may go; `full` is set when all are taken."""

    go: asyncio.Event = field(default_factory=asyncio.Event)
    full: asyncio.Event = field(default_factory=asyncio.Event)
    inside: int = 0

    async def __call__(self, driver: Driver) -> int:
        self.inside += 1
        if self.inside == COUNT:
            self.full.set()
        await self.go.wait()
        return driver.get_server_pid()


def test_one_connection_does_for_one_after_another(database_url: str):
    async def run() -> set[int]:
        async with opened(database_url) as lanes:
            return {await lanes.run(who) for _ in range(3)}

    assert len(asyncio.run(run())) == 1


def test_nobody_shares_a_connection_and_one_too_many_waits(database_url: str):
    async def run() -> tuple[int, set[int]]:
        held = Held()
        async with opened(database_url) as lanes:
            tasks = [asyncio.create_task(lanes.run(held)) for _ in range(COUNT + 1)]
            await held.full.wait()
            at_once = held.inside
            held.go.set()
            return at_once, set(await asyncio.gather(*tasks))

    at_once, connections = asyncio.run(run())
    assert at_once == COUNT
    assert len(connections) == COUNT


def test_who_waits_too_long_is_told_and_takes_no_place_away(
    database_url: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(store, "WAIT_SECONDS", 0.001)

    async def run() -> set[int]:
        held = Held()
        async with opened(database_url) as lanes:
            tasks = [asyncio.create_task(lanes.run(held)) for _ in range(COUNT)]
            await held.full.wait()
            with pytest.raises(TimeoutError):
                await lanes.run(who)
            held.go.set()
            await asyncio.gather(*tasks)
            again = Held()
            tasks = [asyncio.create_task(lanes.run(again)) for _ in range(COUNT)]
            await again.full.wait()
            again.go.set()
            return set(await asyncio.gather(*tasks))

    assert len(asyncio.run(run())) == COUNT


def before_and_after(url: str, spoil: Callable[[Lanes], Awaitable[None]]) -> tuple[int, int]:
    """Who serves before a connection is spoilt, and who serves next."""

    async def run() -> tuple[int, int]:
        async with opened(url) as lanes:
            before = await lanes.run(who)
            await spoil(lanes)
            return before, await lanes.run(who)

    return asyncio.run(run())


def test_after_a_fault_there_is_another_connection(database_url: str):
    async def fails(driver: Driver) -> None:
        await driver.fetch("SELECT 1 / 0")

    async def spoil(lanes: Lanes) -> None:
        with pytest.raises(asyncpg.DivisionByZeroError):
            await lanes.run(fails)

    before, after = before_and_after(database_url, spoil)
    assert before != after


def test_after_a_cancelled_work_there_is_another_connection(database_url: str):
    async def spoil(lanes: Lanes) -> None:
        inside = asyncio.Event()

        async def sleeps(driver: Driver) -> None:
            inside.set()
            await driver.fetch("SELECT pg_sleep(60)")

        task = asyncio.create_task(lanes.run(sleeps))
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    before, after = before_and_after(database_url, spoil)
    assert before != after


def test_a_connection_that_postgresql_has_ended_is_not_used(database_url: str):
    async def spoil(lanes: Lanes) -> None:
        ended = asyncio.Event()

        async def watch(driver: Driver) -> int:
            driver.add_termination_listener(lambda _driver: ended.set())
            return driver.get_server_pid()

        async def end(driver: Driver) -> None:
            await driver.fetch("SELECT pg_terminate_backend($1)", watched)

        async with opened(database_url) as killer:
            watched = await lanes.run(watch)
            await killer.run(end)
            await ended.wait()

    before, after = before_and_after(database_url, spoil)
    assert before != after
