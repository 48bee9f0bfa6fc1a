"""The command `activation-server`, and its groups: each is loaded when it is called.

All of them take more than a second to load, which is time that operators wait for each command.
"""

from collections import UserDict
from functools import cache
from importlib import import_module
from typing import Annotated, Any

import typer
from typer._click import Command  # what a group is made of, and has no public name
from typer.core import TyperGroup

from activation_server import __version__

_SERVE = "serve"
_GROUPS = {  # name → what it is about, and the modules of this package that it is in
    "product": ("Products that licenses are sold for.", "products"),
    "policy": ("Named sets of license terms.", "policies"),
    "release": ("When versions of a product came out.", "releases"),
    "license": ("Issue, find, show and change licenses.", "licenses", "license_change"),
    "activation": ("Computers that hold a seat.", "activations"),
    "client": ("The reference desktop client.", "client", "client_offline"),
    "staff": ("Who gets into the console, and what they may do.", "staff"),
    "db": ("The database's schema.", "database"),
    "keys": ("The master key and the signing keys.", "keys"),
    "privacy": ("What is stored, why, and until when.", "privacy"),
    "audit": ("Who looked, and proof that nothing is left out.", "audit"),
    "retention": ("What goes when, and what went.", "retention"),
    "hold": ("Legal holds: what must not be disposed of.", "holds"),
    "archive": ("Licenses that are over, kept encrypted.", "archive"),
    "newsletter": ("Who gets the newsletter, with evidence.", "newsletter"),
    "token": ("API tokens, for the vendor's own tools.", "tokens"),
    "schemas": ("The published contract.", "schemas"),
}


class _OnDemand(UserDict[str, Any]):
    """Commands by their names, each loaded when it is asked for."""

    def __getitem__(self, name: str) -> Command:
        """Load a command with what is needed for it alone."""
        return _load(name)


class _Commands(TyperGroup):
    """`serve` and the groups."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - Typer's own
        super().__init__(**attributes)
        self.commands = _OnDemand(dict.fromkeys([_SERVE, *_GROUPS]))


@cache
def _load(name: str) -> Command:
    top = typer.Typer()
    if name == _SERVE:
        top.add_typer(_app_in(_SERVE))
    else:
        about, module, *more = _GROUPS[name]
        group = _app_in(module)
        for another in more:
            group.add_typer(_app_in(another))
        top.add_typer(group, name=name, help=about)
    return typer.main.get_group(top).commands[name]


def _app_in(module: str) -> typer.Typer:
    app: typer.Typer = import_module(f"{__package__}.{module}").app
    return app


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="License activation and reactivation server.",
)


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
