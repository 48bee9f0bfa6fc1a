"""What all operator commands share: options, the way to the server's means, exit codes."""

import asyncio
import getpass
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console

from activation_server import bootstrap, logs
from activation_server.embedded_postgres import EmbeddedPostgresError
from activation_server.rules.errors import OperatorError
from activation_server.services.context import Context
from activation_server.settings import LogFormat, Settings

REFUSED, WRONG_USE = 1, 2

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

Result = TypeVar("Result")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
DataDir = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="D",
        help="Directory of the embedded PostgreSQL (or ACTIVATION_DATA_DIR; default var/).",
    ),
]
Reason = Annotated[
    str, typer.Option("--reason", metavar="R", help="Why: it stands in the license's history.")
]

Why = Annotated[
    str | None,
    typer.Option("--reason", metavar="R", help="Why: it stands in the audit log."),
]


def settings(**given: object) -> Settings:
    """Read the settings, options before the environment; exits with 2 when they are wrong."""
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type] # checked by pydantic
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            name = "_".join(["ACTIVATION", *map(str, fault["loc"])]).upper()
            err.print(f"[red]{name}:[/] {fault['msg'].removeprefix('Value error, ')}")
        raise typer.Exit(WRONG_USE) from None


def operate(
    work: Callable[[Context], Awaitable[Result]],
    data_dir: Path | None,
    *,
    as_json: bool = False,
    issuer: str | None = None,
) -> Result:
    """Run a use case with the server's means: beside a running server, or without one."""
    chosen = settings(data_dir=data_dir, issuer=issuer)
    logs.configure(LogFormat.TEXT, "error")

    async def run(url: str) -> Result:
        async with bootstrap.open_context(chosen, url, actor=_operator()) as context:
            return await work(context)

    with refusals_told(as_json=as_json), bootstrap.running_postgres(chosen) as (url, _):
        return asyncio.run(run(url))


def _operator() -> str:
    """Give the name that whoever runs the command is logged in with."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may have a user without a name
        return "unknown"


def check_reveal(*, reveal: bool, reason: str | None) -> None:
    """See that what is shown in clear has a reason. Raises typer.BadParameter."""
    if reveal and not (reason or "").strip():
        raise typer.BadParameter("Say why they must be seen in clear: --reveal needs --reason.")


class refusals_told:  # noqa: N801 - used as a function
    """Turn an expected refusal into one clear sentence and exit code 1."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Tell a refusal; let everything else through."""
        if isinstance(error, (OperatorError, EmbeddedPostgresError)):
            fail(str(error), as_json=self.as_json)


def fail(message: str, *, as_json: bool, code: int = REFUSED) -> NoReturn:
    """Print why a command can't be done, and exit."""
    if as_json:
        print_json({"error": message})
    else:
        err.print("[red]Error:[/]", end=" ")
        err.print(message, markup=False, soft_wrap=True)
    raise typer.Exit(code)


def print_json(document: Any) -> None:  # noqa: ANN401 - any JSON value
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
