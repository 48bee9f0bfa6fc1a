"""A call for support: find the license, see what happened, put it right."""

import html
import re
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.license import Terms
from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import audit_list, license_change, licensing, products
from activation_server.services.activation import reactivate_alone
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms
from activation_server.services.licensing import LicenseView
from activation_server.services.new_seat import activate
from activation_server.web.console import license_page, paths
from activation_server.web.console.license_changes import CHANGES
from tests.console.staff import Browser, browser_of
from tests.services.calls import granted, issue_one, make_request
from tests.web.server import Server

ANA = Person("Ana <script>alert(1)</script> Petrović", "Café & Co", "ana@example.com")
HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


def sold(server: Server, **terms: object) -> LicenseView:
    """A license with a buyer."""

    async def work(context: Context) -> LicenseView:
        return await issue_one(
            context, overrides={"seats": 2, **terms}, buyer=ANA, order_reference="FS-1001"
        )

    return server.run(work(server.context))


def seat_on(server: Server, license_: LicenseView, computer: int) -> Certified:
    request = make_request(computer, license_.license_key, computer, told=Told(computer_name="pc"))
    return granted(server.run(activate(server.context, request)))


def path_of(license_: LicenseView, change: str = "") -> str:
    path = paths.LICENSE.format(license_id=license_.license.license_id)
    return f"{path}/{change}" if change else path


def status_of(server: Server, license_: LicenseView) -> str:
    shown = server.run(licensing.show(server.context, license_.license.license_id))
    return shown.view.license.status.value


def fill(browser: Browser, path: str, fields: Mapping[str, str]) -> tuple[int, str]:
    """Fill in a form, and look at what it would do."""
    form = browser.get(path)
    assert form.status_code == 200
    answer = browser.send(path.partition("?")[0], {**hidden(form.text), **fields})
    return answer.status_code, answer.text


def hidden(page: str) -> dict[str, str]:
    last = page[page.rindex('<form method="post"') :]
    return {name: html.unescape(value) for name, value in HIDDEN.findall(last)}


def confirm(browser: Browser, path: str, page: str) -> str:
    answer = browser.send(path.partition("?")[0], {**hidden(page), "confirmed": "yes"})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


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


def test_a_change_is_seen_before_it_is_done_and_can_be_taken_back(server: Server, support: Browser):
    license_ = sold(server)
    path = path_of(license_, "suspend")
    status, preview = fill(support, path, {"reason": "chargeback"})
    assert status == 200
    assert "<td>status</td><td>active</td><td><strong>suspended</strong></td>" in preview
    assert "taken back by “Reinstate”" in preview
    assert status_of(server, license_) == "active"
    after = confirm(support, path, preview)
    assert status_of(server, license_) == "suspended"
    page = support.get(after).text
    assert "The license is on hold." in page
    assert "chargeback" in page
    assert f'href="{path_of(license_, "reinstate")}"' in page
    back = path_of(license_, "reinstate")
    confirm(support, back, fill(support, back, {"reason": "paid"})[1])
    assert status_of(server, license_) == "active"


@pytest.mark.parametrize(
    ("change", "fields", "said"),
    [
        ("seats", {"seats": "5"}, "<td>seats</td><td>2</td><td><strong>5</strong></td>"),
        ("seats", {"seats": ""}, "<td>seats</td><td>2</td><td><strong>none</strong></td>"),
        (
            "edition",
            {"edition": "Pro"},
            "<td>none</td><td><strong>Pro</strong></td>",
        ),
        ("virtual-machines", {"virtual": "refuse"}, "<strong>refuse</strong>"),
        ("renew", {"what": "license", "days": "30"}, "<td>expires</td>"),
        ("renew", {"what": "maintenance", "days": "30"}, "<td>maintenance until</td>"),
        ("revoke", {}, "<strong>revoked</strong>"),
        ("ends", {"expires": "2027-12-31"}, "<strong>2027-12-31 23:59</strong>"),
        ("ends", {"maintenance_until": "2028-02-29"}, "<strong>2028-02-29 23:59</strong>"),
        ("terms", {"grace_days": "14"}, "<td>0</td><td><strong>14</strong></td>"),
        ("terms", {"features": "sync\r\n cloud "}, "<strong>sync, cloud</strong>"),
        ("terms", {"overage": "1.25", "seats": ""}, "<strong>1.25</strong>"),
        ("terms", {"one_license_per_computer": "yes"}, "<strong>yes</strong>"),
        ("terms", {"reset-seats": "yes"}, "<td>seats</td><td>2</td><td><strong>1</strong></td>"),
        ("terms", {"reset-term_from": "yes"}, "the same, set by its policy"),
        ("terms", {"reset-all": "yes"}, "<td>maintenance days</td><td>10</td>"),
    ],
)
def test_each_change_says_what_it_does(
    server: Server, manager: Browser, change: str, fields: Mapping[str, str], said: str
):
    license_ = sold(server, term_days=10, term_from="issue", maintenance_days=10)
    path = path_of(license_, change)
    status, preview = fill(manager, path, {**fields, "reason": "they paid"})
    assert (status, said in preview) == (200, True), preview
    confirm(manager, path, preview)
    _, again = fill(manager, path, {**fields, "reason": "they paid"})
    nothing = "This changes nothing" in again or "Nothing was changed" in again
    assert change == "renew" or nothing


