"""Which terms hold for a license by whose word, and what an operator's change of it changes."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime

from activation_server.rules.license import License

EXPIRES, MAINTENANCE_UNTIL = "expires", "maintenance_until"
_COUNTED_BY = {EXPIRES: {"term_days", "term_from"}, MAINTENANCE_UNTIL: {"maintenance_days"}}


@dataclass(frozen=True, slots=True)
class Change:
    """One term, from what to what."""

    before: object
    after: object


def own_terms(license_: License, overrides: Collection[str]) -> frozenset[str]:
    """Give the names of what a license sets itself, in place of its policy."""
    ends = {EXPIRES: license_.expires_at, MAINTENANCE_UNTIL: license_.maintenance_until}
    return frozenset({*overrides, *(name for name, end in ends.items() if end is not None)})


def with_counted_ends(own: Collection[str]) -> frozenset[str]:
    """Add the ends that are counted by terms of the license's own."""
    return frozenset({*own, *(end for end, terms in _COUNTED_BY.items() if terms & {*own})})


def in_force(license_: License, now: datetime) -> dict[str, object]:
    """Give all terms that hold for a license by their names, its ends with them."""
    return {
        **asdict(license_.terms),
        EXPIRES: None if license_.awaits_activation() else license_.ends_at(now),
        MAINTENANCE_UNTIL: license_.maintained_until(),
    }


def changes(before: License, after: License, now: datetime) -> dict[str, Change]:
    """Give every term that holds differently, ends and the policy with them."""
    old = {"policy": before.policy, **in_force(before, now)}
    new = {"policy": after.policy, **in_force(after, now)}
    return {name: Change(old[name], new[name]) for name in new if old[name] != new[name]}


def pinned(license_: License, names: Collection[str], now: datetime) -> dict[str, Change]:
    """Give terms that hold as before, though it is now another who sets them."""
    values = in_force(license_, now)
    return {name: Change(values[name], values[name]) for name in sorted(names)}
