"""How one license looks on a terminal: what holds and why, on one screen."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from rich.padding import Padding
from rich.table import Column, Table
from rich.text import Text

from activation_server.cli.license_views import STATUS_STYLES, person, printable
from activation_server.cli.operate import out
from activation_server.cli.terms import ANY, NONE, UNLIMITED
from activation_server.formats import admin_api, words
from activation_server.formats.problem import PAGES
from activation_server.rules.license import Terms

Document = Mapping[str, Any]

# What is not shown on the terminal stands in the JSON.
PEOPLE, COMPUTERS, REFUSALS, EVENTS = 5, 10, 5, 15

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
    begun = f"first used {words.day(started)}" if started else "never used"
    facts = f"{document['license_id']}  issued {words.day(document['issued'])}, {begun}"
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
                printable(words.name(name)),
                Text(
                    _NO_LIMIT.get(name, NONE)
                    if term["value"] is None
                    else printable(words.value(term["value"]))
                ),
                Text(printable(source)),
            )
    if table.row_count:
        _print_part(table)


def _print_people(people: Sequence[Document]) -> Mapping[str, str]:
    """Print who bought the license and who uses it; give the names of their computers."""
    table = _table("People", "Who", "Last contact")
    for one in people[:PEOPLE]:
        erased = one["erased"] and f"erased on {words.day(one['erased'])}"
        who = erased or person(one) or "not named"
        table.add_row(one["role"], Text(who), words.day(one["last_contact"]))
    if table.row_count:
        _print_part(table)
        _print_more(len(people) - PEOPLE)
    computers = [computer for one in people for computer in one["computers"]]
    for computer in [each for each in computers if each["comments"]][:PEOPLE]:
        at, comment = words.day(computer["commented"]), printable(computer["comments"])
        out.print(Text(f"{at}  comment: {comment}"))
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
            words.minute(one["last_check_in"]),
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
        evidence = f": {printable(words.details(one['evidence']))}" if one["evidence"] else ""
        line = Text(f"{words.minute(one['at'])}  {one['code']}, {times}{evidence}")
        _print_item("-", line, PAGES[one["code"]].person)
    _print_more(len(refusals) - REFUSALS)


def _print_events(events: Sequence[Document], total: int) -> None:
    table = _table(Column("History", no_wrap=True), "What", "Details")
    for one in events[:EVENTS]:
        details = {name: value for name, value in one.items() if name not in {"at", "kind"}}
        table.add_row(
            words.minute(one["at"]),
            printable(words.name(one["kind"])),
            Text(printable(words.details(details))),
        )
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
