"""`activation-server privacy …`."""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from activation_server.cli.operate import AsJson, print_json
from activation_server.formats import privacy_map
from activation_server.services import privacy

app = typer.Typer(no_args_is_help=True)


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
