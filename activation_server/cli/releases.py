"""`activation-server release …`."""

from datetime import date
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from activation_server.cli.operate import AsJson, DataDir, Why, operate, out, print_json
from activation_server.formats import admin_api
from activation_server.rules.releases import normalised
from activation_server.services import releases
from activation_server.services.releases import Release

app = typer.Typer(no_args_is_help=True)

MOST_CHARACTERS = 64  # as many as a version has in a request


def _version(text: str) -> str:
    if len(text) > MOST_CHARACTERS or not normalised(text):
        msg = f"give a version with numbers in it, as 9.2, of at most {MOST_CHARACTERS} characters"
        raise typer.BadParameter(msg)
    return text


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        msg = f"{text!r} is no date as 2026-10-02"
        raise typer.BadParameter(msg) from None


Version = Annotated[
    str, typer.Argument(callback=_version, help="A version: 9.2 stands for every 9.2.x.")
]
Product = Annotated[str, typer.Option("--product", metavar="CODE", help="The product's code.")]


@app.callback()
def group() -> None:
    """When versions came out: for maintenance, where an app does not say it by itself."""


@app.command()
def add(
    version: Version,
    product: Product,
    released: Annotated[
        date, typer.Option(parser=_day, metavar="YYYY-MM-DD", help="The day it came out.")
    ],
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """List a version. Listed already, its date changes."""
    release = operate(
        lambda context: releases.add(context, product, version, released, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json({**_document(release), "before": admin_api.day(release.before)})
    elif release.before in {None, release.released}:
        _print(f"{release.version} of {release.product} came out on {release.released}.")
    else:
        _print(
            f"{release.version} of {release.product} was listed for {release.before}; "
            f"it came out on {release.released} now."
        )


@app.command("list")
def list_(product: Product, data_dir: DataDir = None, as_json: AsJson = False) -> None:
    """List a product's releases, the highest version first."""
    found = operate(lambda context: releases.list_all(context, product), data_dir, as_json=as_json)
    if as_json:
        print_json({"releases": [_document(release) for release in found]})
        return
    table = Table("Version", "Released", title=f"Releases of {escape(product)}")
    for release in found:
        table.add_row(release.version, release.released.isoformat())
    out.print(table if found else f"No release of {escape(product)} is listed.")


@app.command()
def remove(
    version: Version,
    product: Product,
    reason: Why = None,
    data_dir: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Take a version off the list: apps that do not say its date are not refused for it."""
    release = operate(
        lambda context: releases.remove(context, product, version, reason),
        data_dir,
        as_json=as_json,
    )
    if as_json:
        print_json(_document(release))
    else:
        _print(f"{release.version} of {release.product} is listed no more.")


def _document(release: Release) -> admin_api.Json:
    return admin_api.release(release.product, release.version, release.released)


def _print(sentence: str) -> None:
    out.print(sentence, markup=False, soft_wrap=True)
