"""The overview as sheets: rows with a head, which are shown, downloaded as CSV, and plotted."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from activation_server.formats import csv_export
from activation_server.formats.problem import TEXTS
from activation_server.formats.times import rfc3339
from activation_server.formats.words import day, minute
from activation_server.rules import overview as rules
from activation_server.rules.overview import Computers, Found, Listed, Numbers
from activation_server.rules.reasons import Reason
from activation_server.rules.retention import Due

Cell = str | int
Rows = Sequence[Sequence[Cell]]
ANY_NUMBER: Final = "any number"
EARLIER: Final = "earlier"
OTHERS: Final = "all others"
_SYSTEMS: Final = {"windows": "Windows", "macos": "macOS", "linux": "Linux", "other": "Other"}


class Shape(StrEnum):
    """How a sheet is plotted."""

    COLUMNS = "columns"  # over time
    BARS = "bars"  # by size


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the overview has of one thing; `rows` is `None` where it was not counted in time."""

    name: str
    title: str
    about: str
    head: Sequence[str]
    rows: Rows | None
    shape: Shape | None = None
    plotted: Sequence[int] = (1,)  # columns; the first one has the labels
    licenses: Sequence[UUID] = ()  # that the rows are about
    count: int = 0  # of a list that goes on

    @property
    def has_plot(self) -> bool:
        """Tell whether there is anything to plot."""
        rows = self.rows or ()
        return self.shape is not None and any(row[at] for row in rows for at in self.plotted)

    @property
    def in_words(self) -> str:
        """Say in a sentence what a plot shows, for those who do not see it."""
        rows, at = self.rows or (), self.plotted[0]
        most = max(rows, key=lambda row: int(row[at]), default=None)
        told = "" if most is None else f" The most are {most[at]:,}: {most[0]}."
        return f"Plot: {self.title}.{told} The table below has all numbers."

    def csv(self) -> str:
        """Write it for spreadsheets."""
        return "".join(map(csv_export.line, (self.head, *(self.rows or ()))))


def sheets(numbers: Numbers) -> Mapping[str, Sheet]:
    """Write all numbers as sheets, by their names."""
    all_ = (*_lists(numbers), *_over_time(numbers), *_by_size(numbers))
    return {each.name: each for each in all_}


def due_sheet(due: Iterable[tuple[str, Due]] | None) -> Sheet:
    """Write what retention has to do, by the names of classes."""
    rows = None
    if due is not None:
        rows = [
            (name, each.count, "" if each.oldest is None else _day(each.oldest), each.held)
            for name, each in due
            if each.count or each.held
        ]
    return Sheet(
        "due",
        "Retention due",
        "Rows whose time is over, by class: the next run disposes of them, but for those under a "
        "legal hold.",
        ("Class", "Due", "Since", "Held"),
        rows,
    )


def moment(at: datetime) -> str:
    """Write when numbers were made."""
    return f"{minute(rfc3339(at))} UTC"


def _lists(numbers: Numbers) -> Iterable[Sheet]:
    yield _list(
        numbers.ending,
        "ending",
        f"Licenses that end within {rules.ENDING.days} days",
        "Trials are left out.",
        ("Key", "Product", "Ends"),
        lambda each: (_day(each.at),),
    )
    yield _list(
        numbers.much_activated,
        "leaked",
        "Keys that look leaked",
        f"{rules.LEAST_ACTIVATIONS} or more activations in {rules.LEAK_DAYS} days, and "
        f"{rules.TIMES_ITS_SEATS} times as many as the license has seats.",
        ("Key", "Product", "Activations", "Seats"),
        lambda each: (each.count, _seats(each)),
    )
    yield _list(
        numbers.much_refused,
        "refused-seats",
        "Keys that very many want a seat of",
        f"Refused {rules.LEAST_REFUSED} times or more because all seats were taken, the last time "
        f"within {rules.LEAK_DAYS} days. An app that asks again and again counts each time.",
        ("Key", "Product", "Refused", "Seats", "Last"),
        lambda each: (each.count, _seats(each), _day(each.at)),
    )
    yield _list(
        numbers.cloned,
        "clones",
        "Clones suspected",
        f"Installations that seem to be in use on two computers, in the last {rules.DAYS} days.",
        ("Key", "Product", "Seen", "Last"),
        lambda each: (each.count, _day(each.at)),
    )


