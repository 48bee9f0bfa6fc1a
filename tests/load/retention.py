"""Check-ins at half load while a retention run disposes of very many people.

In one process, as a server does it: through the services, with check-ins that come at fixed times,
whether those before were answered or not. The run is halted again and again, so that what is
undisturbed is measured at the same hours: a machine that shares its host has slow ones.
"""

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from statistics import median, quantiles

from sqlalchemy import text

from activation_server.cli import serving
from activation_server.rules.errors import UnavailableError
from activation_server.rules.retention import Run
from activation_server.services import check_in, licensing, new_seat, retention
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.licensing import Order
from activation_server.services.limits import unlimited
from activation_server.services.products import STANDARD
from activation_server.store.database import Connection, Database, Result
from tests.load import people
from tests.load.people import PeopleSet
from tests.load.report import Measured, Setup
from tests.services.calls import make_request

SEATS = 512
AT_ONCE = 16  # check-ins that saturate
SATURATED = 5  # seconds
BESIDE = 3  # times as long beside the run as undisturbed


class CheckIns:
    """Computers of one license that check in, each with the token of its last answer."""

    def __init__(self, context: Context) -> None:
        self.context, self.number, self.unavailable = context, 0, 0
        self.free: asyncio.Queue[tuple[int, Certified]] = asyncio.Queue()

    async def begin(self) -> None:
        """Activate the computers."""
        order = Order(people.PRODUCT, STANDARD, {"seats": None}, None, None, None, 1)
        [sold] = await licensing.issue(self.context, order, lambda _done: None)
        for computer in range(SEATS):
            self.number += 1
            request = make_request(self.number, sold.license_key, computer, product=people.PRODUCT)
            answer = await new_seat.activate(self.context, request)
            assert isinstance(answer, Certified)
            self.free.put_nowait((computer, answer))

    async def one(self, due: float) -> float:
        """Check in a computer; give the milliseconds since it was due."""
        computer, seat = await self.free.get()
        self.number += 1
        request = make_request(self.number, computer=computer)
        try:
            answer = await check_in.reactivate(
                self.context, seat.activation.activation_id, seat.check_in_token, request
            )
        except UnavailableError:  # a 503: the app comes again
            self.unavailable, answer = self.unavailable + 1, seat
        assert isinstance(answer, Certified)
        self.free.put_nowait((computer, answer))
        return (time.perf_counter() - due) * 1e3

    async def saturate(self) -> float:
        """Give how many there can be in a second."""
        begun, done = time.perf_counter(), 0

        async def some() -> None:
            nonlocal done
            while time.perf_counter() < begun + SATURATED:
                await self.one(time.perf_counter())
                done += 1

        await asyncio.gather(*(some() for _ in range(AT_ONCE)))
        return done / (time.perf_counter() - begun)

    async def at_rate(self, rate: float, stop: Callable[[], bool]) -> list[float]:
        """Check in so many times a second until told to stop; give how long each took."""
        begun, running = time.perf_counter(), list[asyncio.Task[float]]()
        while not stop():
            due = begun + len(running) / rate
            await asyncio.sleep(max(0, due - time.perf_counter()))
            running.append(asyncio.create_task(self.one(due)))
        return list(await asyncio.gather(*running))


@dataclass(slots=True)
class _Halts:
    """When a run may go on, and for how long it could not."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    lasted: timedelta = timedelta()


@dataclass(frozen=True)
class _Halting(Database):
    """The database of a run that is halted between two transactions by whoever takes its turn."""

    halts: _Halts

    async def transact(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        begun = time.perf_counter()
        async with self.halts.turn:
            self.halts.lasted += timedelta(seconds=time.perf_counter() - begun)
            return await super().transact(work)


def _halting(context: Context, halts: _Halts) -> Context:
    """Give the means of a run that is halted, by a clock that stands still meanwhile."""
    return replace(
        context,
        database=_Halting(context.database.engine, halts),
        clock=lambda: context.clock() - halts.lasted,
    )


def _over(
    seconds: float, running: asyncio.Task[Run] | None = None, halts: _Halts | None = None
) -> Callable[[], bool]:
    """Tell when so many seconds are over, or the run beside.

    What that has begun is beside it to its end: to count who is due takes long.
    """
    ends = time.perf_counter() + seconds

    def over() -> bool:
        if running is not None and running.done():
            return True
        return time.perf_counter() > ends and not (halts and halts.turn.locked())

    return over


def beside_retention(setup: Setup) -> Measured:
    """Make people who are due, in a data set that goes afterwards, and measure."""
    place = setup.folder / "retention"
    place.mkdir(exist_ok=True)
    try:
        made = people.people_set(place, setup.due)
        with asyncio.Runner(loop_factory=serving.loop_factory()) as runner:
            return runner.run(_measured(made, setup.seconds))
    finally:
        shutil.rmtree(place)


async def _measured(made: PeopleSet, seconds: int) -> Measured:
    async with people.opened(made) as opened:
        # All computers here are one license's, which may not check in as often by itself.
        context = replace(opened, limits=unlimited())
        check_ins = CheckIns(context)
        await check_ins.begin()
        await context.database.transact(_make_due)
        serving.spare_the_collector()  # as a server does
        rate = await check_ins.saturate() / 2
        halts, begun = _Halts(), time.perf_counter()
        running = asyncio.create_task(retention.run(_halting(context, halts), lambda *_told: None))
        alone, beside = list[float](), list[float]()
        while not running.done():
            async with halts.turn:
                alone += await check_ins.at_rate(rate, _over(seconds))
            beside += await check_ins.at_rate(rate, _over(BESIDE * seconds, running, halts))
        took = time.perf_counter() - begun
        gone = (await running).classes["contact"]["gone"]
    figures = [
        f"{rate:.0f} check-ins a second, half of what saturates",
        f"undisturbed: median {median(alone):.1f} ms, 99th {_p99(alone):.1f} ms",
        f"beside a run: median {median(beside):.1f} ms, 99th {_p99(beside):.1f} ms",
        f"answered with 503: {check_ins.unavailable:,}",
        f"the run disposed of {gone:,} of {made.people:,} people in {took:.0f} s",
        f"of these it was halted for {len(alone) / rate:.0f} s, {seconds} s each time",
    ]
    return Measured(_p99(beside) / _p99(alone) if gone == made.people else None, figures)


async def _make_due(connection: Connection) -> None:
    for statement in (
        "SET LOCAL statement_timeout = 0",
        "UPDATE people SET contacted_at = now() - interval '9 years' * (1 - random() / 2)",
    ):
        await connection.execute(text(statement))


def _p99(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=100)[98]
