"""What an operator's change of a license changes, for its history."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from activation_server.rules.license import License

EXPIRES, MAINTENANCE_UNTIL = "expires", "maintenance_until"


@dataclass(frozen=True, slots=True)
class Change:
    """One term, from what to what."""

    before: object
    after: object


def own_terms(license_: License, overrides: Collection[str]) -> frozenset[str]:
    """Give the names of what a license sets itself, in place of its policy."""
    ends = {EXPIRES: license_.expires_at, MAINTENANCE_UNTIL: license_.maintenance_until}
    return frozenset({*overrides, *(name for name, end in ends.items() if end is not None)})


def changes(before: License, after: License, now: datetime) -> dict[str, Change]:
    """Give every term that holds differently, ends and the policy with them."""
    old, new = _values(before, now), _values(after, now)
    return {name: Change(old[name], new[name]) for name in new if old[name] != new[name]}


def pinned(license_: License, names: Collection[str], now: datetime) -> dict[str, Change]:
    """Give terms that hold as before, though it is now another who sets them."""
    values = _values(license_, now)
    return {name: Change(values[name], values[name]) for name in sorted(names)}


def _values(license_: License, now: datetime) -> dict[str, object]:
    return {
        "policy": license_.policy,
        **asdict(license_.terms),
        EXPIRES: None if license_.awaits_activation() else license_.ends_at(now),
        MAINTENANCE_UNTIL: license_.maintained_until(),
    }
