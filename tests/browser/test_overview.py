"""The overview in a real browser: plots are seen, in light and dark, on a phone and a desktop."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Literal

import pytest
from playwright.async_api import Page, expect

from activation_server.rules.license import App
from activation_server.rules.permissions import Role
from activation_server.services import products
from activation_server.services.context import Context
from activation_server.services.licensing import Order, issue
from activation_server.services.new_seat import activate
from activation_server.web.console import paths
from tests.browser.conftest import DESKTOP, PHONE, Console, arrive, somebody, usable
from tests.browser.ledger import covers
from tests.conftest import START, World
from tests.services.calls import granted, issue_one, make_request

pytestmark = pytest.mark.xdist_group("browser")
VERSIONS = (
    *("9.9.1234", "9.8.7", "10.0", "v" * 64),
    *("=1+1", "<script>alert(1)</script>", "1.0\u202egnp.exe"),
)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
# Images load as they come into view, which others move them out of as they load; one whose loading
# was broken off is asked for again.
SEEN = """at => {
    const plot = document.querySelectorAll("img.plot")[at];
    plot.loading = "eager";
    if (plot.complete && plot.naturalWidth === 0) plot.src = plot.getAttribute("src");
    return plot.complete && plot.naturalWidth > 0;
}"""


async def a_month(context: Context, versions: Sequence[str] = VERSIONS) -> None:
    """Computers of many versions, more of them with each day; keys that go round and that end."""
    license_ = await issue_one(context, seats=200)
    await products.add_product(context, "photo-pro", "Photo Pro", "EdDSA")
    await issue(context, Order("photo-pro", "standard", {"seats": 70}, None, None, None, 2), _quiet)
    await issue_one(context, seats=None)
    await issue_one(context, overrides={"term_days": 40})
    number = 0
    for day in range(30):
        context.clock.now = START + timedelta(days=day)  # type: ignore[attr-defined]
        for _ in range(1 + day // 8 + day % 3):
            number += 1
            version = App(versions[number % len(versions)])
            request = make_request(number, license_.license_key, number, app=version)
            granted(await activate(context, request))
    one = await issue_one(context, seats=1)
    granted(await activate(context, make_request(900, one.license_key, 900)))
    for again in range(901, 925):
        await activate(context, make_request(again, one.license_key, again))


def _quiet(_done: int) -> None:
    """Nobody watches."""


@pytest.fixture(scope="module")
def month(shared_world: World) -> None:
    shared_world.run(a_month)


@pytest.mark.usefixtures("month")
@covers("overview.html")
def test_everybody_can_use_the_overview(console: Console):
    console.world.clock.now = START + timedelta(days=29)
    me = somebody(console, "reads-plots", Role.PRIVACY_OFFICER)

    async def work(page: Page):
        await arrive(console, page, me, paths.OVERVIEW)
        for size in (PHONE, DESKTOP):
            for scheme in SCHEMES:
                # Left first: a plot whose loading another look breaks off stays broken.
                await page.goto("about:blank")
                await page.set_viewport_size(size)
                await page.emulate_media(color_scheme=scheme)
                await see_plots(page, narrow=size is PHONE, scheme=scheme)
        await usable(page, "overview")
        for each in await page.locator("summary").all():
            await each.click()
        await expect(page.get_by_role("cell", name="=1+1", exact=False).first).to_be_visible()
        await usable(page, "overview opened")

    console.visit(work)


async def see_plots(page: Page, *, narrow: bool, scheme: str) -> None:
    """Wait until every plot is drawn as this window needs it."""
    await page.goto(paths.OVERVIEW)
    plots = page.locator("img.plot")
    await expect(plots).to_have_count(7)
    for number in range(await plots.count()):
        await page.wait_for_function(SEEN, arg=number, polling=100)
    sources = await plots.evaluate_all("all => all.map(each => each.currentSrc)")
    assert all(("narrow" in each) == narrow for each in sources), sources
    assert all(("dark" in each) == (scheme == "dark") for each in sources), sources


@pytest.mark.usefixtures("month")
def test_a_plot_that_is_opened_by_itself_keeps_its_style(console: Console):
    """Under a policy that allows this one style: `visit` sees that nothing was refused."""
    me = somebody(console, "opens", Role.VIEWER)

    async def work(page: Page):
        path = f"{paths.OVERVIEW}/versions.svg"
        await arrive(console, page, me, paths.OVERVIEW)
        await page.goto(path)
        fill = "getComputedStyle(document.querySelector('.series rect')).fill"
        assert await page.evaluate(fill) == "rgb(11, 92, 173)"

    console.visit(work)


@covers("/console/overview/anew")
def test_numbers_are_made_anew_by_a_button(console: Console):
    me = somebody(console, "hurries", Role.VIEWER)

    async def work(page: Page):
        await arrive(console, page, me, paths.OVERVIEW)
        console.world.clock.advance(minutes=2)
        await page.reload()
        await page.get_by_role("button", name="Make anew now").click()
        await expect(page.get_by_text("As of 2026-11-22 10:02 UTC")).to_be_visible()
        await expect(page.get_by_role("button", name="Make anew now")).to_have_count(0)

    console.visit(work, script=False)
