"""Legal holds, retention and the audit log in the console."""

import csv
import re
from datetime import date, timedelta
from io import StringIO

import httpx
import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import (
    audit_list,
    holds,
    licensing,
    newsletter,
    overview,
    retention,
)
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from activation_server.web.console.audit_page import PAGE
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of
from tests.services.calls import granted, issue_one, make_request
from tests.web.server import Server

PLACE = f"{paths.HOLDS}/place"
SET = f"{paths.RETENTION}/set"


@pytest.fixture(scope="module")
def officer(shared_server: Server) -> Browser:
    return browser_of(shared_server, "keeper", Role.PRIVACY_OFFICER)[0]


@pytest.fixture(autouse=True)
def on_time(server: Server) -> Server:
    """Each test begins with the clock set back."""
    return server


def sold(server: Server, email: str) -> str:
    issued = issue_one(server.context, buyer=Person("Zoë Quist", None, email))
    return str(server.run(issued).license.license_id)


def press(browser: Browser, page: httpx.Response, path: str, **more: str) -> httpx.Response:
    """Press a button of the last form of a page."""
    return browser.send(path, {**hidden(page.text), **more})


def newest(server: Server, action: Action) -> audit_list.Shown:
    wanted = Wanted(action=action, limit=1)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    return entry


def test_a_hold_is_seen_placed_once_read_and_lifted(server: Server, officer: Browser):
    license_id = sold(server, "held@holds.example")
    typed = {"on": "person", "email": "held@holds.example", "until": "2027-12-31"}
    typed |= {"ordered_by": "Dr. <b>Law</b>", "reason": "case 4711"}
    seen = press(officer, officer.get(PLACE), PLACE, **typed)
    assert f"<code>{license_id}</code>: the person" in seen.text
    assert server.run(holds.list_holds(server.context)) == []
    for _ in range(2):
        placed = press(officer, seen, PLACE, confirmed="yes")
        assert placed.headers["location"] == f"{paths.HOLDS}?done=placed"
    [hold] = server.run(holds.list_holds(server.context))
    assert (str(hold.license_id), hold.until) == (license_id, date(2027, 12, 31))
    listed = officer.get(paths.HOLDS)
    assert license_id in listed.text
    assert "4711" not in listed.text
    clear = officer.post(f"{paths.HOLDS}/reveal", on=paths.HOLDS, reason="the court asks")
    assert "case 4711; Dr. &lt;b&gt;Law&lt;/b&gt;" in clear.text
    assert newest(server, Action.REVEALED).why == "the court asks"
    path = f"{paths.HOLDS}/{hold.hold_id}/lift"
    without = press(officer, officer.get(path), path, reason=" ")
    assert (without.status_code, "Say why" in without.text) == (422, True)
    lifted = press(officer, officer.get(path), path, reason="settled")
    assert lifted.headers["location"] == f"{paths.HOLDS}?done=lifted"
    assert "No legal hold is in force" in officer.get(paths.HOLDS).text
    assert "lifted on 2026-11-22" in officer.get(f"{paths.HOLDS}?show=all").text
    assert officer.get(path).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"license": ""},
        {"license": "none"},
        {"on": "person"},
        {"on": "everybody"},
        {"until": "soon"},
        {"until": "2026-11-22"},
        {"until": "2099-01-01"},
        {"ordered_by": ""},
        {"reason": ""},
    ],
)
def test_a_hold_that_can_not_be_is_told(server: Server, officer: Browser, wrong: dict[str, str]):
    right = {"on": "license", "license": sold(server, "x@holds.example"), "until": "2027-01-01"}
    right |= {"ordered_by": "Dr. Law", "reason": "case 1"}
    for confirmed in ({}, {"confirmed": "yes"}):
        answer = press(officer, officer.get(PLACE), PLACE, **{**right, **wrong}, **confirmed)
        assert (answer.status_code, 'role="alert"' in answer.text) == (422, True)


