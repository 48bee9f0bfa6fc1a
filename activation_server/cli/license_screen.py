"""How one license looks on a terminal: what holds and why, on one screen."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from activation_server.cli.license_views import STATUS_STYLES, person, printable
from activation_server.cli.operate import out
from activation_server.cli.terms import ANY, NONE, UNLIMITED
from activation_server.formats import admin_api
from activation_server.formats.problem import PAGES
from activation_server.rules.license import Terms

Document = Mapping[str, Any]

# What is not shown on the terminal stands in the JSON.
PEOPLE, COMPUTERS, REFUSALS, EVENTS = 5, 10, 5, 15
SHORT_ID = 6  # the end of an activation's id; its beginning is the license's

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_NO_LIMIT: Final[Mapping[str, str]] = {"seats": UNLIMITED, "transfers": UNLIMITED, "edition": ANY}
_DEFAULTS: Final[Mapping[str, object]] = {
    name: admin_api.plain(value) for name, value in asdict(Terms()).items()
}


def print_license(document: Document) -> None:
    """Print a license: status, explanation, terms, computers, refusals, history."""
    _print_head(document)
    _print_holds(document["holds"])
    for sentence in document["explanation"]:
        _print_item("-", Text(printable(sentence)))
    _print_terms(document["terms"], document["policy"])
    names = _print_people(document["people"])
    _print_computers(document["activations"], names)
    _print_refusals(document["refusals"])
    _print_events(document["events"], document["events_total"])


def _print_head(document: Document) -> None:
    status = document["status"]
    out.print(
        Text.assemble(
            (document["license_key"], "bold"),
            "  ",
            (status, STATUS_STYLES.get(status, "bold")),
            f"  {printable(document['product'])}, policy {printable(document['policy'])}",
            f", order {printable(document['order'])}" if document["order"] else "",
        )
    )
    started = document["started"]
    begun = f"first used {_day(started)}" if started else "never used"
    facts = f"{document['license_id']}  issued {_day(document['issued'])}, {begun}"
    out.print(Text(facts, "dim"))
    out.print()


def _print_holds(holds: Sequence[Document]) -> None:
    for hold in holds:
        whose = "the license" if hold["on"] == "license" else f"person {hold['person_id']}"
        words = f": {hold['reason']}; ordered by {hold['ordered_by']}" if "reason" in hold else ""
        told = f"Legal hold {hold['hold_id']} on {whose}, through {hold['until']}"
        _print_item("-", Text(printable(f"{told}{words}."), "yellow"))


def _print_terms(terms: Mapping[str, Document], policy: str) -> None:
    """Print the terms that are not as on a plain license, or are the license's own."""
    table = _table("Terms", "Value", "From")
    for name, term in terms.items():
        if term["value"] != _DEFAULTS.get(name) or term["from"] == "license":
            source = "this license" if term["from"] == "license" else f"policy {policy}"
            table.add_row(
                _words(name),
                Text(_NO_LIMIT.get(name, NONE) if term["value"] is None else _value(term["value"])),
                Text(printable(source)),
            )
    if table.row_count:
        _print_part(table)


def _print_people(people: Sequence[Document]) -> Mapping[str, str]:
    """Print who bought the license and who uses it; give the names of their computers."""
    table = _table("People", "Who", "Last contact")
    for one in people[:PEOPLE]:
        erased = one["erased"] and f"erased on {_day(one['erased'])}"
        who = erased or person(one) or "not named"
        table.add_row(one["role"], Text(who), _day(one["last_contact"]))
    if table.row_count:
        _print_part(table)
        _print_more(len(people) - PEOPLE)
    computers = [computer for one in people for computer in one["computers"]]
    for computer in [each for each in computers if each["comments"]][:PEOPLE]:
        at, words_ = _day(computer["commented"]), printable(computer["comments"])
        out.print(Text(f"{at}  comment: {words_}"))
    return {each["activation_id"]: each["name"] for each in computers if each["name"]}


