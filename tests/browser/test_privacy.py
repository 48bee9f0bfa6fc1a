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
from tests.browser.conftest import Console, arrive, press, somebody, usable
from tests.browser.ledger import covers
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
    await expect(
        page.get_by_role("row", name=re.compile(r"last request \d+ reduce"))
    ).to_be_visible()
    await page.get_by_role("textbox", name="Why").fill("the auditor asks")
    await usable(page, "retention run")
    await page.get_by_role("button", name="Run it now").click()
    await expect(page.get_by_role("heading", name="What went")).to_be_visible()
    await usable(page, "retention ran")


@covers("person.html", "person_erase.html", "person_erased.html", "privacy.html", "correct.html")
@covers(
    "/console/licenses/{license_id}/people/{person_id}/correct",
    "/console/privacy/person",
    "/console/privacy/person/erase",
    "/console/privacy/person/export",
    "/console/privacy/person/wish",
)
def test_a_person_gets_a_copy_and_is_erased(console: Console):
    me = somebody(console, "guards", Role.PRIVACY_OFFICER)
    console.world.run(known)

    async def work(page: Page):
        await arrive(console, page, me, paths.PRIVACY)
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
        await page.get_by_text("Note the wish").click()
        await page.get_by_label("Kept after the last contact").select_option("6")
        await page.locator("#wish-reason").fill("her letter of May 3")
        await press(page, "Note it")
        await expect(page.get_by_role("status").first).to_contain_text("months")
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


async def hold_somebody(page: Page) -> None:
    """A hold is placed on a person, and shown with its reason."""
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
    await page.get_by_role("textbox", name="Why").fill("asked by the court")
    await press(page, "Show it")
    await expect(page.get_by_text("case 4711; Dr. Law").first).to_be_visible()


async def lift_it(page: Page) -> None:
    await page.goto(paths.HOLDS)
    await page.get_by_role("link", name="Lift the hold").first.click()
    await usable(page, "hold lift")
    await page.get_by_role("textbox", name="Why").fill("the case is over")
    await press(page, "Lift the hold")
    await expect(page.get_by_role("status")).to_contain_text("lifted")


async def set_a_lifetime(console: Console, page: Page) -> None:
    """What is due is counted anew, and comments are kept for a shorter time."""
    await page.goto(paths.RETENTION)
    await usable(page, "retention")
    console.world.clock.advance(minutes=2)
    await page.reload()
    await press(page, "Count anew now")
    await page.get_by_role("link", name="Set the lifetime of comments").click()
    await page.get_by_label("Kept for").fill("12")
    await page.get_by_role("textbox", name="Why").fill("our policy")
    await page.get_by_role("button", name="See what it does").click()
    await expect(page.get_by_role("row", name="Kept 24 months 12 months")).to_be_visible()
    await usable(page, "lifetime")
    await press(page, "Set it")
    await expect(page.get_by_role("status")).to_contain_text("set")


async def tell_of_the_newsletter(page: Page) -> None:
    """An address is withdrawn, all are downloaded, and the audit log tells of it."""
    await page.goto(paths.NEWSLETTER)
    await page.get_by_label("An e-mail address, whole").fill(EMAIL)
    await page.keyboard.press("Enter")
    await page.get_by_text("The person told us something").click()
    await page.get_by_text("Download the addresses").click()
    await usable(page, "newsletter")
    await page.locator("#list-reason").fill("the May issue")
    async with page.expect_download() as download:
        await press(page, "Download")
    assert (await download.value).suggested_filename == "newsletter.csv"
    await page.locator("#reason").fill("she told us on the phone")
    await press(page, "Withdraw")
    await expect(page.get_by_role("status")).to_contain_text("No newsletter goes")
    await page.goto(paths.AUDIT)
    await page.get_by_label("What", exact=True).select_option("hold_placed")
    await page.get_by_role("button", name="Show").click()
    await expect(page.get_by_role("heading", name="What was found")).to_be_visible()
    await usable(page, "audit")
    async with page.expect_download() as download:
        await press(page, "All of it as CSV")
    assert (await download.value).suggested_filename.endswith(".csv")


@covers(
    "audit.html",
    "hold_lift.html",
    "hold_place.html",
    "holds.html",
    "newsletter.html",
    "retention.html",
    "retention_run.html",
    "retention_ran.html",
    "retention_set.html",
)
@covers(
    "/console/audit",
    "/console/audit/csv",
    "/console/privacy/holds/place",
    "/console/privacy/holds/reveal",
    "/console/privacy/holds/{hold_id}/lift",
    "/console/privacy/newsletter",
    "/console/privacy/newsletter/csv",
    "/console/privacy/retention/anew",
    "/console/privacy/retention/run",
    "/console/privacy/retention/set",
)
def test_everybody_can_use_the_pages_of_the_privacy_officer(console: Console):
    console.world.run(known)
    console.world.run(lambda context: retention.run(context, lambda *_told: None))
    console.world.clock.advance(days=40)
    me = somebody(console, "keeps", Role.PRIVACY_OFFICER)

    async def work(page: Page):
        await arrive(console, page, me, paths.RETENTION)
        await run_now(page)
        await page.goto(paths.HOLDS)
        await hold_somebody(page)
        await set_a_lifetime(console, page)
        await tell_of_the_newsletter(page)
        await lift_it(page)

    console.visit(work)
