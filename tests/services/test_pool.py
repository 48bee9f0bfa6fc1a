import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from activation_server.services.pool import Pool


@dataclass
class Batches:
    """Work that tells each batch, and is done with one when the test says so."""

    begun: list[list[int]] = field(default_factory=list)
    done: list[asyncio.Event] = field(default_factory=list)
    begins: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def __call__(self, items: Sequence[int]) -> Sequence[int]:
        event = asyncio.Event()
        self.begun.append(list(items))
        self.done.append(event)
        async with self.begins:
            self.begins.notify_all()
        await event.wait()
        if -1 in items:
            msg = "one of them"
            raise ValueError(msg)
        return [10 * item for item in items]

    async def wait_for(self, count: int) -> None:
        async with self.begins:
            await self.begins.wait_for(lambda: len(self.begun) >= count)

    def finish(self) -> None:
        for event in self.done:
            event.set()


def ask(pool: Pool[int, int], work: Batches, items: Sequence[int]) -> list[asyncio.Task[int]]:
    return [asyncio.create_task(pool.ask(item, work)) for item in items]


def patient(most: int = 64, enough: int = 16) -> Pool[int, int]:
    """A pool in which nothing is late within a test."""
    return Pool(most=most, enough=enough, late_seconds=3600)


def test_who_comes_alone_goes_at_once():
    async def test():
        pool, work = patient(), Batches()
        [asked] = ask(pool, work, [1])
        await work.wait_for(1)
        work.finish()
        assert await asked == 10

    asyncio.run(test())


def test_those_who_come_together_go_together():
    async def test():
        pool, work = patient(), Batches()
        asked = ask(pool, work, range(5))
        await work.wait_for(1)
        work.finish()
        assert await asyncio.gather(*asked) == [0, 10, 20, 30, 40]
        assert work.begun == [[0, 1, 2, 3, 4]]

    asyncio.run(test())


def test_who_comes_meanwhile_goes_with_all_others_who_did():
    async def test():
        pool, work = patient(), Batches()
        first = ask(pool, work, [1])
        await work.wait_for(1)
        later = ask(pool, work, [2]) + ask(pool, work, [3])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert work.begun == [[1]]
        work.done[0].set()
        await work.wait_for(2)
        work.finish()
        assert await asyncio.gather(*first, *later) == [10, 20, 30]
        assert work.begun == [[1], [2, 3]]

    asyncio.run(test())


def test_the_next_batch_begins_before_the_answers_of_the_last_are_worked_on():
    async def test():
        pool, work = patient(), Batches()
        begun_at_the_answer = []

        async def sign(item: int) -> None:
            await pool.ask(item, work)
            begun_at_the_answer.append(len(work.begun))

        first = asyncio.create_task(sign(1))
        await work.wait_for(1)
        second = asyncio.create_task(sign(2))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        work.done[0].set()
        await first
        assert begun_at_the_answer == [2]
        work.finish()
        await second

    asyncio.run(test())


def test_enough_of_them_go_without_waiting_for_the_others():
    async def test():
        pool, work = patient(enough=2), Batches()
        first = ask(pool, work, [1])
        await work.wait_for(1)
        second = ask(pool, work, [2, 3])
        await work.wait_for(2)
        work.done[1].set()
        assert await asyncio.gather(*second) == [20, 30]
        work.finish()
        assert await asyncio.gather(*first) == [10]

    asyncio.run(test())


def test_a_slow_batch_holds_up_nobody_who_comes_after_it():
    async def test():
        pool, work = Pool[int, int](late_seconds=0), Batches()
        slow = ask(pool, work, [1])
        await work.wait_for(1)
        [after] = ask(pool, work, [2])
        await work.wait_for(2)
        work.done[1].set()
        assert await after == 20
        assert not slow[0].done()
        work.finish()
        assert await slow[0] == 10

    asyncio.run(test())


def test_no_more_are_under_way_than_there_are_lanes():
    async def test():
        pool, work = Pool[int, int](lanes=2, late_seconds=0, enough=1), Batches()
        asked = ask(pool, work, [1])
        await work.wait_for(1)
        asked += ask(pool, work, [2])
        await work.wait_for(2)
        asked += ask(pool, work, [3, 4])
        for _ in range(10):  # the loop's turns, not time: nothing else is there to be waited for
            await asyncio.sleep(0)
        assert work.begun == [[1], [2]]
        work.done[0].set()
        await work.wait_for(3)
        work.finish()
        assert await asyncio.gather(*asked) == [10, 20, 30, 40]
        assert work.begun == [[1], [2], [3, 4]]

    asyncio.run(test())


def test_a_batch_has_an_end():
    async def test():
        pool, work = patient(most=3, enough=1), Batches()
        asked = ask(pool, work, range(7))
        await work.wait_for(3)
        work.finish()
        assert await asyncio.gather(*asked) == [10 * item for item in range(7)]
        assert work.begun == [[0, 1, 2], [3, 4, 5], [6]]

    asyncio.run(test())


def test_what_a_batch_raises_is_raised_to_each_and_the_next_one_goes():
    async def test():
        pool, work = patient(), Batches()
        asked = ask(pool, work, [-1, 2])
        await work.wait_for(1)
        [next_one] = ask(pool, work, [3])
        work.finish()
        for each in asked:
            with pytest.raises(ValueError, match="one of them"):
                await each
        await work.wait_for(2)
        work.finish()
        assert await next_one == 30

    asyncio.run(test())


def test_who_went_away_harms_nobody():
    async def test():
        pool, work = patient(), Batches()
        gone, stays = ask(pool, work, [1, 2])
        await work.wait_for(1)
        gone.cancel()
        work.finish()
        assert await stays == 20
        with pytest.raises(asyncio.CancelledError):
            await gone
        [next_one] = ask(pool, work, [3])
        await work.wait_for(2)
        work.finish()
        assert await next_one == 30

    asyncio.run(test())
