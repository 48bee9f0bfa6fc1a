"""Administrators and the accounts of others: added, changed, signed out; the last one stays."""

import html
import re

import pytest

from activation_server.rules.audit import Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.staff import SingleSignOn, Standing
from activation_server.services import audit_list, staff, staff_accounts
from activation_server.services.staff_accounts import Account
from activation_server.web.console import paths
from tests.console.forms import confirmed, filled, hidden
from tests.console.staff import Browser, browser_of
from tests.services.staff import Member, member, set_up_by, token_of
from tests.web.server import Server

WHY = {"reason": "ticket 4711"}


@pytest.fixture(scope="module")
def root(shared_server: Server) -> Browser:
    """The only administrator."""
    return browser_of(shared_server, "root", Role.ADMINISTRATOR)[0]


def account_of(server: Server, name: str) -> Account:
    [found] = [
        each for each in server.run(staff_accounts.list_all(server.context)) if each.of.name == name
    ]
    return found


def path_of(server: Server, name: str, change: str = "") -> str:
    path = paths.MEMBER.format(staff_id=account_of(server, name).of.staff_id)
    return f"{path}/{change}" if change else path


def noted(server: Server, subject: str) -> list[tuple[str, str, str | None]]:
    """Who did what to somebody and why, oldest first; without what they do themselves."""
    found = server.run(audit_list.newest(server.context, Wanted(), None))
    return [
        (each.entry.who, str(each.entry.action), each.why)
        for each in reversed(found)
        if each.entry.subject == subject and each.entry.who not in {subject, "server"}
    ]


def test_somebody_is_added_and_the_link_is_shown_once_more_for_the_same_form(
    server: Server, root: Browser
):
    preview = filled(root, paths.NEW_MEMBER, {"name": " Ana ", "role": "manager", **WHY})
    assert "<td>role</td><td>none</td><td><strong>Manager</strong></td>" in preview.text
    assert "Issue and import licenses" in preview.text
    assert not [each for each in server.run(staff.list_all(server.context)) if each.name == "ana"]
    first = confirmed(root, paths.NEW_MEMBER, preview)
    again = confirmed(root, paths.NEW_MEMBER, preview)
    [url] = re.findall(r"<code>(https://[^<]+/console/set-up/[^<]{43})</code>", first.text)
    assert url in again.text
    assert noted(server, "ana") == [("root", "staff_added", "ticket 4711")]
    me = server.run(set_up_by(server.context, token_of(url)))
    browser = Browser(server)
    assert browser.sign_in(me).status_code == 303
    listed = root.get(paths.STAFF).text
    assert "password and app" in listed
    assert url not in listed + root.get(path_of(server, "ana")).text
    assert "used meanwhile" in confirmed(root, paths.NEW_MEMBER, preview).text


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "root", "role": "viewer", **WHY}, "somebody named root already"),
        ({"name": "<b>", "role": "viewer", **WHY}, "1 to 64 characters"),
        ({"name": "new", "role": "owner", **WHY}, "Choose one of the roles"),
        ({"name": "new", "role": "viewer"}, "Say why"),
    ],
)
def test_who_can_not_be_added(root: Browser, fields: dict[str, str], said: str):
    answer = filled(root, paths.NEW_MEMBER, fields)
    assert (answer.status_code, said in html.unescape(answer.text)) == (422, True), answer.text
    assert "<b>" not in answer.text


def test_a_role_is_changed_with_what_it_gives_and_takes(server: Server, root: Browser):
    browser, _ = browser_of(server, "ben", Role.SUPPORT)
    path = path_of(server, "ben", "role")
    preview = filled(root, path, {"role": "privacy_officer", **WHY})
    gains, _, loses = preview.text.partition("They may no more:")
    assert "Export everything that is held on a person" in gains
    assert "free computers" in loses
    assert account_of(server, "ben").of.role is Role.SUPPORT
    done = confirmed(root, path, preview)
    assert "The role was changed." in root.get(done.headers["location"]).text
    assert account_of(server, "ben").of.role is Role.PRIVACY_OFFICER
    assert browser.get(paths.HOME).text.count("Privacy officer") == 1
    assert noted(server, "ben") == [("root", "staff_role_set", "ticket 4711")]


def test_somebody_is_disabled_and_enabled(server: Server, root: Browser):
    browser, me = browser_of(server, "cleo")
    for change, standing in (("disable", Standing.DISABLED), ("enable", Standing.ACTIVE)):
        path = path_of(server, "cleo", change)
        for _ in range(2):  # pressed twice, it is done once
            preview = filled(root, path, WHY)
            assert confirmed(root, path, preview).status_code == 303
        assert account_of(server, "cleo").of.standing is standing
        assert browser.get(paths.HOME).status_code == 303
    assert [each[1] for each in noted(server, "cleo")] == ["staff_disabled", "staff_enabled"]
    assert browser.sign_in(me).status_code == 303


def test_a_new_link_is_for_who_lost_the_phone(server: Server, root: Browser):
    _, me = browser_of(server, "dora")
    path = path_of(server, "dora", "link")
    shown = confirmed(root, path, filled(root, path, WHY)).text
    [url] = re.findall(r"<code>(https://[^<]+)</code>", shown)
    assert Browser(server).sign_in(me).status_code == 303  # what she has goes on until then
    now = server.run(set_up_by(server.context, token_of(url), "another long password"))
    assert now.name == "dora"
    assert noted(server, "dora") == [("root", "staff_link_made", "ticket 4711")]


