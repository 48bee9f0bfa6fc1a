"""`activation-server privacy …`."""

import sys
from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from activation_server.cli import privacy_correct, privacy_export
from activation_server.cli.operate import AsJson, DataDir, err, operate, out, print_json
from activation_server.formats import privacy_map
from activation_server.services import erasure, people, privacy

app = typer.Typer(no_args_is_help=True)
app.add_typer(privacy_export.app)
app.add_typer(privacy_correct.app)


class MapFormat(StrEnum):
    """What a record of processing is written as."""

    MARKDOWN = "markdown"
    JSON = "json"
    FIDES = "fides"


@app.callback()
def group() -> None:
    """What is stored about whom, why, and until when."""


@app.command("map")
def map_(
    format_: Annotated[
        MapFormat | None,
        typer.Option("--format", help="Markdown by default; fides is a Fides dataset in YAML."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Print what every column holds, why, on what ground and how long: a record of processing."""
    if as_json and format_ not in {None, MapFormat.JSON}:
        msg = f"--json and --format {format_} don't go together"
        raise typer.BadParameter(msg)
    tables = privacy.stored_data()
    if as_json or format_ is MapFormat.JSON:
        print_json(privacy_map.document(tables))
    elif format_ is MapFormat.FIDES:
        sys.stdout.write(privacy_map.fides(tables))
    else:
        sys.stdout.write(privacy_map.markdown(tables))


Email = Annotated[
    str, typer.Option("--email", metavar="E", help="The person's e-mail address, whole.")
]


@app.command()
def erase(
    email: Email,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; erase nothing.")] = False,
    reason: privacy_export.Reason = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Erase a person, in every license. The licenses and their seats go on working."""
    erased = operate(
        lambda context: erasure.erase(context, email, dry_run=dry_run, reason=reason),
        data_dir,
        as_json=as_json,
    )
    counts = erased.counts
    if as_json:
        print_json({"dry_run": dry_run, **asdict(counts), "receipt": erased.receipt})
    elif not counts.people:
        out.print("Nothing is held on this address: there never was, or it is erased already.")
    else:
        done = "A dry run: nothing was changed. To be erased" if dry_run else "Erased"
        out.print(
            f"{done}: what is known of the person in {counts.licenses} licenses, "
            f"with {counts.computers} computers."
        )
    if erased.receipt and not as_json:
        out.print("Receipt, which names nobody; its signature is checked with the server's JWKS:")
        out.print(erased.receipt, style="dim", soft_wrap=True, markup=False)


@app.command()
def wish(
    email: Email,
    months: Annotated[
        int | None,
        typer.Option(min=1, max=24, metavar="N", help="Forget the person N months after contact."),
    ] = None,
    default: Annotated[bool, typer.Option("--default", help="Keep it as for everybody.")] = False,
    reason: privacy_export.Reason = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Note that a person wishes to be forgotten sooner after the last contact than others are."""
    if (months is None) != default:
        raise typer.BadParameter("Give --months, or --default.")
    count = operate(
        lambda context: people.wish(context, email, months, reason), data_dir, as_json=as_json
    )
    if as_json:
        print_json({"people": count, "months": months})
    elif not count:
        out.print("Nothing is held on this address.")
    else:
        kept = f"{months} months after the last contact" if months else "as long as for everybody"
        out.print(f"Noted for {count} licenses: kept {kept}.")


@app.command()
def replay(
    ledger_is_lost: Annotated[
        bool,
        typer.Option("--ledger-is-lost", help="Begin a new ledger: the old one can't be had back."),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Erase again what a restored backup brought back, by the erasure ledger."""
    columns = (
        TextColumn("People compared:"),
        TextColumn("{task.completed:,}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("replay", total=None)
        gone = operate(
            lambda context: erasure.replay(
                context,
                lambda done: progress.advance(task, done),
                ledger_is_lost=ledger_is_lost,
            ),
            data_dir,
            as_json=as_json,
        )
    if as_json:
        print_json({"erased_again": gone})
    else:
        out.print(
            f"The database has carried out the whole ledger; {gone} people were erased again."
        )
