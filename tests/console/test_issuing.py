"""Licenses issued in the console: seen before, done once, keys shown and for spreadsheets."""

import csv
import html
import re
from collections.abc import Mapping
from io import StringIO
from uuid import UUID

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.services import audit_list, finding, licensing, products
from activation_server.services.context import Context
from activation_server.web.console import issue_form, paths
from activation_server.web.console.issue_form import INPUTS
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of
from tests.services.calls import PRODUCT, issue_one
from tests.web.server import Server

ODD = "a/b é"  # a product's code that is nothing for a path
KEY = re.compile(r"(?:[0-9A-Z]{5}-){4}[0-9A-Z]{5}")
CHOICE = issue_form.option(PRODUCT, products.STANDARD)
PLAIN = {"policy": CHOICE, "count": "1", "reason": "order FS-3001"}


@pytest.fixture(scope="module")
def manager(shared_server: Server) -> Browser:
    async def sold(context: Context) -> None:
        await issue_one(context)
        await products.add_product(context, ODD, "Odd", "EdDSA")

    shared_server.run(sold(shared_server.context))
    return browser_of(shared_server, "issues", Role.MANAGER)[0]


def seen(browser: Browser, **typed: str) -> tuple[int, str]:
    """Fill in the form, and look at what would be issued."""
    form = browser.get(paths.ISSUE)
    assert form.status_code == 200
    empty = dict.fromkeys(INPUTS, "")
    answer = browser.send(paths.ISSUE, {**empty, **hidden(form.text), **PLAIN, **typed})
    return answer.status_code, answer.text


def press(browser: Browser, preview: str, button: str = "confirmed") -> str:
    answer = browser.send(paths.ISSUE, {**hidden(preview), button: "yes"})
    assert answer.status_code == 200, answer.text
    return answer.text


def issued_by(server: Server, order: str) -> list[str]:
    found = server.run(finding.find(server.context, order))
    return [each.license_key for each in found.licenses]


def test_a_license_is_seen_then_issued_with_its_key_shown(server: Server, manager: Browser):
    typed = {
        "name": "Ana <b>P</b>",
        "email": "ana@example.com",
        "order": "FS-3001",
        "seats": "3",
        "edition": "Pro",
        "expires": "2031-12-31",
    }
    status, preview = seen(manager, **typed)
    assert status == 200
    for said in ("Issue 1 license?", "Ana &lt;b&gt;P&lt;/b&gt;, ana@example.com", "2031-12-31"):
        assert said in preview, said
    assert not KEY.search(preview)  # none of what a look made is told
    assert issued_by(server, "FS-3001") == []
    [key] = KEY.findall(press(manager, preview))
    assert issued_by(server, "FS-3001") == [key]
    shown = server.run(licensing.show(server.context, key))
    terms = shown.view.license.terms
    assert (terms.seats, terms.edition) == (3, "Pro")
    assert str(shown.view.license.expires_at) == "2031-12-31 23:59:59+00:00"
    wanted = Wanted(action=Action.ISSUED, who="issues", limit=1)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    assert (entry.entry.license_id, entry.why) == (shown.view.license.license_id, "order FS-3001")


def test_sent_twice_it_is_done_once_and_its_keys_come_as_csv(server: Server, manager: Browser):
    _, preview = seen(manager, count="3", order="=1+1", seats="unlimited")
    first, second = press(manager, preview), press(manager, preview)
    keys = KEY.findall(first)
    assert (len(keys), KEY.findall(second)) == (3, keys)
    assert sorted(issued_by(server, "=1+1")) == sorted(keys)
    file = press(manager, first, "csv")
    rows = list(csv.DictReader(StringIO(file)))
    assert [row["license_key"] for row in rows] == keys
    assert {(row["seats"], row["order"], row["product"]) for row in rows} == {
        ("", "'=1+1", PRODUCT)
    }
    for row in rows:
        assert paths.LICENSE.format(license_id=UUID(row["license_id"])) in first


def test_what_was_not_issued_comes_as_no_csv(server: Server, manager: Browser):
    _, preview = seen(manager, order="FS-3002")
    answer = manager.send(paths.ISSUE, {**hidden(preview), "csv": "yes"})
    assert (answer.status_code, "kept no longer" in answer.text) == (422, True)
    assert issued_by(server, "FS-3002") == []


def test_a_form_that_issued_asks_before_it_issues_more(server: Server, manager: Browser):
    _, preview = seen(manager, order="FS-3003")
    press(manager, preview)
    answer = manager.send(paths.ISSUE, {**hidden(preview), "count": "2", "confirmed": "yes"})
    assert (answer.status_code, "issued licenses already" in answer.text) == (422, True)
    assert len(issued_by(server, "FS-3003")) == 1
    back = manager.send(paths.ISSUE, {**hidden(preview), "back": "yes"})
    assert (back.status_code, 'value="FS-3003"' in back.text) == (200, True)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"reason": " "}, "Say why"),
        ({"count": "0"}, "from 1 to 1,000"),
        ({"count": "1001"}, "from 1 to 1,000"),
        ({"seats": "many"}, "or unlimited"),
        ({"edition": "x" * 65}, "at most 64"),
        ({"email": "nobody"}, "This is no e-mail address"),
        ({"name": "x" * 201}, "This is longer than 200"),
        ({"expires": "soon"}, "is no date"),
        ({"policy": "backup-pro"}, "Choose one"),
        ({"policy": issue_form.option(PRODUCT, "none such")}, "has no policy"),
    ],
)
def test_what_can_not_be_issued_says_why(manager: Browser, typed: Mapping[str, str], said: str):
    status, text = seen(manager, **typed)
    assert (status, said in html.unescape(text)) == (422, True), text


def test_a_product_of_an_odd_name_is_issued_and_a_past_end_is_told(manager: Browser):
    choice = issue_form.option(ODD, products.STANDARD)
    status, preview = seen(manager, policy=choice, expires="2020-01-01")
    assert (status, "past already" in preview) == (200, True)
    assert f"<dd>{ODD}, policy standard</dd>" in press(manager, preview)


def test_only_who_may_is_led_there(server: Server, manager: Browser):
    support, _ = browser_of(server, "issues-not", Role.SUPPORT)
    assert paths.ISSUE in manager.get(paths.LICENSES).text
    assert paths.ISSUE not in support.get(paths.LICENSES).text
