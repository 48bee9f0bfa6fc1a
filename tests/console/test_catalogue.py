"""Products, policies and releases, seen and changed in the console."""

import html
from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.services import audit_list, products, releases
from activation_server.services.context import Context
from activation_server.web.console import paths
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of
from tests.services.calls import issue_one
from tests.web.server import Server, new_id

WHY = "the new price list"
AFFECTED = "2 licenses are sold by it"


@pytest.fixture(scope="module")
def manager(shared_server: Server) -> Browser:
    return browser_of(shared_server, "sells", Role.MANAGER)[0]


@pytest.fixture
def code(server: Server) -> str:
    """A product of the test's own, whose code is nothing for a path."""
    code = f"é&/{new_id()}"
    server.add_product(code)
    return code


def path_of(change: str, **about: str) -> str:
    asked = "&".join(f"{name}={quote(value, safe='')}" for name, value in about.items())
    return f"{paths.CATALOGUE}/{change}?{asked}"


def look(browser: Browser, path: str, typed: Mapping[str, str], **terms: str) -> tuple[int, str]:
    form = browser.get(path)
    assert form.status_code == 200, form.text
    fields = {**hidden(form.text), **typed, **terms, "reason": WHY}
    answer = browser.send(path.partition("?")[0], fields)
    return answer.status_code, html.unescape(answer.text)


def confirm(browser: Browser, path: str, preview: str) -> str:
    fields = {**hidden(preview), "confirmed": "yes"}
    answer = browser.send(path.partition("?")[0], fields)
    assert answer.status_code == 303, answer.text
    return html.unescape(browser.get(answer.headers["location"]).text)


STANDARD = {
    "seats": "1",
    "overage": "none",
    "floating_minutes": "",
    "virtual": "allow",
    "virtual_seats": "",
    "one_license_per_computer": "no",
    "edition": "",
    "features": "",
    "max_version": "",
    "maintenance_days": "",
    "term_days": "",
    "term_from": "issue",
    "grace_days": "0",
    "check_in_days": "7",
    "certificate_days": "30",
    "transfers": "",
    "transfer_days": "365",
    "clone": "flag",
    "clone_certificate_hours": "72",
    "trial_days": "",
    "trial_again_months": "",
}


def test_a_product_is_added_and_renamed(server: Server, manager: Browser):
    code, path = new_id(), path_of("add-product")
    typed = {"code": code, "name": "<b>Photo</b>", "algorithm": "EdDSA"}
    status, preview = look(manager, path, typed)
    assert (status, f"<strong>{code}</strong>" in preview) == (200, True)
    assert code not in server.run(products.codes(server.context))
    page = confirm(manager, path, preview)
    assert "The product was added." in page
    assert "standard" in page
    again = confirm(manager, path, preview)  # pressed twice
    assert "The product was added." in again
    status, fault = look(manager, path, typed)
    assert (status, "There is a product" in fault) == (422, True)
    rename = path_of("rename-product", product=code)
    _, preview = look(manager, rename, {"name": "Photo Pro"})
    assert "<h1>Photo Pro</h1>" in confirm(manager, rename, preview)
    wanted = Wanted(action=Action.PRODUCT_RENAMED, who="sells", limit=1)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    assert (entry.entry.subject, entry.why) == (code, WHY)


def test_a_policy_is_added_and_a_change_says_for_how_many(
    server: Server, manager: Browser, code: str
):
    add = path_of("add-policy", product=code)
    typed = {**STANDARD, "policy_name": "Yearly +", "term_days": "365", "features": "a\nb"}
    _, preview = look(manager, add, typed)
    for said in ("<strong>Yearly +</strong>", "<strong>365</strong>", "<strong>a, b</strong>"):
        assert said in preview, said
    assert "Yearly +" in confirm(manager, add, preview)

    async def sell(context: Context) -> None:
        await issue_one(context, product=code, policy="Yearly +", overrides={})
        await issue_one(context, product=code, policy="Yearly +", overrides={"seats": 9})

    server.run(sell(server.context))
    change = path_of("change-policy", product=code, policy="Yearly +")
    now = {**STANDARD, "term_days": "365", "features": "a\nb"}
    assert "This changes nothing" in look(manager, change, now)[1]
    status, preview = look(manager, change, now, seats="3")
    assert status == 200
    assert "<td>Seats</td><td>1</td><td><strong>3</strong></td>" in preview
    assert AFFECTED in preview
    assert "1 of them sets such a term by itself" in preview
    confirm(manager, change, preview)
    policy = server.run(products.show_policy(server.context, code, "Yearly +"))
    assert (policy.terms.seats, policy.terms.features) == (3, ("a", "b"))


def test_a_policy_that_changed_meanwhile_is_looked_at_again(
    server: Server, manager: Browser, code: str
):
    path = path_of("change-policy", product=code, policy="standard")
    _, preview = look(manager, path, STANDARD, seats="4")
    server.set_policy(code, grace_days=9)
    answer = manager.send(path.partition("?")[0], {**hidden(preview), "confirmed": "yes"})
    assert (answer.status_code, "Somebody changed this policy" in answer.text) == (422, True)
    policy = server.run(products.show_policy(server.context, code, "standard"))
    assert (policy.terms.seats, policy.terms.grace_days) == (1, 9)


def test_releases_are_listed_and_removed(server: Server, manager: Browser, code: str):
    add = path_of("add-release", product=code)
    _, preview = look(manager, add, {"version": "9.2", "released": "2026-10-02"})
    assert "2026-10-02" in confirm(manager, add, preview)
    [listed] = server.run(releases.list_all(server.context, code))
    assert (listed.version, listed.released) == ("9.2", date(2026, 10, 2))
    remove = path_of("remove-release", product=code, version="9.2")
    page = confirm(manager, remove, look(manager, remove, {})[1])
    assert "None is listed" in page


@pytest.mark.parametrize(
    ("change", "typed", "said"),
    [
        ("add-product", {"code": "", "name": "x", "algorithm": "EdDSA"}, "Code is missing"),
        ("add-product", {"code": "x", "name": "x", "algorithm": "none"}, "choose one"),
        ("add-policy", {**STANDARD, "policy_name": "standard"}, "has a policy"),
        ("add-policy", {**STANDARD, "policy_name": "x", "seats": "0"}, "Seats must be"),
        ("add-policy", {**STANDARD, "policy_name": "x", "check_in_days": ""}, "check-ins must"),
        ("add-release", {"version": "new", "released": "2026-10-02"}, "with numbers"),
        ("add-release", {"version": "9", "released": "soon"}, "give a day"),
        ("remove-release", {}, "has no release"),
    ],
)
def test_what_can_not_be_done_says_why(
    manager: Browser, code: str, change: str, typed: Mapping[str, str], said: str
):
    status, page = look(manager, path_of(change, product=code, version="1"), typed)
    assert (status, said in page) == (422, True), page


def test_who_may_only_read_sees_and_changes_nothing(server: Server, code: str):
    viewer, _ = browser_of(server, "looks-at-wares", Role.VIEWER)
    assert paths.of_product(code) in viewer.get(paths.CATALOGUE).text
    page = viewer.get(paths.of_product(code))
    assert (page.status_code, "All terms of standard" in page.text) == (200, True)
    assert "change-policy" not in page.text
    assert viewer.get(paths.of_product("none")).status_code == 404
