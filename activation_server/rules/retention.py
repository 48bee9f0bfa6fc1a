"""How long data is kept: class of data → what starts the clock → lifetime → what is done then.

A table for people and for runs alike. No run disposes of anything by it yet.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


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
        return f"{self.count} {self.unit}"


@dataclass(frozen=True, slots=True)
class Retention:
    """One class of data."""

    name: str
    clock: str  # what starts it
    lifetime: Lifetime | None  # none: until the clock's event, not longer
    action: Action
    remark: str = ""
    has_run: bool = False  # whether a run of the server disposes of it today


TWO_YEARS: Final = Lifetime(24, Unit.MONTHS)
A_MONTH: Final = Lifetime(30, Unit.DAYS)

CONTACT: Final = Retention(
    "contact",
    "the last contact with the person: a check-in, an order, a word with support",
    TWO_YEARS,
    Action.ERASE,
    "Name, company, e-mail and the names of computers, with the key that they are sealed with.",
)
COMMENTS: Final = Retention(
    "comments",
    "the comment comes in",
    TWO_YEARS,
    Action.ERASE,
    "What an app repeats does not come in anew.",
)
NETWORK: Final = Retention(
    "network",
    "a copy of an installation calls from the network",
    A_MONTH,
    Action.REDUCE,
    "The /24 or /48 of an address, in the details of the classes history and refusals: "
    "as nothing takes it out yet, it stays as long as they do.",
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
)
SEAT: Final = Retention(
    "seat",
    "the seat was given back or taken, or its license goes",
    TWO_YEARS,
    Action.ERASE,
    "An installation that is in use needs its row for the next check-in, however far that is.",
)
LAST_REQUEST: Final = Retention(
    "last request",
    "the request is answered",
    A_MONTH,
    Action.REDUCE,
    "A retry of the last request is told by it. The next check-in writes over it.",
)
TRIAL: Final = Retention(
    "trial",
    "the trial is given",
    TWO_YEARS,
    Action.ERASE,
    "After that a computer may try again, whatever its policy says. A computer without a trial is "
    "listed to be locked, and can go at any time.",
)
HISTORY: Final = Retention(
    "history",
    "the month is over",
    TWO_YEARS,
    Action.DROP_PARTITION,
    "Details hold the network of a copy longer than the 30 days that are meant for it.",
)
REFUSALS: Final = Retention(
    "refusals",
    "the last refusal of its kind",
    TWO_YEARS,
    Action.ERASE,
    "One line a kind; evidence holds the network of a copy longer than the 30 days meant for it.",
)
AUDIT: Final = Retention(
    "audit",
    "the month is over",
    TWO_YEARS,
    Action.DROP_PARTITION,
    "A signed checkpoint of a month's last entry stays in its place, so that the rest of the log "
    "can still be verified.",
)

HOLD: Final = Retention(
    "hold",
    "the hold ends: it is lifted, or its last day is over",
    TWO_YEARS,
    Action.ERASE,
    "As long as a hold is on record, its license stays too.",
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
        KEYS,
    )
}
