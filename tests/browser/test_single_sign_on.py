"""Single sign-on in a real browser: from the button to the provider, and back into the console."""

import socket
from collections.abc import Iterator

import pytest
from playwright.async_api import Page, Route, expect

from activation_server.gateways.openid_provider import Client, OpenIDProvider
from activation_server.rules.permissions import Role
from activation_server.rules.single_sign_on import SignOnRules
from activation_server.services import staff_identities
from activation_server.services.context import Context
from activation_server.services.identity_provider import SingleSignOn
from activation_server.web.console import paths
from tests.browser.conftest import Chromium, Console, arrive, press, somebody, usable
from tests.browser.ledger import covers
from tests.conftest import World
from tests.services.identity_provider import (
    CLIENT_ID,
    SECRET,
    Json,
    LittleProvider,
    provider_running,
)
from tests.web.live import HOST, live

pytestmark = pytest.mark.xdist_group("browser")


OWNER = "owner@example.com"


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


@pytest.mark.parametrize("script", [pytest.param(True, marks=covers("sso_unknown.html")), False])
@covers("/console/sign-in/sso", "/console/step-up/sso")
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


@covers("sso_begun.html", "sso_not_linked.html")
@covers("/console/account/sso")
def test_an_account_at_the_provider_is_linked(console: Console, provider: LittleProvider):
    """Somebody else's is not; the page on the way there is seen where a provider takes its time."""
    me = somebody(console, "links")
    console.world.run(lambda context: staff_identities.add(context, "owner", Role.VIEWER, OWNER))
    owned: Json = {"email": OWNER, "email_verified": True}

    async def work(page: Page):
        async def slow(route: Route) -> None:
            await route.fulfill(status=204)  # a browser stays where it is

        async def link(account: Json) -> None:
            provider.account = account
            await press(page, "Link your account")
            await page.get_by_role("link", name="It is me").click()

        await page.goto(paths.HOME)
        provider.account = {"sub": "owner", **owned}
        await press(page, "Sign in with Contoso")
        await page.get_by_role("link", name="It is me").click()
        await expect(page.get_by_role("heading", name="Hello, owner")).to_be_visible()
        await arrive(console, page, me, paths.ACCOUNT)
        await page.route("**/authorize?*", slow)
        await press(page, "Link your account")
        await expect(page.get_by_role("heading", name="On to Contoso")).to_be_visible()
        await usable(page, "on to a provider")
        await page.unroute("**/authorize?*")
        await page.goto(paths.ACCOUNT)
        await link({"sub": "owner"})
        await expect(page.get_by_role("heading", name="Nothing was linked")).to_be_visible()
        await usable(page, "not linked to a provider")
        await page.get_by_role("link", name="Back").click()
        await link({"sub": "links"})
        await expect(page.get_by_text("You sign in with your account there")).to_be_visible()

    console.visit(work)
