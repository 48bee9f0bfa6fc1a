"""What a vendor looks at each morning: which days and months, what is much, what looks leaked.

Numbers alone, with nobody's name; licenses by the end of their keys.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from uuid import UUID

from activation_server.rules.calendar import add_months
from activation_server.rules.license import SOON

DAYS: Final = 30
MONTHS: Final = 12
TOP: Final = 10  # versions of the app; the others are added up
LISTED: Final = 20  # licenses in a list
MOST_PRODUCTS: Final = 50
ENDING: Final = SOON

# A key looks leaked that as many computers want in so few days as nobody buys it for.
LEAK_DAYS: Final = 7
LEAST_ACTIVATIONS: Final = 10
TIMES_ITS_SEATS: Final = 3
LEAST_REFUSED: Final = 20

GOOD_FOR: Final = timedelta(minutes=5)
ANEW_AFTER: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Computers:
    """Computers that hold a seat, and when computers took one and left it.

    What was before the first month that is asked for counts as of that month, a last check-in
    before the first day as of `None`.
    """

    active: int
    joined: Mapping[date, int]  # by the first day of the month, as `left`
    left: Mapping[date, int]
    last_seen: Mapping[date | None, int]
    versions: Mapping[str, int]  # of the app: those in use most
    systems: Mapping[str, int]
    one_in: int = 1  # of so many computers one was looked at: then all of this is estimated


@dataclass(frozen=True, slots=True)
class Sold:
    """The seats of a product's licenses that are good; those without a number are told apart."""

    product: str
    licenses: int
    seats: int
    used: int
    unlimited: int  # licenses for any number of computers
    used_unlimited: int


@dataclass(frozen=True, slots=True)
class Refusals:
    """What was refused for one reason lately."""

    code: str
    licenses: int
    times: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A license in a list, with what it is listed for: a number, a time."""

    license_id: UUID
    key_tail: str
    product: str
    seats: int | None
    count: int = 0
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """How many licenses there are, and the first of them."""

    count: int
    first: Sequence[Listed]


@dataclass(frozen=True, slots=True)
class Numbers:
    """All of it, as it was at one moment; `None` for what could not be counted in time."""

    made_at: datetime
    computers: Computers | None
    activations: Mapping[date, int] | None
    sold: Sequence[Sold] | None
    refusals: Sequence[Refusals] | None
    ending: Found | None
    much_activated: Found | None
    much_refused: Found | None
    cloned: Found | None


def is_good(made_at: datetime, now: datetime) -> bool:
    """Tell whether numbers may still be shown."""
    return timedelta() <= now - made_at < GOOD_FOR


def may_be_made_anew(made_at: datetime, now: datetime) -> bool:
    """Tell whether numbers are old enough to be made anew because somebody wants it."""
    return not timedelta() <= now - made_at < ANEW_AFTER


def days(now: datetime) -> Sequence[date]:
    """Give the last days in UTC, today included."""
    return [now.date() - timedelta(days=ago) for ago in reversed(range(DAYS))]


def months(now: datetime) -> Sequence[date]:
    """Give the first days of the last months, this one included."""
    first = beginning(now.date().replace(day=1))
    before = (add_months(first, -ago) for ago in reversed(range(MONTHS)))
    return [each.date() for each in before if each is not None]


def beginning(day: date) -> datetime:
    """Give the moment that a day begins in UTC."""
    return datetime.combine(day, time(), UTC)


def filled(counts: Mapping[date, int], wanted: Iterable[date]) -> Sequence[tuple[date, int]]:
    """Give the count of each day, nothing where there is none."""
    return [(each, counts.get(each, 0)) for each in wanted]


def active_by_month(
    joined: Mapping[date, int], left: Mapping[date, int], wanted: Iterable[date]
) -> Sequence[tuple[date, int]]:
    """Give how many computers held a seat at the end of each month."""
    active, found = 0, []
    for month in wanted:
        active += joined.get(month, 0) - left.get(month, 0)
        found.append((month, active))
    return found


def top_and_rest(
    counts: Mapping[str, int], total: int, most: int = TOP
) -> tuple[Sequence[tuple[str, int]], int]:
    """Give what there is most of, the most first, and how many all others are together."""
    top = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:most]
    return top, total - sum(count for _, count in top)


def is_much_activated(activations: int, seats: int | None) -> bool:
    """Tell whether as many activations in `LEAK_DAYS` look as if the key had been passed on.

    A license for any number of computers may have any number of them.
    """
    return seats is not None and activations >= max(LEAST_ACTIVATIONS, TIMES_ITS_SEATS * seats)


def much_activated(candidates: Iterable[Listed]) -> Found:
    """Give the licenses of those with the most activations that look leaked."""
    found = [each for each in candidates if is_much_activated(each.count, each.seats)]
    return Found(len(found), found[:LISTED])
