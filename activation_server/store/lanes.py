"""Connections for statements of the hot path: the driver's own, each opened once and kept.

SQLAlchemy opens them. To take one from its pool and to give it back costs as much as one of the two
statements that a batch of check-ins is.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activation_server.store.driver import Driver, raw_driver

WAIT_SECONDS = 10  # for a free one

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class _Lane:
    connection: AsyncConnection
    driver: Driver


class Lanes:
    """As many connections of an engine as it may have, opened when they are needed."""

    def __init__(self, engine: AsyncEngine, count: int) -> None:
        self.engine = engine
        self._room = asyncio.Semaphore(count)
        self._free: list[_Lane] = []

    async def run(self, work: Callable[[Driver], Awaitable[Result]]) -> Result:
        """Run `work` on a connection that nobody else uses meanwhile.

        Raises what `work` raises, and its connection is used no more then: whatever it was. Raises
        TimeoutError when none gets free, and what SQLAlchemy raises when none can be opened.
        """
        async with asyncio.timeout(WAIT_SECONDS):
            await self._room.acquire()
        try:
            lane = await self._lane()
            try:
                result = await work(lane.driver)
            except BaseException:
                await _give_up(lane)
                raise
            self._free.append(lane)
            return result
        finally:
            self._room.release()

    async def dispose(self) -> None:
        """Close all that are free."""
        while self._free:
            await self._free.pop().connection.close()
        await self.engine.dispose()

    async def _lane(self) -> _Lane:
        while self._free:
            lane = self._free.pop()
            if not lane.driver.is_closed():
                return lane
            await _give_up(lane)  # PostgreSQL was started again, or ended it
        return await self._open()

    async def _open(self) -> _Lane:
        connection = await self.engine.connect()
        try:
            return _Lane(connection, await raw_driver(connection))
        except BaseException:
            await connection.close()
            raise


async def _give_up(lane: _Lane) -> None:
    await lane.connection.invalidate()
    await lane.connection.close()
