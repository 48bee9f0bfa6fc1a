"""The overview's page: who sees what, as tables and for spreadsheets."""

import csv
import html
from io import StringIO

import httpx
import pytest
from sqlalchemy import text

from activation_server.formats import overview as sheets
from activation_server.rules.license import App
from activation_server.rules.overview import LEAST_ACTIVATIONS, Numbers
from activation_server.rules.permissions import Permission, Role, may
from activation_server.services import seat_changes
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.services.new_seat import activate
from activation_server.store.database import Connection
from activation_server.web.console import paths
from tests.conftest import START
from tests.console.staff import Browser, browser_of
from tests.services.calls import granted, issue_one, make_request
from tests.web.server import Server

HOSTILE = ["=1+1", "<script>alert(1)</script>", "v" * 64, "1.0\u202egnp.exe", "1\u00a02"]
NAMES = sorted(sheets.sheets(Numbers(START, *[None] * 8)))


async def seen(context: Context) -> LicenseView:
    """A key that goes round, ends soon, and is used with versions of all kinds."""
    license_ = await issue_one(context, overrides={"seats": 2, "term_days": 10})
    for number in range(1, LEAST_ACTIVATIONS + 1):
        app = App(HOSTILE[number % len(HOSTILE)])
        request = make_request(number, license_.license_key, number, app=app)
        made = granted(await activate(context, request))
        if number <= LEAST_ACTIVATIONS - 2:
            await seat_changes.remove_activation(context, made.activation.activation_id, "x")
    spread = await issue_one(context, seats=None)
    for number, version in enumerate(HOSTILE, 50):
        request = make_request(number, spread.license_key, number, app=App(version))
        granted(await activate(context, request))
    return license_


@pytest.fixture(scope="module", autouse=True)
def license_(shared_server: Server) -> LicenseView:
    return shared_server.run(seen(shared_server.context))


@pytest.fixture(autouse=True)
def on_time(server: Server) -> Server:
    """Each test begins with the clock set back."""
    return server


@pytest.fixture(scope="module")
def viewer(shared_server: Server) -> Browser:
    return browser_of(shared_server, "looks-on", Role.VIEWER)[0]


def table_of(browser: Browser, name: str) -> list[list[str]]:
    answer = browser.get(f"{paths.OVERVIEW}/{name}.csv")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    return list(csv.reader(StringIO(answer.text, newline=""), strict=True))


def test_the_page_tells_everything_and_when_it_was_made(viewer: Browser, license_: LicenseView):
    page = viewer.get(paths.OVERVIEW)
    assert page.status_code == 200
    assert "As of 2026-11-22 10:00 UTC" in page.text
    for name in NAMES:
        assert f'<h2 id="{name}">' in page.text
        assert f'href="{paths.OVERVIEW}/{name}.csv"' in page.text or name in {
            "refused-seats",
            "clones",
            "refusals",
        }
    path = paths.LICENSE.format(license_id=license_.license.license_id)
    assert f'<a href="{path}"><bdi>…{license_.key_tail}</bdi></a>' in page.text
    assert license_.license_key not in page.text
    assert "are not stored: only each computer&#39;s last one" in page.text


def test_versions_that_are_hostile_are_text(viewer: Browser):
    page = viewer.get(paths.OVERVIEW).text
    assert "<script" not in page
    for version in HOSTILE:
        assert f"<bdi>{html.escape(version)}</bdi>" in page
    head, *rows = table_of(viewer, "versions")
    assert head == ["Version", "Computers"]
    assert {row[0] for row in rows} == {"'=1+1", *HOSTILE[1:]}
    assert sum(int(row[1]) for row in rows) == 7


@pytest.mark.parametrize("name", NAMES)
def test_each_table_is_there_for_spreadsheets(viewer: Browser, name: str):
    head, *rows = table_of(viewer, name)
    assert all(len(row) == len(head) for row in rows)


@pytest.mark.parametrize("name", ["active", "activations", "last-check-ins", "versions", "seats"])
def test_each_plot_is_an_image_of_its_own(viewer: Browser, name: str):
    path = f"{paths.OVERVIEW}/{name}.svg"
    page = viewer.get(paths.OVERVIEW).text
    assert f'src="{path}"' in page
    pictures = set()
    for look in ("", "?width=narrow", "?colors=dark", "?width=narrow&colors=dark"):
        answer = viewer.get(path + look)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "unsafe" not in policy
        assert answer.headers["cache-control"] == "no-store"
        assert "<script" not in answer.text
        assert html.escape(path + look) in page
        pictures.add(answer.text)
    assert len(pictures) == 4