def test_single_sign_on_is_allowed_and_unlinked(server: Server, root: Browser):
    browser_of(server, "olga")
    assert "single sign-on" not in root.get(path_of(server, "olga")).text  # nobody set it up
    path = path_of(server, "olga", "email")
    wrong = filled(root, path, {"email": "olga", **WHY})
    assert (wrong.status_code, 'role="alert"' in wrong.text) == (422, True)
    preview = filled(root, path, {"email": "Olga@Example.com", **WHY})
    row = "<td>single sign on</td><td>none</td><td><strong>with their first sign-in</strong></td>"
    assert row in preview.text
    assert account_of(server, "olga").of.single_sign_on is None
    done = confirmed(root, path, preview)
    assert "links it" in root.get(done.headers["location"]).text
    assert account_of(server, "olga").of.single_sign_on is SingleSignOn.EXPECTED
    assert "Olga@" not in root.get(path_of(server, "olga")).text
    browser_of(server, "petra")
    taken = filled(root, path_of(server, "petra", "email"), {"email": "olga@example.com", **WHY})
    assert (taken.status_code, "somebody else" in html.unescape(taken.text)) == (422, True)
    path = path_of(server, "olga", "unlink")
    confirmed(root, path, filled(root, path, WHY))
    assert account_of(server, "olga").of.single_sign_on is None
    assert [each[1:] for each in noted(server, "olga")] == [
        ("sso_expected", "ticket 4711"),
        ("sso_unlinked", "ticket 4711"),
    ]


def test_sessions_are_ended_one_or_all(server: Server, root: Browser):
    browser, me = browser_of(server, "emil")
    other = Browser(server)
    other.sign_in(me)
    path = path_of(server, "emil", "sign-out")
    page = root.get(path_of(server, "emil")).text
    last = re.findall(r"sign-out\?session=([0-9a-f-]{36})", page)[0]  # used last first
    preview = filled(root, f"{path}?session={last}", WHY)
    assert "<td>signed in browsers</td><td>3</td><td><strong>2</strong></td>" in preview.text
    confirmed(root, path, preview)
    assert other.get(paths.HOME).status_code == 303
    assert browser.get(paths.HOME).status_code == 200
    confirmed(root, path, filled(root, path, WHY))
    assert browser.get(paths.HOME).status_code == 303
    assert [each[1] for each in noted(server, "emil")] == ["signed_out"] * 2
    assert filled(root, f"{path}?session=x", WHY).status_code == 422


def test_the_last_administrator_can_be_neither_disabled_nor_lowered(server: Server, root: Browser):
    for change, fields in (("disable", WHY), ("role", {"role": "viewer", **WHY})):
        answer = filled(root, path_of(server, "root", change), fields)
        assert (answer.status_code, "last administrator" in answer.text) == (422, True)
        forged = {**hidden(answer.text), **fields, "seen": "x", "confirmed": "yes"}
        assert root.send(path_of(server, "root", change), forged).status_code == 422
    assert account_of(server, "root").of.role is Role.ADMINISTRATOR


def test_what_somebody_else_changed_meanwhile_is_looked_at_again(server: Server, root: Browser):
    browser_of(server, "finn")
    path = path_of(server, "finn", "role")
    preview = filled(root, path, {"role": "manager", **WHY})
    server.run(staff.set_role(server.context, "finn", Role.VIEWER))
    answer = confirmed(root, path, preview)
    assert (answer.status_code, "Somebody changed this" in answer.text) == (422, True)
    assert account_of(server, "finn").of.role is Role.VIEWER


def test_the_list_says_who_was_here_last_and_by_which_ways_they_come(server: Server, root: Browser):
    server.run(staff.add(server.context, "gina", Role.VIEWER))
    browser, me = browser_of(server, "hugo")
    text = root.get(paths.STAFF).text
    row = text[text.index(">gina<") :].partition("</tr>")[0]
    assert "Invited" in row
    assert "never" in row
    assert "link until" in row
    assert account_of(server, "hugo").of.seen_on == server.world.clock().date()
    server.world.clock.now = server.world.clock.now.replace(hour=23, minute=50)
    browser.sign_in(me)
    server.world.clock.advance(minutes=20)
    browser.get(paths.HOME)
    assert account_of(server, "hugo").of.seen_on == server.world.clock().date()


@pytest.mark.parametrize("staff_id", ["x", "00000000-0000-0000-0000-000000000000"])
def test_there_is_no_page_of_nobody_and_no_change_that_there_is_not(
    server: Server, root: Browser, staff_id: str
):
    path = paths.MEMBER.format(staff_id=staff_id)
    for each in (path, f"{path}/role", f"{path_of(server, 'root')}/erase"):
        assert root.get(each).status_code == 404
        assert root.post(each, **WHY).status_code in {404, 405}


def test_each_asks_for_a_sign_in_just_now(server: Server, root: Browser):
    member_of = member(server.context, "ida")
    assert isinstance(server.run(member_of), Member)
    path = path_of(server, "ida", "disable")
    preview = filled(root, path, WHY)
    server.world.clock.advance(minutes=11)
    assert confirmed(root, path, preview).headers["location"].startswith(paths.STEP_UP)
    assert account_of(server, "ida").of.standing is Standing.ACTIVE
    assert root.get(paths.STAFF).headers["location"].startswith(paths.STEP_UP)
