"""`activation-server newsletter …`."""

import pytest

from activation_server.services.context import Context
from tests.cli.conftest import Commands
from tests.conftest import World
from tests.services.calls import issue_one, make_request
from tests.services.test_erasure import EMAIL
from tests.services.test_newsletter import ASKS
from tests.services.test_people import activate

OF_ANA = ("--email", EMAIL)


async def asked(context: Context) -> None:
    sold = await issue_one(context)
    await activate(context, make_request(1, sold.license_key, told=ASKS))


def test_a_consent_from_the_wish_to_the_withdrawal(world: World, commands: Commands):
    world.run(asked)
    before = commands.text("newsletter", "status", *OF_ANA)
    assert "gets no newsletter" in before
    assert "unconfirmed: asked 2026-11-22T10:00:00Z through app" in before
    confirmed = commands.json("newsletter", "confirm", *OF_ANA, "--channel", "email")
    assert confirmed["gets_newsletter"] is True
    assert confirmed["consents"][0]["confirmed_by"] == "email"
    listed = ("newsletter", "list", "--reason", "the November issue")
    assert commands.text(*listed) == f"{EMAIL}\n"
    assert "wording 1; confirmed " in commands.text(*listed, "--evidence")
    assert commands.json(*listed) == {"recipients": [{"email": EMAIL}]}
    [recipient] = commands.json(*listed, "--evidence")["recipients"]
    assert (recipient["wording"], recipient["channel"]) == ("1", "app")
    assert "Suppressed since" in commands.text("newsletter", "withdraw", *OF_ANA)
    shown = commands.text("newsletter", "status", *OF_ANA)
    assert "through operator" in shown
    assert EMAIL not in shown
    assert commands.text(*listed) == ""


def test_what_nobody_asked_for_is_not_confirmed(commands: Commands):
    done = commands.run("newsletter", "confirm", *OF_ANA)
    assert done.exit_code == 1
    assert "newsletter: true" in done.output


@pytest.mark.parametrize("reason", [(), ("--reason", " ")])
def test_the_list_needs_a_reason(commands: Commands, reason: tuple[str, ...]):
    done = commands.run("newsletter", "list", *reason)
    assert done.exit_code == 2
    assert "--reason" in done.output
