"""`activation-server privacy export`: everything held on a person, on the terminal or as files."""

import os
from pathlib import Path
from typing import Annotated

import typer

from activation_server.cli.operate import AsJson, DataDir, operate, out, print_json
from activation_server.formats import export_page, person_export, person_files
from activation_server.rules.errors import OperatorError
from activation_server.rules.export import Export
from activation_server.services import export as service
from activation_server.services.context import Context

app = typer.Typer()

Reason = Annotated[
    str | None,
    typer.Option("--reason", metavar="R", help="Why, for the audit log; stored sealed."),
]


@app.command()
def export(
    email: Annotated[
        str, typer.Option("--email", metavar="E", help="The person's e-mail address, whole.")
    ],
    to: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write a page and JSON into this directory."),
    ] = None,
    contact: Annotated[
        str | None,
        typer.Option("--contact", metavar="TEXT", help="Whom to ask, as the page is to say it."),
    ] = None,
    reason: Reason = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Give everything that is held on a person, in every license, for the person to read."""

    async def work(context: Context) -> tuple[Export, list[Path]]:
        found = await service.export(context, email, reason)
        return found, write(found, to, contact) if to and found.licenses else []

    found, files = operate(work, data_dir, as_json=as_json)
    if files and as_json:
        print_json({"held": True, "files": [str(path) for path in files]})
    elif as_json:
        print_json(person_export.document(found))
    elif files:
        out.print(*files, sep="\n", markup=False, soft_wrap=True)
        out.print("Send them to the person, and delete them here.", style="dim")
    else:
        out.print(export_page.summary(found), markup=False, soft_wrap=True)


def write(found: Export, directory: Path, contact: str | None) -> list[Path]:
    """Write both files, for nobody else to read. Raises OperatorError."""
    texts = {directory / name: text for name, text in person_files.files(found, contact).items()}
    taken = [str(path) for path in texts if path.exists()]
    if taken:
        msg = f"Nothing is written over: {', '.join(taken)} is there already. Run it again."
        raise OperatorError(msg)
    try:
        for path, text in texts.items():
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(text)
    except OSError as error:
        msg = f"The files can't be written into {directory}: {error.strerror}."
        raise OperatorError(msg) from None
    return [*texts]
