"""How many calls a minute a network and a license may make, in this process's memory alone.

Of each limit only the callers that came last are remembered: one that comes often stays, and
whoever sends from ever new networks makes nothing grow.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from uuid import UUID

from activation_server.formats import license_key
from activation_server.rules import rate_limit
from activation_server.rules.reasons import Reason, Refused

REMEMBERED = 16_384  # callers of each limit


@dataclass(frozen=True, slots=True)
class Quotas:
    """Calls a minute; `None` is no limit."""

    network_check_ins: int | None = None
    network_activations: int | None = None
    network_wrong_keys: int | None = None
    license_check_ins: int | None = None
    license_activations: int | None = None
    token_calls: int | None = None


@dataclass(slots=True)
class Meter:
    """One limit: when each caller will have all its calls back (see `rules/rate_limit.py`)."""

    name: str
    a_minute: int | None
    most: int = REMEMBERED
    _all_back_at: OrderedDict[Hashable, int] = field(default_factory=OrderedDict, repr=False)

    def __len__(self) -> int:
        return len(self._all_back_at)

    def wait(self, caller: Hashable, now: int) -> int:
        """Give the nanoseconds until this caller may call; 0 for now."""
        if self.a_minute is None or caller not in self._all_back_at:
            return 0
        self._all_back_at.move_to_end(caller)
        return rate_limit.wait(self._all_back_at[caller], now, self.a_minute)

    def count(self, caller: Hashable, now: int) -> None:
        """Count a call, whether or not there was one to take."""
        if self.a_minute is not None:
            before = self._all_back_at.get(caller, 0)
            self._remember(caller, rate_limit.taken(before, now, self.a_minute))

    def take(self, caller: Hashable, now: int) -> int:
        """Count a call if there is one; give the nanoseconds until there is, 0 for counted."""
        if self.a_minute is None:
            return 0
        before = self._all_back_at.get(caller, 0)
        wait, after = rate_limit.take(before, now, self.a_minute)
        self._remember(caller, after)
        return wait

    def _remember(self, caller: Hashable, all_back_at: int) -> None:
        """Note a caller as the last one, and forget who has not called for longest."""
        self._all_back_at[caller] = all_back_at
        self._all_back_at.move_to_end(caller)
        if len(self._all_back_at) > self.most:
            self._all_back_at.popitem(last=False)


class Limits:
    """The limits of a running server; each question gives the refusal, or `None`.

    A check-in is never refused for what activations did. Whoever has no network (a socket file)
    has no limit of one. `clock` gives nanoseconds and never goes back.
    """

    def __init__(self, quotas: Quotas, clock: Callable[[], int], most: int = REMEMBERED) -> None:
        self.clock = clock
        self.turned_away: Counter[str] = Counter()  # since it was last told, by limit
        self._most = most
        self._network_check_ins = Meter("network_check_ins", quotas.network_check_ins, most)
        self._network_activations = Meter("network_activations", quotas.network_activations, most)
        self._wrong_keys = Meter("network_wrong_keys", quotas.network_wrong_keys, most)
        self._license_check_ins = Meter("license_check_ins", quotas.license_check_ins, most)
        self._license_activations = Meter("license_activations", quotas.license_activations, most)
        self._token_calls = Meter("token_calls", quotas.token_calls, most)
        self._right: OrderedDict[tuple[str, int], None] = OrderedDict()

    def check_in_from(self, network: str | None) -> Refused | None:
        """Count a check-in from a network."""
        return None if network is None else self._take(self._network_check_ins, network)

    def activation_from(self, network: str | None) -> Refused | None:
        """Count an activation, a trial or a seat given back, from a network."""
        return None if network is None else self._take(self._network_activations, network)

    def check_in_of(self, license_id: UUID) -> Refused | None:
        """Count what an authentic token of a license asks for."""
        return self._take(self._license_check_ins, license_id.int)

    def activation_of(self, key: str, network: str | None) -> Refused | None:
        """Count an activation with a key, from a network that may have sent too many wrong ones.

        Keys that were right from there before are taken all the same: whoever guesses keys behind
        an address that many share locks nobody out who works with theirs.
        """
        typed = _typed(key)
        if network is not None and (network, typed) not in self._right:
            wait = self._wrong_keys.wait(network, self.clock())
            if wait:
                return self._refused(self._wrong_keys, wait)
        return self._take(self._license_activations, typed)

    def call_with(self, token: str) -> Refused | None:
        """Count a call of the admin API, by the token that it presents."""
        return self._take(self._token_calls, hash(token))

    def key_was_wrong(self, network: str | None) -> None:
        """Count an activation whose key there is not: known only after it was looked up."""
        if network is not None:
            self._wrong_keys.count(network, self.clock())

    def key_was_right(self, key: str, network: str | None) -> None:
        """Remember a key that there is."""
        if network is None or self._wrong_keys.a_minute is None:
            return
        right = network, _typed(key)
        self._right[right] = None
        self._right.move_to_end(right)
        if len(self._right) > self._most:
            self._right.popitem(last=False)

    def _take(self, meter: Meter, caller: Hashable) -> Refused | None:
        wait = meter.take(caller, self.clock())
        return self._refused(meter, wait) if wait else None

    def _refused(self, meter: Meter, wait: int) -> Refused:
        self.turned_away[meter.name] += 1
        return Refused(Reason.RATE_LIMITED, retry_after=rate_limit.seconds(wait))


def unlimited() -> Limits:
    """Give limits that limit nothing."""
    return Limits(Quotas(), lambda: 0)


def _typed(key: str) -> int:
    """Tell keys apart however they are typed, without keeping one: a hash of this process's own."""
    return hash(license_key.lookup_forms(key).folded)
