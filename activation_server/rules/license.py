"""What a license covers, until when, and why it may refuse: policy terms and single overrides."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Final
from uuid import UUID

from activation_server.rules.reasons import Notice, Reason, Refused

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from activation_server.rules.values import dataclass

# What a term may be at most, as far as it has such a limit.
MOST_DAYS: Final = 36_500
MOST_MINUTES: Final = 366 * 24 * 60
MOST_MONTHS: Final = 1200

SOON = timedelta(days=30)  # how long before an end the app is told of it
LONGEST_DAYS = 4_000_000  # beyond the calendar's end, and still a span
TRIAL_SOON = timedelta(days=3)  # … before the end of a trial


class Status(StrEnum):
    """What the vendor decided about a license."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"


class TermFrom(StrEnum):
    """Where the days of a term are counted from."""

    ISSUE = "issue"
    ACTIVATION = "activation"


class Overage(StrEnum):
    """How far beyond its seats a license may be used."""

    NONE = "none"
    QUARTER_MORE = "1.25"
    HALF_MORE = "1.5"
    TWICE = "2"
    UNLIMITED = "unlimited"

    def allowed(self, seats: int) -> int | None:
        """The seats that may be in use where so many were sold; `None` for any number."""
        factors = {
            Overage.NONE: 1.0,
            Overage.QUARTER_MORE: 1.25,
            Overage.HALF_MORE: 1.5,
            Overage.TWICE: 2.0,
        }
        return None if self is Overage.UNLIMITED else int(seats * factors[self])


class OnClone(StrEnum):
    """What becomes of an activation that lives on two computers."""

    FLAG = "flag"  # both go on, with short certificates
    REFUSE = "refuse"  # the stale copy is refused


class Virtual(StrEnum):
    """Whether virtual machines may hold seats."""

    ALLOW = "allow"
    REFUSE = "refuse"


class Kind(StrEnum):
    """What a license is: the `kind` in certificates."""

    PERPETUAL = "perpetual"
    SUBSCRIPTION = "subscription"
    TRIAL = "trial"


@dataclass(frozen=True)
class Terms:
    """The terms of a policy; `None` means unlimited, for ever or any. Spans are in days."""

    seats: int | None = 1
    term_days: int | None = None
    term_from: TermFrom = TermFrom.ISSUE
    grace_days: int = 0
    maintenance_days: int | None = None
    max_version: str | None = None
    edition: str | None = None
    features: tuple[str, ...] = ()
    check_in_days: int = 7
    certificate_days: int | None = 30
    overage: Overage = Overage.NONE
    transfers: int | None = None  # seats given back by apps in `transfer_days`
    transfer_days: int = 365
    clone: OnClone = OnClone.FLAG
    clone_certificate_hours: int = 72
    floating_minutes: int | None = None  # a seat is a lease of so long; `None`: it stays taken
    virtual: Virtual = Virtual.ALLOW
    virtual_seats: int | None = None  # how many of the seats virtual machines may hold
    one_license_per_computer: bool = False
    trial_days: int | None = None  # `None`: no trial
    trial_again_months: int | None = None  # `None`: a computer has one trial, ever

    @cached_property
    def lasts(self) -> int | None:
        """How many days it lasts: a trial has days of its own."""
        return self.term_days if self.trial_days is None else self.trial_days

    @cached_property
    def lifetime(self) -> timedelta | None:
        """How long an app works without the server; `None`: as long as the license lasts."""
        days, minutes = self.certificate_days, self.floating_minutes
        spans = [] if days is None else [timedelta(days=min(days, LONGEST_DAYS))]
        spans += [] if minutes is None else [timedelta(minutes=minutes)]
        return min(spans, default=None)

    @cached_property
    def check_in_span(self) -> timedelta:
        """How long after an answer the app should check in.

        By the middle of the certificate's life: an outage shorter than the rest locks nobody out.
        """
        span = timedelta(days=min(self.check_in_days, LONGEST_DAYS))
        half = None if self.lifetime is None else self.lifetime.total_seconds() // 2
        return span if half is None else min(span, timedelta(seconds=half))

    def overridden(self, overrides: Mapping[str, object]) -> "Terms":
        """These terms with single ones replaced, as a license may.

        Raises TypeError for a name that is no term.
        """
        return replace(self, **overrides)  # type: ignore[arg-type] # names and types come from terms


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a license covers at one moment: the certificate's `lic` claim, without its id."""

    edition: str | None
    kind: Kind
    seats: int | None
    expires: datetime | None
    maintenance_until: datetime | None
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class App:
    """The app that asks, as it describes itself."""

    version: str
    edition: str | None = None
    released: date | None = None


