"""What holds for a license now and why, in plain sentences for support.

Each sentence is a small function over the facts; a new term adds one to `_SENTENCES`.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from activation_server.rules.license import License, OnClone, Overage, Status, TermFrom, Virtual
from activation_server.rules.license_change import EXPIRES, MAINTENANCE_UNTIL
from activation_server.rules.reasons import Reason


@dataclass(frozen=True, slots=True)
class Decided:
    """The vendor's last word on a license's standing."""

    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What an explanation is made from; `own` names what the license sets itself."""

    license: License
    own: Collection[str]
    decided: Decided | None  # of a license on hold or revoked
    given_back: int  # seats that apps gave back in the days that are counted
    now: datetime


def explain(facts: Facts) -> Sequence[str]:
    """Give the sentences that have something to say."""
    return [text for sentence in _SENTENCES if (text := sentence(facts)) is not None]


def _standing(facts: Facts) -> str | None:
    if facts.license.status is Status.ACTIVE:
        return None
    held = "On hold" if facts.license.status is Status.SUSPENDED else "Revoked"
    if facts.decided is None:
        return f"{held}."
    return f"{held} since {_day(facts.decided.at)}: {facts.decided.reason.rstrip(' .')}."


def _trial(facts: Facts) -> str | None:
    terms = facts.license.terms
    if terms.trial_days is None:
        return None
    again, months = f"after {terms.trial_again_months} months", terms.trial_again_months
    then = "one trial, ever" if months is None else f"another trial {again}"
    return f"A trial of {_days(terms.trial_days)}; a computer gets {then}."


def _end(facts: Facts) -> str:
    license_ = facts.license
    terms, end, stop = license_.terms, license_.ends_at(facts.now), license_.stops_at(facts.now)
    if end is None or stop is None:
        return "Never ends."
    if license_.awaits_activation():
        return f"Lasts {_days(terms.lasts)} from its first activation, which is still to come."
    grace = f" ({_days(terms.grace_days)} of grace)" if terms.grace_days else ""
    if facts.now >= stop:
        return f"Ended {_day(end)}: {_why_end(facts)}. Refused since {_day(stop)}{grace}."
    if facts.now >= end:
        return f"Ended {_day(end)}: {_why_end(facts)}. Works until {_day(stop)}{grace}."
    then = f" Works until {_day(stop)}{grace}." if grace else ""
    return f"Ends {_day(end)}: {_why_end(facts)}.{then}"


def _why_end(facts: Facts) -> str:
    if EXPIRES in facts.own:
        return "set for this license"
    from_issue = facts.license.terms.term_from is TermFrom.ISSUE
    start = "its issue" if from_issue else "its first activation"
    return f"{_days(facts.license.terms.lasts)} from {start}"


def _seats(facts: Facts) -> str:
    seats, used = facts.license.terms.seats, facts.license.seats_used
    if seats is None:
        return f"{used} computers in use; seats are unlimited."
    head, overage = f"{used} of {seats} seats in use", facts.license.terms.overage
    allowed = overage.allowed(seats)
    if not facts.license.has_free_seat():
        return f"{head}; a new computer gets {Reason.SEAT_LIMIT_REACHED}{_given(overage)}."
    if overage is Overage.NONE or allowed == seats:  # a part of a seat is none
        return f"{head}{_given(overage)}."
    up_to = "any number" if allowed is None else f"up to {allowed}"
    if used < seats:
        return f"{head}; {up_to} may be, with overage ({overage})."
    return f"{head}; one more would be overage ({overage}: {up_to})."


def _given(overage: Overage) -> str:
    return "" if overage is Overage.NONE else f" (overage {overage} counted in)"


def _floating(facts: Facts) -> str | None:
    minutes = facts.license.terms.floating_minutes
    if minutes is None:
        return None
    return f"Seats float: one that is not renewed for {_span(timedelta(minutes=minutes))} is free."


