"""How often a sign-in may be tried: slowed down where somebody guesses, locked for nobody.

A name is slowed down in the network that the attempts come from, never everywhere; a browser that
its owner signed in with before has attempts of its own. All in this process's memory.
"""

from collections.abc import Callable, Hashable

from activation_server.rules import rate_limit
from activation_server.services.limits import REMEMBERED, Meter

_NOTES = 60  # failures a minute that are noted in all, whoever they are of


class SignInLimits:
    """Counts attempts; `clock` gives nanoseconds and never goes back."""

    def __init__(
        self,
        network_a_minute: int | None = None,
        name_a_minute: int | None = None,
        clock: Callable[[], int] = lambda: 0,
        most: int = REMEMBERED,
    ) -> None:
        self._clock = clock
        self._networks = Meter("network_sign_ins", network_a_minute, most)
        self._names = Meter("name_sign_ins", name_a_minute, most)
        self._known = Meter("known_sign_ins", name_a_minute, most)
        self._noted = Meter("noted", 1, most)
        self._all_noted = Meter("all_noted", _NOTES, most)

    def attempt(self, network: str | None, name: str) -> int:
        """Count an attempt with a name from a network; give the seconds to wait, 0 for none."""
        now, named = self._clock(), (network, hash(name))
        wait = max(self._networks.wait(network, now), self._names.wait(named, now))
        if not wait:
            self._networks.count(network, now)
            self._names.count(named, now)
        return rate_limit.seconds(wait)

    def attempt_from(self, network: str | None) -> int:
        """Count an attempt without a name, where there is nothing to guess; give the seconds."""
        return rate_limit.seconds(self._networks.take(network, self._clock()))

    def attempt_of(self, known: Hashable) -> int:
        """Count an attempt of somebody who is known; give the seconds to wait, 0 for none."""
        return rate_limit.seconds(self._known.take(known, self._clock()))

    def is_to_be_noted(self, network: str | None, name: str) -> bool:
        """Tell whether a failure goes into the audit log: one a minute of a name and network.

        A name that there is counts like any other, or the time that an entry takes would tell.
        """
        now, named = self._clock(), (network, hash(name))
        if self._noted.wait(named, now) or self._all_noted.wait(None, now):
            return False
        self._noted.count(named, now)
        self._all_noted.count(None, now)
        return True
