"""Offline request files that staff take for a caller."""

import html
import re
from typing import Any

import pytest

from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind
from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Role
from activation_server.services import audit_list, licensing
from activation_server.services.licensing import LicenseView
from activation_server.web.console import paths
from tests.console.forms import hidden
from tests.console.staff import Browser, browser_of
from tests.web.server import Server, activation, check_in, deactivation
from tests.web.test_offline import answered, request_file

WHY = "ticket 4711"
PASTED = re.compile(r'<textarea name="request" hidden readonly>\n(.*?)</textarea>', re.DOTALL)


@pytest.fixture(scope="module")
def support(shared_server: Server) -> Browser:
    return browser_of(shared_server, "takes", Role.SUPPORT)[0]


def look(browser: Browser, file: str, reason: str = WHY) -> tuple[int, str]:
    form = browser.get(paths.OFFLINE)
    fields = {**hidden(form.text), "request": file.replace("\n", "\r\n"), "reason": reason}
    answer = browser.send(paths.OFFLINE, fields)
    return answer.status_code, html.unescape(answer.text)


def press(browser: Browser, preview: str, button: str) -> Any:
    found = PASTED.search(preview)
    assert found, preview
    fields = {**hidden(preview), "request": found[1], button: "yes"}
    return browser.send(paths.OFFLINE, fields)


def seats(server: Server, license_: LicenseView) -> int:
    shown = server.run(licensing.show(server.context, license_.license.license_id))
    return shown.view.license.seats_used


def entries(server: Server) -> list[Any]:
    wanted = Wanted(action=Action.OFFLINE_FILE_TAKEN, who="takes", limit=100)
    return list(server.run(audit_list.newest(server.context, wanted, None)))


def test_a_computer_lives_by_files_alone(server: Server, support: Browser):
    license_ = server.issue()
    path = paths.of_license(license_.license.license_id)
    file = request_file("activate", activation(license_.license_key))
    status, preview = look(support, file)
    assert (status, "Activate a computer?" in preview, path in preview) == (200, True, True)
    assert "1 of 1 in use" in preview
    assert "BEGIN ACTIVATION RESPONSE" not in preview
    assert (seats(server, license_), entries(server)) == (0, [])
    done = press(support, preview, "confirmed")
    assert "BEGIN ACTIVATION RESPONSE" in done.text
    assert seats(server, license_) == 1
    answer = answered(press(support, html.unescape(done.text), "download"))
    assert answer["status"] == "activated"
    [entry] = entries(server)
    assert (entry.entry.license_id, entry.why) == (license_.license.license_id, WHY)
    assert entry.entry.details == {"purpose": "activate"}
    for purpose, body in (("reactivate", check_in(answer)), ("deactivate", deactivation(answer))):
        _, preview = look(support, request_file(purpose, body, answer))
        assert path in preview
        answer = answer | answered(press(support, preview, "download"))
    assert (answer["status"], seats(server, license_)) == ("deactivated", 0)


def test_a_refused_one_says_why_and_leaves_nothing(server: Server, support: Browser):
    license_ = server.issue()
    server.activated(license_.license_key)
    path = paths.of_license(license_.license.license_id)
    other = activation(license_.license_key, hardware_id="another-computer")
    before = len(entries(server))
    status, page = look(support, request_file("activate", other))
    assert status == 200
    for said in ("All seats are taken", "which another computer holds", f"{path}#computers"):
        assert said in page, said
    assert f"{path}/seats" not in page  # which support may not
    again = press(support, page, "confirmed")  # whoever presses it all the same
    assert "All seats are taken" in again.text
    shown = server.run(licensing.show(server.context, license_.license.license_id))
    assert (shown.refusals, len(entries(server))) == ([], before)


def test_a_trial_is_started_once_and_a_second_refused_without_a_trace(
    server: Server, support: Browser
):
    product = server.offer_trials()
    body = activation("", license_key=..., product=product, hardware_id="offline-trial")
    _, preview = look(support, request_file("trial", body))
    assert "Start a trial?" in preview
    first = answered(press(support, preview, "download"))
    assert answered(press(support, preview, "download")) == first
    [entry] = entries(server)[:1]
    shown = server.run(licensing.show(server.context, first["license_key"]))
    assert entry.entry.license_id == shown.view.license.license_id
    server.world.clock.advance(days=40)
    later, _ = browser_of(server, "takes-later", Role.SUPPORT)
    again = activation("", license_key=..., product=product, hardware_id="offline-trial")
    assert "The trial is over" in look(later, request_file("trial", again))[1]


@pytest.mark.parametrize(
    ("file", "reason", "status", "said"),
    [
        ("", WHY, 422, "Choose the request file"),
        ("-----BEGIN", " ", 422, "Say why"),
        ("-----BEGIN", WHY, 200, "is missing at the beginning"),
        (offline_file.write(Kind.REQUEST, b'{"purpose": "activate"}'), WHY, 200, "/license_key"),
        (request_file("activate", activation("x" * 25)), WHY, 200, "key is not valid"),
        (request_file("reactivate", activation("x")), WHY, 200, "/check_in_token"),
    ],
)
@pytest.mark.usefixtures("server")  # which sets the clock back
def test_what_is_no_request_says_so(
    support: Browser, file: str, reason: str, status: int, said: str
):
    found, page = look(support, file, reason)
    assert (found, said in page) == (status, True), page


def test_another_file_in_a_form_that_was_sent_is_looked_at_first(server: Server, support: Browser):
    _, preview = look(support, request_file("activate", activation(server.issue().license_key)))
    assert press(support, preview, "confirmed").status_code == 200
    other = request_file("activate", activation(server.issue().license_key))
    fields = {**hidden(preview), "request": other, "confirmed": "yes"}
    answer = support.send(paths.OFFLINE, fields)
    assert (answer.status_code, "took another file before" in answer.text) == (422, True)
