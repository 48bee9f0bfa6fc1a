"""A person put right in the console, by somebody who does not see what is stored."""

import re

from activation_server.rules.permissions import Role
from activation_server.rules.person import Person
from activation_server.services import licensing
from activation_server.services.licensing import LicenseHistory, LicenseView
from activation_server.web.console import paths
from tests.console.forms import hidden
from tests.console.licenses import confirm, fill, path_of
from tests.console.staff import Browser, browser_of
from tests.services.calls import issue_one
from tests.web.server import Server

MIA = Person("Mia Wünsche", "W & Co", "mia@right.example")
TYPED = {"name": "Mia <b>Wunsch</b>", "away-company": "yes", "reason": "she rang"}


def sold(server: Server, buyer: Person = MIA) -> LicenseView:
    return server.run(issue_one(server.context, buyer=buyer))


def shown(server: Server, license_: LicenseView) -> LicenseHistory:
    return server.run(licensing.show(server.context, license_.license.license_id, "to compare"))


def form_on(browser: Browser, license_: LicenseView) -> str:
    [path] = re.findall(r'href="([^"]+/correct)"', browser.get(path_of(license_)).text)
    return str(path)


def test_it_shows_what_it_does_and_does_it_once(server: Server):
    browser, _ = browser_of(server, "rights", Role.SUPPORT)
    one, other = sold(server), sold(server)
    path = form_on(browser, one)
    form = browser.get(path).text
    assert ("M… W…" in form, "Wünsche" in form, "mia@" in form) == (True, False, False)
    status, seen = fill(browser, path, {**TYPED, "everywhere": "yes"})
    assert (status, "In 2 licenses" in seen, "Wünsche" in seen) == (200, True, False)
    assert "<strong>Mia &lt;b&gt;Wunsch&lt;/b&gt;</strong>" in seen
    assert [each.person for each in shown(server, one).view.people] == [MIA]
    for _ in range(2):
        assert confirm(browser, path, seen) == f"{path_of(one)}?done=corrected"
    assert "It was put right." in browser.get(f"{path_of(one)}?done=corrected").text
    for license_ in (one, other):
        after = shown(server, license_)
        assert after.view.people[0].person == Person(TYPED["name"], None, MIA.email)
        assert [each.kind for each in after.events].count("person_corrected") == 1
    again = browser.send(path, {**hidden(seen), "key": "another", "confirmed": "yes"})
    assert (again.status_code, "Somebody changed this person" in again.text) == (422, True)
    assert "This changes nothing" in fill(browser, path, {**TYPED, "away-company": ""})[1]


def test_what_can_not_be_right_is_told_and_others_have_no_form(server: Server):
    browser, _ = browser_of(server, "rights-too", Role.SUPPORT)
    license_ = sold(server, Person("Max", None, "max@right.example"))
    path = form_on(browser, license_)
    for wrong in (
        {"name": ""},
        {"reason": " "},
        {"away-name": "yes"},
        {"email": "no address", "name": ""},
        {"name": "", "away-name": "yes", "away-email": "yes"},
    ):
        status, told = fill(browser, path, {"name": "Maxi", "reason": "he rang", **wrong})
        assert (status, 'role="alert"' in told) == (422, True), wrong
    assert browser.get(path.replace(path.split("/")[-2], "x")).status_code == 404
    viewer, _ = browser_of(server, "sees-only", Role.VIEWER)
    assert "/correct" not in viewer.get(path_of(license_)).text
    assert paths.CORRECT.count("{") == 2
