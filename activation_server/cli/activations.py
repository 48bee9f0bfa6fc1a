"""`activation-server activation …`."""

from typing import Annotated
from uuid import UUID

import typer

from activation_server.bootstrap import utc_now
from activation_server.cli.operate import AsJson, DataDir, Reason, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.services import licensing

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """Computers that hold a seat."""


@app.command()
def remove(
    activation_id: Annotated[UUID, typer.Argument(help="The activation's id.")],
    reason: Reason,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a computer's seat back. Its app is told so at its next check-in."""
    activation = operate(
        lambda context: licensing.remove_activation(context, activation_id, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(admin_api.activation(activation, utc_now()))
    else:
        out.print(f"Activation {activation.activation_id} holds no seat any more.")
