"""`activation-server archive …`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from activation_server import bootstrap
from activation_server.cli.operate import (
    REFUSED,
    AsJson,
    DataDir,
    err,
    out,
    print_json,
    refusals_told,
    settings,
)
from activation_server.formats.admin_api import Json
from activation_server.services import archive
from activation_server.services.archive import ListedFile

BAD = frozenset({"damaged", "missing"})

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Licenses that are over, encrypted to keys that this server does not have."""


@app.command("list")
def list_(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the files: how many licenses, from when, and whether each is as it was written."""
    files = _files(data_dir, as_json=as_json)
    if as_json:
        print_json({"files": files})
    else:
        _print_files(files)


@app.command()
def verify(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Compare every file with its manifest; exits with 1 when one is damaged or missing."""
    files = _files(data_dir, as_json=as_json)
    bad = [each for each in files if each["standing"] in BAD]
    if as_json:
        print_json({"files": len(files), "bad": bad})
    elif bad:
        _print_files(bad)
        err.print("Put the files back from your copy of the archive.")
    else:
        out.print(f"Files looked at: {len(files)}. None is damaged or missing.")
    if bad:
        raise typer.Exit(REFUSED)


@app.command()
def read(
    file: Annotated[Path, typer.Argument(help="A file of the archive, `….age`.")],
    identity: Annotated[
        Path, typer.Option("--identity", metavar="KEYFILE", help="The file with the private key.")
    ],
    wanted: Annotated[
        str | None,
        typer.Option("--license", metavar="ID_OR_KEY", help="This license alone."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show what is in a file. Needs no server, no database: run it where the private key is."""
    with refusals_told(as_json=as_json):
        licenses = archive.read(file, identity, wanted)
    if as_json:
        print_json({"licenses": licenses})
        return
    for record in licenses:
        _print_license(record)
    out.print(f"Licenses: {len(licenses)}. --json has every row of them.", style="dim")


@app.command()
def make_identity(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")],
    as_json: AsJson = False,
) -> None:
    """Make a private key, on the machine that will read the archive: not on the server."""
    with refusals_told(as_json=as_json):
        public = archive.make_identity(file)
    if as_json:
        print_json({"file": str(file), "recipient": public})
        return
    out.print(f"Written: {file}. Keep a copy in a safe place.", markup=False, soft_wrap=True)
    out.print("Set on the server:")
    out.print(f"ACTIVATION_ARCHIVE_RECIPIENTS={public}", soft_wrap=True)


def _files(data_dir: Path | None, *, as_json: bool) -> Sequence[Json]:
    """Look at every file, with a progress bar: each is read whole."""
    with (
        refusals_told(as_json=as_json),
        Progress(
            TextColumn("Reading"),
            BarColumn(),
            MofNCompleteColumn(),
            console=err,
            disable=not err.is_terminal,
            transient=True,
        ) as progress,
    ):
        found = archive.listed(bootstrap.archive_of(settings(data_dir=data_dir)), progress.track)
        return [_document(each) for each in found]


def _document(listed: ListedFile) -> Json:
    manifest = listed.file.manifest
    return {
        "file": str(listed.file.path),
        "standing": listed.file.standing.value,
        "licenses": listed.licenses,
        "in_other_files_too": listed.in_others,
        **{name: manifest.get(name) for name in ("written", "first", "last", "bytes", "sha256")},
        "recipients": manifest.get("recipients", []),
    }


def _print_files(files: Sequence[Json]) -> None:
    table = Table("file", "licenses", "from", "to", "standing", box=None)
    for each in files:
        table.add_row(
            escape(Path(each["file"]).name),
            str(each["licenses"]),
            (each["first"] or "-")[:10],
            (each["last"] or "-")[:10],
            each["standing"],
        )
    out.print(table)
    for each in files:
        name = escape(Path(each["file"]).name)
        if each["standing"] == "unfinished":
            out.print(f"{name} was cut off: its licenses are still in the database. Delete it.")
        if each["in_other_files_too"]:
            out.print(f"{name}: of its licenses, {each['in_other_files_too']} in another file too.")


def _print_license(record: Json) -> None:
    license_, rows = record["license"], record["rows"]
    out.print(f"[bold]{license_['license_id']}[/]  {escape(license_['product'])}")
    facts = {
        "Key": license_["license_key"],
        "Order": license_["order"],
        "Policy": license_["policy"],
        "Standing": license_["status"],
        "Issued": license_["issued"],
        "Ends": license_["expires"],
        "Computers": len(rows.get("activations", ())),
        "History": f"{len(rows.get('events', ()))} lines",
    }
    people = [
        ", ".join(filter(None, (each["name"], each["company"], each["email"]))) or "erased"
        for each in record["people"]
    ]
    for name, value in [*facts.items(), *(("Person", each) for each in people)]:
        out.print(f"  {name + ':':<11}{escape(str(value or '-'))}")