def _over_time(numbers: Numbers) -> Iterable[Sheet]:
    at, computers = numbers.made_at, numbers.computers
    estimated = _estimated(computers)
    yield Sheet(
        "active",
        "Active computers",
        "Computers that held a seat at the end of each month. What was given back is deleted some "
        f"time later, so long ago there may have been more.{estimated}",
        ("Month", "Computers"),
        None if computers is None else _active(at, computers),
        Shape.COLUMNS,
    )
    yield Sheet(
        "activations",
        "Activations",
        f"Computers activated on each of the last {rules.DAYS} days (UTC).",
        ("Day", "Activations"),
        None
        if numbers.activations is None
        else _by_day(rules.filled(numbers.activations, rules.days(at))),
        Shape.COLUMNS,
    )
    yield Sheet(
        "last-check-ins",
        "Last check-ins",
        "Active computers by the day of their last answer (UTC). Check-ins themselves are not "
        f"stored: only each computer's last one is known.{estimated}",
        ("Day", "Computers"),
        None if computers is None else _last_seen(numbers.made_at, computers.last_seen),
        Shape.COLUMNS,
    )


def _by_size(numbers: Numbers) -> Iterable[Sheet]:
    computers = numbers.computers
    estimated = _estimated(computers)
    yield Sheet(
        "versions",
        "Versions in use",
        f"Active computers by the version of the app that they told last.{estimated}",
        ("Version", "Computers"),
        None if computers is None else _top(computers.versions, computers.active),
        Shape.BARS,
    )
    yield Sheet(
        "systems",
        "Operating systems",
        f"Active computers by the system that they told last.{estimated}",
        ("System", "Computers"),
        None if computers is None else _systems(computers.systems),
        Shape.BARS,
    )
    yield Sheet(
        "seats",
        "Seats",
        "Licenses that are good now, without trials. Those for any number of computers are told "
        "apart.",
        ("Product", "In use", "Sold", "Licenses", "In use without limit", "Without limit"),
        None
        if numbers.sold is None
        else [
            (
                each.product,
                each.used,
                each.seats,
                each.licenses,
                each.used_unlimited,
                each.unlimited,
            )
            for each in numbers.sold
        ],
        Shape.BARS,
        plotted=(1, 2, 4),
    )
    yield Sheet(
        "refusals",
        "Refusals",
        f"Licenses that were refused something in the last {rules.DAYS} days, by the reason. "
        "“Times” counts from each one's first refusal of that kind.",
        ("Reason", "Licenses", "Times"),
        None
        if numbers.refusals is None
        else [
            (TEXTS[Reason(each.code)].title, each.licenses, each.times) for each in numbers.refusals
        ],
        Shape.BARS,
    )


def _list(
    found: Found | None,
    name: str,
    title: str,
    about: str,
    head: Sequence[str],
    more: Callable[[Listed], Sequence[Cell]],
) -> Sheet:
    """Write a list of licenses, each by the end of its key."""
    listed = () if found is None else found.first
    return Sheet(
        name,
        title,
        about,
        head,
        None
        if found is None
        else [(f"…{one.key_tail}", one.product, *more(one)) for one in listed],
        licenses=[each.license_id for each in listed],
        count=0 if found is None else found.count,
    )


def _by_day(counts: Iterable[tuple[date, int]]) -> Rows:
    return [(each.isoformat(), count) for each, count in counts]


def _last_seen(now: datetime, counts: Mapping[date | None, int]) -> Rows:
    known = {each: count for each, count in counts.items() if each is not None}
    return [(EARLIER, counts.get(None, 0)), *_by_day(rules.filled(known, rules.days(now)))]


def _estimated(computers: Computers | None) -> str:
    if computers is None or computers.one_in == 1:
        return ""
    return f" Estimated: one of {computers.one_in} computers was looked at."


def _active(now: datetime, computers: Computers) -> Rows:
    months = rules.months(now)
    active = rules.active_by_month(computers.joined, computers.left, months)
    return [(f"{month:%Y-%m}", count) for month, count in active]


def _systems(counts: Mapping[str, int]) -> Rows:
    top, _ = rules.top_and_rest(counts, 0)
    return [(_SYSTEMS.get(name, name), count) for name, count in top]


def _top(counts: Mapping[str, int], total: int) -> Rows:
    top, rest = rules.top_and_rest(counts, total)
    return [*top, (OTHERS, rest)] if rest else top


def _seats(each: Listed) -> Cell:
    return ANY_NUMBER if each.seats is None else each.seats


def _day(moment: datetime | None) -> str:
    return "" if moment is None else day(rfc3339(moment))
