"""`activation-server retention …`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from activation_server.cli.operate import AsJson, DataDir, Why, err, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.rules.retention import Lifetime, Run, Unit
from activation_server.services import retention
from activation_server.services.retention import Kept

app = typer.Typer(no_args_is_help=True)
SHOWN_RUNS = 20
COUNTS = ("Due", "Gone", "Held", "Waiting")


@app.callback()
def group() -> None:
    """How long data is kept, what is due to go, and what went."""


@app.command()
def show(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show how long each class of data is kept, and from when it is counted."""
    kept = operate(retention.lifetimes, data_dir, as_json=as_json)
    _print_lifetimes(kept, as_json=as_json)


@app.command("set")
def set_(
    name: Annotated[str, typer.Argument(metavar="CLASS", help="As `retention show` names it.")],
    months: Annotated[int | None, typer.Option(metavar="N", help="Keep it N months.")] = None,
    days: Annotated[int | None, typer.Option(metavar="N", help="Keep it N days.")] = None,
    default: Annotated[bool, typer.Option("--default", help="Keep it as by default.")] = False,
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Set how long a class of data is kept. What is due by it goes with the next run."""
    if sum((months is not None, days is not None, default)) != 1:
        raise typer.BadParameter("Give one of --months, --days and --default.")
    lifetime = Lifetime(months, Unit.MONTHS) if months is not None else None
    lifetime = Lifetime(days, Unit.DAYS) if days is not None else lifetime
    kept = operate(
        lambda context: retention.choose(context, name, lifetime, reason),
        data_dir,
        as_json=as_json,
    )
    _print_lifetimes(kept, as_json=as_json)


@app.command()
def preview(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Show what a run would dispose of now; nothing is changed."""
    found = operate(
        lambda context: retention.preview(context, patient=True), data_dir, as_json=as_json
    )
    if as_json:
        print_json({"classes": [{**_lifetime(each), **admin_api.due(each.due)} for each in found]})
        return
    table = _table("Due", "Held", "Waiting", "Oldest")
    for each in found:
        oldest = each.due.oldest
        numbers = (each.due.count, each.due.held, each.due.waiting)
        day = f"{oldest:%Y-%m-%d}" if oldest else "-"
        table.add_row(each.of_class.name, *(f"{number:,}" for number in numbers), day)
    out.print(table)
    for why in {each.due.why for each in found if each.due.why}:
        out.print(f"Waiting: {why}.")


@app.command()
def run(reason: Why = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Dispose of what is due. It may be stopped at any point; the next run goes on."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        tasks: dict[str, Any] = {}

        def tell(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = progress.add_task(name)
            progress.update(tasks[name], completed=done, total=total)

        done = operate(
            lambda context: retention.run(context, tell, reason=reason), data_dir, as_json=as_json
        )
    if as_json:
        print_json(_run(done))
    else:
        _print_classes(done.classes)


@app.command()
def reviews(
    limit: Annotated[
        int, typer.Option(min=1, metavar="N", help="The newest so many.")
    ] = SHOWN_RUNS,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List the runs: who or what ran them, what was due, what went, what was held."""
    found = operate(lambda context: retention.reviews(context, limit), data_dir, as_json=as_json)
    documents = [_run(each) for each in found]
    if as_json:
        print_json({"runs": documents})
        return
    numbers = (Column(name, justify="right") for name in COUNTS)
    table = Table("Began", "Ended", "By", *numbers, box=None, pad_edge=False)
    for each in documents:
        classes = each["classes"].values()
        sums = (f"{sum(one[name.lower()] for one in classes):,}" for name in COUNTS)
        table.add_row(each["began"], each["ended"] or "cut off, or runs", each["by"], *sums)
    out.print(table)


def _print_lifetimes(kept: list[Kept], *, as_json: bool) -> None:
    documents = [_lifetime(each) for each in kept]
    if as_json:
        print_json({"classes": documents})
        return
    table = Table("Class", "Kept", "After", "Then", box=None, pad_edge=False)
    for each in documents:
        lifetime = each["lifetime"] + ("" if each["is_default"] else " (set)")
        table.add_row(each["class"], lifetime, each["clock"], each["action"])
    out.print(table)


def _print_classes(classes: Mapping[str, Mapping[str, Any]]) -> None:
    table = _table(*COUNTS)
    for name, each in classes.items():
        table.add_row(name, *(f"{each[count.lower()]:,}" for count in COUNTS))
    out.print(table)
    for why in {each["why"] for each in classes.values() if each["why"]}:
        out.print(f"Not all went: {why}.")


def _table(*names: str) -> Table:
    columns = (Column(name, justify="right") for name in names)
    return Table("Class", *columns, box=None, pad_edge=False)


def _lifetime(kept: Kept) -> admin_api.Json:
    return admin_api.kept(kept.of_class, kept.lifetime, is_default=kept.is_default)


def _run(run: Run) -> admin_api.Json:
    return admin_api.retention_run(run.began_at, run.ended_at, run.by, run.classes)
