"""What `license renew` and `license set` take, and what they print."""

import pytest
from typer.testing import CliRunner

from activation_server.cli.app import app
from activation_server.services.context import Context
from tests.cli.conftest import Commands
from tests.conftest import World
from tests.services.calls import issue_one


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), "give a term to set"),
        (("--reset", "color"), "takes a term's name: seats"),
        (("--reset", "--seats"), "takes a term's name: seats"),
        (("--reset", "max-version", "--max-version", "9"), "not both"),
        (("--expires", "soon"), "is no date"),
        (("--seats", "0"), "whole number from 1"),
    ],
)
def test_wrong_use_is_told(arguments: tuple[str, ...], told: str):
    command = ["license", "set", "A-KEY", "--reason", "a test", *arguments]
    done = CliRunner().invoke(app, command, env={"COLUMNS": "300"})
    assert done.exit_code == 2
    assert told in done.output


async def of_ten_days(context: Context) -> str:
    """A license of ten days, from the start of the test's clock."""
    return (await issue_one(context, overrides={"term_days": 10})).license_key


def test_a_dry_run_prints_what_would_be(world: World, commands: Commands):
    key = world.run(of_ten_days)
    renew = ("license", "renew", key, "--from", "end", "--days", "20", "--reason", "a question")
    told = commands.text(*renew, "--dry-run")
    assert told.splitlines() == [
        f"Would be renewed: license …{key[-5:]}, which is active.",
        "  expires: 2026-12-02T10:00:00Z → 2026-12-22T10:00:00Z",
    ]
    would_be = commands.json(*renew, "--dry-run")
    assert would_be["expires"] == "2026-12-22T10:00:00Z"
    assert commands.json("license", "show", key)["expires"] == "2026-12-02T10:00:00Z"
    assert commands.json(*renew) == would_be


def test_a_change_prints_each_term_before_and_after(world: World, commands: Commands):
    key = world.run(of_ten_days)
    change = ("license", "set", key, "--feature", "sync", "--feature", "[cloud]", "--reason", "R")
    assert commands.text(*change).splitlines()[1:] == ["  features: none → sync, [cloud]"]
    assert commands.text(*change).splitlines()[1:] == ["  Nothing changed."]
    days = commands.text("license", "set", key, "--grace-days", "0", "--reason", "R")
    assert days.splitlines()[1:] == ["  grace days: 0 as before, set by this license now"]
    back = commands.text("license", "set", key, "--reset", "grace-days", "--reason", "R")
    assert back.splitlines()[1:] == ["  grace days: 0 as before, set by its policy now"]
    reset = commands.json("license", "set", key, "--reset", "feature", "--reason", "R")
    assert reset["features"] == []
