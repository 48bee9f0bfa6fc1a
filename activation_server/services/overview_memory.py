"""What the overview showed last, in this process's memory."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
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

    def forget(self) -> None:
        """Have it made anew by whoever asks next."""
        self._last = None

    def _still_does(self, last: Made[Value], now: datetime, *, anew: bool) -> bool:
        if anew and rules.may_be_made_anew(last.at, now):
            return False
        return rules.is_good(last.at, now)


@dataclass(slots=True)
class Pictures(Generic[Value]):
    """What was drawn of the last numbers; one picture at a time, beside the event loop."""

    _of: datetime | None = None
    _drawn: dict[Hashable, Value] = field(default_factory=dict, repr=False)
    _drawing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    async def get(self, of: datetime, which: Hashable, draw: Callable[[], Value]) -> Value:
        """Give a picture of the numbers that were made at a time; of others none is kept."""
        async with self._drawing:
            if of != self._of:
                self._of, self._drawn = of, {}
            if which not in self._drawn:
                self._drawn[which] = await asyncio.to_thread(draw)
            return self._drawn[which]


@dataclass(frozen=True, slots=True)
class OverviewMemory:
    """Numbers for everybody; what is due for those who may see it."""

    numbers: Remembered[Any] = field(default_factory=Remembered)
    due: Remembered[Any] = field(default_factory=Remembered)
    pictures: Pictures[Any] = field(default_factory=Pictures)
    due_pictures: Pictures[Any] = field(default_factory=Pictures)
