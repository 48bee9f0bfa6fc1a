"""Who is let in when there is more to do than can be done: check-ins first, look-ups last."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final


class Rank(Enum):
    """What a request is for, from what matters most to a customer to what can wait."""

    CHECK_IN = "check_ins"
    ACTIVATION = "activations"  # trials and seats given back too
    LOOK_UP = "look_ups"  # everything else


@dataclass(frozen=True, slots=True)
class Share:
    """How full the house may be for one more to come in, as parts of the most in flight."""

    of_all: Fraction
    of_its_own: Fraction


SHARES: Final[Mapping[Rank, Share]] = {
    Rank.CHECK_IN: Share(of_all=Fraction(1), of_its_own=Fraction(1)),
    # An activation costs as much as several check-ins: as many would take too long together.
    Rank.ACTIVATION: Share(of_all=Fraction(3, 4), of_its_own=Fraction(1, 8)),
    Rank.LOOK_UP: Share(of_all=Fraction(1, 2), of_its_own=Fraction(1, 8)),
}


@dataclass(frozen=True, slots=True)
class Bounds:
    """The same in requests, at least one of each."""

    all: int
    own: int


def bounds(most: int) -> Mapping[Rank, Bounds]:
    """Give how many may be in flight for one more of a rank to come in, with `most` in all."""
    return {
        rank: Bounds(max(1, int(most * share.of_all)), max(1, int(most * share.of_its_own)))
        for rank, share in SHARES.items()
    }


# Never turned away: who asks whether the server lives must hear that it does.
_ALWAYS: Final = frozenset({"/healthz", "/readyz"})
_ACTIVATION_CALLS: Final = frozenset({"/v1/activations", "/v1/trials"})
_OF_AN_ACTIVATION: Final = "/v1/activations/"


def rank_of(method: str, path: str) -> Rank | None:
    """Tell what a request is for, by its first line alone; `None` for what is always let in."""
    if method == "POST" and path.startswith(_OF_AN_ACTIVATION):
        return Rank.CHECK_IN if path.endswith("/reactivations") else Rank.ACTIVATION
    if method == "POST" and path in _ACTIVATION_CALLS:
        return Rank.ACTIVATION
    return None if path in _ALWAYS else Rank.LOOK_UP
