"""Licenses issued in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.permissions import Role
from activation_server.services import products
from activation_server.web.console import paths
from tests.browser.conftest import Console, usable
from tests.browser.test_console import sign_in, somebody
from tests.services.calls import issue_one

pytestmark = pytest.mark.xdist_group("browser")


def test_licenses_are_issued(console: Console):
    me = somebody(console, "issues", Role.MANAGER)
    console.world.run(issue_one)
    console.world.run(lambda context: products.add_product(context, "photo", "Photo Pro", "EdDSA"))

    async def work(page: Page):
        await sign_in(console, page, me, paths.LICENSES)
        await page.get_by_role("link", name="Issue licenses").click()
        await page.get_by_label("Product and policy").select_option("Photo Pro: standard")
        await page.get_by_label("How many licenses").fill("many")
        await page.get_by_label("Name").fill("Ana Popescu")
        await page.get_by_label("Order").fill("FS-3001")
        await page.get_by_label("Why").fill("order FS-3001")
        await page.get_by_role("button", name="See what is issued").click()
        faulty = page.get_by_label("How many licenses")
        await expect(faulty).to_have_accessible_description(re.compile("whole number"))
        await usable(page, "issue")
        await faulty.fill("12")
        await page.get_by_label("Ends").fill("2031-12-31")
        await page.get_by_role("button", name="See what is issued").click()
        await usable(page, "issue seen")
        await page.get_by_role("button", name="Issue 12 licenses").click()
        keys = (await page.get_by_label("Keys, one a line").input_value()).split()
        assert len(set(keys)) == 12
        await page.get_by_text("Their pages").click()
        await usable(page, "issued")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download as CSV").click()
        assert re.fullmatch(
            r"licenses-\d{4}-\d\d-\d\d\.csv", (await download.value).suggested_filename
        )

    console.visit(work)
