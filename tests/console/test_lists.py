"""Lists of licenses in the console: narrowed, in pages, as CSV, saved for oneself."""

import html
import re

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.services import audit_list, licensing
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.new_seat import activate
from activation_server.services.products import add_policy
from activation_server.web.console import list_page, paths
from tests.console.licenses import ANA, path_of, seat_on
from tests.console.staff import Browser, browser_of
from tests.services.calls import PRODUCT, issue_one, make_request, reason
from tests.web.server import Server

POLICY = "listed"  # of this module's licenses alone
MINE = f"{paths.LIST}?policy={POLICY}"


async def issued(context: Context, **terms: object) -> LicenseView:
    order = Order(PRODUCT, POLICY, terms, None, None, "FS-77", 1, ANA)
    [view] = await licensing.issue(context, order, lambda _done: None)
    return view


@pytest.fixture(scope="module")
def listed(shared_server: Server) -> dict[str, LicenseView]:
    """One on hold, one that ends in 20 days, one that refused a computer."""

    async def work(context: Context) -> dict[str, LicenseView]:
        await issue_one(context)
        await add_policy(context, PRODUCT, POLICY, {"seats": 1})
        held = await issued(context)
        await licensing.change_standing(context, held.license.license_id, "suspend", "to list")
        return {
            "held": held,
            "ending": await issued(context, term_days=20, term_from="issue"),
            "refused": await issued(context),
        }

    made = shared_server.run(work(shared_server.context))
    seat_on(shared_server, made["refused"], 61)
    late = make_request(62, made["refused"].license_key, computer=62)
    assert reason(shared_server.run(activate(shared_server.context, late)))
    return made


@pytest.fixture(scope="module")
def signed_in(shared_server: Server) -> Browser:
    return browser_of(shared_server, "lists", Role.VIEWER)[0]


@pytest.fixture
def lists(server: Server, signed_in: Browser) -> Browser:
    """Somebody who only looks, at the time of the sign-in."""
    assert server is signed_in.server
    return signed_in


def link_of(page: str, text: str) -> str:
    found = re.search(rf'href="([^"]+)">{re.escape(text)}</a>', page)
    assert found is not None, page
    return html.unescape(found[1])


@pytest.mark.parametrize(
    ("chosen", "shown"),
    [
        ("", {"held", "ending", "refused"}),
        ("&status=suspended", {"held"}),
        ("&ends=ends-30", {"ending"}),
        ("&ends=ends-7", set()),
        ("&ends=ended-30", set()),
        ("&refused=SEAT_LIMIT_REACHED", {"refused"}),
        ("&refused=SEAT_LIMIT_REACHED&status=suspended", set()),
    ],
)
def test_licenses_are_listed_by_what_is_chosen(
    listed: dict[str, LicenseView], lists: Browser, chosen: str, shown: set[str]
):
    answer = lists.get(MINE + chosen)
    assert answer.status_code == 200
    assert {name for name, each in listed.items() if path_of(each) in answer.text} == shown
    lines = lists.get(link_of(answer.text, "The whole list as CSV"))
    assert lines.headers["content-type"].startswith("text/csv")
    assert lines.text.count("\n") == 1 + len(shown)
    assert "Petrović" not in answer.text + lines.text


def test_those_that_ended_are_listed_by_when(server: Server, listed: dict[str, LicenseView]):
    ended = path_of(listed["ending"])
    server.world.clock.advance(days=25)
    later, _ = browser_of(server, "lists-later")
    assert ended in later.get(f"{MINE}&ends=ended-7").text
    server.world.clock.advance(days=10)
    latest, _ = browser_of(server, "lists-latest")
    assert ended not in latest.get(f"{MINE}&ends=ended-7").text
    assert ended in latest.get(f"{MINE}&ends=ended-30").text


def test_a_list_comes_in_pages(
    listed: dict[str, LicenseView], lists: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(list_page, "LIMIT", 2)
    first = lists.get(MINE).text
    second = lists.get(link_of(first, "Next page")).text
    shown = [(path_of(each) in first, path_of(each) in second) for each in listed.values()]
    assert sorted(shown) == [(False, True), (True, False), (True, False)]
    assert "Next page" not in second
    assert "First page" in second


@pytest.mark.parametrize(
    "query", ["status=gone", "ends=soon", "refused=x", "after=x", "product=%00"]
)
def test_there_is_no_list_by_what_there_is_not(lists: Browser, query: str):
    assert lists.get(f"{paths.LIST}?{query}").status_code == 404


def test_a_list_is_saved_for_oneself_and_deleted(server: Server):
    mine, me = browser_of(server, "saves", Role.VIEWER)
    name = "<b>On hold & mine</b>"
    answer = mine.post(paths.LISTS, on=paths.LIST, status="suspended", q="Ana", name=name)
    assert answer.headers["location"] == f"{paths.LIST}?status=suspended"
    shown = mine.get(paths.LICENSES).text
    assert link_of(shown, "&lt;b&gt;On hold &amp; mine&lt;/b&gt;") == answer.headers["location"]
    mine.post(paths.LISTS, on=paths.LIST, status="revoked", name=name)
    page = mine.get(f"{paths.LIST}?status=revoked").text
    assert page.count("On hold &amp; mine") == 2  # the link, and the name of its button
    assert "Save this list" not in page
    search = re.search(r'name="search" value="([^"]+)"', page)
    assert search is not None
    other, _ = browser_of(server, "saves-not", Role.VIEWER)
    assert "On hold &amp; mine" not in other.get(paths.LIST).text
    other.post(f"{paths.LISTS}/delete", on=paths.LIST, search=search[1])
    assert "On hold &amp; mine" in mine.get(paths.LIST).text
    for _ in range(2):
        gone = mine.post(f"{paths.LISTS}/delete", on=paths.LIST, search=search[1])
        assert gone.headers["location"] == paths.LIST
    assert "On hold &amp; mine" not in mine.get(paths.LIST).text
    entries = server.run(audit_list.newest(server.context, Wanted(who=me.name), None))
    noted = [each.entry for each in entries if "search" in each.entry.action]
    assert [each.action for each in noted] == [
        Action.SEARCH_DELETED,
        Action.SEARCH_SAVED,
        Action.SEARCH_SAVED,
    ]
    assert dict(noted[1].details) == {"status": "revoked"}


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "a\u202eb"])
def test_a_list_needs_a_name(lists: Browser, name: str):
    answer = lists.post(paths.LISTS, on=paths.LIST, status="revoked", name=name)
    assert (answer.status_code, "1 to 60 characters" in answer.text) == (422, True)


def test_nobody_saves_very_many_lists(server: Server):
    browser, _ = browser_of(server, "saves-many", Role.VIEWER)
    answers = [
        browser.post(paths.LISTS, on=paths.LIST, status="revoked", name=f"list {number}")
        for number in range(21)
    ]
    assert [each.status_code for each in answers] == [303] * 20 + [422]
    assert "delete one first" in answers[-1].text
    again = browser.post(paths.LISTS, on=paths.LIST, status="active", name="list 3")
    assert again.status_code == 303