def test_there_is_no_plot_of_a_list_or_of_nothing(viewer: Browser):
    for name in ("ending", "clones", "refusals", "x", "due"):
        assert viewer.get(f"{paths.OVERVIEW}/{name}.svg").status_code == 404
    assert viewer.get(f"{paths.OVERVIEW}/versions.svg?width=9999999").status_code == 422


def test_what_is_seen_of_a_plot_is_told_in_words_too(viewer: Browser):
    page = viewer.get(paths.OVERVIEW).text
    assert 'alt="Plot: Activations. The most are 15: 2026-11-22. The table below' in page


def test_lists_have_the_ends_of_keys(viewer: Browser, license_: LicenseView):
    [ending] = table_of(viewer, "ending")[1:]
    assert ending == [f"…{license_.key_tail}", "backup-pro", "2026-12-02"]
    [leaked] = table_of(viewer, "leaked")[1:]
    assert leaked == [f"…{license_.key_tail}", "backup-pro", str(LEAST_ACTIVATIONS), "2"]


@pytest.mark.parametrize("role", list(Role))
def test_what_is_due_is_for_those_who_may_see_it(server: Server, role: Role):
    browser, _ = browser_of(server, f"reads-{role}".replace("_", "-"), role)
    sees = may(role, Permission.PRIVACY_READ)
    page = browser.get(paths.OVERVIEW)
    assert (page.status_code, "Retention due" in page.text) == (200, sees)
    assert browser.get(f"{paths.OVERVIEW}/due.csv").status_code == (200 if sees else 403)


def test_what_is_due_is_told_by_class(server: Server):
    server.world.clock.advance(days=40)
    browser, _ = browser_of(server, "cleans", Role.PRIVACY_OFFICER)
    head, *rows = table_of(browser, "due")
    assert head == ["Class", "Due", "Since", "Held"]
    assert ["last request", "15", "2026-11-22", "0"] in rows
    assert "<bdi>last request</bdi>" in browser.get(paths.OVERVIEW).text


def test_there_is_no_table_of_another_name(viewer: Browser):
    for name in ("x", "..%2Fdue", "%00", "versions.csv"):
        assert viewer.get(f"{paths.OVERVIEW}/{name}.csv").status_code == 404


def test_numbers_are_made_anew_at_most_once_a_minute(server: Server):
    server.world.clock.advance(days=100)
    browser, _ = browser_of(server, "waits-for-numbers", Role.MANAGER)
    made = server.world.clock.now
    page = browser.get(paths.OVERVIEW).text
    assert f"As of {made:%Y-%m-%d %H:%M} UTC" in page
    assert "Make anew now" not in page
    server.world.clock.advance(seconds=59)
    answer = browser.post(f"{paths.OVERVIEW}/anew", on=paths.OVERVIEW)
    assert answer.headers["location"] == paths.OVERVIEW
    assert f"As of {made:%Y-%m-%d %H:%M} UTC" in browser.get(paths.OVERVIEW).text
    server.world.clock.advance(seconds=61)
    assert "Make anew now" in browser.get(paths.OVERVIEW).text
    browser.post(f"{paths.OVERVIEW}/anew", on=paths.OVERVIEW)
    assert f"As of {server.world.clock.now:%Y-%m-%d %H:%M} UTC" in browser.get(paths.OVERVIEW).text


def test_what_took_too_long_says_so(server: Server):
    server.world.clock.advance(days=200)
    browser, _ = browser_of(server, "impatient")

    async def locked(connection: Connection) -> httpx.Response:
        await connection.execute(text("LOCK TABLE events"))
        return await browser.http.get(paths.OVERVIEW)

    page = server.run(server.context.database.transact(locked)).text
    assert page.count("This took too long to count") == 3  # activations, leaked, clones
    assert "Computers that held a seat" in page


def test_home_leads_to_the_overview(server: Server):
    browser, _ = browser_of(server, "starts", Role.VIEWER)
    page = browser.get(paths.HOME).text
    assert f'<a class="button secondary" href="{paths.OVERVIEW}">Overview</a>' in page
