"""Licenses issued and imported, and offline files taken, in a real browser."""

import re

import pytest
from playwright.async_api import FilePayload, Page, expect

from activation_server.rules.permissions import Role
from activation_server.services import products
from activation_server.web.console import paths
from tests.browser.conftest import Console, arrive, somebody, usable
from tests.browser.ledger import covers
from tests.services.calls import PRODUCT, issue_one
from tests.web.server import activation
from tests.web.test_offline import request_file

pytestmark = pytest.mark.xdist_group("browser")


@covers("issue.html", "issue_seen.html", "issued.html")
@covers("/console/licenses/issue")
def test_licenses_are_issued(console: Console):
    me = somebody(console, "issues", Role.MANAGER)
    console.world.run(issue_one)
    console.world.run(lambda context: products.add_product(context, "photo", "Photo Pro", "EdDSA"))

    async def work(page: Page):
        await arrive(console, page, me, paths.LICENSES)
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


@covers("import.html", "import_seen.html", "imported.html")
@covers("/console/licenses/import")
def test_a_file_is_imported(console: Console):
    me = somebody(console, "imports", Role.MANAGER)
    console.world.run(issue_one)
    head = "license_key,product,name,email,order,seats,expires\n"
    good = f"{head}OLD-1,{PRODUCT},Ana Popescu,ana@example.com,I-1,3,2031-12-31\nOLD-2,{PRODUCT}\n"
    bad = f"{head}OLD-1,none,,nobody,,many,soon\n"

    async def choose(page: Page, text: str) -> None:
        file = FilePayload(name="old.csv", mimeType="text/csv", buffer=text.encode())
        await page.get_by_label("The file").set_input_files(file)
        await page.get_by_label("Why").fill("the old shop")
        await page.get_by_role("button", name="See what is imported").click()

    async def work(page: Page):
        await arrive(console, page, me, paths.LICENSES)
        await usable(page, "find with tasks")
        await page.get_by_role("link", name="Import licenses").click()
        await page.get_by_text("Its columns").click()
        await usable(page, "import")
        await choose(page, bad)
        await expect(page.get_by_role("heading", name="4 faults in the file")).to_be_visible()
        await usable(page, "import with faults")
        await page.get_by_role("link", name="Choose the file again").click()
        await choose(page, good)
        await usable(page, "import seen")
        await page.get_by_role("button", name="Import 2 licenses").click()
        await expect(page.get_by_role("heading", name="2 licenses imported")).to_be_visible()
        await usable(page, "imported")

    console.visit(work)


@covers("offline.html", "offline_answer.html", "offline_refused.html", "offline_seen.html")
@covers("/console/licenses/offline")
def test_an_offline_file_is_taken(console: Console):
    me = somebody(console, "takes", Role.SUPPORT)
    license_ = console.world.run(issue_one)
    file = request_file("activate", activation(license_.license_key))
    other = request_file(
        "activate", activation(license_.license_key, hardware_id="another-computer")
    )

    async def paste(page: Page, text: str) -> None:
        await page.goto(paths.OFFLINE)
        await page.get_by_label("pasted here").fill(text)
        await page.get_by_label("Why").fill("ticket 4711")
        await page.get_by_role("button", name="See what it asks for").click()

    async def work(page: Page):
        await arrive(console, page, me, paths.OFFLINE)
        await usable(page, "offline")
        await paste(page, file)
        await usable(page, "offline seen")
        await page.get_by_role("button", name="Activate a computer").click()
        await usable(page, "offline answer")
        async with page.expect_download() as download:
            await page.get_by_role("button", name="Download the answer").click()
        assert (await download.value).suggested_filename == "activation-response.txt"
        await paste(page, other)
        await expect(page.get_by_role("heading", name="All seats are taken")).to_be_visible()
        await usable(page, "offline refused")

    console.visit(work)
