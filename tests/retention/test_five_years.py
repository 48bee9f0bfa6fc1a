"""Five years, with some busy days in each season; `make soak-retention` plays every day."""

import random

from activation_server.services.context import Context
from tests.conftest import START, World
from tests.retention.play import DAY, Play, small_batches

YEARS = 5
SEED = 3  # finds every fault that was tried


def test_what_is_due_goes_and_nothing_else_over_five_years(world: World):
    async def work(context: Context) -> Play:
        playing = Play(context, world.clock, random.Random(SEED))
        await playing.begin()
        begin = START.replace(hour=0)
        for number in range(YEARS * 365):
            day, busy = begin + number * DAY, number % 121 < 2
            if busy or not playing.is_quiet(day):
                await playing.day(day, 12 if busy else 0)
        await playing.verify_log()
        return playing

    with small_batches():
        done = world.run(work).counts
    for name in ("kills", "second runs", "hold", "people erased", "gone: person", "gone: line"):
        assert done[name], name
