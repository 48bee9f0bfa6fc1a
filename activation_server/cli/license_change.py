"""`activation-server license renew`."""

from datetime import datetime
from typing import Annotated

import typer
from rich.markup import escape

from activation_server.cli.licenses import KeyOrId, document
from activation_server.cli.operate import AsJson, DataDir, Reason, operate, out, print_json
from activation_server.cli.terms import MOST_DAYS
from activation_server.formats.times import rfc3339
from activation_server.rules.renewal import Renewal, Start
from activation_server.services import license_change
from activation_server.services.license_change import Changed

app = typer.Typer()


@app.command()
def renew(
    key_or_id: KeyOrId,
    reason: Reason,
    days: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_DAYS,
            metavar="N",
            help="Days to add; with neither option, as many as its term has.",
        ),
    ] = None,
    maintenance_days: Annotated[
        int | None,
        typer.Option(min=1, max=MOST_DAYS, metavar="N", help="Days to add to its maintenance."),
    ] = None,
    start: Annotated[
        Start,
        typer.Option(
            "--from", help="Count from its end, from now, or from its end unless that is over."
        ),
    ] = Start.END_OR_NOW,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print what it would become; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Renew a license, or its maintenance. Its computers see it at their next check-in."""
    wanted = Renewal(days, maintenance_days, start)
    changed = operate(
        lambda context: license_change.renew(context, key_or_id, wanted, reason, dry_run=dry_run),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(document(changed.view))
    else:
        _print_changed(changed, "Would be renewed" if dry_run else "Renewed")


def _print_changed(changed: Changed, done: str) -> None:
    status = changed.view.license.status.value
    out.print(f"{done}: license …{escape(changed.view.key_tail)}, which is {status}.")
    for name, change in changed.changes.items():
        line = f"  {name.replace('_', ' ')}: {_shown(change.before)} → {_shown(change.after)}"
        out.print(line, markup=False, soft_wrap=True)
    if not changed.changes:
        out.print("  Nothing changed.")


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return rfc3339(value)
    return ", ".join(value) or "-" if isinstance(value, tuple) else str(value or "-")
