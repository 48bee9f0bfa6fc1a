"""Every change of a license made in a real browser, by the keyboard; and lists of licenses."""

from uuid import UUID

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.services.activation import reactivate_alone
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from activation_server.web.console.license_changes import CHANGES
from tests.browser.conftest import Console, arrive, press, somebody, usable
from tests.browser.ledger import covers
from tests.services.calls import granted, issue_one, make_request

pytestmark = pytest.mark.xdist_group("browser")


async def copied(context: Context) -> tuple[LicenseView, UUID]:
    """A license with one computer, whose activation two copies of the app use."""
    terms = {"seats": 2, "transfers": 0}
    sold = await issue_one(context, overrides=terms)
    first = granted(await activate(context, make_request(1, sold.license_key)))
    seat, token = first.activation.activation_id, first.check_in_token
    for number in (2, 3):
        granted(await reactivate_alone(context, seat, token, make_request(number)))
    return sold, seat


async def change(page: Page, license_path: str, name: str, query: str = "", **typed: str) -> None:
    """Fill in the form of a change, look at what it does, and do it; no hand leaves the keys."""
    made = CHANGES[name]
    await page.goto(f"{license_path}/{name}{query}")
    for field, value in typed.items():
        control = page.locator(f"#{field}")
        chosen = await control.evaluate("at => at.tagName") == "SELECT"
        await (control.select_option(value) if chosen else control.fill(value))
    why = page.get_by_label("Why")
    await why.fill("ticket 4711")
    await why.press("Tab")
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("What changes")).to_be_visible()
    await press(page, made.title)
    if name == "new-key":
        await expect(page.locator(".new-key")).to_be_visible()
    else:
        await expect(page.get_by_role("status").first).to_contain_text(made.done)


@covers(
    "/console/licenses/{license_id}/convert",
    "/console/licenses/{license_id}/edition",
    "/console/licenses/{license_id}/ends",
    "/console/licenses/{license_id}/renew",
    "/console/licenses/{license_id}/seats",
    "/console/licenses/{license_id}/terms",
    "/console/licenses/{license_id}/virtual-machines",
)
def test_what_a_license_covers_is_changed(console: Console):
    me = somebody(console, "changes", Role.MANAGER)
    terms = {"term_days": 20, "term_from": "issue"}
    sold = console.world.run(lambda context: issue_one(context, overrides=terms))
    trial = console.world.run(
        lambda context: issue_one(context, overrides={"trial_days": 14, "term_days": None})
    )
    path = paths.of_license(sold.license.license_id)

    async def work(page: Page):
        await arrive(console, page, me, path)
        await change(page, path, "renew", days="30")
        await change(page, path, "ends", expires="2031-12-31")
        await change(page, path, "seats", seats="3")
        await change(page, path, "edition", edition="pro")
        await change(page, path, "terms", features="cloud")
        await change(page, path, "virtual-machines", virtual="refuse")
        await change(page, paths.of_license(trial.license.license_id), "convert", order="FS-9")

    console.visit(work)


@covers("license.html", "new_key.html")
@covers(
    "/console/licenses/{license_id}/allow-transfer",
    "/console/licenses/{license_id}/declare",
    "/console/licenses/{license_id}/new-key",
    "/console/licenses/{license_id}/note",
    "/console/licenses/{license_id}/reinstate",
    "/console/licenses/{license_id}/remove-computer",
    "/console/licenses/{license_id}/revoke",
    "/console/licenses/{license_id}/suspend",
    "/console/licenses/{license_id}/withdraw-transfer",
)
def test_a_license_is_put_right(console: Console):
    me = somebody(console, "puts-right", Role.MANAGER)
    sold, seat = console.world.run(copied)
    path = paths.of_license(sold.license.license_id)

    async def work(page: Page):
        await arrive(console, page, me, path)
        await page.get_by_label("Note what").fill("She called.")
        await press(page, "Note it")
        await expect(page.get_by_role("status")).to_contain_text("It was noted.")
        await change(page, path, "suspend")
        await change(page, path, "reinstate")
        await change(page, path, "allow-transfer")
        await change(page, path, "withdraw-transfer")
        await change(page, path, "declare", f"?computer={seat}", branch="latest")
        await change(page, path, "remove-computer", f"?computer={seat}")
        await change(page, path, "new-key")
        await usable(page, "new key")
        await change(page, path, "revoke")
        await usable(page, "license revoked")

    console.visit(work)


@covers("list.html")
@covers("/console/licenses/saved-lists", "/console/licenses/saved-lists/delete")
def test_a_list_is_narrowed_saved_downloaded_and_deleted(console: Console):
    me = somebody(console, "lists", Role.VIEWER)
    console.world.run(issue_one)

    async def work(page: Page):
        await arrive(console, page, me, paths.LICENSES)
        await page.get_by_role("link", name="List licenses").click()
        await usable(page, "list")
        await page.get_by_label("Status").select_option("active")
        await press(page, "Show")
        await page.get_by_label("Name").fill("in use")
        await press(page, "Save")
        await expect(page.get_by_role("link", name="in use")).to_be_visible()
        await usable(page, "list saved")
        async with page.expect_download() as download:
            await page.get_by_role("link", name="The whole list as CSV").click()
        assert (await download.value).suggested_filename.endswith(".csv")
        await page.goto(paths.LICENSES)
        await page.get_by_role("link", name="in use").click()
        await press(page, "Delete the list in use")
        await expect(page.get_by_role("link", name="in use")).to_have_count(0)

    console.visit(work)