def _print_computers(activations: Sequence[Document], names: Mapping[str, str]) -> None:
    if not activations:
        _print_part(Text("No computer was activated yet.", "dim"))
        return
    table = _table(
        Column("Computers", no_wrap=True),
        Column("Status", no_wrap=True),
        Column("Last check-in", no_wrap=True),
        Column("App", no_wrap=True, max_width=12),
        "System",
        *(["Name"] if names else []),
    )
    for one in activations[:COMPUTERS]:
        table.add_row(
            one["activation_id"],
            Text(one["status"], STATUS_STYLES.get(one["status"], "")),
            _time(one["last_check_in"]),
            Text(printable(one["app_version"])),
            Text(printable(one["os"]), no_wrap=True, overflow="ellipsis"),
            *([Text(printable(names.get(one["activation_id"], "")))] if names else []),
        )
    _print_part(table)
    _print_more(len(activations) - COMPUTERS)


def _print_refusals(refusals: Sequence[Document]) -> None:
    if not refusals:
        return
    _print_part(Text("Last refusals", "dim"))
    for one in refusals[:REFUSALS]:
        times = "once" if one["times"] == 1 else f"{one['times']} times"
        evidence = f": {_details(one['evidence'])}" if one["evidence"] else ""
        line = Text(f"{_time(one['at'])}  {one['code']}, {times}{evidence}")
        _print_item("-", line, PAGES[one["code"]].person)
    _print_more(len(refusals) - REFUSALS)


def _print_events(events: Sequence[Document], total: int) -> None:
    table = _table(Column("History", no_wrap=True), "What", "Details")
    for one in events[:EVENTS]:
        details = {name: value for name, value in one.items() if name not in {"at", "kind"}}
        table.add_row(_time(one["at"]), _words(one["kind"]), Text(_details(details)))
    _print_part(table)
    _print_more(total - EVENTS)


def _table(*columns: Column | str) -> Table:
    return Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")


def _print_part(part: Table | Text) -> None:
    out.print()
    out.print(part)


def _print_item(mark: str, line: Text, advice: str = "") -> None:
    """Print a line that is indented where it goes on."""
    grid = Table.grid(padding=(0, 1, 0, 0))
    grid.add_row(mark, line)
    out.print(grid)
    if advice:
        out.print(Padding(Text(f"→ What they can do: {advice}", "dim"), (0, 0, 0, 2)))


def _print_more(more: int) -> None:
    if more > 0:
        out.print(Text(f"… and {more} more, see --json", "dim"))


# ---- Words.


def _details(details: Mapping[str, Any]) -> str:
    """Write the details of an event, or the evidence of a refusal; a reason comes last."""
    ordered = sorted(details.items(), key=lambda pair: (pair[0] == "reason", pair[0]))
    return printable(", ".join(_SPELT.get(name, _named)(name, value) for name, value in ordered))


def _named(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    return f"{_words(name)}: {_value(value)}"


def _activation(_name: str, value: str) -> str:
    return f"activation …{value[-SHORT_ID:]}"


def _changes(_name: str, changes: Mapping[str, Document]) -> str:
    return ", ".join(
        f"{_words(name)}: {_value(change['from'])} → {_value(change['to'])}"
        for name, change in changes.items()
    )


_SPELT: Final[Mapping[str, Callable[[str, Any], str]]] = {
    "activation_id": _activation,
    "changes": _changes,
}


def _value(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):  # names in groups: the parts of a computer
        groups = (f"{name} {' '.join(names)}" for name, names in value.items() if names)
        return f"({'; '.join(groups)})"
    if isinstance(value, list):
        return ", ".join(map(_value, value)) or NONE
    if value is None:
        return NONE
    text = printable(str(value))
    return _time(text) if _TIME.fullmatch(text) else text


def _time(rfc3339: str) -> str:
    """Write a time, which is in UTC, to the minute."""
    return rfc3339[:16].replace("T", " ")


def _day(rfc3339: str) -> str:
    return rfc3339[:10]


def _words(name: str) -> str:
    return printable(name.replace("_", " "))
