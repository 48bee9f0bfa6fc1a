"""What is sold, seen and changed in a real browser."""

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.web.console import paths
from tests.browser.conftest import Console, usable
from tests.browser.test_console import sign_in, somebody
from tests.services.calls import issue_one

pytestmark = pytest.mark.xdist_group("browser")


def test_the_catalogue_is_changed(console: Console):
    me = somebody(console, "sells", Role.MANAGER)
    console.world.run(issue_one)

    async def look(page: Page) -> None:
        await page.get_by_label("Why").fill("the new price list")
        await page.get_by_role("button", name="See what it does").click()

    async def work(page: Page):
        await sign_in(console, page, me, paths.CATALOGUE)
        await usable(page, "catalogue")
        await page.get_by_role("link", name="Backup Pro").click()
        await page.get_by_role("link", name="Add a release").click()
        await page.get_by_label("Version").fill("9.2")
        await page.get_by_label("Released").fill("2026-10-02")
        await look(page)
        await page.get_by_role("button", name="Add a release").click()
        await expect(page.get_by_role("status")).to_contain_text("The release is listed.")
        await usable(page, "product")
        await page.get_by_role("link", name="Change: standard").click()
        await usable(page, "policy")
        await page.get_by_label("Days that it lasts").fill("365")
        await look(page)
        await expect(page.get_by_text("1 license is sold by it")).to_be_visible()
        await usable(page, "policy seen")
        await page.get_by_role("button", name="Change the policy").click()
        await expect(page.get_by_role("status")).to_contain_text("The policy was changed.")

    console.visit(work)
