"""Staff at the command line: added by a link, listed, disabled, signed out."""

from datetime import UTC, datetime

import pytest

from activation_server.rules.permissions import Role
from activation_server.services import set_up
from activation_server.services.context import Context
from tests.cli.conftest import Commands
from tests.conftest import World
from tests.services.staff import member, set_up_by, token_of


@pytest.fixture(autouse=True)
def now(world: World):
    """Commands have the real time."""
    world.clock.now = datetime.now(UTC).replace(microsecond=0)


def test_the_first_administrator_is_made_by_a_link(world: World, commands: Commands):
    assert commands.text("staff", "list").startswith("There is nobody yet")
    printed = commands.text("staff", "add", "Ana", "--role", "administrator", columns=40)
    assert "ana is added as administrator." in printed
    [url] = [line for line in printed.splitlines() if line.startswith("http")]
    me = world.run(lambda context: set_up_by(context, token_of(url)))
    assert me.name == "ana"
    [ana] = commands.json("staff", "list")["staff"]
    assert ana == {
        "name": "ana",
        "role": "administrator",
        "standing": "active",
        "added": ana["added"],
        "link_until": None,
        "single_sign_on": None,
    }


def test_a_link_is_printed_once_and_stands_nowhere(world: World, commands: Commands):
    added = commands.json("staff", "add", "ben", "--role", "viewer")
    assert added["link"].startswith("http://127.0.0.1:8080/console/set-up/")
    again = commands.json("staff", "link", "ben", "--issuer", "https://licenses.example.com/")
    assert again["link"].startswith("https://licenses.example.com/console/set-up/")
    assert again["link"] != added["link"]

    async def offered(context: Context, url: str):
        return await set_up.offered(context, token_of(url))

    assert world.run(lambda context: offered(context, added["link"])) is None
    assert world.run(lambda context: offered(context, again["link"])) is not None
    for listed in (commands.text("staff", "list"), commands.text("audit", "list")):
        assert token_of(again["link"]) not in listed


def test_sessions_are_listed_and_ended(world: World, commands: Commands):
    world.run(lambda context: member(context, "ana", Role.MANAGER))
    [session] = commands.json("staff", "sessions")["sessions"]
    assert (session["name"], session["role"]) == ("ana", "manager")
    assert commands.json("staff", "sessions", "ana")["sessions"] == [session]
    assert session["since"] in commands.text("staff", "sessions")
    assert commands.json("staff", "sign-out", "ana") == {"sessions_ended": 1}
    assert commands.text("staff", "sign-out", "ana") == "Sessions ended: 0.\n"
    assert commands.text("staff", "sessions") == "Nobody is signed in.\n"


def test_roles_change_and_who_leaves_is_disabled(commands: Commands):
    commands.text("staff", "add", "ana", "--role", "administrator")
    commands.text("staff", "add", "ben", "--role", "viewer")
    assert commands.text("staff", "role", "ben", "support") == "ben is support now.\n"
    assert commands.json("staff", "disable", "ben")["standing"] == "disabled"
    assert "disabled" in commands.text("staff", "list")
    assert commands.text("staff", "enable", "ben") == "ben is invited again.\n"


def test_an_account_at_the_provider_is_waited_for_and_unlinked(commands: Commands):
    added = commands.json("staff", "add", "ana", "--role", "viewer", "--email", "Ana@example.com")
    assert (added["standing"], added["single_sign_on"]) == ("invited", "expected")
    commands.text("staff", "add", "ben", "--role", "viewer")
    taken = commands.run("staff", "email", "ben", "ana@EXAMPLE.com")
    assert (taken.exit_code, "somebody else's" in taken.output) == (1, True)
    told = commands.text("staff", "email", "ana", "ana@example.org")
    assert told == "The first account with this address is linked to ana.\n"
    assert commands.json("staff", "email", "ben", "ana@example.com")["single_sign_on"] == "expected"
    assert "expected" in commands.text("staff", "list")
    assert "no more" in commands.text("staff", "unlink", "ben")
    assert "example" not in commands.text("audit", "list")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("add", "<script>", "--role", "viewer"), 1, "1 to 64 characters"),
        (("add", "ana", "--role", "viewer"), 1, "already"),
        (("add", "ben", "--role", "king"), 2, "king"),
        (("add", "ben"), 2, "--role"),
        (("role", "ana", "viewer"), 1, "last administrator"),
        (("disable", "ana"), 1, "last administrator"),
        (("disable", "nobody"), 1, "nobody of this name"),
        (("sessions", "nobody"), 1, "nobody of this name"),
        (("link", "[red]x"), 1, "nobody of this name"),
        (("email", "ana", "ana"), 1, "ana@example.com"),
        (("unlink", "ana"), 1, "no account"),
    ],
)
def test_what_can_not_be_done_says_why(
    commands: Commands, arguments: tuple[str, ...], code: int, told: str
):
    commands.text("staff", "add", "ana", "--role", "administrator")
    done = commands.run("staff", *arguments)
    assert done.exit_code == code, done.output
    assert told in " ".join(done.output.split())
