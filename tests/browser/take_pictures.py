"""Takes the pictures of docs/pictures: `make pictures`. Not a test; pytest gives it the console."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

import pytest
from playwright.async_api import Page, ViewportSize, expect

from activation_server.rules.permissions import Role
from activation_server.rules.person import Person
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from tests.browser.conftest import Console, arrive, somebody
from tests.browser.test_licenses import call
from tests.browser.test_overview import SEEN, a_month
from tests.conftest import START
from tests.services.calls import granted, issue_one, make_request

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
DESKTOP: Final = ViewportSize(width=1200, height=900)
PHONE: Final = ViewportSize(width=360, height=900)
VERSIONS: Final = ("9.9.1234", "9.8.7", "10.0")
BUYERS: Final = (
    Person("Mei Quist", "Quist & Daughters", "mei@example.com"),
    Person("Quistus Reyes", "Reyes Print", "print@example.org"),
)


async def sold(context: Context) -> LicenseView:
    """A month of use; then a caller whose seat is taken, and others of a like name."""
    await a_month(context, VERSIONS)
    for number, buyer in enumerate(BUYERS):
        made = await issue_one(context, buyer=buyer, order_reference=f"FS-19{number}7")
        request = make_request(2000 + number, made.license_key, 2000 + number)
        granted(await activate(context, request))
    buyer = Person("Zoë Quist", "Quist Architects", "zoe@example.com")
    return (await call(context, "Zoë Quist", buyer=buyer, term_days=365)).license


async def take(
    page: Page,
    name: str,
    size: ViewportSize = DESKTOP,
    scheme: Literal["light", "dark"] = "light",
) -> None:
    await page.set_viewport_size(size)
    await page.emulate_media(color_scheme=scheme)
    await page.screenshot(path=FOLDER / f"{name}.png")


@pytest.mark.usefixtures("console")
def test_pictures_are_taken(console: Console):
    license_ = console.world.run(sold)
    console.world.clock.now = START + timedelta(days=29)
    helps, ana = somebody(console, "ben", Role.SUPPORT), somebody(console, "ana")
    path = paths.of_license(license_.license.license_id)

    async def call_for_support(page: Page) -> None:
        await page.set_viewport_size(DESKTOP)
        await arrive(console, page, helps, paths.LICENSES)
        await page.get_by_label("What the caller can tell").press_sequentially("quis")
        await expect(page.get_by_role("heading", name="3 found")).to_be_visible()
        await take(page, "find")
        await page.goto(path)
        await take(page, "license")
        await take(page, "license-phone-dark", PHONE, "dark")
        await page.get_by_role("link", name="Remove a computer").click()
        await page.get_by_label("Why").fill("sold the laptop, ticket 12")
        await page.get_by_role("button", name="See what it does").click()
        await expect(page.get_by_text("What changes")).to_be_visible()
        await take(page, "change")

    async def morning(page: Page) -> None:
        await page.set_viewport_size(DESKTOP)
        await arrive(console, page, ana, paths.OVERVIEW)
        for number in range(await page.locator("img.plot").count()):
            await page.wait_for_function(SEEN, arg=number, polling=100)
        await page.get_by_role("heading", name="Active computers").evaluate(
            "at => { at.scrollIntoView(); window.scrollBy(0, -24); }"
        )
        await take(page, "overview")

    console.visit(call_for_support)
    console.visit(morning)
