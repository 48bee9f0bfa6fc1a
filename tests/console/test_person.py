"""A person's data: looked at, given, kept shorter, erased; the address in no URL and no log."""

import io
import json
import zipfile
from datetime import date

import httpx
import pytest

from activation_server.formats import erasure_receipt
from activation_server.rules.audit import Action, Wanted
from activation_server.rules.hold import HoldOrder
from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import audit_list, erasure, holds
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of
from tests.services.calls import issue_one, make_request
from tests.web.server import Server

UNTIL = date(2027, 12, 31)


@pytest.fixture(scope="module")
def officer(shared_server: Server) -> Browser:
    return browser_of(shared_server, "officer", Role.PRIVACY_OFFICER)[0]


def known(server: Server, email: str, name: str = "Zoë <b>Quist</b>") -> str:
    """A license with a person on it, who has a computer; its id."""
    person = Person(name, "Café & Co", email)
    sold = server.run(issue_one(server.context, overrides={"seats": 2}, buyer=person))
    told = Told(person, "Please call.", "ZOE-PC")
    server.run(activate(server.context, make_request(1, sold.license_key, told=told)))
    return str(sold.license.license_id)


def send(browser: Browser, step: str, **fields: str) -> httpx.Response:
    path = f"{paths.PERSON}/{step}" if step else paths.PERSON
    return browser.post(path, on=paths.PERSON, **fields)


def newest(server: Server, action: Action) -> audit_list.Shown:
    wanted = Wanted(action=action, limit=1)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    return entry


def test_what_is_stored_is_told_by_kind_without_the_values(server: Server, officer: Browser):
    license_id = known(server, "zoe@looked.example")
    page = send(officer, "", email=" ZOE@looked.example ")
    assert page.status_code == 200
    for told in (license_id, "computer name", "24 months after", "Legitimate interests", "buyer"):
        assert told in page.text
    for value in ("Quist", "Café", "ZOE-PC", "Please call"):
        assert value not in page.text
    entry = newest(server, Action.LOOKED_UP)
    assert (entry.entry.who, entry.entry.details) == ("officer", {"found": 1})
    assert "looked.example" not in repr(entry)
    nobody = send(officer, "", email="nobody@looked.example")
    assert "Nothing is held on this address" in nobody.text
    none = send(officer, "", email="zoe")
    assert (none.status_code, "whole e-mail address" in none.text) == (422, True)


def test_a_copy_is_the_file_that_the_command_writes(server: Server, officer: Browser):
    known(server, "zoe@copied.example")
    fields = {"email": "zoe@copied.example", "reason": "her letter", "contact": "privacy@v.example"}
    answer = send(officer, "export", **fields)
    stem = f"person-{server.context.now():%Y%m%dT%H%M%SZ}"
    named = f'attachment; filename="{stem}.zip"'
    assert answer.headers["content-disposition"] == named
    assert answer.headers["cache-control"] == "no-store"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as both:
        assert sorted(both.namelist()) == [f"{stem}.html", f"{stem}.json"]
        page, document = both.read(f"{stem}.html"), both.read(f"{stem}.json")
    assert "Zoë &lt;b&gt;Quist" in page.decode()
    assert "privacy@v.example" in page.decode()
    assert json.loads(document)["held"]
    for kind, media_type in (("html", "text/html"), ("json", "application/json")):
        one = send(officer, "export", **fields, **{"as": kind})
        assert one.headers["content-type"] == f"{media_type}; charset=utf-8"
        assert one.headers["content-disposition"].endswith(f'.{kind}"')
    entry = newest(server, Action.EXPORTED)
    assert (entry.why, entry.entry.details) == ("her letter", {"people": 1, "licenses": 1})
    for missing in ({"reason": " "}, {"email": "x"}):
        refused = send(officer, "export", **{**fields, **missing})
        assert (refused.status_code, "content-disposition" in refused.headers) == (422, False)
    empty = send(officer, "export", **{**fields, "email": "no@copied.example"})
    assert "Nothing is held on this address" in empty.text


def test_an_erasure_is_seen_before_and_done_once(server: Server, officer: Browser):
    email = "zoe@erased.example"
    known(server, email)
    seen = send(officer, "erase", email=email)
    assert "This can&#39;t be undone" in seen.text
    goes, stays = seen.text.split("What stays, and why")
    for kind in ("name", "e-mail", "computer name", "comment"):
        assert f"<strong>{kind}</strong>" in goes
    for kind in ("license fact", "seat fact", "person id"):
        assert f"<dt>{kind}</dt>" in stays
        assert f"<strong>{kind}</strong>" not in goes
    form = {**hidden(seen.text), "confirmed": "yes"}
    path = f"{paths.PERSON}/erase"
    without = officer.send(path, {**form, "reason": " "})
    assert (without.status_code, "Say why" in without.text) == (422, True)
    form |= {"reason": "her letter"}
    first, again = (officer.send(path, form) for _ in range(2))
    assert "is gone in 1 license, with the names of 1 computer" in first.text
    assert again.text == first.text
    receipt = first.text.split("<code>")[1].split("</code>")[0]
    [key] = server.context.keyring.signing.values()
    assert key.opened(receipt, erasure_receipt.TYPE) is not None
    entry = newest(server, Action.ERASED)
    assert (entry.entry.who, entry.why) == ("officer", "her letter")
    assert "Nothing is held" in send(officer, "erase", email=email).text
    anew = send(officer, "erase", email=email, confirmed="yes", key="another", reason="x")
    assert "Nothing was erased" in anew.text


def test_nobody_who_is_held_is_erased(server: Server, officer: Browser):
    email = "zoe@held.example"
    known(server, email)
    order = HoldOrder("case 4711", "Dr. Law", UNTIL)
    [hold, *_] = server.run(holds.place_on_person(server.context, email, order))
    assert "Legal hold on the person" in send(officer, "", email=email).text
    seen = send(officer, "erase", email=email)
    assert str(hold.hold_id) in seen.text
    assert "Erase for good" not in seen.text
    forced = send(officer, "erase", email=email, confirmed="yes", key="x", reason="her letter")
    assert (forced.status_code, "legal hold" in forced.text) == (422, True)
    assert "4711" not in seen.text + forced.text
    assert server.run(erasure.of_person(server.context, email))


def test_a_wish_to_be_forgotten_sooner_is_noted(server: Server, officer: Browser):
    known(server, "zoe@wishes.example")
    fields = {"email": "zoe@wishes.example", "reason": "her mail"}
    assert "kept 6 months after" in send(officer, "wish", months="6", **fields).text
    entry = newest(server, Action.WISH_NOTED)
    assert (entry.why, entry.entry.details["months"]) == ("her mail", 6)
    assert "as long as for everybody" in send(officer, "wish", months="", **fields).text
    assert send(officer, "wish", months="5000", **fields).status_code == 422


def test_a_form_that_is_too_late_leads_back_to_its_page(server: Server):
    browser, _ = browser_of(server, "slow-officer", Role.PRIVACY_OFFICER)
    form = browser.get(paths.PERSON)
    server.world.clock.advance(minutes=11)
    late = browser.send(
        f"{paths.PERSON}/erase",
        {**hidden(form.text), "email": "zoe@erased.example"},
        {"Sec-Fetch-Site": "same-origin", "Referer": f"http://x{paths.PERSON}/erase"},
    )
    assert late.headers["location"] == f"{paths.STEP_UP}?next={paths.PERSON}/erase"
