"""`activation-server schemas …`."""

from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from activation_server.cli.operate import REFUSED, AsJson, err, fail, out, print_json

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """The published contract with apps."""


@app.command()
def export(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="Where the files are, or shall be.")
    ],
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit with 1 where files differ.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write the JSON Schemas, the OpenAPI document and the test vectors into DIR."""
    try:
        if check:
            _check(directory, as_json=as_json)
        else:
            _write(directory, as_json=as_json)
    except OSError as error:
        where = error.filename or directory
        fail(f"{where} can't be used: {error.strerror}.", as_json=as_json)


def _write(directory: Path, *, as_json: bool) -> None:
    contract = _contract()
    changed = contract.write(directory)
    unknown = contract.differences(directory)
    if as_json:
        print_json({"directory": str(directory), "changed": changed, "differences": unknown})
        return
    out.print(
        f"Wrote the contract to {directory}: {len(changed)} files changed.",
        markup=False,
        soft_wrap=True,
    )
    for sentence in unknown:
        err.print(sentence, markup=False, soft_wrap=True)


def _check(directory: Path, *, as_json: bool) -> None:
    found = _contract().differences(directory)
    if as_json:
        print_json({"directory": str(directory), "differences": found})
    elif found:
        for sentence in found:
            err.print(sentence, markup=False, soft_wrap=True)
        err.print(
            f"Run `activation-server schemas export {directory}`.", markup=False, soft_wrap=True
        )
    else:
        out.print(f"{directory} is what the code says.", markup=False, soft_wrap=True)
    if found:
        raise typer.Exit(REFUSED)


def _contract() -> ModuleType:
    """Load what writes the contract when it is needed: with the whole of the web's edge."""
    from activation_server.contract import export  # noqa: PLC0415 - it takes long to load

    return export