@dataclass(frozen=True, slots=True)
class License:
    """A license as stored, with the terms of its policy already overridden by its own."""

    license_id: UUID
    product: str
    policy: str
    status: Status
    terms: Terms
    issued_at: datetime
    started_at: datetime | None  # its first activation
    expires_at: datetime | None  # its own end, where it was given one
    maintenance_until: datetime | None  # the same for its maintenance
    seats_used: int
    hardware_salt: bytes
    virtual_seats_used: int = 0  # counted where it is limited
    converted: bool = False  # it was a trial, and was bought
    transfer_allowed: bool = False  # one more than its terms allow, by support, not used yet

    def has_free_seat(self) -> bool:
        """Whether one more computer may take a seat, be it over what was sold."""
        if self.terms.seats is None:
            return True
        allowed = self.terms.overage.allowed(self.terms.seats)
        return allowed is None or self.seats_used < allowed

    def is_overused(self) -> bool:
        """Whether more seats are in use than were sold."""
        return self.terms.seats is not None and self.seats_used > self.terms.seats

    def ends_at(self, now: datetime) -> datetime | None:
        """When it ends, before grace; counted from `now` if the first activation starts it."""
        if self.expires_at is not None or self.terms.lasts is None:
            return self.expires_at
        from_issue = self.terms.term_from is TermFrom.ISSUE
        start = self.issued_at if from_issue else self.started_at or now
        return later(start, self.terms.lasts)

    def kind(self, now: datetime) -> Kind:
        """Tell what it is."""
        return self._kind_by(self.ends_at(now))

    def _kind_by(self, end: datetime | None) -> Kind:
        if self.terms.trial_days is not None:
            return Kind.TRIAL
        return Kind.PERPETUAL if end is None else Kind.SUBSCRIPTION

    def awaits_activation(self) -> bool:
        """Whether its term counts from a first activation that is still to come."""
        from_activation = self.terms.term_from is TermFrom.ACTIVATION
        has_term = self.expires_at is None and self.terms.lasts is not None
        return has_term and from_activation and self.started_at is None

    def stops_at(self, now: datetime) -> datetime | None:
        """When it stops being accepted: its end plus its grace."""
        end = self.ends_at(now)
        return end and later(end, self.terms.grace_days)

    def is_over(self, now: datetime) -> bool:
        """Whether its end and its grace are over."""
        stop = self.stops_at(now)
        return stop is not None and now >= stop

    def over_since(self, status_at: datetime, now: datetime) -> datetime | None:
        """Since when it is over: revoked, which is its status since `status_at`, or at its end."""
        ended = self.stops_at(now) if self.is_over(now) else None
        if self.status is not Status.REVOKED:
            return ended
        return status_at if ended is None else min(status_at, ended)

    def maintained_until(self) -> datetime | None:
        """When its maintenance ends; `None` for never."""
        if self.maintenance_until is not None or self.terms.maintenance_days is None:
            return self.maintenance_until
        return later(self.issued_at, self.terms.maintenance_days)

    def coverage(self, now: datetime) -> Coverage:
        """What it covers now."""
        end = self.ends_at(now)
        return Coverage(
            edition=self.terms.edition,
            kind=self._kind_by(end),
            seats=self.terms.seats,
            expires=end,
            maintenance_until=self.maintained_until(),
            features=self.terms.features,
        )


def version_key(version: str) -> tuple[int, ...]:
    """The numbers in a version, for comparing: "10.0.1 beta" gives (10, 0, 1)."""
    numbers = re.match(r"\D*((?:\d+[.\-_ ])*\d+)", version)
    return tuple(map(int, re.findall(r"\d+", numbers[1]))) if numbers else ()


def refuse_standing(license_: License, now: datetime) -> Refused | None:
    """Why a license can't be used at all at `now`; `None` when it can."""
    if license_.status is Status.REVOKED:
        return Refused(Reason.LICENSE_REVOKED)
    if license_.status is Status.SUSPENDED:
        return Refused(Reason.LICENSE_SUSPENDED)
    end = license_.ends_at(now)
    if end is not None and license_.is_over(now):
        return Refused(Reason.LICENSE_EXPIRED, {"expired": rfc3339(end)})
    return None


def refuse_app(license_: License, app: App) -> Refused | None:
    """Why a license does not cover this app; `None` when it does.

    An app that does not say its edition or its release date is not refused for it.
    """
    edition = license_.terms.edition
    if edition and app.edition and edition.casefold() != app.edition.casefold():
        return Refused(Reason.EDITION_NOT_COVERED, {"licensed": edition, "requested": app.edition})
    return _refuse_version(license_, app)


def _refuse_version(license_: License, app: App) -> Refused | None:
    highest = license_.terms.max_version
    if highest is not None:
        limit = version_key(highest)
        # "9" covers every 9.x: only the numbers that the limit names are compared.
        if version_key(app.version)[: len(limit)] > limit:
            return Refused(
                Reason.VERSION_NOT_COVERED, {"max_version": highest, "version": app.version}
            )
    until = license_.maintained_until()
    if until is not None and app.released is not None and app.released > until.date():
        evidence = {"maintenance_until": rfc3339(until), "released": app.released.isoformat()}
        return Refused(Reason.VERSION_NOT_COVERED, evidence)
    return None


def notices(license_: License, coverage: Coverage, now: datetime) -> tuple[Notice, ...]:
    """What the person should know about a license that is in use, and what it covers now."""
    found = []
    end, until = coverage.expires, coverage.maintenance_until
    soon, ends_soon = SOON, Notice.LICENSE_ENDS_SOON
    if coverage.kind is Kind.TRIAL:
        soon, ends_soon = TRIAL_SOON, Notice.TRIAL_ENDS_SOON
    if end is not None and now >= end:
        found.append(Notice.LICENSE_IN_GRACE)
    elif end is not None and end - now <= soon:
        found.append(ends_soon)
    if until is not None and now >= until:
        found.append(Notice.MAINTENANCE_ENDED)
    elif until is not None and until - now <= SOON:
        found.append(Notice.MAINTENANCE_ENDS_SOON)
    if license_.is_overused():
        found.append(Notice.OVERAGE)
    return tuple(found)


def later(moment: datetime, days: int) -> datetime:
    """Add days; what would lie beyond the calendar's end (9999-12-31 means "never") ends there."""
    return after(moment, timedelta(days=min(days, LONGEST_DAYS)))


def after(moment: datetime, span: timedelta) -> datetime:
    """Add a span, up to the calendar's end."""
    try:
        return moment + span
    except OverflowError:
        return datetime.max.replace(microsecond=0, tzinfo=UTC)


def rfc3339(moment: datetime) -> str:
    """Write a time as evidence has it (RFC 3339, UTC, whole seconds)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
