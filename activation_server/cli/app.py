"""The command `activation-server` and its groups."""

from typing import Annotated

import typer

from activation_server import __version__
from activation_server.cli import (
    activations,
    archive,
    audit,
    client,
    client_offline,
    database,
    holds,
    keys,
    license_change,
    licenses,
    newsletter,
    policies,
    privacy,
    products,
    releases,
    retention,
    schemas,
)
from activation_server.cli.serve import serve

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="License activation and reactivation server.",
)
app.command()(serve)
app.add_typer(products.app, name="product", help="Products that licenses are sold for.")
app.add_typer(policies.app, name="policy", help="Named sets of license terms.")
app.add_typer(releases.app, name="release", help="When versions of a product came out.")
licenses.app.add_typer(license_change.app)
app.add_typer(licenses.app, name="license", help="Issue, find, show and change licenses.")
app.add_typer(activations.app, name="activation", help="Computers that hold a seat.")
client.app.add_typer(client_offline.app)
app.add_typer(client.app, name="client", help="The reference desktop client.")
app.add_typer(database.app, name="db", help="The database's schema.")
app.add_typer(keys.app, name="keys", help="The master key and the signing keys.")
app.add_typer(privacy.app, name="privacy", help="What is stored, why, and until when.")
app.add_typer(audit.app, name="audit", help="Who looked, and proof that nothing is left out.")
app.add_typer(retention.app, name="retention", help="What goes when, and what went.")
app.add_typer(holds.app, name="hold", help="Legal holds: what must not be disposed of.")
app.add_typer(archive.app, name="archive", help="Licenses that are over, kept encrypted.")
app.add_typer(newsletter.app, name="newsletter", help="Who gets the newsletter, with evidence.")
app.add_typer(schemas.app, name="schemas", help="The published contract.")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """License activation and reactivation server."""
