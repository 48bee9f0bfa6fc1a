"""`activation-server client offline-…`: the reference client by files, without a network."""

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from activation_server.cli.client import (
    AppEdition,
    AppLanguage,
    AppReleased,
    AppVersion,
    AsJson,
    Comments,
    Company,
    Email,
    Hardware,
    Key,
    Name,
    Newsletter,
    Product,
    PublicKey,
    Server,
    StateFile,
    given,
    make_transport,
    out,
    print_answer,
    program,
    read_computer_file,
    read_keys,
    say,
    told,
)
from activation_server.client_offline import OfflineClient
from activation_server.client_transport import MisuseError
from activation_server.formats.offline_file import MAX_FILE

Json = dict[str, Any]

app = typer.Typer()


class Purpose(StrEnum):
    """What a request file may ask for."""

    ACTIVATE = "activate"
    TRIAL = "trial"
    REACTIVATE = "reactivate"
    DEACTIVATE = "deactivate"


@app.command("offline-request")
def write_request(
    purpose: Annotated[Purpose, typer.Option(help="What to ask for.")],
    state: StateFile,
    file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write the request.")
    ],
    key: Key = "",
    product: Product = "",
    hardware: Hardware = None,
    name: Name = None,
    company: Company = None,
    email: Email = None,
    comments: Comments = None,
    newsletter: Newsletter = None,
    app_version: AppVersion = "1.0",
    app_edition: AppEdition = None,
    app_released: AppReleased = None,
    app_language: AppLanguage = None,
    anew: Annotated[
        bool, typer.Option("--new", help="A new request, though one is open: it was refused.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Write a request file for the license server; the same one again until it is answered."""
    wish: Json = {}
    if purpose is not Purpose.DEACTIVATE:
        person = {"name": name, "company": company, "email": email}
        wish = given({**person, "comments": comments, "newsletter": newsletter})
        wish["app"] = program(app_version, app_edition, app_released, app_language)
        key = "" if purpose is Purpose.TRIAL else key.strip()
        named = {"license_key": key, "product": product.strip()}
        wish |= {field: text for field, text in named.items() if text}
    with told(as_json=as_json):
        client = OfflineClient(state, simulated=read_computer_file(hardware))
        text = client.request_file(purpose.value, wish, anew=anew)
        try:
            file.write_text(text, encoding="ascii", newline="\n")
        except OSError as error:
            raise MisuseError(f"{file} can't be written: {error.strerror}.") from None
    if as_json:
        typer.echo(json.dumps({"purpose": purpose.value, "file": str(file)}))
        return
    say(out, f"The request is in {file}.")
    say(out, "Take it to the page /offline of the license server, on any computer or phone,")
    say(out, "and bring the response back: client offline-response --in FILE --state STATE")


@app.command("offline-response")
def read_response(
    state: StateFile,
    file: Annotated[Path, typer.Option("--in", metavar="FILE", help="The response file.")],
    server: Server = "",
    public_key: PublicKey = None,
    as_json: AsJson = False,
) -> None:
    """Read the response to the request that was written, and check it."""
    with told(as_json=as_json):
        client = OfflineClient(
            state,
            server,
            shipped_keys=read_keys(public_key),
            transport=make_transport(None, allow_http=False, no_wait=True),
        )
        try:
            with file.open("rb") as stream:
                data = stream.read(MAX_FILE + 1)
        except OSError as error:
            raise MisuseError(f"{file} can't be read: {error.strerror}.") from None
        print_answer(client.read_response(data), as_json=as_json)
