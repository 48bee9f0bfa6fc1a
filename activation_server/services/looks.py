"""What staff were shown while they typed, in this process's memory: which session, which licenses.

Nothing of what they typed is kept.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final
from uuid import UUID

from activation_server.rules import rate_limit
from activation_server.rules.looking import Look
from activation_server.services.limits import Meter

TYPED_A_MINUTE: Final = 120  # searches of a session: two a second is more than a typist asks for
_REMEMBERED: Final = 1_000  # sessions


class Looks:
    """Counts searches while typing, by session; `clock` gives nanoseconds and never goes back."""

    def __init__(
        self,
        a_minute: int | None = None,
        clock: Callable[[], int] = lambda: 0,
        most: int = _REMEMBERED,
    ) -> None:
        self._clock, self._most = clock, most
        self._meter = Meter("typed_searches", a_minute, most)
        self._last: OrderedDict[UUID, Look] = OrderedDict()

    def wait(self, session_id: UUID) -> int:
        """Count a search of a session; give the seconds to wait, 0 for none."""
        return rate_limit.seconds(self._meter.take(session_id, self._clock()))

    def last(self, session_id: UUID) -> Look | None:
        """Give the last look of a session that is remembered."""
        return self._last.get(session_id)

    def remember(self, session_id: UUID, look: Look) -> None:
        """Keep the look of a session, and forget the oldest of too many."""
        self._last[session_id] = look
        self._last.move_to_end(session_id)
        if len(self._last) > self._most:
            self._last.popitem(last=False)