def test_retention_has_the_numbers_of_the_command(server: Server):
    sold(server, "old@retention.example")
    server.run(retention.run(server.context, lambda *_told: None))
    server.world.clock.advance(days=1000)
    browser, _ = browser_of(server, "keeps-time", Role.PRIVACY_OFFICER)
    server.run(overview.due(server.context, anew=True))
    previewed = server.run(retention.preview(server.context))
    page = browser.get(paths.RETENTION)
    assert "2026-11-22 10:00" in page.text
    answer = browser.get(f"{paths.RETENTION}/due.csv")
    _head, *rows = csv.reader(StringIO(answer.text, newline=""), strict=True)
    assert [(row[0], int(row[1])) for row in rows] == [
        (each.of_class.name, each.due.count) for each in previewed
    ]
    assert sum(int(row[1]) for row in rows) > 0
    for look in ("", "?width=narrow&colors=dark"):
        picture = browser.get(f"{paths.RETENTION}/due.svg{look}")
        assert (picture.status_code, "<script" in picture.text) == (200, False)
    anew = browser.post(f"{paths.RETENTION}/anew", on=paths.RETENTION)
    assert anew.headers["location"] == paths.RETENTION


def test_a_lifetime_is_set_once_what_it_does_was_seen(server: Server, officer: Browser):
    form = officer.get(f"{SET}?class=comments")
    assert "comments: 24 months" in form.text
    typed = {"class": "comments", "count": "12", "unit": "months", "reason": "our policy"}
    seen = press(officer, form, SET, **typed)
    assert "<td>24 months</td><td><strong>12 months</strong></td>" in seen.text
    assert lifetime(server, "comments") == "24 months"
    done = press(officer, seen, SET, confirmed="yes")
    assert done.headers["location"] == f"{paths.RETENTION}?done=set"
    assert lifetime(server, "comments") == "12 months"
    assert newest(server, Action.RETENTION_SET).why == "our policy"
    back = press(officer, officer.get(SET), SET, **{**typed, "unit": "default"})
    press(officer, back, SET, confirmed="yes")
    assert lifetime(server, "comments") == "24 months"
    for wrong in ({"class": "x"}, {"count": "0"}, {"count": "1" * 50}, {"reason": ""}):
        answer = press(officer, officer.get(SET), SET, **{**typed, **wrong})
        assert answer.status_code == 422
    less = press(officer, officer.get(SET), SET, **{**typed, "class": "contact"})
    assert "is kept 24 months at least" in less.text


def lifetime(server: Server, name: str) -> str:
    kept = server.run(retention.lifetimes(server.context))
    return next(str(each.lifetime) for each in kept if each.of_class.name == name)


def test_an_address_withdraws_and_all_others_are_given(server: Server, officer: Browser):
    async def known(context: Context) -> None:
        for name in ("ana", "=ben"):
            sold = await issue_one(context)
            told = Told(Person(name, None, f"{name}@news.example"), newsletter=True)
            granted(await activate(context, make_request(1, sold.license_key, told=told)))
            await newsletter.confirm(context, f"{name}@news.example")

    server.run(known(server.context))
    path, email = paths.NEWSLETTER, "ana@news.example"
    seen = officer.post(path, on=path, email=email)
    assert "The newsletter goes to this address" in seen.text
    told = {"email": email, "do": "withdraw", "channel": "operator"}
    assert officer.post(path, on=path, **told, reason=" ").status_code == 422
    done = officer.post(path, on=path, **told, reason="her call")
    assert "No newsletter goes to this address any more" in done.text
    assert newest(server, Action.NEWSLETTER_WITHDRAWN).why == "her call"
    whole = officer.post(f"{path}/csv", on=path, reason="the May issue")
    head, *rows = csv.reader(StringIO(whole.text, newline=""), strict=True)
    assert (head[0], [row[0] for row in rows]) == ("email", ["'=ben@news.example"])
    assert newest(server, Action.REVEALED).why == "the May issue"
    assert officer.post(f"{path}/csv", on=path, reason="").status_code == 422
    nobody = officer.post(path, on=path, **{**told, "do": "confirm"}, reason="x")
    assert (nobody.status_code, "waits to be confirmed" in nobody.text) == (422, True)


