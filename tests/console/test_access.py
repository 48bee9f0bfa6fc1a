"""Every route by every role; forged forms; pages where there is nothing; headers."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from activation_server import bootstrap
from activation_server.rules import api_token
from activation_server.rules import staff as staff_rules
from activation_server.rules.errors import UnavailableError
from activation_server.rules.permissions import MAY, STEP_UP, Permission, Role
from activation_server.rules.staff import Why
from activation_server.services import staff
from activation_server.web.app import build
from activation_server.web.console import access, navigation, paths, wording
from activation_server.web.console.access import Requires, SignedIn, acting, form_of, requires
from activation_server.web.console.app import PUBLIC
from activation_server.web.console.navigation import Entry
from activation_server.web.console.pages import page
from tests.console.staff import PASSWORD, Browser, browser_of, token_in
from tests.services.staff import Member, member
from tests.web.server import Server


def page_for(permission: Permission) -> str:
    return f"/console/try/{permission.replace(':', '-')}"


def trial_pages() -> APIRouter:
    """A page and a form for each permission, as others make them."""
    router = APIRouter()

    def add(permission: Permission) -> None:
        async def show(
            request: Request, me: Annotated[SignedIn, Depends(requires(permission))]
        ) -> Response:
            return page(request, "home.html", me=me, may=[])

        async def change(
            request: Request, me: Annotated[SignedIn, Depends(requires(permission))]
        ) -> Response:
            return Response(f"{acting(request, me).actor} {form_of(request).text('word')}")

        router.add_api_route(page_for(permission), show, methods=["GET"])
        router.add_api_route(page_for(permission), change, methods=["POST"])

    for permission in Permission:
        add(permission)

    @router.get("/console/try/fault")
    async def fault(_me: Annotated[SignedIn, Depends(requires())]) -> Response:
        raise RuntimeError("Zoë Canary-9713")

    @router.get("/console/try/busy")
    async def busy(_me: Annotated[SignedIn, Depends(requires())]) -> Response:
        raise UnavailableError("away")

    return router


@pytest.fixture(scope="module")
def tried(shared_server: Server) -> Server:
    """The server, with pages for each permission."""
    app = build(shared_server.context, bootstrap.is_ready)
    app.include_router(trial_pages())
    return replace(shared_server, app=app)


@pytest.fixture(scope="module")
def members(tried: Server) -> dict[Role, Member]:
    """Somebody of each role."""
    return {
        role: tried.run(member(tried.context, f"is-{role}".replace("_", "-"), role))
        for role in Role
    }


def console_routes(app: FastAPI) -> Iterator[APIRoute]:
    for route in all_routes(app.routes):
        if route.path.startswith(paths.HOME):
            yield route


def all_routes(routes: object) -> Iterator[APIRoute]:
    for route in routes:  # type: ignore[attr-defined]
        if isinstance(route, APIRoute):
            yield route
        else:
            included = getattr(route, "original_router", None)  # how FastAPI keeps a router
            yield from all_routes([] if included is None else included.routes)


def requirement(route: APIRoute) -> Requires | None:
    found = [each.call for each in route.dependant.dependencies if isinstance(each.call, Requires)]
    return found[0] if found else None


def method_of(route: APIRoute) -> str:
    [method] = (route.methods or set()) - {"HEAD"}
    return method


def test_every_route_is_made_with_requires_or_is_public(server: Server):
    app = build(server.context, bootstrap.is_ready)
    routes = list(console_routes(app))
    assert len(routes) > 12
    assert {route.path for route in routes if requirement(route) is None} == PUBLIC
    assert all(not route.include_in_schema for route in routes)


def test_every_route_by_every_role(tried: Server, members: dict[Role, Member]):
    app = tried.app
    assert isinstance(app, FastAPI)
    routes = [each for each in console_routes(app) if requirement(each) is not None]
    assert len(routes) > 2 * len(Permission)
    walked = 0
    for role, me in members.items():
        browser = Browser(tried)
        browser.sign_in(me)
        token = token_in(browser.get(paths.HOME))
        for route in routes:
            needs = requirement(route)
            assert needs is not None
            if route.path in {paths.SIGN_OUT, f"{paths.ACCOUNT}/recovery-codes"}:
                continue
            if route.path in {"/console/try/fault", "/console/try/busy"}:
                continue
            may = needs.permission is None or needs.permission in MAY[role]
            method = method_of(route)
            answer = (
                browser.get(route.path)
                if method == "GET"
                else browser.send(route.path, {"form_token": token})
            )
            refused = answer.status_code == 403
            assert refused == (not may), (role, method, route.path, answer.status_code)
            if refused:
                assert "You may not do this" in answer.text
            walked += 1
    assert walked == len(Role) * (len(routes) - 4)


def test_what_needs_a_sign_in_just_now_asks_for_it(tried: Server, members: dict[Role, Member]):
    browser = Browser(tried)
    browser.sign_in(members[Role.ADMINISTRATOR])
    token = token_in(browser.get(paths.HOME))
    tried.world.clock.advance(minutes=10)
    for permission in Permission:
        path = page_for(permission)
        due = f"{paths.STEP_UP}?next={path}" if permission in STEP_UP else None
        assert browser.get(path).headers.get("location") == due
        sent = browser.send(path, {"form_token": token})
        assert sent.headers.get("location") == (paths.STEP_UP if due else None)
    viewer = Browser(tried)
    viewer.sign_in(members[Role.VIEWER])
    tried.world.clock.advance(minutes=10)
    assert viewer.get(page_for(Permission.KEYS_MANAGE)).status_code == 403  # no step-up in vain


def test_nobody_gets_in_without_a_session(tried: Server):
    app = tried.app
    assert isinstance(app, FastAPI)
    browser = Browser(tried)
    routes = [each for each in console_routes(app) if requirement(each) is not None]
    assert len(routes) > 2 * len(Permission)
    for route in routes:
        method = method_of(route)
        answer = (
            browser.get(route.path) if method == "GET" else browser.send(route.path, {"a": "b"})
        )
        assert answer.status_code == 303, route.path
        assert answer.headers["location"].startswith(paths.SIGN_IN)


def test_services_are_told_who_acts(tried: Server, members: dict[Role, Member]):
    browser, me = Browser(tried), members[Role.SUPPORT]
    browser.sign_in(me)
    answer = browser.post(page_for(Permission.LICENSES_SUPPORT), word="Größe")
    assert answer.text == "is-support Größe"


def test_a_role_that_is_lowered_counts_with_the_next_click(tried: Server):
    me = tried.run(member(tried.context, "lowered", Role.MANAGER))
    browser = Browser(tried)
    browser.sign_in(me)
    path = page_for(Permission.CATALOGUE_WRITE)
    assert browser.get(path).status_code == 200
    tried.run(staff.set_role(tried.context, me.name, Role.VIEWER))
    assert browser.get(path).status_code == 403
    assert browser.post(path, word="x").status_code == 403


FORGED = [
    {"Sec-Fetch-Site": "cross-site", "Origin": "https://licenses.example.com"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "none"},
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://licenses.example.com.evil.example"},
    {"Origin": "http://["},
    {},
]


@pytest.mark.parametrize("headers", FORGED)
def test_a_form_from_elsewhere_is_not_taken(server: Server, headers: dict[str, str]):
    browser, me = browser_of(server, f"forged-{FORGED.index(headers)}")
    token = token_in(browser.get(paths.HOME))
    answer = browser.send(paths.SIGN_OUT, {"form_token": token}, headers)
    assert (answer.status_code, "This form was not taken" in answer.text) == (403, True)
    assert browser.get(paths.HOME).status_code == 200
    stranger = Browser(server)
    form = {"name": me.name, "password": PASSWORD}
    assert stranger.send(paths.SIGN_IN, form, headers).status_code == 403
    assert stranger.send(paths.CODE, {"code": "1"}, headers).status_code == 403
    assert stranger.send("/console/set-up/x", form, headers).status_code == 403


@pytest.mark.parametrize("origin", ["https://licenses.example.com", "http://127.0.0.1:8080"])
def test_a_browser_without_fetch_metadata_says_its_origin(server: Server, origin: str):
    headers = {"Origin": origin, "Host": "127.0.0.1:8080"}
    answer = Browser(server).send(paths.SIGN_IN, {"name": "x", "password": "y"}, headers)
    assert answer.status_code == 422


def test_a_form_needs_the_token_of_its_own_session(server: Server):
    browser, _ = browser_of(server, "mine")
    other, _ = browser_of(server, "theirs")
    right, wrong = token_in(browser.get(paths.HOME)), token_in(other.get(paths.HOME))
    assert right != wrong
    for forged in ({}, {"form_token": ""}, {"form_token": wrong}, {"form_token": right + "x"}):
        assert browser.send(paths.SIGN_OUT, forged).status_code == 403
    assert browser.send(paths.SIGN_OUT, {"form_token": "é"}).status_code == 403
    assert browser.send(paths.SIGN_OUT, {"form_token": right}).status_code == 200


def test_a_form_that_is_too_large_is_not_read(server: Server):
    browser, _ = browser_of(server, "long-winded")
    answer = browser.post(paths.SIGN_OUT, word="x" * 70_000)
    assert (answer.status_code, "That was too much" in answer.text) == (413, True)
    damaged = browser.server.run(
        browser.http.post(
            paths.SIGN_OUT,
            content=b"--x\r\nnonsense",
            headers={
                "Content-Type": "multipart/form-data; boundary=x",
                "Sec-Fetch-Site": "same-origin",
            },
        )
    )
    assert damaged.status_code == 403


def test_pages_say_that_nothing_else_may_come_in(server: Server):
    browser, _ = browser_of(server, "headed")
    for answer in (
        browser.get(paths.HOME),
        browser.get(paths.ACCOUNT),
        browser.get("/console/nothing"),
        Browser(server).get(paths.HOME),
        Browser(server).get(paths.SIGN_IN),
        Browser(server).get("/console/set-up/x"),
    ):
        assert answer.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "same-origin"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert not re.search(
            r'<script(?! src="/console/static/[^"]*" defer></script>)', answer.text
        )
        assert "style=" not in answer.text


def test_a_page_that_is_not_there_says_so(server: Server):
    browser, me = browser_of(server, "lost")
    for path in ("/console/nothing", "/console/", "/console/sign-in/", "/console/a/b?c=d"):
        answer = browser.get(path)
        assert (answer.status_code, me.name in answer.text) == (404, True)
        answer = Browser(server).get(path)
        assert (answer.status_code, "Sign in" in answer.text) == (404, True)
    assert browser.get("/console/static/nothing.css").status_code == 404
    assert browser.send(paths.ACCOUNT, {}).status_code == 405
    assert browser.send(paths.ACCOUNT, {}).headers["allow"] == "GET"
    assert Browser(server).get("/consoles").headers["content-type"] == "application/problem+json"


def test_a_fault_tells_a_number_and_nothing_else(
    tried: Server, members: dict[Role, Member], capsys: pytest.CaptureFixture[str]
):
    browser = Browser(tried)
    browser.sign_in(members[Role.VIEWER])
    answer = browser.get("/console/try/fault")
    assert (answer.status_code, "The server has a fault" in answer.text) == (500, True)
    assert "Canary" not in answer.text
    busy = browser.get("/console/try/busy")
    assert (busy.status_code, busy.headers["retry-after"]) == (503, "5")
    assert "Canary" not in capsys.readouterr().out


def test_the_style_sheet_is_kept_until_it_changes(server: Server):
    browser = Browser(server)
    address = browser.get(paths.SIGN_IN).text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert address.startswith("/console/static/console.css?v=")
    answer = browser.get(address)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/css; charset=utf-8")
    assert answer.headers["cache-control"] == "public, max-age=86400"


def test_the_header_shows_what_the_role_may_open():
    entries = [Entry(each.value, f"/console/{each}", each) for each in Permission]
    for role in Role:
        shown = navigation.for_role(role, entries)
        assert {each.permission for each in shown} == MAY[role]
    titles = [each.title for each in navigation.for_role(Role.VIEWER)]
    assert titles == ["Home", "Overview", "Licenses", "Catalogue"]
    titles = [each.title for each in navigation.for_role(Role.ADMINISTRATOR)]
    assert titles[-3:] == ["Staff", "API tokens", "Audit log"]


def test_a_page_is_the_open_one_with_those_below_it():
    entry = Entry("Licenses", "/console/licenses")
    assert entry.is_open("/console/licenses")
    assert entry.is_open("/console/licenses/1")
    assert not entry.is_open("/console/licenses-old")
    assert not Entry("Home", paths.HOME).is_open("/console/licenses")


def test_home_tells_what_one_may_do(server: Server):
    browser, _ = browser_of(server, "reader", Role.VIEWER)
    text = browser.get(paths.HOME).text
    assert "Viewer" in text
    for permission, words in wording.PERMISSIONS.items():
        assert (words.replace("'", "&#39;") in text) == (permission in MAY[Role.VIEWER])


def test_there_are_words_for_everything():
    assert set(wording.PERMISSIONS) == set(Permission)
    assert set(wording.ROLES) == set(wording.ABOUT_ROLES) == set(Role)
    assert set(wording.STANDINGS) == {*staff_rules.Standing, *api_token.Standing}
    assert set(wording.NOT_LET_IN) == set(Why)


def test_who_is_signed_in_is_silent_about_secrets(server: Server):
    browser, _ = browser_of(server, "silent")
    token = token_in(browser.get(paths.HOME))
    request = Request(
        {
            "type": "http",
            "app": build(server.context, bootstrap.is_ready),
            "headers": [(b"cookie", f"__Host-console={browser.cookie()}".encode())],
        }
    )
    me = server.run(access.who_is(request))
    assert me is not None
    assert me.csrf == token
    assert token not in repr(me)
