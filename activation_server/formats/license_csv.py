"""The CSV file that licenses of another system come in: RFC 4180, as spreadsheets write it.

UTF-8 with or without a byte order mark; the delimiter (comma, semicolon or tab) is the one that
the header row uses most, or the one that a first line `sep=;` names. Rows come out one by one, so
a file may be of any length. No message ever repeats a value: it may be a key or a person's.
"""

import csv
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from itertools import chain
from typing import Any

from activation_server.formats import person
from activation_server.formats.times import parse_end
from activation_server.rules.license import Status
from activation_server.rules.person import PERSON, Person

KEY_LIMIT, EDITION_LIMIT, SEATS_LIMIT = 200, 64, 2**31 - 1
REQUIRED = ("license_key", "product")

_DELIMITERS = ",;\t"
_NAMED_DELIMITER = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)
_UNDECODED = re.compile("[\udc80-\udcff]")  # what errors="surrogateescape" leaves
_UTF_16 = ("\udcff\udcfe", "\udcfe\udcff")
_NOT_UTF_8 = "This is not UTF-8: save the file as “CSV UTF-8”, and import that."
_BROKEN = (
    "This can't be read as CSV: a quotation mark is missing, or one inside a quoted value is not "
    "doubled."
)
_TIME = "Give a date (2027-12-31), a time with its zone (2027-12-31T12:00:00Z), or nothing."


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong on a line, in a column ("" for the whole line), and what to do about it."""

    line: int
    column: str
    message: str


@dataclass(frozen=True, slots=True)
class LicenseRow:
    """A license as its row describes it; `None` and a missing term mean: not given."""

    line: int
    license_key: str | None = field(repr=False)
    product: str
    policy: str | None
    status: Status
    terms: Mapping[str, object]  # single terms instead of the policy's, by their names in `Terms`
    issued_at: datetime | None
    expires_at: datetime | None
    maintenance_until: datetime | None
    order_reference: str | None = field(repr=False)
    buyer: Person


@dataclass(frozen=True, slots=True)
class Record:
    """One record of the file: what it says, and what is wrong with it.

    A row with problems is there for what can be told of its key and product; without a readable
    key and product there is none.
    """

    line: int  # the physical line where it begins
    row: LicenseRow | None
    problems: Sequence[Problem]


def read(
    lines: Iterable[str], required: Collection[str] = REQUIRED
) -> tuple[Sequence[Problem], Iterator[Record]]:
    """Read a file's lines; give what is wrong with its header row, and its records.

    The lines end as they do in the file (LF, CR LF or CR); bytes that are no UTF-8 come as
    errors="surrogateescape" makes them. Empty records are left out. There are no records when
    the header row can't be used.
    """
    source = iter(lines)
    line, text, delimiter = _first_line(source)
    if "\x00" in text or text.startswith(_UTF_16):
        return [Problem(line, "", _NOT_UTF_8)], iter(())
    parsed = _parsed(chain([text], source), line, delimiter)
    _, names = next(parsed, (line, []))
    if names is None:
        return [Problem(line, "", _BROKEN)], iter(())
    columns, problems = _header(line, names, required)
    if not set(required) <= set(columns.values()):
        return problems, iter(())
    return problems, (
        _record(line, fields, columns, required) for line, fields in parsed if fields != []
    )


def _first_line(source: Iterator[str]) -> tuple[int, str, str]:
    """Give the number of the line where the header row begins, that line, and the delimiter."""
    named = None
    for number, line in enumerate(source, 1):
        if match := _NAMED_DELIMITER.fullmatch(line):
            named = match[1]
        elif line.strip():
            return number, line, named or max(_DELIMITERS, key=line.count)
    return 1, "", _DELIMITERS[0]


def _parsed(
    lines: Iterable[str], first: int, delimiter: str
) -> Iterator[tuple[int, list[str] | None]]:
    """Give the stripped fields of each record, with the line where it begins.

    The fields are `[]` when all are empty, `None` when the record is no CSV; the next line is
    then read as a new record.
    """
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        line = first + reader.line_num
        fields: list[str] | None
        try:
            fields = [text.strip() for text in next(reader)]
        except StopIteration:
            return
        except csv.Error:
            fields = None
        yield line, fields if fields is None or any(fields) else []


def _header(
    line: int, names: Sequence[str], required: Collection[str]
) -> tuple[dict[int, str], list[Problem]]:
    """Give the columns by their places, "" for one that is ignored, and what is wrong."""
    known = {place: _column(name) for place, name in enumerate(names) if name}
    if not set(known.values()) & set(COLUMNS):
        message = f"The first line must be the header row. {_KNOWN}"
        return {}, [Problem(line, "", message)]
    columns, problems = dict[int, str](), list[Problem]()
    for place, name in known.items():
        columns[place] = ""
        if _UNDECODED.search(name):
            problems.append(Problem(line, "", _NOT_UTF_8))
        elif name not in COLUMNS:
            message = f"Remove or rename this column: there is none of this name. {_KNOWN}"
            shown = names[place] if names[place].isprintable() else ""
            problems.append(Problem(line, shown, message))
        elif name in columns.values():
            problems.append(Problem(line, name, "Remove one: the header row has this name twice."))
        else:
            columns[place] = name
    problems += [
        Problem(line, name, f"Add this column: every license needs it. {_KNOWN}")
        for name in required
        if name not in columns.values()
    ]
    return columns, problems


def _column(name: str) -> str:
    """Forgive case, and spaces and dashes between the words."""
    return re.sub(r"[\s_-]+", "_", name.casefold())


def _record(
    line: int,
    fields: Sequence[str] | None,
    columns: Mapping[int, str],
    required: Collection[str],
) -> Record:
    if fields is None:
        return Record(line, None, [Problem(line, "", _BROKEN)])
    values, problems = list[tuple[str, str]](), list[Problem]()
    for place, text in enumerate(fields):
        name = columns.get(place)
        if not text or name == "":
            continue
        if name is None:
            message = f"Value {place + 1} has no column: quote a value that holds a delimiter."
            problems.append(Problem(line, "", message))
        else:
            values.append((name, text))
    return record_of(line, values, problems, required)


def record_of(
    line: int,
    texts: Iterable[tuple[str, str]],
    before: Sequence[Problem],
    required: Collection[str],
) -> Record:
    """Read the values of a record, each with its column's name; `before` is wrong already."""
    values, problems = dict[str, Any](), [*before]
    for name, text in texts:
        try:
            values[name] = _value(name, text)
        except ValueError as error:
            problems.append(Problem(line, name, str(error)))
    faulty = {problem.column for problem in problems}
    problems += [
        Problem(line, name, "Fill this in: every license needs it.")
        for name in required
        if name not in values and name not in faulty
    ]
    return Record(line, _row(line, values, required), problems)


