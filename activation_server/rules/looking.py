"""What somebody is shown while they type, and when the audit log gets an entry for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

LASTS: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Look:
    """One search, however many letters: which licenses its entries tell of."""

    began_at: datetime
    shown: frozenset[UUID]


def going_on(before: Look | None, shown: Collection[UUID], now: datetime) -> Look | None:
    """Give the look that an answer is part of without an entry; `None` where it needs one.

    It needs one where it shows a license that no entry of the look tells of, and at the look's
    beginning, also when it shows none.
    """
    if before is None or not before.began_at <= now < before.began_at + LASTS:
        return None
    return before if before.shown.issuperset(shown) else None


def noted(before: Look | None, shown: Collection[UUID], now: datetime) -> Look:
    """Give the look after an entry: a new one, or the same with what is shown now."""
    if before is None or not before.began_at <= now < before.began_at + LASTS:
        return Look(now, frozenset(shown))
    return Look(before.began_at, before.shown.union(shown))