def _virtual(facts: Facts) -> str | None:
    limit = facts.license.terms.virtual_seats
    if facts.license.terms.virtual is Virtual.REFUSE:
        return f"A virtual machine gets {Reason.VIRTUAL_MACHINE_REFUSED}."
    if limit is None:
        return None
    return f"Virtual machines may hold {limit} of the seats."


def _uniqueness(facts: Facts) -> str | None:
    if not facts.license.terms.one_license_per_computer:
        return None
    reason = Reason.SEAT_LIMIT_REACHED
    return f"A computer that sits on another license of the product gets {reason}."


def _versions(facts: Facts) -> str | None:
    highest = facts.license.terms.max_version
    if highest is None:
        return None
    return f"Versions up to {highest} are covered; higher ones get {Reason.VERSION_NOT_COVERED}."


def _maintenance(facts: Facts) -> str | None:
    until = facts.license.maintained_until()
    if until is None:
        return None
    days = f"{_days(facts.license.terms.maintenance_days)} from its issue"
    why = "set for this license" if MAINTENANCE_UNTIL in facts.own else days
    return (
        f"Covers versions released until {_day(until)} ({why}); "
        f"later ones get {Reason.VERSION_NOT_COVERED}."
    )


def _edition(facts: Facts) -> str | None:
    edition = facts.license.terms.edition
    if edition is None:
        return None
    return f"Covers the edition {edition}; another one gets {Reason.EDITION_NOT_COVERED}."


def _features(facts: Facts) -> str | None:
    features = facts.license.terms.features
    return f"Features in the certificate: {', '.join(features)}." if features else None


def _check_ins(facts: Facts) -> str:
    terms = facts.license.terms
    lifetime, every = terms.lifetime, terms.check_in_span
    if lifetime is not None:
        works = f"{_span(lifetime)} without the server"
    else:
        ends = facts.license.ends_at(facts.now) is not None
        works = f"without the server {'until the license ends' if ends else 'for ever'}"
    return f"Apps check in every {_span(every).removeprefix('1 ')} and work {works}."


def _transfers(facts: Facts) -> str | None:
    limit, days = facts.license.terms.transfers, facts.license.terms.transfer_days
    if limit is None:
        return None
    more = " Support allowed one more." if facts.license.transfer_allowed else ""
    if limit == 0:
        return f"Apps may not give a seat back; support may.{more}"
    times = "once" if limit == 1 else f"{limit} times"
    is_full = facts.given_back >= limit and not more
    full = f"; the next gets {Reason.TRANSFER_LIMIT_REACHED}" if is_full else ""
    used = f"{facts.given_back} used{full}."
    return f"Apps may give a seat back {times} in {_days(days)}: {used}{more}"


def _clones(facts: Facts) -> str:
    terms = facts.license.terms
    if terms.clone is OnClone.REFUSE:
        return f"Of two copies of an installation, the stale one gets {Reason.CLONE_DETECTED}."
    hours = terms.clone_certificate_hours
    return f"Two copies of an installation are flagged, with certificates of {hours} hours."


_SENTENCES: Final[Sequence[Callable[[Facts], str | None]]] = (
    _standing,
    _trial,
    _end,
    _seats,
    _floating,
    _virtual,
    _uniqueness,
    _versions,
    _maintenance,
    _edition,
    _features,
    _check_ins,
    _transfers,
    _clones,
)


def _day(moment: datetime) -> str:
    return moment.astimezone(UTC).date().isoformat()


def _days(count: int | None) -> str:
    return "1 day" if count == 1 else f"{count} days"


def _span(span: timedelta) -> str:
    """Write a span in the largest unit that it is a whole number of."""
    for unit, length in _UNITS.items():
        if span % length == timedelta(0):
            count = span // length
            return f"1 {unit}" if count == 1 else f"{count} {unit}s"
    return f"{span.total_seconds():.0f} seconds"


_UNITS: Final = {
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
}
