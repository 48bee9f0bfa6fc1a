"""Every term of the rules can be set by an option, and set back."""

from collections.abc import Mapping
from dataclasses import fields

import pytest
import typer
from typer.testing import CliRunner

from activation_server.cli.terms import OPTIONS, taking_terms
from activation_server.rules.license import OnClone, Overage, Terms, Virtual


def parse(*arguments: str) -> Mapping[str, object]:
    """The terms that a command with these arguments is given."""
    seen: list[Mapping[str, object]] = []
    app = typer.Typer()

    @app.command()
    @taking_terms
    def command(terms: Mapping[str, object]) -> None:
        seen.append(terms)

    result = CliRunner().invoke(app, arguments)
    if result.exit_code:
        raise ValueError(result.output)
    return seen[0]


def test_every_term_has_an_option():
    assert OPTIONS.keys() == {field.name for field in fields(Terms)}


def test_what_is_not_given_is_not_set():
    assert parse() == {}


@pytest.mark.parametrize(
    ("arguments", "terms"),
    [
        (["--seats", "3"], {"seats": 3}),
        (["--seats", "unlimited"], {"seats": None}),
        (["--overage", "1.25"], {"overage": Overage.QUARTER_MORE}),
        (["--term-days", "none"], {"term_days": None}),
        (["--maintenance-days", "365"], {"maintenance_days": 365}),
        (["--max-version", "9.2"], {"max_version": "9.2"}),
        (["--max-version", "none"], {"max_version": None}),
        (["--edition", "any"], {"edition": None}),
        (["--feature", "sync", "--feature", "cloud"], {"features": ("sync", "cloud")}),
        (["--certificate-days", "none"], {"certificate_days": None}),
        (["--transfers", "0", "--transfer-days", "30"], {"transfers": 0, "transfer_days": 30}),
        (["--clone", "refuse"], {"clone": OnClone.REFUSE}),
        (["--floating-minutes", "30"], {"floating_minutes": 30}),
        (["--floating-minutes", "none"], {"floating_minutes": None}),
        (["--virtual", "refuse"], {"virtual": Virtual.REFUSE}),
        (["--virtual-seats", "1"], {"virtual_seats": 1}),
        (["--one-license-per-computer", "yes"], {"one_license_per_computer": True}),
        (["--one-license-per-computer", "no"], {"one_license_per_computer": False}),
        (["--trial-days", "14"], {"trial_days": 14}),
        (["--trial-again-months", "none"], {"trial_again_months": None}),
    ],
)
def test_an_option_sets_its_term(arguments: list[str], terms: dict[str, object]):
    assert parse(*arguments) == terms


@pytest.mark.parametrize(
    "arguments",
    [
        ["--seats", "0"],
        ["--seats", "-1"],
        ["--seats", "many"],
        ["--seats", "²"],
        ["--term-days", "0"],
        ["--max-version", "newest"],
        ["--overage", "3"],
        ["--grace-days", "40000"],
        ["--one-license-per-computer", "maybe"],
        ["--trial-days", "0"],
    ],
)
def test_a_wrong_value_is_told(arguments: list[str]):
    with pytest.raises(ValueError, match=arguments[0]):
        parse(*arguments)
