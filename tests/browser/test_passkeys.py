"""Passkeys in a real browser, with the device that Chromium plays by itself."""

import socket
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from activation_server.web.console import paths
from tests.browser.conftest import Chromium, Console, arrive, somebody, usable
from tests.browser.ledger import covers
from tests.conftest import World
from tests.web.live import HOST, live

pytestmark = pytest.mark.xdist_group("browser")

DEVICE = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture(scope="module")
def served(shared_world: World, chromium: Chromium) -> Iterator[Console]:
    """A console at a name, as passkeys need it."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    shared_world.issuer = f"http://localhost:{port}"
    with live(shared_world, port=port):
        yield Console(chromium, shared_world.issuer, shared_world)


async def with_device(page: Page, *, unlocked: bool = True) -> None:
    client = await page.context.new_cdp_session(page)
    await client.send("WebAuthn.enable")
    options = {**DEVICE, "isUserVerified": unlocked}
    await client.send("WebAuthn.addVirtualAuthenticator", {"options": options})


@covers("new_passkey.html", "signed_out.html")
@covers(
    "/console/account/passkeys",
    "/console/account/passkeys/remove",
    "/console/sign-in/passkey",
    "/console/sign-out",
    "/console/step-up/passkey",
)
def test_a_passkey_is_added_lets_in_and_steps_up(console: Console):
    me = somebody(console, "keyed")

    async def work(page: Page):
        await with_device(page)
        await arrive(console, page, me, paths.ACCOUNT)
        await page.get_by_role("link", name="Add a passkey").click()
        await usable(page, "new passkey")
        await page.get_by_role("button", name="Make it now").click()
        await page.wait_for_url(f"**{paths.ACCOUNT}")
        await expect(page.get_by_text("not yet")).to_be_visible()
        await usable(page, "account with a passkey")
        await page.get_by_role("button", name="Sign out").click()
        await usable(page, "signed out")
        await page.get_by_role("link", name="Sign in again").click()
        await usable(page, "sign in with a passkey")
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_role("heading", name="Hello, keyed")).to_be_visible()
        console.world.clock.advance(minutes=11)
        await page.goto(f"{paths.PASSKEYS}/new")
        await page.get_by_role("button", name="Use a passkey instead").click()
        await expect(page.get_by_role("heading", name="Add a passkey")).to_be_visible()
        await page.get_by_role("button", name="Make it now").click()  # the device has one already
        await expect(page.get_by_text("That did not work.")).to_be_visible()
        await page.goto(paths.ACCOUNT)
        await page.get_by_role("button", name="Remove the passkey").click()
        await expect(page.get_by_text("takes the place of password and code")).to_be_visible()

    console.visit(work)


def test_a_device_that_nobody_unlocks_lets_nobody_in(console: Console):
    async def work(page: Page):
        await with_device(page, unlocked=False)
        await page.goto(paths.SIGN_IN)
        await page.get_by_role("button", name="Sign in with a passkey").click()
        await expect(page.get_by_text("That did not work.")).to_be_visible()
        await expect(page.get_by_label("Name")).to_be_visible()

    console.visit(work)


def test_without_script_there_is_the_password(console: Console):
    async def work(page: Page):
        await page.goto(paths.SIGN_IN)
        await expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
        await expect(page.get_by_role("button", name="Go on")).to_be_visible()

    console.visit(work, script=False)
