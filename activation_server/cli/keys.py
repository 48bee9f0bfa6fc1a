"""`activation-server keys …`."""

from pathlib import Path
from typing import Annotated

import typer

from activation_server import bootstrap
from activation_server.cli.operate import AsJson, fail, out, print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """The master key."""


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
