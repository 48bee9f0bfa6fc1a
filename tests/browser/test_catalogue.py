"""What is sold, seen and changed in a real browser."""

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.web.console import paths
from tests.browser.conftest import Console, arrive, press, somebody, usable
from tests.browser.ledger import covers
from tests.services.calls import issue_one

pytestmark = pytest.mark.xdist_group("browser")


@covers("catalogue.html", "catalogue_change.html", "product.html")
@covers(
    "/console/catalogue/add-policy",
    "/console/catalogue/add-product",
    "/console/catalogue/add-release",
    "/console/catalogue/change-policy",
    "/console/catalogue/remove-release",
    "/console/catalogue/rename-product",
)
def test_the_catalogue_is_changed(console: Console):
    me = somebody(console, "sells", Role.MANAGER)
    console.world.run(issue_one)

    async def look(page: Page) -> None:
        await page.get_by_label("Why").fill("the new price list")
        await press(page, "See what it does")

    async def add(page: Page, what: str, said: str, typed: dict[str, str]) -> None:
        """Fill in a form that a link leads to, look at what it does, and do it."""
        await page.get_by_role("link", name=what, exact=True).press("Enter")
        for label, text in typed.items():
            await page.get_by_label(label, exact=True).fill(text)
        await look(page)
        await press(page, what.split(":", maxsplit=1)[0])
        await expect(page.get_by_role("status")).to_contain_text(said)

    async def work(page: Page):
        await arrive(console, page, me, paths.CATALOGUE)
        await usable(page, "catalogue")
        await page.get_by_role("link", name="Backup Pro").click()
        await add(page, "Add a release", "is listed.", {"Version": "9.2", "Released": "2026-10-02"})
        await usable(page, "product")
        await page.get_by_role("link", name="Change: standard").click()
        await usable(page, "policy")
        await page.get_by_label("Days that it lasts").fill("365")
        await look(page)
        await expect(page.get_by_text("1 license is sold by it")).to_be_visible()
        await usable(page, "policy seen")
        await page.get_by_role("button", name="Change the policy").click()
        await expect(page.get_by_role("status")).to_contain_text("The policy was changed.")
        await add(page, "Add a policy", "was added.", {"Name of the policy": "yearly"})
        await add(page, "Rename the product", "has another name.", {"Name": "Backup Pro X"})
        await page.get_by_role("link", name="Remove: 9.2").press("Enter")
        await look(page)
        await press(page, "Remove the release")
        await expect(page.get_by_role("status")).to_contain_text("The release was removed.")
        await page.goto(paths.CATALOGUE)
        await add(page, "Add a product", "was added.", {"Code": "photo", "Name": "Photo"})

    console.visit(work)
