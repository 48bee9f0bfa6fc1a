"""Debian's Chromium, started once, on a console that is served on loopback."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, Literal, TypeVar

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import (
    Browser,
    Page,
    ViewportSize,
    async_playwright,
    expect,
)

from activation_server.rules.permissions import Role
from activation_server.web.console import cookies, paths
from tests.browser.ledger import LEDGER, PAGE_OF, noting
from tests.conftest import START, World
from tests.services.staff import Member, member
from tests.web.conftest import shared_world
from tests.web.live import live

__all__ = ["shared_world"]

Result = TypeVar("Result")

ARGUMENTS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE, DESKTOP = ViewportSize(width=360, height=740), ViewportSize(width=1280, height=800)
_SCHEMES: Final[Sequence[Literal["light", "dark"]]] = ("light", "dark")
_EACH_ONCE: Final = tuple(zip((PHONE, DESKTOP), _SCHEMES, strict=True))
_FAULTS = """axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations
    .filter(each => ["serious", "critical"].includes(each.impact))
    .map(each => [each.id, each.nodes.map(node => node.target)])
    .concat(document.documentElement.scrollWidth > window.innerWidth ? ["too wide"] : []))"""
PATIENCE = 30_000  # milliseconds that anything on a page may take, however busy the machine is
expect.set_options(timeout=PATIENCE)


@dataclass
class Chromium:
    """A browser that lives in one event loop, and works between others."""

    runner: asyncio.Runner
    browser: Browser

    def run(self, work: Callable[[], Awaitable[Result]]) -> Result:
        async def done() -> Result:
            return await work()

        return self.runner.run(done())


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    """The browser; without one the tests are skipped, but in CI."""
    path = shutil.which("chromium")
    if path is None:
        told = "There is no Chromium: run scripts/install_system_packages.sh."
        if os.environ.get("CI"):
            pytest.fail(told)
        pytest.skip(told)
    with asyncio.Runner() as runner:
        driver = async_playwright()
        playwright = runner.run(driver.__aenter__())
        launching = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        browser = runner.run(_coroutine(launching))
        yield Chromium(runner, browser)
        runner.run(_coroutine(browser.close()))
        runner.run(driver.__aexit__(None, None, None))


async def _coroutine(done: Awaitable[Result]) -> Result:
    return await done


@pytest.fixture(scope="module", autouse=True)
def noted() -> Iterator[None]:
    """What is looked at and done in a module is taken down."""
    with noting():
        yield


@pytest.fixture(autouse=True)
def held_to_its_word(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test has looked at and done what it says that it covers."""
    LEDGER.turn_over()
    yield
    said = {name for mark in request.node.iter_markers("covers") for name in mark.args}
    assert LEDGER.is_broken or said <= LEDGER.covered(), said - LEDGER.covered()


@dataclass
class Console:
    """A console that is served, and a browser to open it with."""

    chromium: Chromium
    url: str
    world: World

    def visit(
        self,
        work: Callable[[Page], Awaitable[Result]],
        *,
        script: bool = True,
    ) -> Result:
        """Open a window of its own, with no cookies, and do something there."""

        async def opened() -> Result:
            context = await self.chromium.browser.new_context(
                base_url=self.url,
                viewport=DESKTOP,
                java_script_enabled=script,
            )
            context.set_default_timeout(PATIENCE)
            context.on("response", LEDGER.note)
            page = await context.new_page()
            said: list[str] = []
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            LEDGER.is_broken = True
            try:
                done = await work(page)
                LEDGER.is_broken = False
            finally:
                await context.close()
            refused = [each for each in said if "Content Security Policy" in each]
            assert not refused, refused
            return done

        return self.chromium.run(opened)


@pytest.fixture(scope="module")
def served(shared_world: World, chromium: Chromium) -> Iterator[Console]:
    """A console for a module."""
    with live(shared_world) as address:
        yield Console(chromium, address.url, shared_world)


@pytest.fixture
def console(served: Console) -> Console:
    """The module's console, with its clock set back."""
    served.world.clock.now = START
    return served


def somebody(console: Console, name: str, role: Role = Role.ADMINISTRATOR) -> Member:
    """Add a member of staff, who signed in just now."""
    return console.world.run(lambda context: member(context, name, role))


async def arrive(console: Console, page: Page, me: Member, path: str = paths.HOME) -> None:
    """Open a page, in a browser that is signed in already."""
    site = console.url.replace("http:", "https:")  # as secure cookies want it
    await page.context.add_cookies(
        [
            {
                "name": cookies.SESSION,
                "value": me.session,
                "url": site,
                "secure": True,
                "httpOnly": True,
                "sameSite": "Lax",
            }
        ]
    )
    await page.goto(path)


async def press(page: Page, button: str) -> None:
    """Press a button by the keyboard."""
    await page.get_by_role("button", name=button, exact=True).press("Enter")


async def usable(page: Page, name: str) -> None:
    """See that a page has no serious fault, light and dark, on a phone and a desktop.

    Colours don't depend on the width, nor widths on the colours: each is looked at once. Where
    CONSOLE_PICTURES names a folder, it gets pictures of all four looks.
    """
    await page.evaluate(Axe().axe_script)
    folder = os.environ.get("CONSOLE_PICTURES")
    for size, scheme in product((PHONE, DESKTOP), _SCHEMES) if folder else _EACH_ONCE:
        await page.set_viewport_size(size)
        await page.emulate_media(color_scheme=scheme)
        look = f"{name.replace(' ', '-')}-{size['width']}-{scheme}"
        if folder:
            await page.screenshot(path=Path(folder) / f"{look}.png", full_page=True)
        assert await page.evaluate(_FAULTS) == [], look
    LEDGER.pages.add(await page.evaluate(PAGE_OF))
