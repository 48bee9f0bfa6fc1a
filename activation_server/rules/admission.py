"""Who is let in when there is more to do than can be done: check-ins first, look-ups last.

The vendor's own tools and staff have a few places apart from the customers'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Rank(StrEnum):
    """What a request is for, from what matters most to a customer to what can wait."""

    CHECK_IN = "check_ins"
    ACTIVATION = "activations"  # trials and seats given back too
    LOOK_UP = "look_ups"  # everything else
    STAFF = "staff_calls"  # of the vendor's own tools and staff


@dataclass(frozen=True, slots=True)
class Share:
    """What is a rank's: its places as a part of all, and how full those before it may be."""

    places: float
    before: Mapping[Rank, float]


SHARES: Final[Mapping[Rank, Share]] = {
    Rank.CHECK_IN: Share(1, {}),
    # A fleet that is installed at once comes in together.
    Rank.ACTIVATION: Share(1 / 2, {Rank.CHECK_IN: 3 / 4}),
    Rank.LOOK_UP: Share(1 / 8, {Rank.CHECK_IN: 1 / 2, Rank.ACTIVATION: 3 / 4}),
    # Few, so that they are in nobody's way; of their own, so that support can help in a rush.
    Rank.STAFF: Share(1 / 64, {}),
}

# Nanoseconds that a request may take before there are too many. Turning others away takes time too,
# which fewer places don't give back: with a quarter of this, a rush left a handful of places.
PATIENCE: Final = 1_000_000_000
LEAST: Final = 64  # places, however slow it is: what a batch of check-ins takes


def most_places(rank: Rank, most: int) -> int:
    """Give the places of a rank where `most` requests may be in flight."""
    return max(1, int(most * SHARES[rank].places))


def places_after(places: int, taken: int, took: int, most: int) -> int:
    """Give how many places a rank has after a request that took so many nanoseconds.

    One more or one less: so half of them are done within the patience, whatever one of them
    costs on this machine. One more only while half of the places are taken: that a few are quick
    says nothing of many, and the next rush would wait for what nobody has tried.
    """
    if took > PATIENCE:
        return max(places - 1, min(LEAST, most))
    return min(places + 1, most) if 2 * taken >= places else places


# Never turned away: who asks whether the server lives must hear that it does.
_ALWAYS: Final = frozenset({"/healthz", "/readyz"})
_ACTIVATION_CALLS: Final = frozenset({"/v1/activations", "/v1/trials"})
_OF_AN_ACTIVATION: Final = "/v1/activations/"
_OF_STAFF: Final = ("/admin/", "/console")


def rank_of(method: str, path: str) -> Rank | None:
    """Tell what a request is for, by its first line alone; `None` for what is always let in."""
    if method == "POST" and path.startswith(_OF_AN_ACTIVATION):
        return Rank.CHECK_IN if path.endswith("/reactivations") else Rank.ACTIVATION
    if method == "POST" and path in _ACTIVATION_CALLS:
        return Rank.ACTIVATION
    if path.startswith(_OF_STAFF):
        return Rank.STAFF
    return None if path in _ALWAYS else Rank.LOOK_UP
