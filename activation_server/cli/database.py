"""`activation-server db …`."""

import asyncio

import typer

from activation_server import bootstrap, logs
from activation_server.cli.operate import AsJson, DataDir, out, print_json, refusals_told, settings
from activation_server.settings import LogFormat

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """The database's schema."""


@app.command()
def upgrade(data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """Bring the schema up to this version: before its first start, and after each update."""
    chosen = settings(data_dir=data_dir)
    logs.configure(LogFormat.TEXT, "error")
    with refusals_told(as_json=as_json), bootstrap.running_postgres(chosen) as (url, _):
        revision = asyncio.run(bootstrap.upgrade(url))
    if as_json:
        print_json({"revision": revision})
    else:
        out.print(f"The schema is at revision {revision}.")
