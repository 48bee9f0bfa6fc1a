"""A call for support in a real browser: from the name of a caller to a license that works."""

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.rules.person import Person, Told
from activation_server.services import licensing
from activation_server.services.activation import reactivate_alone
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.new_seat import activate
from activation_server.services.products import STANDARD
from activation_server.web.console import paths
from tests.browser.conftest import Console, arrive, somebody, usable
from tests.browser.ledger import covers
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

pytestmark = pytest.mark.xdist_group("browser")


@dataclass
class Call:
    """What there is when a customer calls: all seats taken, and one computer refused."""

    license: LicenseView
    old: Certified


async def call(context: Context, name: str, buyer: Person | None = None, **terms: object) -> Call:
    email = f"{name.split(maxsplit=1)[0].lower()}@example.com"
    license_ = await issue_one(
        context,
        overrides={"seats": 1, **terms},
        buyer=buyer or Person(name, "<b>Ohm</b> & Sons", email),
        order_reference="FS-2001",
    )
    told = Told(computer_name="laptop-old")
    first = make_request(1, license_.license_key, computer=1, told=told)
    old = granted(await activate(context, first))
    again = make_request(2, license_.license_key, computer=2)
    assert reason(await activate(context, again))
    return Call(license_, old)


@covers("/console/licenses")
def test_a_call_is_solved(console: Console):
    """Its seat is on a computer that was sold: found by name, seen why, freed, and it works."""
    me = somebody(console, "solves", Role.SUPPORT)
    made = console.world.run(lambda context: call(context, "Zoë Quist"))

    async def work(page: Page):
        await arrive(console, page, me, paths.LICENSES)
        await page.get_by_label("What the caller can tell").fill("quist")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="Why was it refused?")).to_be_visible()
        await expect(page.get_by_role("heading", name="All seats are taken")).to_be_visible()
        await page.get_by_role("link", name=re.compile("Remove a computer")).click()
        await page.get_by_label("Why").fill("sold the laptop, ticket 12")
        await page.get_by_role("button", name="See what it does").click()
        await expect(page.get_by_role("row", name="seats used 1 0")).to_be_visible()
        await page.get_by_role("button", name="Remove a computer").click()
        await expect(page.get_by_role("status")).to_contain_text("The seat is free.")
        await expect(page.get_by_text("0 of 1 in use")).to_be_visible()

    console.visit(work, script=False)

    async def tried(context: Context) -> None:
        seat = made.old.activation
        late = make_request(3, computer=1)
        gone = await reactivate_alone(context, seat.activation_id, made.old.check_in_token, late)
        assert reason(gone)
        granted(await activate(context, make_request(4, made.license.license_key, computer=2)))

    console.world.run(tried)


async def found_while_typing(page: Page) -> None:
    """By the keyboard alone: typed, seen, gone to, and back again; no letter in an address."""
    await page.get_by_label("What the caller can tell").press_sequentially("ana wi")
    await expect(page.get_by_role("status")).to_have_text("1 found. Arrow down goes there.")
    await usable(page, "found while typing")
    await page.keyboard.press("ArrowDown")
    await expect(page.locator("#results a")).to_be_focused()
    await page.keyboard.press("ArrowUp")
    await page.keyboard.type("x")
    await expect(page.get_by_text("No license has this")).to_be_visible()
    await page.keyboard.press("Backspace")
    await expect(page.get_by_role("heading", name="1 found")).to_be_visible()
    assert "ana" not in page.url
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Why was it refused?")).to_be_visible()
    await page.go_back()
    await expect(page.get_by_label("What the caller can tell")).to_have_value("ana wi")
    await expect(page.get_by_role("heading", name="1 found")).to_be_visible()


def test_of_a_name_that_many_have_more_are_a_key_away(console: Console):
    async def sell(context: Context) -> None:
        buyer = Person("Quirina Viele")
        await issue_one(context, buyer=buyer)
        order = Order(PRODUCT, STANDARD, {}, None, None, None, 29, buyer)
        await licensing.issue(context, order, lambda _done: None)

    me = somebody(console, "asks-for-more", Role.SUPPORT)
    console.world.run(sell)

    async def work(page: Page):
        await arrive(console, page, me, paths.LICENSES)
        await page.get_by_label("What the caller can tell").press_sequentially("viele")
        await expect(page.get_by_role("heading", name="20 found, and there may be")).to_be_visible()
        await usable(page, "found some of many")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("heading", name="25 found, and there may be")).to_be_visible()
        await page.get_by_role("link", name="Show up to 100").press("Enter")
        await expect(page.get_by_role("heading", name="30 found", exact=True)).to_be_visible()
        await expect(page.get_by_label("What the caller can tell")).to_have_value("viele")
        assert "viele" not in page.url

    console.visit(work)


@covers("change.html", "find.html")
@covers("/console/licenses/typed", "/console/licenses/{license_id}/reveal")
def test_everybody_can_use_the_pages_of_a_license(console: Console):
    me = somebody(console, "tries")
    made = console.world.run(
        lambda context: call(context, "Ana Wide", term_days=20, term_from="issue")
    )
    path = paths.LICENSE.format(license_id=made.license.license.license_id)

    async def work(page: Page):
        await arrive(console, page, me, paths.LICENSES)
        await usable(page, "find")
        await page.goto(f"{paths.LICENSES}?q=nobody")
        await usable(page, "found none")
        await page.goto(f"{paths.LICENSES}?q=FS-2001")
        await page.goto(path)
        await usable(page, "license")
        await page.get_by_text("All terms").click()
        await page.get_by_text("Show people and key in clear").click()
        await page.get_by_role("textbox", name="Why").fill("ticket 4711")
        await page.get_by_role("button", name="Show in clear").click()
        await expect(page.get_by_text("Ana Wide")).to_be_visible()
        await expect(page.get_by_text("<b>Ohm</b> & Sons")).to_be_visible()
        await page.get_by_text("All terms").click()
        await usable(page, "license in clear")
        await page.goto(paths.LICENSES)
        await expect(page.get_by_role("heading", name="You looked at these last")).to_be_visible()
        await usable(page, "find recent")
        await page.goto(paths.HOME)
        await found_while_typing(page)
        await page.goto(f"{path}/renew")
        await page.get_by_label("Days").fill("none")
        await page.get_by_label("Why").fill("they paid")
        await page.get_by_role("button", name="See what it does").click()
        await expect(page.get_by_role("alert")).to_contain_text("whole number")
        await usable(page, "renew with a fault")
        await page.get_by_label("Days").fill("30")
        await page.get_by_role("button", name="See what it does").click()
        await expect(page.get_by_role("row", name=re.compile("expires"))).to_be_visible()
        await usable(page, "renew seen")
        await page.goto(f"{path}/terms")
        await usable(page, "terms")
        await page.get_by_label("Edition").fill("Pro")
        await page.get_by_label("Why").fill("order FS-2002")
        await page.get_by_role("button", name="See what it does").click()
        await expect(page.get_by_role("row")).to_have_count(2)
        await usable(page, "terms seen")

    console.visit(work)
