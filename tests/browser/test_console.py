"""The console in a real browser: signing in, forms, and whether everybody can use it."""

import base64

import pytest
from playwright.async_api import Page, Route, expect

from activation_server.rules import totp
from activation_server.rules.permissions import Role
from activation_server.services import staff
from activation_server.web.console import cookies, paths
from activation_server.web.console.navigation import NAVIGATION
from tests.browser.conftest import Console, arrive, press, somebody, usable
from tests.browser.ledger import covers
from tests.services.staff import PASSWORD, Member, token_of

pytestmark = pytest.mark.xdist_group("browser")


def link_of(console: Console, name: str) -> str:
    link = console.world.run(lambda context: staff.add(context, name, Role.SUPPORT))
    return paths.SET_UP.format(token=token_of(link.url))


async def give_password(page: Page, me: Member) -> None:
    await page.get_by_label("Name").fill(me.name)
    await page.get_by_label("Password").fill(me.password)
    await page.get_by_role("button", name="Go on").click()
    await expect(page.get_by_role("heading", name="Your code")).to_be_visible()


async def sign_in(console: Console, page: Page, me: Member, path: str = paths.HOME) -> None:
    """Open a page, and sign in on the way there."""
    await page.goto(path)
    await give_password(page, me)
    await page.get_by_label("Code").fill(me.code_by(console.world.clock))
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_url(f"**{path}")


@covers("/console/set-up/{token}")
def test_a_link_leads_to_a_password_an_app_and_recovery_codes(console: Console):
    link = link_of(console, "new")

    async def work(page: Page):
        await page.goto(link)
        await expect(page.locator("svg.qr")).to_be_visible()
        secret = await page.locator("code.secret").inner_text()
        raw = base64.b32decode(secret.replace(" ", ""))
        now = console.world.clock().timestamp()
        await page.get_by_label("Password", exact=True).fill("short enough?")
        await page.get_by_label("The same once more").fill("not the same")
        await page.get_by_label("Code that the app").fill(totp.code_at(raw, totp.step_at(now)))
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_role("alert")).to_contain_text("Nothing is saved yet")
        repeated = page.get_by_label("The same once more")
        await expect(repeated).to_have_attribute("aria-invalid", "true")
        await expect(repeated).to_have_accessible_description("This is not the same password.")
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await repeated.fill(PASSWORD)
        await page.get_by_label("Code that the app").fill(totp.code_at(raw, totp.step_at(now)))
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator(".codes li")).to_have_count(10)
        await page.get_by_role("link", name="I have them").click()
        await expect(page.get_by_role("heading", name="Hello, new")).to_be_visible()
        await page.goto(link)
        await expect(page.get_by_role("heading", name="not good any more")).to_be_visible()

    console.visit(work)


@pytest.mark.parametrize("script", [True, False])
def test_signing_in_and_out(console: Console, script: bool):
    me = somebody(console, f"comes-and-goes-{script}".lower())

    async def work(page: Page):
        await sign_in(console, page, me, paths.ACCOUNT)
        await expect(page.get_by_text("This browser")).to_be_visible()
        kept = {each["name"]: each for each in await page.context.cookies()}
        assert kept.keys() == {cookies.SESSION, cookies.BROWSER}
        assert all(each["secure"] and each["httpOnly"] for each in kept.values())
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        left = {each["name"] for each in await page.context.cookies()}
        assert left == {cookies.BROWSER}
        await page.goto(paths.HOME)
        await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

    console.visit(work, script=script)


@covers("/console/step-up")
def test_what_needs_a_sign_in_just_now_asks_and_leads_back(console: Console):
    me = somebody(console, "later")

    async def work(page: Page):
        await arrive(console, page, me, paths.ACCOUNT)
        console.world.clock.advance(minutes=15)
        await page.get_by_role("button", name="Make new ones").click()
        await expect(page.get_by_role("heading", name="Sign in again to do this")).to_be_visible()
        await page.get_by_label("Password").fill(me.password)
        await page.get_by_label("Code of").fill(me.code_by(console.world.clock))
        await page.get_by_role("button", name="Go on").click()
        await page.wait_for_url(f"**{paths.ACCOUNT}")
        await page.get_by_role("button", name="Make new ones").click()
        await expect(page.locator(".codes li")).to_have_count(10)

    console.visit(work)


