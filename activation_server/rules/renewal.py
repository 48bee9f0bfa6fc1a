"""Renewal: from where more days are counted, and when a license or its maintenance ends then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from activation_server.rules.license import License, later


class Start(StrEnum):
    """From when the days of a renewal are counted."""

    END = "end"
    NOW = "now"
    END_OR_NOW = "end-or-now"


# An end that is not over yet loses no day with `end-or-now`. Grace does not count: it comes after
# the end.
_STARTS: Mapping[Start, Callable[[datetime, datetime], datetime]] = {
    Start.END: lambda end, _now: end,
    Start.NOW: lambda _end, now: now,
    Start.END_OR_NOW: max,
}


@dataclass(frozen=True, slots=True)
class Renewal:
    """What is to be renewed, by how many days; with none given, its own term is added."""

    days: int | None = None
    maintenance_days: int | None = None
    start: Start = Start.END_OR_NOW


class Unrenewable(StrEnum):
    """Why there is nothing to add days to."""

    NEVER_ENDS = "never_ends"
    NOT_BEGUN = "not_begun"  # its first activation starts it
    NO_TERM = "no_term"  # it ends, and nothing says by how many days it is renewed
    MAINTENANCE_NEVER_ENDS = "maintenance_never_ends"


def renew(license_: License, wanted: Renewal, now: datetime) -> License | Unrenewable:
    """Give the license as it is after the renewal."""
    renewed = license_
    if wanted.days is not None or wanted.maintenance_days is None:
        end = _renewed_end(license_, wanted, now)
        if isinstance(end, Unrenewable):
            return end
        renewed = replace(renewed, expires_at=end)
    if wanted.maintenance_days is not None:
        until = license_.maintained_until()
        if until is None:
            return Unrenewable.MAINTENANCE_NEVER_ENDS
        until = later(_STARTS[wanted.start](until, now), wanted.maintenance_days)
        renewed = replace(renewed, maintenance_until=until)
    return renewed


def _renewed_end(license_: License, wanted: Renewal, now: datetime) -> datetime | Unrenewable:
    end = license_.ends_at(now)
    if end is None:
        return Unrenewable.NEVER_ENDS
    if license_.awaits_activation():
        return Unrenewable.NOT_BEGUN
    days = license_.terms.term_days if wanted.days is None else wanted.days
    if days is None:
        return Unrenewable.NO_TERM
    return later(_STARTS[wanted.start](end, now), days)
