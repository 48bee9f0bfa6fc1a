"""What support and managers change on a license: seen first, done once, taken back."""

import html
import re
from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

import pytest

from activation_server.rules.license import Terms
from activation_server.rules.permissions import Role
from activation_server.services import license_change, licensing, products
from activation_server.services.activation import reactivate_alone
from activation_server.services.license_change import NewTerms
from activation_server.services.new_seat import activate
from tests.console.forms import hidden
from tests.console.licenses import confirm, fill, path_of, seat_on, sold, status_of
from tests.console.staff import Browser, browser_of
from tests.services.calls import granted, make_request
from tests.web.server import Server


@pytest.fixture(scope="module")
def support(shared_server: Server) -> Browser:
    return browser_of(shared_server, "changes", Role.SUPPORT)[0]


@pytest.fixture(scope="module")
def manager(shared_server: Server) -> Browser:
    return browser_of(shared_server, "changes-more", Role.MANAGER)[0]


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
