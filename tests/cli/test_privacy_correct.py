"""`privacy correct`: by the address in every license, or one person; told first by a dry run."""

from tests.cli.conftest import Commands
from tests.cli.test_privacy_export import issue

CORRECT = ("privacy", "correct", "--reason", "she rang")
BY_EMAIL = (*CORRECT, "--email", "ana@example.com")


def test_a_person_is_put_right(commands: Commands):
    key = issue(commands)
    right = ("--name", "Ana Popa", "--new-email", "ana@example.org")
    dry = commands.text(*BY_EMAIL, *right, "--dry-run")
    assert dry == "A dry run: nothing was changed. To be put right: name, email, in 1 license.\n"
    assert commands.text(*BY_EMAIL, *right) == "Put right: name, email, in 1 license.\n"
    assert "Nothing is to be put right" in commands.text(*BY_EMAIL, *right)
    shown = commands.json("license", "show", key, "--reveal", "--reason", "to see")
    [ana] = shown["people"]
    assert (ana["name"], ana["email"]) == ("Ana Popa", "ana@example.org")
    named = ("--license", shown["license_id"], "--person", ana["person_id"])
    done = commands.json(*CORRECT, *named, "--company", "Popa SRL", "--name", "")
    assert (done["people"], done["fields"]) == (1, ["name", "company"])
    assert commands.run(*CORRECT, *named, "--new-email", "x").exit_code == 1
    for wrong in ((), named[:2], (*named, "--email", "ana@example.org")):
        assert commands.run(*CORRECT, *wrong, "--name", "X").exit_code == 2
