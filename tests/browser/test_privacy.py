"""The privacy officer in a real browser: a request for a copy, and one to be erased."""

import re

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import licensing, retention
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from tests.browser.conftest import Console, usable
from tests.browser.test_console import sign_in, somebody
from tests.services.calls import granted, issue_one, make_request

pytestmark = pytest.mark.xdist_group("browser")
EMAIL = "ingrid.long-name-of-somebody@department.example"
INGRID = Person("Ingrid <i>Ohm</i>", "Ohm & Töchter", EMAIL)


async def known(context: Context) -> None:
    for number in (1, 2):
        sold = await issue_one(context, overrides={"seats": 2}, buyer=INGRID)
        told = Told(INGRID, "Please call.", "INGRID-PC", newsletter=True)
        granted(await activate(context, make_request(number, sold.license_key, number, told=told)))
        await licensing.note(context, sold.license.license_id, "She called.")


async def put_right(page: Page) -> None:
    """In both licenses, from the page of one."""
    await page.get_by_role("link", name="Put right").first.click()
    await page.get_by_label("Name", exact=True).fill("Ingrid Ohm")
    await page.get_by_label("Take it away: company").check()
    await page.get_by_label("In every license").check()
    await page.get_by_label("Why").fill("ticket 4714")
    await usable(page, "put right")
    await page.get_by_role("button", name="See what it does").click()
    await expect(page.get_by_role("row", name="Name I… <… Ingrid Ohm")).to_be_visible()
    await usable(page, "put right seen")
    await page.get_by_role("button", name="Put it right").click()
    await expect(page.get_by_role("status")).to_contain_text("It was put right.")


async def run_now(page: Page) -> None:
    await page.get_by_role("link", name="Run it now").click()
    await expect(page.get_by_role("row", name="last request 2 reduce")).to_be_visible()
    await page.get_by_role("textbox", name="Why").fill("the auditor asks")
    await usable(page, "retention run")
    await page.get_by_role("button", name="Run it now").click()
    await expect(page.get_by_role("heading", name="What went")).to_be_visible()
    await usable(page, "retention ran")


def test_a_person_gets_a_copy_and_is_erased(console: Console):
    me = somebody(console, "guards", Role.PRIVACY_OFFICER)
    console.world.run(known)

    async def work(page: Page):
        await sign_in(console, page, me, paths.PRIVACY)
        await usable(page, "privacy")
        await page.get_by_role("link", name="A person's data").click()
        await page.get_by_label("The person's e-mail address").fill(EMAIL)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Known with 2 licenses")).to_be_visible()
        await page.get_by_text("Make a copy").click()
        await page.get_by_text("Note the wish").click()
        await usable(page, "person")
        await page.get_by_role("textbox", name="Why").first.fill("her letter of May 3")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download").click()
        assert (await download.value).suggested_filename.endswith("Z.zip")
        await page.get_by_role("region", name="Known with").get_by_role("link").first.click()
        await put_right(page)
        await page.goto(paths.PERSON)
        await page.get_by_label("The person's e-mail address").fill(EMAIL)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="See what an erasure takes").click()
        await expect(page.get_by_text("This can't be undone")).to_be_visible()
        await usable(page, "erase")
        await page.get_by_role("textbox", name="Why").fill("her letter of May 3")
        await page.get_by_role("button", name="Erase for good").click()
        await expect(page.get_by_role("heading", name="Erased")).to_be_visible()
        assert "ohm" not in page.url
        assert "ingrid" not in page.url
        await usable(page, "erased")

    console.visit(work)


def test_everybody_can_use_the_pages_of_the_privacy_officer(console: Console):
    me = somebody(console, "keeps", Role.PRIVACY_OFFICER)
    console.world.run(known)
    console.world.run(lambda context: retention.run(context, lambda *_told: None))
    console.world.clock.advance(days=40)

    async def work(page: Page):
        await sign_in(console, page, me, paths.HOLDS)
        await page.get_by_role("link", name="Place a hold").click()
        await page.get_by_role("radio", name="A person").check()
        await page.get_by_label("E-mail address").fill(EMAIL)
        await page.get_by_label("Its last day").fill("2027-12-31")
        await page.get_by_label("Who ordered it").fill("Dr. Law")
        await page.get_by_role("textbox", name="Why").fill("case 4711")
        await usable(page, "hold")
        await page.get_by_role("button", name="See what is held").click()
        await expect(page.get_by_text(re.compile(r"\d holds are placed"))).to_be_visible()
        await usable(page, "hold seen")
        await page.get_by_role("button", name="Place it").click()
        await expect(page.get_by_role("status")).to_contain_text("The hold is placed.")
        await page.get_by_text("Show why they are").click()
        await usable(page, "holds")
        await page.get_by_role("link", name="Lift the hold").first.click()
        await usable(page, "hold lift")
        await page.goto(paths.RETENTION)
        await usable(page, "retention")
        await page.get_by_role("link", name="Set the lifetime of comments").click()
        await page.get_by_label("Kept for").fill("12")
        await page.get_by_role("textbox", name="Why").fill("our policy")
        await page.get_by_role("button", name="See what it does").click()
        await expect(page.get_by_role("row", name="Kept 24 months 12 months")).to_be_visible()
        await usable(page, "lifetime")
        await page.goto(paths.RETENTION)
        await run_now(page)
        await page.goto(paths.NEWSLETTER)
        await page.get_by_label("An e-mail address, whole").fill(EMAIL)
        await page.keyboard.press("Enter")
        await page.get_by_text("The person told us something").click()
        await page.get_by_text("Download the addresses").click()
        await usable(page, "newsletter")
        await page.goto(paths.AUDIT)
        await page.get_by_label("What", exact=True).select_option("hold_placed")
        await page.get_by_role("button", name="Show").click()
        await expect(page.get_by_role("heading", name="What was found")).to_be_visible()
        await usable(page, "audit")

    console.visit(work)
