"""A plain model of what the server must keep and what must go: no database, its own calendar.

All that is stored is told as facts: tuples of a kind, a license, and what tells one from the other.
The model says of each whether it is due to go; of one that went it is told by `forget`.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

Fact = tuple[Any, ...]

MONTHS = dict.fromkeys(("contact", "comments", "seat", "trial", "refusals", "hold", "history"), 24)
NETWORK_DAYS = REQUEST_DAYS = 30
# The lifetime of each kind of fact whose clock stands beside it.
CLASSES = {"trial": "trial", "refusal": "refusals", "hold": "hold"}


@dataclass
class Person:
    role: str
    words: dict[str, str]
    contact: datetime  # of any kind, check-ins too
    erased: bool = False


@dataclass
class Seat:
    answered: datetime
    removed: datetime | None = None
    request: bool = True  # the last one can be told from a retry
    told: object = None  # the last news, as long as its person is known
    muted: bool = False  # after an erasure, until the computer tells of somebody at an activation
    person_id: UUID | None = None
    name: str | None = None
    comment: str | None = None
    commented: datetime | None = None

    def forget_person(self) -> None:
        self.told = self.person_id = self.name = self.comment = self.commented = None


@dataclass(frozen=True)
class News:
    """What a computer tells: words of its user, a comment, its name."""

    words: tuple[tuple[str, str], ...]
    comment: str | None = None
    name: str | None = None


@dataclass
class License:
    people: dict[UUID, Person] = field(default_factory=dict)
    seats: dict[UUID, Seat] = field(default_factory=dict)

    def with_email(self, email: str) -> list[UUID]:
        return [
            person_id
            for person_id, person in self.people.items()
            if not person.erased and person.words["email"] == email
        ]


@dataclass
class Hold:
    license_id: UUID
    person_id: UUID | None
    until: date
    lifted: datetime | None = None


@dataclass
class Plain:
    months: dict[str, int] = field(default_factory=lambda: dict(MONTHS))
    licenses: dict[UUID, License] = field(default_factory=dict)
    holds: dict[UUID, Hold] = field(default_factory=dict)
    records: dict[Fact, datetime] = field(default_factory=dict)  # with what started their clocks

    # What happened

    def line(self, at: datetime, license_id: UUID, kind: str, *, network: bool = False) -> None:
        """Take a line of history."""
        self.records["line", license_id, at, kind] = at
        if network:
            self.records["network", license_id, "line", at] = at

    def sold(
        self, now: datetime, license_id: UUID, buyer: tuple[UUID, dict[str, str]] | None
    ) -> None:
        license_ = self.licenses[license_id] = License()
        if buyer is not None:
            license_.people[buyer[0]] = Person("buyer", buyer[1], now)

    def answered(
        self, now: datetime, license_id: UUID, seat_id: UUID, news: News | None, *, activated: bool
    ) -> bool:
        """Take an answered call; give whether somebody is named whom the model must get to know."""
        license_ = self.licenses[license_id]
        seat = license_.seats.setdefault(seat_id, Seat(now))
        seat.answered, seat.request = now, True
        for person_id, person in license_.people.items():
            if not person.erased and (person.role == "buyer" or person_id == seat.person_id):
                person.contact = now
        if news is None or news == seat.told or (seat.muted and not activated):
            return False
        seat.told, seat.muted = news, False
        seat.name = news.name or seat.name
        if news.comment is not None and news.comment != seat.comment:
            seat.comment, seat.commented = news.comment, now
        known = license_.with_email(dict(news.words)["email"])
        if not known:
            return True
        [seat.person_id] = known
        person = license_.people[seat.person_id]
        person.words, person.contact = person.words | dict(news.words), now
        return False

    def met(self, now: datetime, license_id: UUID, seat_id: UUID, person_id: UUID) -> None:
        """Take who uses a computer, after they were not known."""
        license_ = self.licenses[license_id]
        seat = license_.seats[seat_id]
        assert isinstance(seat.told, News)
        license_.people[person_id] = Person("user", dict(seat.told.words), now)
        seat.person_id = person_id

    def refused(self, now: datetime, license_id: UUID, code: str, *, network: bool) -> None:
        times = 1
        for fact in [each for each in self.records if each[1] == license_id]:
            if fact[0] == "refusal" and fact[2] == code:
                times += fact[4]
                del self.records[fact]
                self.records.pop(("network", license_id, code, fact[3]), None)
        self.records["refusal", license_id, code, now, times] = now
        if network:
            self.records["network", license_id, code, now] = now

    def tried(self, now: datetime, license_id: UUID) -> None:
        self.licenses[license_id] = License()
        self.records["trial", license_id, now] = now

    def held(self, hold_id: UUID, hold: Hold) -> None:
        self.holds[hold_id] = hold
        end = datetime(hold.until.year, hold.until.month, hold.until.day, tzinfo=UTC)
        self.records["hold", hold.license_id, hold_id, None] = end + timedelta(days=1)

    def lifted(self, now: datetime, hold_id: UUID) -> None:
        hold = self.holds[hold_id]
        hold.lifted = now
        del self.records["hold", hold.license_id, hold_id, None]
        self.records["hold", hold.license_id, hold_id, now] = now

    def erasable(self, email: str, now: datetime) -> tuple[bool, int]:
        """Whether an erasure is let through, and how many people it takes."""
        found = [
            (license_id, person_id)
            for license_id, license_ in self.licenses.items()
            for person_id in license_.with_email(email)
        ]
        return not any(self.is_held(*each, now) for each in found), len(found)

    def erased(self, email: str) -> None:
        for license_ in self.licenses.values():
            for person_id in license_.with_email(email):
                license_.people[person_id].erased = True
                for seat in license_.seats.values():
                    if seat.person_id == person_id:
                        seat.forget_person()
                        seat.muted = True

    # What is to be there

    def is_held(self, license_id: UUID, person_id: UUID | None, now: datetime) -> bool:
        """Whether a hold is in force on a license, or, where one is named, on that person."""
        return any(
            hold.license_id == license_id
            and hold.lifted is None
            and now.date() <= hold.until
            and (person_id is None or hold.person_id in {None, person_id})
            for hold in self.holds.values()
        )

    def facts(self, now: datetime) -> dict[Fact, bool]:
        """Give everything that the server may have, and of each whether it must go now."""
        every = {fact: self._is_due(fact, clock, now) for fact, clock in self.records.items()}
        for license_id, license_ in self.licenses.items():
            free = not self.is_held(license_id, None, now)
            going = set()
            for person_id, person in license_.people.items():
                due = not person.erased and self._is_over("contact", person.contact, now)
                due = due and not self.is_held(license_id, person_id, now)
                every["person", license_id, person_id, person.role, person.erased] = due
                going |= {person_id} if due else set()
            for seat_id, seat in license_.seats.items():
                gone = free and seat.removed is not None
                gone = gone and self._is_over("seat", seat.removed, now)
                every["seat", license_id, seat_id, seat.removed, seat.answered] = gone
                if seat.request:
                    old = seat.answered < now - timedelta(days=REQUEST_DAYS)
                    every["request", license_id, seat_id] = gone or (free and old)
                if seat.person_id is not None:
                    gone = gone or seat.person_id in going
                    row = (license_id, seat_id, seat.person_id)
                    every["computer", *row, seat.name is not None] = gone
                    if seat.commented is not None:
                        old = self._is_over("comments", seat.commented, now)
                        old = old and not self.is_held(license_id, seat.person_id, now)
                        every["comment", license_id, seat_id, seat.commented] = gone or old
        return every

    def forget(self, fact: Fact) -> None:
        """Take that a fact is gone."""
        self.records.pop(fact, None)
        match fact:
            case ("person", license_id, person_id, *_):
                license_ = self.licenses[license_id]
                del license_.people[person_id]
                for seat in license_.seats.values():
                    if seat.person_id == person_id:
                        seat.forget_person()
            case ("seat", license_id, seat_id, *_):
                del self.licenses[license_id].seats[seat_id]
            case ("request", license_id, seat_id):
                if seat_id in (seats := self.licenses[license_id].seats):
                    seats[seat_id].request = False
            case ("comment", license_id, seat_id, _):
                if seat_id in (seats := self.licenses[license_id].seats):
                    seats[seat_id].comment = seats[seat_id].commented = None
            case _:
                pass

    def _is_due(self, fact: Fact, clock: datetime, now: datetime) -> bool:
        kind, license_id = fact[:2]
        if kind == "entry":
            return (clock.year, clock.month) < self._month(now)
        if self.is_held(license_id, None, now):
            return False
        if kind == "line":
            return (clock.year, clock.month) < self._month(now)
        if kind == "network":
            return clock < now - timedelta(days=NETWORK_DAYS)
        return self._is_over(CLASSES[kind], clock, now)

    def _month(self, now: datetime) -> tuple[int, int]:
        first = _before(now, self.months["history"])
        return first.year, first.month

    def _is_over(self, name: str, clock: datetime | None, now: datetime) -> bool:
        return clock is not None and clock < _before(now, self.months[name])


def _before(now: datetime, months: int) -> datetime:
    """Go back by the calendar, day for day; to the last day of a month that is too short."""
    counted = now.year * 12 + now.month - 1 - months
    for day in range(now.day, 0, -1):
        try:
            return now.replace(year=counted // 12, month=counted % 12 + 1, day=day)
        except ValueError:
            continue
    raise AssertionError
