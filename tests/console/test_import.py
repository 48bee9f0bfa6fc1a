"""Licenses of another system, imported in the console."""

import csv
import html
from io import StringIO

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.services import audit_list, finding, licensing
from activation_server.web.console import import_page, paths
from activation_server.web.console.import_page import MAX_FILE, pack, unpacked
from activation_server.web.requests import TooLargeError
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of, token_in
from tests.services.calls import PRODUCT, issue_one
from tests.web.server import Server

HEAD = "license_key,product,name,email,order,seats,expires\n"
WHY = "the old shop"


@pytest.fixture(scope="module")
def manager(shared_server: Server) -> Browser:
    shared_server.run(issue_one(shared_server.context))
    return browser_of(shared_server, "imports", Role.MANAGER)[0]


def look(browser: Browser, file: str, **typed: str) -> tuple[int, str]:
    """Choose a file, and look at what would be imported."""
    form = browser.get(paths.IMPORT)
    fields = {"form_token": token_in(form), **hidden(form.text), "reason": WHY, **typed}
    sent = browser.http.post(
        paths.IMPORT,
        data=fields,
        files={"file": ("old.csv", file.encode(), "text/csv")},
        headers={"Sec-Fetch-Site": "same-origin"},
    )
    answer = browser.server.run(sent)
    return answer.status_code, html.unescape(answer.text)


def press(browser: Browser, preview: str, button: str = "confirmed") -> str:
    answer = browser.send(paths.IMPORT, {**hidden(preview), button: "yes"})
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text)


def found(server: Server, text: str) -> list[str]:
    licenses = server.run(finding.find(server.context, text)).licenses
    return [each.license_key for each in licenses]


def test_a_file_is_looked_at_and_then_imported_once(server: Server, manager: Browser):
    file = f"{HEAD}OLD-1,{PRODUCT},Ana Popescu,ana@example.com,I-1,3,2031-12-31\n"
    file += f"OLD-2,{PRODUCT},,,I-1,,\n"
    status, preview = look(manager, file)
    assert status == 200
    for said in ("Import 2 licenses?", ">…OLD1<", "seats: 3", "2031-12-31", "I-1", "A… P…"):
        assert said in preview, said
    assert "Popescu" not in preview
    assert found(server, "I-1") == []
    for _ in range(2):
        assert "2 licenses imported" in press(manager, preview)
    assert sorted(found(server, "I-1")) == ["OLD-1", "OLD-2"]
    wanted = Wanted(action=Action.IMPORTED, who="imports", limit=10)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    assert (entry.entry.details, entry.why) == ({"imported": 2, "skipped": 0}, WHY)
    status, again = look(manager, file)
    assert (status, "There is nothing to import" in again) == (200, True)
    assert "2, whose keys are here already" in again
    assert 'name="confirmed"' not in again


def test_faults_stand_with_their_lines_and_nothing_is_done(server: Server, manager: Browser):
    rows = "".join(f"BAD-{number},none,,,I-2,x,\n" for number in range(60))
    status, page = look(manager, f"{HEAD}GOOD-1,{PRODUCT},,,I-2,,\n{rows}")
    assert (status, "120 faults in the file" in page) == (422, True)
    assert "the first 100 of 120" in page
    assert '<td data-label="Line">3</td>' in page
    assert "Give a whole number from 1 up" in page
    assert 'name="confirmed"' not in page
    answer = manager.send(
        paths.IMPORT,
        {**hidden(look(manager, f"{HEAD}G,{PRODUCT},,,I-2,,\n")[1]), "packed": pack(b"a\nb\n")}
        | {"confirmed": "yes"},
    )
    assert (answer.status_code, "header row" in answer.text) == (422, True)
    assert found(server, "I-2") == []


def test_rows_without_a_key_get_one_where_that_is_wanted(server: Server, manager: Browser):
    file = f"product,order\n{PRODUCT},I-3\n{PRODUCT},I-3\n"
    assert "Add this column" in look(manager, file)[1]
    _, preview = look(manager, file, makes_keys="yes")
    assert "a new one" in preview
    assert len(press(manager, preview, "made_keys").splitlines()) == 1  # none was made yet
    rows = list(csv.DictReader(StringIO(press(manager, press(manager, preview), "made_keys"))))
    assert [row["line"] for row in rows] == ["2", "3"]
    assert sorted(row["license_key"] for row in rows) == sorted(found(server, "I-3"))
    shown = server.run(licensing.show(server.context, rows[0]["license_key"]))
    assert str(shown.view.license.license_id) == rows[0]["license_id"]


def test_what_is_no_file_says_so(manager: Browser):
    assert "Choose the file." in look(manager, " ")[1]
    assert "Say why" in look(manager, HEAD, reason=" ")[1]
    assert "Choose the file." in look(manager, "", packed="é not packed")[1]


def test_a_file_is_packed_and_never_unpacked_beyond_its_limit(
    manager: Browser, monkeypatch: pytest.MonkeyPatch
):
    assert unpacked(pack(b"x" * MAX_FILE)) == b"x" * MAX_FILE
    with pytest.raises(TooLargeError):
        unpacked(pack(b"x" * (MAX_FILE + 1)))
    monkeypatch.setattr(import_page, "MAX_FILE", 100)
    status, page = look(manager, HEAD + "x" * 100)
    assert (status, "That was too much" in page) == (413, True)
