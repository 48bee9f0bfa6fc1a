"""`activation-server keys …`."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Column, Table

from activation_server import bootstrap
from activation_server.cli.operate import AsJson, DataDir, err, fail, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.formats.times import rfc3339
from activation_server.rules.signing_keys import Standing
from activation_server.services import master_key_rotation, signing_keys
from activation_server.services.signing_keys import KeyView

LISTED = 1000

app = typer.Typer(no_args_is_help=True)

Product = Annotated[
    str | None,
    typer.Option(metavar="CODE", help="A key of this product's own; else the one of all products."),
]
Kid = Annotated[
    str,
    typer.Argument(metavar="KID", help="The key's id, or how it begins."),
]


@app.callback()
def group() -> None:
    """The master key, and the keys that sign certificates."""


@app.command()
def make_master_key(
    file: Annotated[Path, typer.Argument(help="Where to write it; must not exist yet.")],
    as_json: AsJson = False,
) -> None:
    """Make a master key, for a server on your own PostgreSQL. Keep a copy in a safe place."""
    try:
        bootstrap.make_master_key(file)
    except FileExistsError:
        fail(f"{file} exists already and is left as it is.", as_json=as_json)
    except OSError as error:
        fail(f"{file} can't be written: {error.strerror}.", as_json=as_json)
    if as_json:
        print_json({"file": str(file)})
        return
    out.print(f"Wrote {file}, readable by you alone.", markup=False)
    out.print("Keep a copy apart from the database's backups: without it they can't be used.")


@app.command()
def rotate_master_key(
    keep_old: Annotated[
        bool,
        typer.Option(
            "--keep-old", help="Keep the old key in the file, until other machines have the new."
        ),
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Replace the master key while the server serves. Cut off, the next call goes on."""
    columns = (TextColumn("Wrapping keys anew"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=err, disable=not err.is_terminal, transient=True) as progress:
        task = progress.add_task("rotate", total=None)
        done = operate(
            lambda context: master_key_rotation.rotate(
                context,
                lambda done, total: progress.update(task, completed=done, total=total),
                keep_old=keep_old,
            ),
            data_dir,
            as_json=as_json,
        )
    if as_json:
        print_json(asdict(done))
        return
    out.print(f"A new master key wraps the server's keys and {done.keys} keys of people and notes.")
    if done.old_key_kept:
        out.print("Copy the file to the other machines, then run this again without --keep-old.")
    else:
        out.print("The old one is gone from the file. Keep a copy of the new one in a safe place.")
        out.print("Backups made before need the old one: keep it as long as you keep them.")


@app.command(name="list")
def list_keys(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List the signing keys, and until when certificates signed with them may be valid."""
    documents = [
        _document(key) for key in operate(signing_keys.list_keys, data_dir, as_json=as_json)
    ]
    if as_json:
        print_json({"keys": documents})
        return
    # Without lines, and with days alone, it fits into 80 columns.
    names = (Column("Key", min_width=43), "Product", "Status", "Needed to")
    table = Table(*names, box=None, pad_edge=False)
    for document in documents:
        product = escape(document["product"] or "all")
        table.add_row(document["kid"], product, document["status"], _until(document))
    out.print(table)


@app.command()
def prepare(product: Product = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Make the next signing key: published now, for apps to ship; it signs after `keys rotate`."""
    key = operate(lambda context: signing_keys.prepare(context, product), data_dir, as_json=as_json)
    if as_json:
        print_json(_document(key))
        return
    out.print(f"Published [bold]{key.life.kid}[/]; it does not sign yet.")
    out.print("Ship it with your app, then let it sign: activation-server keys rotate", style="dim")


@app.command()
def rotate(product: Product = None, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Let the prepared key sign from now on, or else a new one. The old one stays published."""
    key = operate(lambda context: signing_keys.rotate(context, product), data_dir, as_json=as_json)
    if as_json:
        print_json(_document(key))
        return
    out.print(f"[bold]{key.life.kid}[/] signs from now on, for {_scope(key)}.")
    out.print("Back up the database: certificates are worth nothing without this key.", style="dim")


@app.command()
def retire(
    kid: Kid,
    reason: Annotated[str, typer.Option(metavar="R", help="Why: `keys list` keeps it.")],
    compromised: Annotated[
        bool, typer.Option("--compromised", help="At once, whatever was signed with it.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")
    ] = False,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a signing key out of use for good. It can't be undone."""
    done = operate(
        lambda context: signing_keys.retire(
            context, kid, reason, compromised=compromised, dry_run=dry_run
        ),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(
            {
                "key": _document(done.key),
                "successor": done.successor and _document(done.successor),
                "activations": dict(done.signed),
                "dry_run": dry_run,
            }
        )
        return
    would = "Would retire" if dry_run else "Retired"
    out.print(f"{would} [bold]{done.key.life.kid}[/], the key of {_scope(done.key)}.")
    if done.successor:
        out.print(f"[bold]{done.successor.life.kid}[/] signs in its place.")
    elif dry_run and done.key.standing is Standing.SIGNING:
        out.print("Another key would sign in its place at once.")
    _print_counts(done.signed)
    if done.signed:
        kid = done.key.life.kid
        out.print(f"List them: activation-server keys signed {kid}", style="dim", soft_wrap=True)


@app.command()
def signed(
    kid: Kid,
    limit: Annotated[int, typer.Option(min=0, metavar="N", help="List at most so many.")] = LISTED,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Report the activations whose newest certificate was signed with a key."""
    found = operate(
        lambda context: signing_keys.signed(context, kid, limit), data_dir, as_json=as_json
    )
    rows = [
        {
            "activation_id": str(each.activation_id),
            "license_id": str(each.license_id),
            "product": each.product,
            "last_check_in": rfc3339(each.answered_at),
            "certificate_expires": each.certificate_expires and rfc3339(each.certificate_expires),
        }
        for each in found.activations
    ]
    if as_json:
        counts = dict(found.counts)
        print_json({"key": _document(found.key), "counts": counts, "activations": rows})
        return
    for row in rows:
        out.print(row["activation_id"], row["product"], row["certificate_expires"] or "no end")
    _print_counts(found.counts)


def _document(key: KeyView) -> dict[str, Any]:
    return admin_api.signing_key(key.life, key.standing, key.public)


def _scope(key: KeyView) -> str:
    return escape(key.life.product or "all products")


def _until(document: dict[str, Any]) -> str:
    if document["certificates_without_end"]:
        return "no end"
    return (document["certificates_until"] or "-")[:10]


def _print_counts(counts: Mapping[str, int]) -> None:
    for product, count in counts.items():
        out.print(
            f"{escape(product)}: the newest certificate of {count} activations is signed with it."
        )
    if not counts:
        out.print("No activation's newest certificate is signed with it.")
