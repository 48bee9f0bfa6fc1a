"""`activation-server audit …`."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from activation_server.cli.operate import (
    REFUSED,
    AsJson,
    DataDir,
    err,
    fail,
    operate,
    out,
    print_json,
)
from activation_server.formats import audit_report
from activation_server.formats.times import parse_start
from activation_server.rules.audit import Action, Wanted
from activation_server.services import audit, audit_list

LISTED = 100
_TOKEN_BYTES = 4096  # a checkpoint has some hundred

app = typer.Typer(no_args_is_help=True)


def _since(text: str) -> datetime:
    try:
        return parse_start(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@app.callback()
def group() -> None:
    """Who looked, and proof that nothing is left out."""


@app.command("list")
def list_(
    license_: Annotated[
        str | None,
        typer.Option("--license", metavar="KEY_OR_ID", help="Of this license, even if it is gone."),
    ] = None,
    who: Annotated[str | None, typer.Option(metavar="W", help="By this operator.")] = None,
    action: Annotated[Action | None, typer.Option(help="Of this kind.")] = None,
    since: Annotated[
        datetime | None,
        typer.Option(parser=_since, metavar="T", help="From this date or RFC 3339 time on."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")] = LISTED,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List what operators looked at and did, the newest first, with the reasons they gave."""
    wanted = Wanted(who=who, action=action, since=since, limit=limit)
    found = operate(
        lambda context: audit_list.newest(context, wanted, license_), data_dir, as_json=as_json
    )
    documents = [audit_report.entry(each.entry, each.why) for each in found]
    if as_json:
        print_json({"entries": documents})
    elif documents:
        out.print(_table(documents))
    else:
        out.print("No entry found.")


@app.command()
def verify(
    checkpoint_: Annotated[
        Path | None,
        typer.Option(
            "--checkpoint",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            readable=True,
            help="A checkpoint that was kept off this machine.",
        ),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Prove that no entry was changed or taken out, or name the first place; then exit with 1."""
    token = None if checkpoint_ is None else _read(checkpoint_)
    columns = (TextColumn("Verifying"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("verify", total=None)

        def show(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        found = operate(
            lambda context: audit.verify(context, show, token), data_dir, as_json=as_json
        )
    document = audit_report.verified(found.walk, found.checkpoints, found.broken)
    if as_json:
        print_json(document)
    else:
        _print_verified(document)
    if found.broken is not None:
        raise typer.Exit(REFUSED)


@app.command()
def checkpoint(
    out_: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="Write it there; must not exist yet."),
    ] = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Sign how far the log is. Keep it on another machine: `audit verify --checkpoint` takes it."""
    if out_ is not None and out_.exists():
        fail(f"{out_} exists already and is left as it is.", as_json=as_json)
    made = operate(audit.checkpoint, data_dir, as_json=as_json)
    if out_ is not None:
        _write(out_, made.jws, as_json=as_json)
    document = audit_report.checkpoint(made.checkpoint, made.jws)
    if as_json:
        print_json({**document, "file": out_ and str(out_)})
    elif out_ is None:
        out.print(made.jws, markup=False, soft_wrap=True)
    else:
        told = f"Wrote {out_}: a checkpoint of entry {document['seq']}, of {document['at']}."
        out.print(told, markup=False, soft_wrap=True)


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(_TOKEN_BYTES).decode("ascii", errors="replace")
    except OSError as error:
        raise typer.BadParameter(f"The file can't be read: {error.strerror}.") from None


def _write(path: Path, jws: str, *, as_json: bool) -> None:
    try:
        with path.open("x", encoding="ascii") as file:
            file.write(f"{jws}\n")
    except OSError as error:
        fail(f"{path} can't be written: {error.strerror}.", as_json=as_json)


def _table(documents: Sequence[dict[str, Any]]) -> Table:
    # Ids are folded, never cut: they are there to be copied.
    about_and_why = (Column("About", overflow="fold"), Column("Why", overflow="fold"))
    time = Column("Time", min_width=len("2026-11-22T10:00:00Z"))
    table = Table("Entry", time, "Who", "Action", *about_and_why, box=None, pad_edge=False)
    for each in documents:
        about = [each["license_id"], each["subject"]]
        about += [json.dumps(each["details"], ensure_ascii=False)] if each["details"] else []
        gone = "(sealed, its key is gone)" if each["why_sealed"] else ""
        cells = (
            str(each["seq"]),
            each["at"],
            each["who"],
            each["action"],
            "\n".join(part for part in about if part),
            gone if each["why"] is None else each["why"],
        )
        table.add_row(*map(escape, cells))
    return table


def _print_verified(document: dict[str, Any]) -> None:
    first, last, broken = document["first"], document["last"], document["broken"]
    if broken is not None:
        at = f", of {broken['at']}" if broken["at"] else ""
        out.print(f"[red]The audit log breaks at entry {broken['seq']}[/]{at}: {broken['what']}.")
        out.print(f"{document['entries']} entries before it hold.")
    elif last is None:
        out.print("The audit log holds: it has no entry.")
    else:
        out.print(
            f"The audit log holds: {document['entries']} entries, {first['seq']} of {first['at']} "
            f"to {last['seq']} of {last['at']}. Checkpoints compared: {document['checkpoints']}.",
            soft_wrap=True,
        )