def test_a_form_of_another_site_is_not_taken(console: Console):
    me = somebody(console, "lured")

    async def work(page: Page):
        await arrive(console, page, me)
        elsewhere = console.url.replace("127.0.0.1", "localhost")
        forged = f'<form method="post" action="{console.url}{paths.SIGN_OUT}"><button>'

        async def answer(route: Route):
            await route.fulfill(content_type="text/html", body=forged)

        await page.context.route(f"{elsewhere}/evil", answer)
        await page.goto(f"{elsewhere}/evil")
        async with page.expect_response(f"**{paths.SIGN_OUT}") as sent:
            await page.get_by_role("button").click()
        # A cookie that is Lax does not even come along.
        assert (await (await sent.value).all_headers())["location"].startswith(paths.SIGN_IN)
        await page.goto(console.url + paths.HOME)
        await expect(page.get_by_role("heading", name="Hello, lured")).to_be_visible()

    console.visit(work)


def test_everything_is_reached_by_the_keyboard(console: Console):
    me = somebody(console, "typist")

    async def work(page: Page):
        await page.goto(paths.HOME)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        await expect(page.get_by_role("link", name="Skip to the content")).to_be_in_viewport()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.type(me.name)
        await page.keyboard.press("Tab")
        await page.keyboard.type(me.password)
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{paths.CODE}")
        for _ in range(2):
            await page.keyboard.press("Tab")
        await page.get_by_label("Code").focus()
        await page.keyboard.type(me.code_by(console.world.clock))
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"**{paths.HOME}")
        await expect(page.get_by_label("What the caller can tell")).to_be_focused()
        await page.goto(paths.ACCOUNT)
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        titles = [each.title for each in NAVIGATION]
        for name in ("Skip to the content", *titles, "typist", "Sign out"):
            await page.keyboard.press("Tab")
            await expect(page.get_by_text(name, exact=True).first).to_be_focused()
            assert await page.evaluate(outline) == "solid"

    console.visit(work)


async def take_another_password_and_app(console: Console, page: Page, me: Member) -> None:
    """Below one's own name: both are changed, and the other session is ended."""
    await page.goto(paths.ACCOUNT)
    await press(page, "End all others")
    await expect(page.get_by_role("button", name="End all others")).to_have_count(0)
    await open_and_check(page, paths.PASSWORD)
    await page.get_by_label("The password that you have").fill(me.password)
    await page.get_by_label("The new one", exact=True).fill(f"{me.password} too")
    await page.get_by_label("The new one once more").fill(f"{me.password} too")
    await press(page, "Change it")
    await expect(page.get_by_role("status")).to_be_visible()
    await open_and_check(page, paths.APP)
    secret = base64.b32decode((await page.locator("code.secret").inner_text()).replace(" ", ""))
    step = totp.step_at(console.world.clock().timestamp())
    await page.get_by_label("Code that the app").fill(totp.code_at(secret, step))
    await press(page, "Take this app")
    await expect(page.get_by_role("status")).to_be_visible()


async def open_and_check(page: Page, *some: str) -> None:
    for path in some:
        await page.goto(path)
        await usable(page, path.strip("/").replace("/", " "))


@covers(
    "account.html",
    "code.html",
    "home.html",
    "new_app.html",
    "password.html",
    "recovery_codes.html",
    "refusal.html",
    "set_up.html",
    "sign_in.html",
    "step_up.html",
)
@covers(
    "/console/account/app",
    "/console/account/password",
    "/console/account/recovery-codes",
    "/console/account/sessions/end",
    "/console/sign-in",
    "/console/sign-in/code",
)
def test_everybody_can_use_every_page(console: Console):
    me, link = somebody(console, "sees"), link_of(console, "reads")

    async def work(page: Page):
        await open_and_check(page, paths.SIGN_IN, "/console/set-up/x")
        await page.goto(link)
        await usable(page, "set-up")
        await page.goto(paths.SIGN_IN)
        await page.get_by_label("Name").fill(me.name)
        await page.get_by_label("Password").fill("wrong")
        await page.get_by_role("button", name="Go on").click()
        await expect(page.get_by_role("alert")).to_be_visible()
        await usable(page, "wrong password")
        await give_password(page, me)
        await usable(page, "code")
        await page.get_by_label("Code").fill(me.code_by(console.world.clock))
        await page.get_by_role("button", name="Sign in").click()
        await page.wait_for_url(f"**{paths.HOME}")
        await open_and_check(page, paths.HOME, paths.ACCOUNT, paths.STEP_UP, "/console/nothing")
        await take_another_password_and_app(console, page, me)
        await page.goto(paths.ACCOUNT)
        await page.get_by_role("button", name="Make new ones").click()
        await expect(page.locator(".codes li")).to_have_count(10)
        await usable(page, "recovery codes")

    console.visit(work)
