"""`activation-server license import`: another system's licenses, from a CSV file."""

import json
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from activation_server.cli.operate import REFUSED, AsJson, DataDir, err, operate, out
from activation_server.formats.license_csv import Problem
from activation_server.services import license_import
from activation_server.services.license_import import Phase, Report

SHOWN_PROBLEMS = 100  # to people; --json has them all


def _regular(path: Path) -> Path:
    # A second attempt, after a lost connection, reads the file again from its beginning.
    if not path.is_file():
        raise typer.BadParameter("This is no regular file; write the rows to a file first.")
    return path


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE.csv",
            exists=True,
            dir_okay=False,
            readable=True,
            callback=_regular,
            help="CSV in UTF-8 with a header row; docs/license-import.md describes it.",
        ),
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List every problem; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Import licenses with the keys they have: all of them, or none."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task(Phase.CHECKING, total=None)

        def show(phase: Phase, done: int, total: int) -> None:
            progress.update(task, description=phase, completed=done, total=total)

        report = operate(
            lambda context: license_import.import_licenses(context, file, show, dry_run=dry_run),
            data_dir,
            as_json=as_json,
        )
    if as_json:
        sys.stdout.writelines(_json(report))
    else:
        out.print(_summary(report, dry_run=dry_run))
    if report.faults:
        raise typer.Exit(REFUSED)


def _json(report: Report) -> Iterator[str]:
    """Write the report piece by piece: it may have a million problems."""
    yield f'{{\n  "rows": {report.rows},\n  "imported": {report.imported},\n'
    yield f'  "skipped": {report.skipped},\n  "errors": ['
    separator = "\n    "
    for problem in report.problems():
        document = {"line": problem.line, "column": problem.column, "message": problem.message}
        yield separator + json.dumps(document, ensure_ascii=False)
        separator = ",\n    "
    yield "\n  ]\n}\n" if report.faults else "]\n}\n"


def _summary(report: Report, *, dry_run: bool) -> Group:
    counts = Table.grid(padding=(0, 2))
    counts.add_column()
    counts.add_column(justify="right")
    counts.add_row("Rows", f"{report.rows:,}")
    counts.add_row("Imported", f"{report.imported:,}")
    counts.add_row("Skipped (known already)", f"{report.skipped:,}")
    counts.add_row("Problems", f"{report.faults:,}")
    if report.faults:
        return Group(_problem_table(report.problems()), *_more(report.faults), counts, _NOTHING)
    if dry_run:
        due = report.rows - report.skipped
        return Group(counts, f"A dry run: nothing was changed. {due:,} would be imported.")
    return Group(counts)


_NOTHING = "[red]Nothing was imported.[/] Correct the file and start again."


def _problem_table(problems: Iterator[Problem]) -> Table:
    table = Table()
    table.add_column("Line", justify="right")
    table.add_column("Column")
    table.add_column("Message")
    for problem in islice(problems, SHOWN_PROBLEMS):
        table.add_row(str(problem.line), escape(problem.column), escape(problem.message))
    return table


def _more(faults: int) -> list[str]:
    hidden = faults - SHOWN_PROBLEMS
    return [f"… and {hidden:,} more; --json lists all."] if hidden > 0 else []