def _row(line: int, values: Mapping[str, Any], required: Collection[str]) -> LicenseRow | None:
    if not values.keys() >= set(required):
        return None
    return LicenseRow(
        line=line,
        license_key=values.get("license_key"),
        product=values["product"],
        policy=values.get("policy"),
        status=values.get("status", Status.ACTIVE),
        terms={name: values[name] for name in ("edition", "seats") if name in values},
        issued_at=values.get("issued"),
        expires_at=values.get("expires"),
        maintenance_until=values.get("maintenance_until"),
        order_reference=values.get("order"),
        buyer=Person(*(values.get(name) for name in PERSON)),
    )


def _value(name: str, text: str) -> object:
    """Read one value that is not empty; raises ValueError with what to do."""
    if "\x00" in text:
        raise ValueError("Remove the NUL character.")
    if not text.isascii() and _UNDECODED.search(text):
        raise ValueError(_NOT_UTF_8)
    return _READERS[name](text)


def _at_most(limit: int) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if len(text) > limit:
            raise ValueError(f"Give at most {limit} characters.")
        return text

    return parse


def _seats(text: str) -> int | None:
    if text.casefold() == "unlimited":
        return None
    # Ten digits first: int() takes its time, and has a limit of its own, for thousands.
    if text.isascii() and text.isdigit() and len(text) <= 10 and 1 <= int(text) <= SEATS_LIMIT:
        return int(text)
    raise ValueError("Give a whole number from 1 up, unlimited, or nothing (as the policy says).")


def _status(text: str) -> Status:
    try:
        return Status(text.casefold())
    except ValueError:
        raise ValueError("Give active, suspended, revoked, or nothing (active).") from None


def _end(text: str) -> datetime:
    try:
        return parse_end(text).replace(microsecond=0)
    except (ValueError, OverflowError):  # the latter: year 1 or 9999, moved to UTC
        raise ValueError(_TIME) from None


def _start(text: str) -> datetime:
    """Read a time as `_end` does, but for a date take the beginning of that day in UTC."""
    moment = _end(text)
    is_date = len(text) <= len("2027-12-31")
    return datetime.combine(moment.date(), time(), UTC) if is_date else moment


def _person(name: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if fault := person.fault(name, text):
            raise ValueError(f"Correct it or leave it empty: {fault}.")
        return text

    return parse


_READERS: Mapping[str, Callable[[str], object]] = {
    "license_key": _at_most(KEY_LIMIT),
    "product": str,
    "policy": str,
    "edition": _at_most(EDITION_LIMIT),
    "seats": _seats,
    "status": _status,
    "issued": _start,
    "expires": _end,
    "maintenance_until": _end,
    "order": _person("order"),
    "name": _person("name"),
    "company": _person("company"),
    "email": _person("email"),
}
COLUMNS = tuple(_READERS)
_KNOWN = f"The columns are {', '.join(COLUMNS)}; the first two are needed."
