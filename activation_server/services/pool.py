"""What arrives together is done together: one statement for many requests.

Who comes alone goes at once. Who comes while others are under way waits until these are back, or
until enough wait to make a batch of their own, or until the others take too long: a slow statement
holds up nobody who comes after it.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeAlias, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

Work: TypeAlias = Callable[[Sequence[Item]], Awaitable[Sequence[Answer]]]

LANES = 4
MOST = 64  # in a batch
ENOUGH = 16  # to go while another batch is under way
LATE_SECONDS = 0.05  # a full batch takes 15 ms, or 40 where the machine has half of its pace


@dataclass(eq=False, slots=True)
class Pool(Generic[Item, Answer]):
    """Gathers items into batches, of which at most `lanes` are under way."""

    lanes: int = LANES
    most: int = MOST
    enough: int = ENOUGH
    late_seconds: float = LATE_SECONDS
    _waiting: list[tuple[Item, asyncio.Future[Answer]]] = field(init=False, default_factory=list)
    _under_way: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _late: set[asyncio.Task[None]] = field(init=False, default_factory=set)
    _called: bool = field(init=False, default=False)

    async def ask(self, item: Item, work: Work[Item, Answer]) -> Answer:
        """Give the answer to one item; what its batch raises is raised to each.

        `work` does a batch, the same for all items of a pool: it gives an answer for each.
        """
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Answer] = loop.create_future()
        self._waiting.append((item, answer))
        if not self._called:
            self._called = True
            loop.call_soon(self._go, work)  # all that the loop has just read goes along
        return await answer

    def _go(self, work: Work[Item, Answer]) -> None:
        """Start as many batches as may go now."""
        self._called = False
        while self._waiting and self._may_go():
            batch, self._waiting = self._waiting[: self.most], self._waiting[self.most :]
            # Of no single request: what it logs is no line of the one that came first.
            task = asyncio.get_running_loop().create_task(
                self._do(batch, work), context=contextvars.Context()
            )
            self._under_way.add(task)

    def _may_go(self) -> bool:
        if len(self._under_way) >= self.lanes:
            return False
        in_time = len(self._under_way) - len(self._late)
        return not in_time or len(self._waiting) >= self.enough

    async def _do(
        self, batch: Sequence[tuple[Item, asyncio.Future[Answer]]], work: Work[Item, Answer]
    ) -> None:
        try:
            answers = await self._timed(work, [item for item, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                if not future.done():  # whoever asked may be gone
                    future.set_result(answer)
        except Exception as error:  # noqa: BLE001 - raised to everyone who asked
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)

    async def _timed(self, work: Work[Item, Answer], items: Sequence[Item]) -> Sequence[Answer]:
        """Do a batch; the next one may go once it is back, or late."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for mypy: each batch is a task of its own
        loop = asyncio.get_running_loop()
        alarm = loop.call_later(self.late_seconds, self._tell_late, task, work)
        try:
            return await work(items)
        finally:
            alarm.cancel()
            self._under_way.discard(task)
            self._late.discard(task)
            self._go(work)  # before its own answers are signed: the database need not wait for it

    def _tell_late(self, task: asyncio.Task[None], work: Work[Item, Answer]) -> None:
        self._late.add(task)
        self._go(work)


class Unpooled(Pool[Any, Any]):
    """Takes nothing: whoever asks goes by themselves. For use cases inside a transaction."""

    async def ask(self, item: Any, work: Work[Any, Any]) -> None:  # noqa: ANN401 - as a pool
        """Give no answer."""
