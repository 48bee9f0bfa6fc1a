"""Tokens of the API, issued in the console, and taken back."""

import html
import re

import pytest

from activation_server.formats import api_token
from activation_server.rules.permissions import Role
from activation_server.web.console import paths
from tests.console.forms import confirmed, filled
from tests.console.staff import Browser, browser_of
from tests.console.test_staff_pages import WHY, noted
from tests.web.admin.tool import Tool
from tests.web.server import Server

SHOP = {"name": "shop", "days": "30", "catalogue:read": "yes", **WHY}


@pytest.fixture(scope="module")
def root(shared_server: Server) -> Browser:
    return browser_of(shared_server, "root", Role.ADMINISTRATOR)[0]


def test_a_token_is_shown_for_its_form_alone_works_and_is_taken_back(server: Server, root: Browser):
    preview = filled(root, paths.NEW_TOKEN, SHOP)
    assert "See products, policies and releases" in preview.text
    assert "<strong>2026-12-22 10:0" in preview.text
    assert "none yet" in root.get(paths.TOKENS).text
    shown = confirmed(root, paths.NEW_TOKEN, preview).text
    [token] = re.findall(api_token.PATTERN, shown)
    assert token in confirmed(root, paths.NEW_TOKEN, preview).text  # pressed twice, issued once
    tool = Tool(server, token)
    assert tool.get("/products").status_code == 200
    assert tool.get("/licenses").status_code == 403
    listed = root.get(paths.TOKENS).text
    assert token not in listed
    assert "catalogue:read" in listed
    assert str(server.world.clock().date()) in listed
    path = paths.REVOKE_TOKEN.format(name="shop")
    done = confirmed(root, path, filled(root, path, WHY))
    assert "is revoked" in root.get(done.headers["location"]).text
    assert tool.get("/products").status_code == 401
    assert noted(server, "shop") == [
        ("root", "token_issued", "ticket 4711"),
        ("root", "token_revoked", "ticket 4711"),
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"catalogue:read": ""}, "at least one of the scopes"),
        ({"catalogue:read": "", "server:operate": "yes"}, "at least one of the scopes"),
        ({"days": "367"}, "1 to 366 days"),
        ({"days": "²"}, "1 to 366 days"),
        ({"name": "My <b>Shop"}, "Name a token"),
        ({"reason": " "}, "Say why"),
    ],
)
def test_what_can_not_be_issued_says_why(root: Browser, changed: dict[str, str], said: str):
    answer = filled(root, paths.NEW_TOKEN, {**SHOP, **changed})
    assert (answer.status_code, said in html.unescape(answer.text)) == (422, True), answer.text
    assert "<b>" not in answer.text


def test_a_name_is_given_once_and_there_is_no_page_of_another(root: Browser):
    again = {**SHOP, "name": "again"}
    confirmed(root, paths.NEW_TOKEN, filled(root, paths.NEW_TOKEN, again))
    answer = filled(root, paths.NEW_TOKEN, again)
    assert (answer.status_code, "There is or was a token" in answer.text) == (422, True)
    assert root.get(paths.REVOKE_TOKEN.format(name="none")).status_code == 404
