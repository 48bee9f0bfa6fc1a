"""A database that counts its units of work, and does to batches what a test says."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from activation_server.store.database import Database

Work = Callable[[Any], Awaitable[Any]]
Batch = Callable[[], Awaitable[Any]]


@dataclass(frozen=True)
class Watched(Database):
    """Lets `around` run each batch, or let it be, as a test needs it."""

    pooled_done: list[object]
    ordinary_done: list[object]
    around: Callable[[Batch], Awaitable[Any]] | None = None

    async def transact(self, work: Work) -> Any:
        result = await Database.transact(self, work)
        self.ordinary_done.append(result)
        return result

    async def pooled(self, work: Work) -> Any:
        async def plain() -> Any:
            return await Database.pooled(self, work)

        result = await (plain() if self.around is None else self.around(plain))
        self.pooled_done.append(result)
        return result
