"""A license on the console: found by what a caller tells, seen on one page, people masked."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import audit_list
from activation_server.services.new_seat import activate
from activation_server.web.console import license_page, paths
from activation_server.web.console.license_changes import CHANGES
from tests.console.licenses import path_of, seat_on, sold
from tests.console.staff import Browser, browser_of
from tests.services.calls import granted, issue_one, make_request
from tests.web.server import Server


@pytest.fixture(scope="module")
def support(shared_server: Server) -> Browser:
    return browser_of(shared_server, "helps", Role.SUPPORT)[0]


@pytest.fixture(scope="module")
def manager(shared_server: Server) -> Browser:
    return browser_of(shared_server, "manages", Role.MANAGER)[0]


@pytest.mark.parametrize("by", ["key", "tail", "order", "email", "name", "id", "computer"])
def test_a_license_is_found_by_what_a_caller_can_tell(server: Server, support: Browser, by: str):
    license_ = sold(server)
    seat = seat_on(server, license_, 40 + len(by))
    other = sold(server)
    told = {
        "key": license_.license_key.lower(),
        "tail": license_.key_tail,
        "order": "FS-1001",
        "email": "ANA@example.com",
        "name": "petrovic",
        "id": str(license_.license.license_id),
        "computer": str(seat.activation.activation_id),
    }[by]
    answer = support.get(f"{paths.LICENSES}?q={told}")
    if answer.status_code == 303:
        assert answer.headers["location"] == path_of(license_)
    else:
        assert by in {"order", "email", "name"}  # the other one has them as well
        assert path_of(license_) in answer.text
        assert path_of(other) in answer.text


def test_what_is_not_found_says_what_to_try(support: Browser):
    answer = support.get(f"{paths.LICENSES}?q=%3Cscript%3Enobody")
    assert answer.status_code == 200
    assert "No license has this" in answer.text
    assert "<script>nobody" not in answer.text


def test_what_somebody_looked_at_is_at_hand_for_them_alone(server: Server):
    license_ = sold(server)
    mine, _ = browser_of(server, "looks", Role.VIEWER)
    other, _ = browser_of(server, "looks-not", Role.VIEWER)
    assert mine.get(path_of(license_)).status_code == 200
    assert path_of(license_) in mine.get(paths.LICENSES).text
    assert path_of(license_) not in other.get(paths.LICENSES).text


def test_a_license_tells_all_of_it_with_people_masked(server: Server, support: Browser):
    license_ = sold(server)
    seat = seat_on(server, license_, 1)
    page = support.get(path_of(license_)).text
    for said in (
        f"…{license_.key_tail}",
        "1 of 2 in use",
        "FS-1001",
        "Never ends.",
        str(seat.activation.activation_id),
        "activated",
        "issued",
    ):
        assert said in page, said
    for kept in ("Petrovi", "ana@example", "Café", license_.license_key, "alert(1)"):
        assert kept not in page, kept


def test_people_are_shown_in_clear_for_a_reason_that_is_noted(server: Server, support: Browser):
    license_ = sold(server)
    path = path_of(license_)
    without = support.post(f"{path}/reveal", on=path, reason=" ")
    assert without.status_code == 422
    assert "Petrović" not in without.text
    shown = support.post(f"{path}/reveal", on=path, reason="ticket 4711")
    assert "Petrović" in shown.text
    assert license_.license_key in shown.text
    assert "<script>alert" not in shown.text
    assert "&lt;script&gt;alert(1)" in shown.text
    wanted = Wanted(action=Action.REVEALED, who="helps", limit=1)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    assert (entry.entry.license_id, entry.why) == (license_.license.license_id, "ticket 4711")


def test_of_many_people_and_computers_some_are_shown_at_first(
    server: Server, support: Browser, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(license_page, "SHOWN", 2)
    license_ = sold(server, seats=9)
    for number in range(4):
        told = Told(Person(f"User {number}"), computer_name=f"pc-{number}")
        request = make_request(number, license_.license_key, number, told=told)
        granted(server.run(activate(server.context, request)))
        server.world.clock.advance(minutes=1)
    path = path_of(license_)

    def on(page: str) -> tuple[int, int, set[str]]:
        """People and computers that are shown, and the names of these computers."""
        names = re.findall(r'data-label="Computer"><span title="[^"]+">(\S+) ', page)
        computers = page.count('data-label="Computer"')
        assert len(names) == computers
        return page.count('data-label="Role"'), computers, set(names)

    some = support.get(path).text
    assert on(some) == (2, 2, {"p…"})
    assert ("3 more people." in some, "2 more computers." in some) == (True, True)
    everything = support.get(f"{path}?all=on").text
    assert on(everything) == (5, 4, {"p…"})
    assert "Show all" not in everything
    some = support.post(f"{path}/reveal", on=path, reason="ticket 4711").text
    assert on(some) == (2, 2, {"pc-3", "pc-2"})
    [address] = re.findall(r'action="([^"]+/reveal[^"]*)"', everything)
    everything = support.post(address, on=path, reason="ticket 4711").text
    assert on(everything) == (5, 4, {"pc-0", "pc-1", "pc-2", "pc-3"})


def test_a_refusal_says_why_and_leads_to_what_helps(
    server: Server, manager: Browser, support: Browser
):
    license_ = sold(server, seats=1)
    seat_on(server, license_, 1)
    request = make_request(2, license_.license_key, computer=2)
    server.run(activate(server.context, request))
    page = manager.get(path_of(license_)).text
    assert "Why was it refused?" in page
    assert "All seats are taken" in page
    assert "which another computer holds" in page  # as the app said it
    assert f'href="{path_of(license_, "seats")}"' in page
    assert 'href="#computers"' in page
    page = support.get(path_of(license_)).text
    assert "“Change seats” helps; it takes the role Manager or Administrator." in page


def test_a_license_that_is_over_is_not_shown_as_active(server: Server, support: Browser):
    past = server.context.now() - timedelta(days=1)
    ended = server.run(issue_one(server.context, expires_at=past))
    page = support.get(path_of(ended)).text
    assert '<span class="badge ended">Ended</span>' in page
    assert '<span class="badge active">' not in page


def test_a_note_stands_in_the_history(server: Server, support: Browser):
    license_ = sold(server)
    answer = support.post(
        f"{path_of(license_)}/note", on=path_of(license_), words="called, <b>angry</b>"
    )
    page = support.get(answer.headers["location"]).text
    assert "called, &lt;b&gt;angry&lt;/b&gt;" in page
    assert "It was noted." in page


def test_who_may_only_look_is_offered_nothing_else(server: Server):
    license_ = sold(server)
    seat_on(server, license_, 1)
    viewer, _ = browser_of(server, "only-looks", Role.VIEWER)
    page = viewer.get(path_of(license_)).text
    for name in CHANGES:
        assert path_of(license_, name) not in page
        assert viewer.get(path_of(license_, name)).status_code == 403
    assert "/reveal" not in page
    assert "/note" not in page


@pytest.mark.parametrize("license_id", ["x", str(UUID(int=0)), "%00", "..%2F"])
@pytest.mark.parametrize("change", ["", "seats"])
def test_there_is_no_page_of_a_license_that_there_is_not(
    manager: Browser, license_id: str, change: str
):
    path = paths.LICENSE.format(license_id=license_id) + (f"/{change}" if change else "")
    assert manager.get(path).status_code == 404


def test_only_our_own_words_are_said_to_be_done(server: Server, support: Browser):
    license_ = sold(server)
    page = support.get(f"{path_of(license_)}?done=<script>").text
    assert 'class="notice done"' not in page
