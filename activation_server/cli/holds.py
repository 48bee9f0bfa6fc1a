"""`activation-server hold …`."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

import typer
from rich.table import Column, Table
from rich.text import Text

from activation_server.bootstrap import utc_now
from activation_server.cli.license_views import printable
from activation_server.cli.operate import (
    AsJson,
    DataDir,
    check_reveal,
    operate,
    out,
    print_json,
)
from activation_server.formats import admin_api
from activation_server.rules.hold import Hold, HoldOrder
from activation_server.services import holds

app = typer.Typer(no_args_is_help=True)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        msg = f"{text!r} is no date as 2027-12-31"
        raise typer.BadParameter(msg) from None


HoldReason = Annotated[str, typer.Option("--reason", metavar="R", help="Why; stored sealed.")]


@app.callback()
def group() -> None:
    """Legal holds: what retention and erasure must leave, and until when."""


@app.command()
def place(
    reason: HoldReason,
    ordered_by: Annotated[
        str, typer.Option(metavar="W", help="Who ordered the hold; stored sealed.")
    ],
    until: Annotated[
        date,
        typer.Option(parser=_day, metavar="DATE", help="Its last day; at most 10 years ahead."),
    ],
    key_or_id: Annotated[
        str | None, typer.Argument(metavar="[KEY_OR_ID]", help="Hold a license and all of it.")
    ] = None,
    email: Annotated[
        str | None, typer.Option(metavar="E", help="Hold a person, in every license.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Hold a license, or a person by the e-mail address: nothing of them is disposed of."""
    order = HoldOrder(reason, ordered_by, until)
    if key_or_id is not None and email is None:
        placed = operate(
            lambda context: holds.place_on_license(context, key_or_id, order),
            data_dir,
            as_json=as_json,
        )
    elif email is not None and key_or_id is None:
        placed = operate(
            lambda context: holds.place_on_person(context, email, order), data_dir, as_json=as_json
        )
    else:
        raise typer.BadParameter("Name what is to be held: either KEY_OR_ID or --email.")
    if as_json:
        print_json({"holds": [_document(hold) for hold in placed]})
        return
    for hold in placed:
        told = f"Placed hold {hold.hold_id} on {_whose(hold)}, in force through {hold.until}."
        out.print(told, soft_wrap=True)


@app.command("list")
def list_(
    everything: Annotated[
        bool, typer.Option("--all", help="Those that are lifted or have ended, too.")
    ] = False,
    reveal: Annotated[
        bool, typer.Option("--reveal", help="Show what was written; needs a reason.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(metavar="R", help="Why it must be seen in clear.")
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the legal holds in force, the first to end first."""
    check_reveal(reveal=reveal, reason=reason)
    found = operate(
        lambda context: holds.list_holds(
            context, ended_too=everything, reveal=reason if reveal else None
        ),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json({"holds": [_document(hold, clear=reveal) for hold in found]})
    elif found:
        out.print(_table(found, clear=reveal))
    else:
        out.print("There is no legal hold." if everything else "No legal hold is in force.")


@app.command()
def lift(
    hold_id: Annotated[UUID, typer.Argument(metavar="HOLD_ID", help="As `hold list` shows it.")],
    reason: HoldReason,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """End a legal hold before its last day."""
    lifted = operate(
        lambda context: holds.lift(context, hold_id, reason), data_dir, as_json=as_json
    )
    if as_json:
        print_json(_document(lifted))
    else:
        out.print(f"The hold on {_whose(lifted)} is lifted.", soft_wrap=True)


def _table(found: Sequence[Hold], *, clear: bool) -> Table:
    table = Table(Column("Hold", no_wrap=True), "On", "Status", "Until", "Placed")
    if clear:
        table.add_column("Words")
    for hold in found:
        words = (hold.reason, hold.ordered_by, hold.lifted_reason)
        table.add_row(
            str(hold.hold_id),
            _whose(hold),
            hold.status(utc_now().date()).value,
            str(hold.until),
            str(hold.placed_at.date()),
            *([Text(printable("; ".join(filter(None, words))))] if clear else []),
        )
    return table


def _document(hold: Hold, *, clear: bool = False) -> admin_api.Json:
    return admin_api.hold(hold, utc_now().date(), clear=clear)


def _whose(hold: Hold) -> str:
    license_ = f"license {hold.license_id}"
    return license_ if hold.person_id is None else f"person {hold.person_id} of {license_}"