@pytest.mark.parametrize(
    ("change", "fields", "said"),
    [
        ("seats", {"seats": "5"}, "Say why"),
        ("seats", {"seats": "none", "reason": "x"}, "whole number"),
        ("seats", {"seats": "²", "reason": "x"}, "whole number"),
        ("seats", {"seats": "9" * 12, "reason": "x"}, "whole number"),
        ("renew", {"what": "all", "days": "3", "reason": "x"}, "choose one"),
        ("renew", {"what": "license", "days": "", "reason": "x"}, "Days is missing"),
        ("renew", {"what": "license", "days": "3", "reason": "x"}, "never ends"),
        ("ends", {"expires": "31.12.2027", "reason": "x"}, "is no day"),
        ("ends", {"reason": "x"}, "Nothing was changed"),
        ("terms", {"reason": "x"}, "Nothing was changed"),
        ("terms", {"seats": "0", "reason": "x"}, "Seats must be greater than or equal to 1"),
        ("terms", {"grace_days": "", "reason": "x"}, "Days of grace must be a whole number"),
        ("terms", {"max_version": "new", "reason": "x"}, "must be a version with numbers"),
        ("terms", {"clone": "kill", "reason": "x"}, "A copied installation: choose one"),
        ("terms", {"policy": "none", "reason": "x"}, "Policy: choose one"),
        ("terms", {"seats": "3", "reset-seats": "yes", "reason": "x"}, "Seats: change it, or"),
        ("remove-computer", {"computer": "x", "reason": "x"}, "no such computer"),
        ("remove-computer", {"computer": str(UUID(int=0)), "reason": "x"}, "no activation"),
    ],
)
def test_what_can_not_be_done_says_why(
    server: Server, manager: Browser, change: str, fields: Mapping[str, str], said: str
):
    license_ = sold(server)
    status, page = fill(manager, path_of(license_, change), fields)
    assert (status, said in html.unescape(page)) == (422, True), page


def test_only_what_was_changed_is_sent_on(server: Server, manager: Browser):
    """Whoever has the form open changes nothing that somebody else changed meanwhile."""
    license_ = sold(server)
    path, id_ = path_of(license_, "terms"), license_.license.license_id
    form = hidden(manager.get(path).text)
    new = NewTerms(terms={"seats": 9, "edition": "Pro"})
    server.run(license_change.set_terms(server.context, id_, new, "meanwhile"))
    asked = {**form, "seats": "2", "edition": "", "grace_days": "7", "reason": "paid"}
    preview = manager.send(path, asked).text
    assert "<td>grace days</td>" in preview
    for other in ("seats", "edition"):
        assert f"<td>{other}</td>" not in preview
    confirm(manager, path, preview)
    terms = server.run(licensing.show(server.context, id_)).view.license.terms
    assert (terms.seats, terms.edition, terms.grace_days) == (9, "Pro", 7)


def test_a_license_moves_to_another_policy(server: Server, manager: Browser):
    license_ = sold(server)
    path, context = path_of(license_, "terms"), server.context
    server.run(products.add_policy(context, license_.license.product, "team", {"seats": 8}))
    status, preview = fill(
        manager, path, {"policy": "team", "reset-all": "yes", "reason": "upgraded"}
    )
    assert (status, "<strong>team</strong>" in preview) == (200, True), preview
    confirm(manager, path, preview)
    after = server.run(licensing.show(context, license_.license.license_id)).view
    assert (after.license.policy, after.license.terms.seats, *after.overrides) == ("team", 8)


def test_the_form_has_every_term(manager: Browser, server: Server):
    page = manager.get(path_of(sold(server), "terms")).text
    for name in asdict(Terms()):
        assert f'name="{name}"' in page, name


