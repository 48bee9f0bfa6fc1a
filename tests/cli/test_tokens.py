"""`token issue|list|revoke`, as an operator types them."""

import re

from activation_server.formats import api_token
from tests.cli.conftest import Commands

ISSUE = ("token", "issue", "shop", "--scope", "licenses:read")


def test_a_token_is_shown_once(commands: Commands):
    shown = commands.text(*ISSUE)
    [token] = re.findall(api_token.PATTERN, shown)
    listed = commands.json("token", "list")["tokens"]
    assert [each["name"] for each in listed] == ["shop"]
    assert token not in str(listed) + commands.text("token", "list")
    assert listed[0]["scopes"] == ["licenses:read"]
    assert (listed[0]["status"], listed[0]["last_used"]) == ("valid", None)
    assert commands.json("token", "revoke", "shop")["status"] == "revoked"


def test_wrong_use_is_told(commands: Commands):
    for wrong in (
        ("token", "issue", "shop"),
        ("token", "issue", "shop", "--scope", "server:operate"),
        (*ISSUE, "--expires", "367"),
    ):
        assert commands.run(*wrong).exit_code == 2, wrong
    refused = commands.run("token", "issue", "My Shop", "--scope", "licenses:read")
    assert refused.exit_code == 1
    assert "Name a token" in refused.output
    assert commands.text("token", "list") == "There is no token.\n"
