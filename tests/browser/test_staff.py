"""An administrator in a real browser: somebody new, a role, a token."""

import re

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.web.console import paths
from tests.browser.conftest import Console, arrive, press, somebody, usable
from tests.browser.ledger import covers

pytestmark = pytest.mark.xdist_group("browser")


async def look(page: Page, why: str) -> None:
    await page.get_by_label("Why").fill(why)
    await page.get_by_role("button", name="See what it does").click()
    await expect(page.get_by_text("What changes")).to_be_visible()


async def issue_and_revoke(page: Page) -> None:
    """A token, from any page."""
    await page.get_by_role("link", name="API tokens").click()
    await page.get_by_role("link", name="Issue a token").click()
    await page.get_by_label("Name", exact=True).fill("shop")
    await page.get_by_label("licenses:issue").check()
    await usable(page, "token new")
    await look(page, "the new shop")
    await usable(page, "token preview")
    await page.get_by_role("button", name="Issue, and show it").click()
    await expect(page.get_by_text(re.compile("^act_"))).to_be_visible()
    await usable(page, "token shown")
    await page.get_by_role("link", name="I have it").click()
    await usable(page, "tokens")
    await page.get_by_role("link", name="Revoke shop").click()
    await look(page, "the shop is over")
    await usable(page, "token revoke")
    await page.get_by_role("button", name="Revoke").click()
    await expect(page.get_by_role("status")).to_contain_text("revoked")


async def allow_and_unlink(page: Page) -> None:
    """Single sign-on, from the page of somebody."""
    await page.goto(f"{page.url.partition('?')[0]}/email")  # offered where there is a provider
    await page.get_by_label("E-mail address at the identity provider").fill("h@example.com")
    await usable(page, "staff email")
    await look(page, "the provider is new")
    await press(page, "Allow single sign-on")
    await page.get_by_role("link", name="Unlink single sign-on").press("Enter")
    await look(page, "she is away")
    await press(page, "Unlink single sign-on")
    await expect(page.get_by_role("status")).to_contain_text("theirs no more")


@covers(
    "member.html",
    "staff.html",
    "staff_change.html",
    "staff_link.html",
    "staff_new.html",
    "token_new.html",
    "token_revoke.html",
    "token_shown.html",
    "tokens.html",
)
@covers(
    "/console/staff/new",
    "/console/staff/{staff_id}/disable",
    "/console/staff/{staff_id}/email",
    "/console/staff/{staff_id}/enable",
    "/console/staff/{staff_id}/link",
    "/console/staff/{staff_id}/role",
    "/console/staff/{staff_id}/sign-out",
    "/console/staff/{staff_id}/unlink",
    "/console/tokens/new",
    "/console/tokens/{name}/revoke",
)
def test_an_administrator_keeps_staff_and_tokens(console: Console):
    me = somebody(console, "keeps")
    somebody(console, "helps", Role.SUPPORT)

    async def work(page: Page):
        await arrive(console, page, me, paths.STAFF)
        await page.get_by_role("link", name="Add somebody").click()
        await usable(page, "staff new")
        await page.get_by_label("Name to sign in with").fill("nora")
        await page.get_by_label("Manager").check()
        await look(page, "new colleague")
        await usable(page, "staff new preview")
        await page.get_by_role("button", name="Add, and show the link").click()
        await expect(page.get_by_text(re.compile("/console/set-up/"))).to_be_visible()
        await usable(page, "staff link")
        await page.goto(paths.STAFF)
        await usable(page, "staff")
        await page.get_by_role("link", name="helps").click()
        await usable(page, "staff member")
        await page.get_by_role("link", name="Change role").click()
        await page.get_by_label("Privacy officer").check()
        await usable(page, "staff role")
        await look(page, "moves to legal")
        await usable(page, "staff role preview")
        await page.get_by_role("button", name="Change role").click()
        await expect(page.get_by_role("status")).to_contain_text("The role was changed.")
        for title, told in (
            ("End sessions", "The sessions are ended."),
            ("Disable", "They are let in no more."),
            ("Enable", "They are let in again."),
        ):
            await page.get_by_role("link", name=title, exact=True).press("Enter")
            await look(page, "the laptop is lost")
            await press(page, title)
            await expect(page.get_by_role("status")).to_contain_text(told)
        await allow_and_unlink(page)
        await page.get_by_role("link", name="Make a new link").press("Enter")
        await look(page, "the laptop is lost")
        await press(page, "Make a new link")
        await expect(page.get_by_text(re.compile("/console/set-up/"))).to_be_visible()
        await issue_and_revoke(page)

    console.visit(work)
