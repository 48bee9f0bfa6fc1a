"""Licenses shown while staff type, noted once, and searches that stand in no address."""

import html
import re
import urllib.parse
from dataclasses import replace

import httpx
import pytest

from activation_server import bootstrap
from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import audit_list, licensing
from activation_server.services.context import Context
from activation_server.services.licensing import Order
from activation_server.services.looks import Looks
from activation_server.services.new_seat import activate
from activation_server.services.products import STANDARD
from activation_server.web.app import build
from activation_server.web.console import paths
from tests.console.licenses import path_of, sold
from tests.console.staff import Browser, browser_of
from tests.services.calls import PRODUCT, granted, issue_one, make_request
from tests.web.server import Server


@pytest.fixture(scope="module")
def support(shared_server: Server) -> Browser:
    return browser_of(shared_server, "finds", Role.SUPPORT)[0]


def found_by(support: Browser, text: str) -> str:
    """Find by the page's form, and go where it leads."""
    answer = support.post(paths.LICENSES, on=paths.LICENSES, q=text)
    assert answer.status_code == 303
    return str(answer.headers["location"])


def typed(browser: Browser, text: str) -> httpx.Response:
    return browser.post(paths.LICENSES_TYPED, on=paths.LICENSES, q=text)


def looks_of(server: Server, who: str) -> list[dict[str, object]]:
    wanted = Wanted(who=who, action=Action.LOOKED_UP)
    entries = server.run(audit_list.newest(server.context, wanted, None))
    return [dict(each.entry.details) for each in reversed(entries)]


def test_what_is_searched_for_stands_in_no_address(server: Server, support: Browser):
    licenses = [sold(server), sold(server)]
    address = found_by(support, " Petrović@ana ")
    assert address.startswith(f"{paths.LICENSES}?s=")
    assert "etrovi" not in urllib.parse.unquote(address)
    assert "No license has this" in support.get(address).text
    address = found_by(support, "petrović")
    page = support.get(address).text
    assert all(path_of(each) in page for each in licenses)
    assert 'value="petrović"' in page
    stranger, _ = browser_of(server, "reads-addresses")
    assert 'value=""' in stranger.get(address).text
    assert 'value=""' in support.get(f"{paths.LICENSES}?s=%00x").text
    assert found_by(support, "  ") == paths.LICENSES


def test_licenses_are_shown_while_one_types(server: Server):
    browser, me = browser_of(server, "types")
    license_ = sold(server, seats=7)
    for text in ("p", "pe", "7-7"):
        assert (typed(browser, text).status_code, looks_of(server, me.name)) == (204, [])
    answer = typed(browser, license_.key_tail)
    assert (answer.status_code, path_of(license_) in answer.text) == (200, True)
    assert answer.text.strip().startswith("<section")
    assert "A…" in answer.text
    assert "Petrović" not in answer.text
    assert "No license has this" in typed(browser, "nobody").text
    again = re.search(r'data-address="([^"]+)"', typed(browser, license_.key_tail).text)
    assert again is not None
    assert path_of(license_) in browser.get(again[1]).text


def test_of_a_name_that_many_have_more_are_shown_when_they_are_asked_for(
    server: Server, support: Browser
):
    async def sell(context: Context) -> None:
        buyer = Person("Quirina Viele")
        await issue_one(context, buyer=buyer)
        order = Order(PRODUCT, STANDARD, {}, None, None, None, 29, buyer)
        await licensing.issue(context, order, lambda _done: None)

    server.run(sell(server.context))
    first = support.get(found_by(support, "viele")).text
    while_typing = typed(support, "viel").text
    for page, count in ((first, 25), (while_typing, 20)):
        assert f"{count} found, and there may be more" in page
        more = re.search(r'<a href="([^"]+)">Show up to 100</a>', page)
        assert more is not None
        all_ = support.get(html.unescape(more[1])).text
        assert "30 found</h2>" in all_
        assert "Show up to 100" not in all_


def test_what_is_shown_while_one_types_is_noted_once(server: Server):
    browser, me = browser_of(server, "is-noted")
    first, second = sold(server), sold(server)
    typed(browser, "nobody-at-all")
    typed(browser, "nobody-at-alls")
    assert looks_of(server, me.name) == [{"found": 0, "while_typing": True}]
    for text in (first.key_tail, first.license_key, "nobody", first.key_tail):
        typed(browser, text)
    assert looks_of(server, me.name)[1:] == [{"found": 1, "while_typing": True}]
    typed(browser, second.key_tail)
    assert len(looks_of(server, me.name)) == 3
    server.world.clock.advance(minutes=1)
    typed(browser, second.key_tail)
    assert len(looks_of(server, me.name)) == 4


def test_who_types_faster_than_anybody_waits(server: Server):
    clock = [0]
    shared = replace(server.context, looks=Looks(2, lambda: clock[0]))
    eager = replace(server, app=build(shared, bootstrap.is_ready))
    browser, _ = browser_of(eager, "eager")
    assert [typed(browser, "nobody").status_code for _ in range(3)] == [200, 200, 429]
    assert typed(browser, "nobody").headers["retry-after"] == "30"
    clock[0] = 30 * 10**9
    assert typed(browser, "nobody").status_code == 200


def test_a_list_names_one_person_of_a_license_and_counts_the_others(
    server: Server, support: Browser
):
    license_, _ = sold(server, seats=20), sold(server)  # of one order, so that there is a list
    for number in range(12):
        told = Told(Person(f"User {number}"))
        request = make_request(number, license_.license_key, number, told=told)
        granted(server.run(activate(server.context, request)))
    row = support.get(f"{paths.LICENSES}?q=FS-1001").text
    row = row[row.index(path_of(license_)) :]
    assert "a…@e….com +12" in " ".join(row[: row.index("</tr>")].split())
    shown = support.get(path_of(license_)).text
    assert shown.count('<td data-label="Role">') == 13
