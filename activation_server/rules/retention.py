"""How long data is kept: class of data → what starts the clock → lifetime → what is done then.

A table for people and for runs alike. A lifetime that is over is told by its cutoff: what its clock
was started for before then is due to go.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from activation_server.rules.calendar import add_months
from activation_server.rules.errors import OperatorError

_EARLIEST: Final = datetime.min.replace(tzinfo=UTC)
LONGEST_COUNT: Final = 1200
PAUSED: Final = "its time was over: the next run goes on"  # why a run by hand left something


class Unit(StrEnum):
    """What a lifetime is counted in."""

    DAYS = "days"
    MONTHS = "months"


class Action(StrEnum):
    """What is done with data when its lifetime is over."""

    ERASE = "erase"
    REDUCE = "reduce"  # the line stays, without what was due
    DROP_PARTITION = "drop the partition"
    ARCHIVE_THEN_ERASE = "archive, then erase"


@dataclass(frozen=True, slots=True)
class Lifetime:
    """So long after the clock was started."""

    count: int
    unit: Unit

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.count} {self.unit if self.count != 1 else self.unit.removesuffix('s')}"

    def cutoff(self, now: datetime) -> datetime:
        """Give before when a clock must have been started for this lifetime to be over at `now`."""
        if self.unit is Unit.MONTHS:
            return add_months(now, -self.count) or _EARLIEST
        try:
            return now - timedelta(days=self.count)
        except OverflowError:
            return _EARLIEST

    def days(self, month: int) -> int:
        """Count its days, with so many to a month."""
        return self.count * (month if self.unit is Unit.MONTHS else 1)

    def is_shorter_than(self, other: "Lifetime") -> bool:
        """Compare by months of 28 and of 31 days: in doubt it is shorter."""
        return self.days(28) < other.days(28) or self.days(31) < other.days(31)


@dataclass(frozen=True, slots=True)
class Retention:
    """One class of data."""

    name: str
    clock: str  # what starts it
    lifetime: Lifetime | None  # none: until the clock's event, not longer
    action: Action
    remark: str = ""
    has_run: bool = False  # whether a run of the server disposes of it
    at_least: Lifetime | None = None  # it can't be set to less


@dataclass(frozen=True, slots=True)
class Due:
    """What of a class is due to go now, or waits although it is due."""

    count: int = 0
    oldest: datetime | None = None  # of the clocks that have run out
    held: int = 0  # under a legal hold
    waiting: int = 0  # for something that an operator must set, see `why`
    why: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """The review record of a run; one without an end runs still, or was cut off."""

    run_id: UUID
    began_at: datetime
    ended_at: datetime | None
    by: str
    classes: Mapping[str, Any]  # of each what was due, is gone, was held, waits, and why

    def is_paused(self) -> bool:
        """Tell whether it ended before everything was looked at."""
        return any(each["why"] == PAUSED for each in self.classes.values())


def lifetimes(chosen: Mapping[str, Lifetime]) -> Mapping[str, Lifetime]:
    """Give the lifetime of each class that has one: the operator's choice, or the default."""
    return {
        each.name: chosen.get(each.name, each.lifetime)
        for each in CLASSES.values()
        if each.lifetime is not None
    }


def class_to_set(name: str) -> Retention:
    """Give a class whose lifetime can be set. Raises OperatorError."""
    of_class = CLASSES.get(name)
    if of_class is None or not of_class.has_run:
        known = ", ".join(each.name for each in CLASSES.values() if each.has_run)
        raise OperatorError(f"There is no such class with a lifetime; there are {known}.")
    return of_class


def check_choice(of_class: Retention, lifetime: Lifetime) -> None:
    """See that a class may be kept so long. Raises OperatorError."""
    if not 1 <= lifetime.count <= LONGEST_COUNT:
        raise OperatorError(f"A lifetime is 1 to {LONGEST_COUNT} months or days.")
    if of_class.at_least is not None and lifetime.is_shorter_than(of_class.at_least):
        raise OperatorError(
            f"The class {of_class.name} is kept {of_class.at_least} at least; for one person who "
            "wishes it, `activation-server privacy wish` sets less."
        )


TWO_YEARS: Final = Lifetime(24, Unit.MONTHS)
A_DAY: Final = Lifetime(1, Unit.DAYS)
A_MONTH: Final = Lifetime(30, Unit.DAYS)

