"""Legal holds at the command line: placed, listed, shown, lifted."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.conftest import Commands
from tests.conftest import World
from tests.services.calls import issue_one
from tests.services.test_people import ANA, BEN

TODAY = datetime.now(UTC).date()
SOON = str(TODAY + timedelta(days=30))
WHY = ("--reason", "Ana sues [us]", "--ordered-by", "Dr. Law", "--until", SOON)


def place(commands: Commands, *on: str) -> list[Any]:
    holds = commands.json("hold", "place", *on, *WHY)["holds"]
    assert isinstance(holds, list)
    return holds


def test_a_hold_on_a_license_shows_and_is_lifted(world: World, commands: Commands):
    key = world.run(issue_one).license_key
    [hold] = place(commands, key)
    assert (hold["on"], hold["person_id"], hold["until"]) == ("license", None, SOON)
    assert (hold["status"], hold["lifted"]) == ("in force", None)
    assert commands.json("hold", "list") == {"holds": [hold]}
    assert commands.json("license", "show", key)["holds"] == [hold]
    assert commands.json("license", "find", key)["licenses"][0]["holds"] == [hold]
    told = f"Legal hold {hold['hold_id']} on the license, through {SOON}."
    assert told in commands.text("license", "show", key)
    assert "active, legal hold" in commands.text("license", "find", key)
    assert hold["hold_id"] in commands.text("hold", "list")
    lifted = commands.json("hold", "lift", hold["hold_id"], "--reason", "settled")
    assert (lifted["status"], lifted["lifted"] is None) == ("lifted", False)
    assert commands.text("hold", "list") == "No legal hold is in force.\n"
    assert commands.json("hold", "list", "--all") == {"holds": [lifted]}
    assert commands.json("license", "show", key)["holds"] == []
    assert "legal hold" not in commands.text("license", "find", key)


def test_a_hold_on_a_person_stops_their_erasure_by_name_of_the_hold(
    world: World, commands: Commands
):
    for buyer in (ANA, ANA, BEN):
        world.run(lambda context, buyer=buyer: issue_one(context, buyer=buyer))  # type: ignore[misc]
    holds = place(commands, "--email", str(ANA.email))
    assert [hold["on"] for hold in holds] == ["person", "person"]
    assert len({hold["license_id"] for hold in holds}) == 2
    for arguments in ((), ("--dry-run",)):
        refused = commands.run("privacy", "erase", "--email", str(ANA.email), *arguments)
        assert refused.exit_code == 1
        assert all(f"{hold['hold_id']} (until {SOON})" in refused.output for hold in holds)
        assert "ana" not in refused.output.lower()
    assert commands.json("privacy", "erase", "--email", str(BEN.email))["people"] == 1


def test_what_was_written_is_shown_only_for_a_reason(world: World, commands: Commands):
    key = world.run(issue_one).license_key
    placed = commands.text("hold", "place", key, *WHY)
    assert placed.startswith("Placed hold ")
    reveal = ("--reveal", "--reason", "asked by court")
    for shown in (("license", "show", key), ("hold", "list")):
        for hidden in (commands.text(*shown), commands.text(*shown, "--json"), placed):
            assert "sues" not in hidden
            assert "Law" not in hidden
        assert "Ana sues [us]; " in commands.text(*shown, *reveal)
        [hold] = commands.json(*shown, *reveal)["holds"]
        assert (hold["reason"], hold["ordered_by"]) == ("Ana sues [us]", "Dr. Law")
        assert commands.run(*shown, "--reveal").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (WHY, 2, "either KEY_OR_ID or --email"),
        (("KEY", "--email", "ana@example.com", *WHY), 2, "either KEY_OR_ID or --email"),
        (("KEY", *WHY[:-1], "soon"), 2, "is no date as 2027-12-31"),
        (("KEY", *WHY[:-2]), 2, "--until"),
        (("KEY", *WHY[:-1], str(TODAY)), 1, "in the future"),
        (("KEY", *WHY[:-1], "9999-12-31"), 1, "within 10 years"),
        (("KEY", *WHY), 1, "No license has this key"),
        (("--email", "ana@example.com", *WHY), 1, "Nobody has this address"),
    ],
)
def test_a_hold_that_can_not_be_placed_says_why(
    commands: Commands, arguments: tuple[str, ...], code: int, told: str
):
    done = commands.run("hold", "place", *arguments)
    assert done.exit_code == code, done.output
    assert told in " ".join(done.output.split())
    assert commands.text("hold", "list", "--all") == "There is no legal hold.\n"


def test_a_hold_that_is_not_there_can_not_be_lifted(commands: Commands):
    unknown = "00000000-0000-4000-8000-000000000000"
    assert commands.run("hold", "lift", unknown, "--reason", "settled").exit_code == 1
    assert commands.run("hold", "lift", "that one", "--reason", "settled").exit_code == 2
