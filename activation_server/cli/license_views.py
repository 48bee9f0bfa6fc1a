"""How licenses look on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from activation_server.cli.operate import out

Document = Mapping[str, Any]

_STATUS_STYLES = {
    "active": "green",
    "suspended": "yellow",
    "revoked": "red",
    "removed": "dim",
    "lapsed": "dim",
}


def print_issued(documents: Sequence[Document]) -> None:
    """Print the keys of licenses that were just issued, one a line, to be copied."""
    for document in documents:
        out.print(document["license_key"], style="bold", soft_wrap=True)
    first = documents[0]
    out.print(
        f"{len(documents)} for {escape(first['product'])} ({escape(first['policy'])}), "
        f"{_seats(first)}, {_until(first['expires'])}",
        style="dim",
    )


def print_list(documents: Sequence[Document]) -> None:
    """Print found licenses, one a row."""
    if not documents:
        out.print("No license found.")
        return
    table = Table(
        Column("Key", min_width=29),
        "Product",
        "Status",
        "Seats",
        "Ends",
        "Order",
    )
    for document in documents:
        table.add_row(
            escape(document["license_key"]),
            escape(document["product"]),
            _status(document["status"]),
            f"{document['seats_used']}/{document['seats'] or '∞'}",
            document["expires"] or "-",
            escape(document["order"] or "-"),
        )
    out.print(table)


def print_history(document: Document) -> None:
    """Print one license on one screen."""
    out.print(f"[bold]{escape(document['license_key'])}[/]  {_status(document['status'])}")
    facts = Table.grid(padding=(0, 2))
    for name in ("product", "policy", "kind", "edition", "features", "order", "license_id"):
        value = document[name]
        shown = ", ".join(value) if isinstance(value, list) else value
        facts.add_row(f"[dim]{name.replace('_', ' ')}[/]", escape(str(shown or "-")))
    facts.add_row("[dim]seats[/]", _seats(document))
    for name in ("issued", "started", "expires", "accepted_until", "maintenance_until"):
        facts.add_row(f"[dim]{name.replace('_', ' ')}[/]", document[name] or "-")
    out.print(facts)
    _print_computers(document["activations"])
    _print_refusals(document["refusals"])
    _print_events(document["events"])


def _print_computers(activations: Sequence[Document]) -> None:
    table = Table(
        Column("Activation", min_width=36),
        "Status",
        "Last check-in",
        "App",
        "OS",
        title="Computers",
    )
    for one in activations:
        table.add_row(
            one["activation_id"],
            _status(one["status"]),
            one["last_check_in"],
            escape(one["app_version"]),
            escape(one["os"]),
        )
    out.print(table if activations else "[dim]No computer was activated yet.[/]")


def _print_refusals(refusals: Sequence[Document]) -> None:
    if not refusals:
        return
    table = Table("At", "Code", "Times", "Evidence", title="Last refusals")
    for one in refusals:
        table.add_row(one["at"], one["code"], str(one["times"]), escape(_details(one["evidence"])))
    out.print(table)


def _print_events(events: Sequence[Document]) -> None:
    table = Table("At", "What", "Details", title="History")
    for one in events:
        details = {name: value for name, value in one.items() if name not in {"at", "kind"}}
        table.add_row(one["at"], one["kind"], escape(_details(details)))
    out.print(table)


def _details(details: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}: {_shown(value)}" for name, value in details.items()) or "-"


def _shown(value: object) -> str:
    """Write a detail: names of components side by side, groups of them in brackets."""
    match value:
        case Mapping():
            groups = (f"{name} {_shown(names)}" for name, names in value.items() if names)
            return f"({'; '.join(groups)})"
        case list():
            return " ".join(map(str, value))
        case _:
            return str(value)


def _seats(document: Document) -> str:
    limit = document["seats"]
    return f"{document['seats_used']} of {limit} seats" if limit else "unlimited seats"


def _until(end: str | None) -> str:
    return f"until {end}" if end else "for ever"


def _status(status: str) -> str:
    return f"[{_STATUS_STYLES[status]}]{status}[/]"
