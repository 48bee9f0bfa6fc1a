"""Single sign-on in a real browser: from the button to the provider, and back into the console."""

import socket
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, expect

from activation_server.gateways.openid_provider import Client, OpenIDProvider
from activation_server.rules.permissions import Role
from activation_server.rules.single_sign_on import SignOnRules
from activation_server.services import staff_identities
from activation_server.services.context import Context
from activation_server.services.identity_provider import SingleSignOn
from activation_server.web.console import paths
from tests.browser.conftest import Chromium, Console, usable
from tests.conftest import World
from tests.services.identity_provider import (
    CLIENT_ID,
    SECRET,
    LittleProvider,
    provider_running,
)
from tests.web.live import HOST, live

pytestmark = pytest.mark.xdist_group("browser")


@pytest.fixture(scope="module")
def provider(shared_world: World) -> Iterator[LittleProvider]:
    with provider_running(shared_world.clock) as running:
        running.page = True
        yield running


@pytest.fixture(scope="module")
def served(shared_world: World, chromium: Chromium, provider: LittleProvider) -> Iterator[Console]:
    """A console at a name, as the provider is another site than it."""
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    shared_world.issuer = f"http://localhost:{port}"
    client = Client(provider.url, CLIENT_ID, SECRET)
    shared_world.sign_on = SingleSignOn(
        SignOnRules("Contoso", two_factors=True), lambda: OpenIDProvider(client)
    )
    with live(shared_world, port=port):
        yield Console(chromium, shared_world.issuer, shared_world)


@pytest.mark.parametrize("script", [True, False])
def test_signing_in_with_the_provider_leads_to_the_page_that_was_asked_for(
    console: Console, provider: LittleProvider, script: bool
):
    name = f"ana-{script}".lower()

    async def known(context: Context):
        await staff_identities.add(context, name, Role.ADMINISTRATOR, f"{name}@example.com")

    console.world.run(known)
    provider.account = {
        "sub": name,
        "email": f"{name}@example.com",
        "email_verified": True,
        "auth_time": 0,
    }

    async def work(page: Page):
        await page.goto(paths.ACCOUNT)
        if script:
            await usable(page, "sign in with a provider")
        await page.get_by_role("button", name="Sign in with Contoso").click()
        await expect(page.get_by_role("heading", name="The provider")).to_be_visible()
        await page.get_by_role("link", name="It is me").click()
        await page.wait_for_url(f"**{paths.ACCOUNT}")
        await expect(page.get_by_role("heading", name=name)).to_be_visible()
        # Who was signed in there for long signs in again, for what needs it just now.
        await page.get_by_role("link", name="Add a passkey").click()
        await expect(page.get_by_role("heading", name="Sign in again to do this")).to_be_visible()
        if script:
            await usable(page, "sign in again with a provider")
        del provider.account["auth_time"]
        console.world.clock.advance(seconds=1)
        await page.get_by_role("button", name="Sign in with Contoso").click()
        await page.get_by_role("link", name="It is me").click()
        await page.wait_for_url(f"**{paths.PASSKEYS}/new")
        provider.account = {"sub": "stranger"}
        await page.context.clear_cookies()
        await page.goto(paths.HOME)
        await page.get_by_role("button", name="Sign in with Contoso").click()
        await page.get_by_role("link", name="It is me").click()
        await expect(page.get_by_role("heading", name="You are not let in")).to_be_visible()
        if script:
            await usable(page, "not let in by a provider")

    console.visit(work, script=script)