def test_pressed_twice_it_is_done_once(server: Server, manager: Browser):
    license_ = sold(server, term_days=10, term_from="issue")
    path = path_of(license_, "renew")
    _, preview = fill(manager, path, {"what": "license", "days": "30", "reason": "paid"})
    for _ in range(2):
        confirm(manager, path, preview)
    shown = server.run(licensing.show(server.context, license_.license.license_id))
    assert [event.kind for event in shown.events].count("renewed") == 1


def test_what_somebody_else_changed_meanwhile_is_looked_at_again(server: Server, manager: Browser):
    license_ = sold(server)
    path = path_of(license_, "seats")
    _, preview = fill(manager, path, {"seats": "9", "reason": "paid"})
    id_ = license_.license.license_id
    server.run(licensing.change_standing(server.context, id_, "suspend", "chargeback"))
    answer = manager.send(path, {**hidden(preview), "confirmed": "yes"})
    assert answer.status_code == 422
    assert "Somebody changed this license" in answer.text
    assert 'value="9"' in answer.text
    shown = server.run(licensing.show(server.context, id_))
    assert shown.view.license.terms.seats == 2


def test_one_more_transfer_is_allowed_and_taken_back(server: Server, support: Browser):
    license_ = sold(server, transfers=0)
    for change, said in (
        ("allow-transfer", "<td>no</td><td><strong>yes</strong></td>"),
        ("withdraw-transfer", "<td>yes</td><td><strong>no</strong></td>"),
    ):
        path = path_of(license_, change)
        assert f'href="{path}"' in support.get(path_of(license_)).text
        status, preview = fill(support, path, {"reason": "new laptop"})
        assert (status, said in preview) == (200, True), preview
        confirm(support, path, preview)


def test_a_trial_is_turned_into_a_license(server: Server, manager: Browser, support: Browser):
    license_ = sold(server, trial_days=14, term_days=None)
    path = path_of(license_, "convert")
    assert support.get(path).status_code == 403
    fields = {"policy": "standard", "seats": "3", "order": "FS-9", "email": "ana", "reason": "paid"}
    status, fault = fill(manager, path, fields)
    assert (status, "E-mail: this is no e-mail address." in fault) == (422, True), fault
    status, preview = fill(manager, path, {**fields, "email": "ana@example.com"})
    assert (status, "<td>trial days</td><td>14</td>" in preview) == (200, True), preview
    confirm(manager, path, preview)
    page = manager.get(path_of(license_)).text
    assert "0 of 3 in use" in page
    assert f'href="{path}"' not in page


def test_a_new_key_is_shown_once_and_the_app_hears_of_the_old_one(server: Server, support: Browser):
    license_ = sold(server)
    seat = seat_on(server, license_, 1)
    path = path_of(license_, "new-key")
    _, preview = fill(support, path, {"reason": "stood in a forum"})
    assert f"<td>…{license_.key_tail}</td><td><strong>a new one</strong>" in preview
    asked = {**hidden(preview), "confirmed": "yes"}
    done = support.send(path, asked)
    [new] = re.findall(r'<p class="new-key"><code>([^<]+)</code>', done.text)
    assert new in support.send(path, asked).text  # pressed twice: the same one
    old = server.run(activate(server.context, make_request(5, license_.license_key, computer=2)))
    assert "LICENSE_REVOKED" in str(old)
    granted(server.run(activate(server.context, make_request(6, new, computer=2))))
    id_ = seat.activation.activation_id
    going_on = reactivate_alone(server.context, id_, seat.check_in_token, make_request(7))
    granted(server.run(going_on))
    page = support.get(path_of(license_)).text
    assert "An old license key was used" in page
    assert "This license key was replaced by a new one." in page
    assert new not in page


def test_a_computer_of_another_license_is_not_touched(server: Server, support: Browser):
    mine, other = sold(server), sold(server)
    seat = seat_on(server, other, 1)
    path = path_of(mine, "remove-computer")
    fields = {"computer": str(seat.activation.activation_id), "reason": "x"}
    status, page = fill(support, path, fields)
    assert (status, "no such computer" in page) == (422, True)


def test_a_computer_is_removed_and_the_app_hears_of_it(server: Server, support: Browser):
    license_ = sold(server)
    seat = seat_on(server, license_, 1)
    id_ = seat.activation.activation_id
    path = path_of(license_, "remove-computer")
    _, preview = fill(support, f"{path}?computer={id_}", {"reason": "sold it"})
    assert "<td>seats used</td><td>1</td><td><strong>0</strong></td>" in preview
    confirm(support, path, preview)
    answer = server.run(
        reactivate_alone(server.context, id_, seat.check_in_token, make_request(9, computer=1))
    )
    assert "ACTIVATION_REMOVED" in str(answer)


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