CONTACT: Final = Retention(
    "contact",
    "the last contact with the person: a check-in, an order, a word with support",
    TWO_YEARS,
    Action.ERASE,
    "Name, company, e-mail and the names of computers, with the key that they are sealed with.",
    has_run=True,
    at_least=TWO_YEARS,
)
COMMENTS: Final = Retention(
    "comments",
    "the comment comes in",
    TWO_YEARS,
    Action.ERASE,
    "What an app repeats does not come in anew.",
    has_run=True,
)
SUPPRESSION: Final = Retention(
    "suppression",
    "the person asks for the newsletter again, and confirms it",
    None,
    Action.ERASE,
    "A keyed digest alone. It outlives the person's erasure, so that no app asks for them again.",
)
NETWORK: Final = Retention(
    "network",
    "a copy of an installation calls from the network",
    A_MONTH,
    Action.REDUCE,
    "The /24 or /48 of an address, taken out of the details of the classes history and refusals.",
    has_run=True,
)
CATALOGUE: Final = Retention(
    "catalogue", "the vendor no longer sells or supports it", None, Action.ERASE
)
LICENSE: Final = Retention(
    "license",
    "the license is over: expired or revoked, and no certificate of it is valid any more",
    TWO_YEARS,
    Action.ARCHIVE_THEN_ERASE,
    "So that a late renewal, and a question about what was bought, still find it; what was sold "
    "on which order is kept longer offline. A license for ever is kept until it is revoked.",
    has_run=True,
)
SEAT: Final = Retention(
    "seat",
    "the seat was given back or taken, or its license goes",
    TWO_YEARS,
    Action.ERASE,
    "An installation that is in use needs its row for the next check-in, however far that is.",
    has_run=True,
)
LAST_REQUEST: Final = Retention(
    "last request",
    "the request is answered",
    A_MONTH,
    Action.REDUCE,
    "A retry of the last request is told by it. The next check-in writes over it; where none "
    "comes, a random id takes its place.",
    has_run=True,
)
TRIAL: Final = Retention(
    "trial",
    "the trial is given",
    TWO_YEARS,
    Action.ERASE,
    "After that a computer may try again, whatever its policy says. A computer without a trial is "
    "listed to be locked, and can go at any time.",
    has_run=True,
)
HISTORY: Final = Retention(
    "history",
    "the month is over",
    TWO_YEARS,
    Action.DROP_PARTITION,
    "A month in which a held license has lines loses all others, and goes with the hold.",
    has_run=True,
)
REFUSALS: Final = Retention(
    "refusals",
    "the last refusal of its kind",
    TWO_YEARS,
    Action.ERASE,
    "One line a kind.",
    has_run=True,
)
REVIEWS: Final = Retention(
    "reviews",
    "the vendor no longer runs the server",
    None,
    Action.ERASE,
    "What shows that data went when it was due; of no person.",
)
AUDIT: Final = Retention(
    "audit",
    "the month is over",
    TWO_YEARS,
    Action.DROP_PARTITION,
    "A signed checkpoint of a month's last entry stays in its place, so that the rest of the log "
    "can still be verified.",
    has_run=True,
)

HOLD: Final = Retention(
    "hold",
    "the hold ends: it is lifted, or its last day is over",
    TWO_YEARS,
    Action.ERASE,
    "As long as a hold is on record, its license stays too.",
    has_run=True,
)
ANSWERS: Final = Retention(
    "answers",
    "a tool's request is answered",
    A_DAY,
    Action.ERASE,
    "A retry of a request of the admin API gets its answer again.",
    has_run=True,
)
TOKENS: Final = Retention(
    "tokens",
    "the API token is taken no more: it is revoked, or over",
    TWO_YEARS,
    Action.ERASE,
    "As long as the audit log may name it: a name means one token.",
    has_run=True,
)
STAFF: Final = Retention(
    "staff",
    "the account is disabled",
    TWO_YEARS,
    Action.ERASE,
    "So long the audit log names them too. An account that is in use stays.",
    has_run=True,
)
SESSION: Final = Retention(
    "session",
    "the session ends by itself",
    Lifetime(1, Unit.DAYS),
    Action.ERASE,
    "Whoever signs out, or is signed out, takes it along at once.",
    has_run=True,
)
KEYS: Final = Retention(
    "keys",
    "nothing that is in use is signed, sealed or derived with the key",
    None,
    Action.ERASE,
    "A signing key is retired by hand (`keys retire`); its row, and its wrapped seed, stay.",
)

CLASSES: Final[Mapping[str, Retention]] = {
    each.name: each
    for each in (
        CONTACT,
        COMMENTS,
        SUPPRESSION,
        NETWORK,
        CATALOGUE,
        LICENSE,
        SEAT,
        LAST_REQUEST,
        TRIAL,
        HISTORY,
        REFUSALS,
        AUDIT,
        HOLD,
        TOKENS,
        ANSWERS,
        STAFF,
        SESSION,
        REVIEWS,
        KEYS,
    )
}
