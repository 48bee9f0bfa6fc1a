"""`activation-server activation …`."""

from typing import Annotated
from uuid import UUID

import typer

from activation_server.bootstrap import utc_now
from activation_server.cli.operate import AsJson, DataDir, Reason, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.formats.times import rfc3339
from activation_server.rules.branch import TrueBranch
from activation_server.services import seat_changes

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
        lambda context: seat_changes.remove_activation(context, activation_id, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(admin_api.activation(activation, utc_now()))
    else:
        out.print(f"Activation {activation.activation_id} holds no seat any more.")


@app.command()
def declare(
    activation_id: Annotated[UUID, typer.Argument(help="The activation's id.")],
    true: Annotated[
        TrueBranch,
        typer.Option(help="The copy that checked in last, or the other, which a fork left behind."),
    ],
    reason: Reason,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Say which of two copies is the true one. The other is refused until it activates anew."""
    activation = operate(
        lambda context: seat_changes.declare_branch(context, activation_id, true, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(admin_api.activation(activation, utc_now()))
        return
    at = rfc3339(activation.last.at)
    if true is TrueBranch.LATEST:
        out.print(f"The true copy is the one that checked in last, at {at}.")
    else:
        out.print(f"The true copy is the one left behind, not the one that checked in at {at}.")
    out.print("Any other is refused at its next check-in, until it activates anew.")