def test_the_audit_log_is_read_by_pages_and_by_what_is_asked(server: Server, officer: Browser):
    license_id = sold(server, "seen@audit.example")
    for number in range(PAGE + 2):
        context = server.context.acting("ana" if number else "=1+1")
        server.run(licensing.change_standing(context, license_id, "suspend", f"case {number}"))
        server.run(licensing.change_standing(context, license_id, "reinstate", "<i>why</i>"))
    asked = {"license": license_id, "action": "suspended"}
    first = officer.post(paths.AUDIT, on=paths.AUDIT, **asked)
    assert re.findall(r"<bdi>case (\d+)</bdi>", first.text) == [
        str(number) for number in range(PAGE + 1, 1, -1)
    ]
    last = officer.send(paths.AUDIT, form_with(first.text, "after"))
    assert re.findall(r"<bdi>case (\d+)</bdi>", last.text) == ["1", "0"]
    assert "Older entries</button>" not in last.text
    whole = officer.post(f"{paths.AUDIT}/csv", on=paths.AUDIT, **asked)
    head, *rows = csv.reader(StringIO(whole.text, newline=""), strict=True)
    assert (head[2], len(rows), rows[-1][2]) == ("who", PAGE + 2, "'=1+1")
    assert "&lt;i&gt;why" in officer.post(paths.AUDIT, on=paths.AUDIT, who="ana").text
    today = newest(server, Action.SUSPENDED).entry.at.date()
    for day, is_there in ((today, True), (today - timedelta(days=1), False)):
        answer = officer.post(paths.AUDIT, on=paths.AUDIT, until=day.isoformat(), **asked)
        assert ("case 51" in answer.text) == is_there
    assert "no such entry" in officer.post(paths.AUDIT, on=paths.AUDIT, since="2099-01-01").text
    for wrong in ({"action": "x"}, {"since": "x"}, {"after": "x"}, {"until": "0001-13-01"}):
        for path in (paths.AUDIT, f"{paths.AUDIT}/csv"):
            assert officer.post(path, on=paths.AUDIT, **wrong).status_code == 422
    assert paths.AUDIT in officer.get(paths.HOME).text


def form_with(page: str, name: str) -> dict[str, str]:
    """Give the hidden fields of the form that has one of this name."""
    [form] = [each for each in page.split("<form")[1:] if f'name="{name}"' in each]
    return hidden('<form method="post"' + form)


# The last one: it disposes of sessions of the others.
def test_retention_is_run_by_hand_once_with_what_goes_shown_first(server: Server):
    server.run(retention.run(server.context, lambda *_told: None))
    sold(server, "older@retention.example")
    server.world.clock.advance(days=800)
    browser, _ = browser_of(server, "runs-it", Role.PRIVACY_OFFICER)
    form = browser.get(paths.RETENTION_RUN)
    due = {
        each.of_class.name: each.due.count
        for each in server.run(retention.preview(server.context))
        if each.due.count
    }
    assert due["contact"] >= 1
    for name, count in due.items():
        assert f'<tr><td>{name}</td><td class="number">{count:,}</td>' in form.text
    without = press(browser, form, paths.RETENTION_RUN, reason=" ")
    assert (without.status_code, "Say why" in without.text) == (422, True)
    before = len(server.run(retention.reviews(server.context)))
    ran = [press(browser, form, paths.RETENTION_RUN, reason="the auditor asks") for _ in range(2)]
    assert ran[0].text == ran[1].text
    assert "The run is over." in ran[0].text
    [run, *older] = server.run(retention.reviews(server.context))
    assert (run.by, len(older)) == ("runs-it", before)
    assert {name: each["gone"] for name, each in run.classes.items() if each["gone"]} == due
    assert newest(server, Action.RETENTION_RUN).why == "the auditor asks"
    assert "runs-it" in browser.get(paths.RETENTION).text
    server.world.clock.advance(minutes=2)
    assert "Nothing is due" in browser.get(paths.RETENTION_RUN).text
