"""What the overview showed last, in this process's memory."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from activation_server.rules import overview as rules

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Made(Generic[Value]):
    """Something, and when it was made."""

    value: Value
    at: datetime


@dataclass(slots=True)
class Remembered(Generic[Value]):
    """Something that takes long to make: kept for some minutes, made by one at a time."""

    _last: Made[Value] | None = None
    _making: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def get(
        self,
        clock: Callable[[], datetime],
        make: Callable[[datetime], Awaitable[Value]],
        *,
        anew: bool,
    ) -> Made[Value]:
        """Give what there is while it is good, unless it may be, and shall be, made anew."""
        async with self._making:
            now = clock()
            if self._last is None or not self._still_does(self._last, now, anew=anew):
                self._last = Made(await make(now), now)
            return self._last

    def _still_does(self, last: Made[Value], now: datetime, *, anew: bool) -> bool:
        if anew and rules.may_be_made_anew(last.at, now):
            return False
        return rules.is_good(last.at, now)


@dataclass(frozen=True, slots=True)
class OverviewMemory:
    """Numbers for everybody; what is due for those who may see it."""

    numbers: Remembered[Any] = field(default_factory=Remembered)
    due: Remembered[Any] = field(default_factory=Remembered)
