"""How issued and found licenses look on a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from activation_server.cli.operate import out

Document = Mapping[str, Any]

STATUS_STYLES = {
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
        "People",
    )
    for document in documents:
        table.add_row(
            escape(document["license_key"]),
            escape(document["product"]),
            _status(document["status"]) + (", legal hold" if document["holds"] else ""),
            f"{document['seats_used']}/{document['seats'] or '∞'}",
            document["expires"] or "-",
            escape(document["order"] or "-"),
            escape(people(document)),
        )
    out.print(table)


def people(document: Document) -> str:
    """Name the first person of a license, and say how many more there are."""
    named = next(filter(None, map(person, document["people"])), None)
    more = document["people_total"] - 1
    return f"{named} +{more}" if named and more > 0 else named or "-"


def person(document: Document) -> str:
    """Write who somebody is, as far as it is known, on one line."""
    known = [document[name] for name in ("name", "company", "email") if document[name]]
    return printable(", ".join(known))


def printable(text: str) -> str:
    """Take out what would steer the terminal: some of it comes from apps."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def _seats(document: Document) -> str:
    limit = document["seats"]
    return f"{document['seats_used']} of {limit} seats" if limit else "unlimited seats"


def _until(end: str | None) -> str:
    return f"until {end}" if end else "for ever"


def _status(status: str) -> str:
    return f"[{STATUS_STYLES[status]}]{status}[/]"
