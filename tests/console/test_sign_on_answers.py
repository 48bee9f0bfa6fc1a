"""Single sign-on with a real provider over HTTP: what must not work, and a provider at fault."""

import asyncio
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from activation_server import base64url
from activation_server.gateways.openid_provider import Client, OpenIDProvider
from activation_server.rules.single_sign_on import Asked
from activation_server.web.console import cookies, paths
from tests.conftest import START
from tests.console.single_sign_on import (
    at_provider,
    begun,
    danced,
    known,
    refused,
    signs_in,
    with_sso,
)
from tests.console.staff import Browser
from tests.services.identity_provider import CLIENT_ID, SECRET, LittleProvider
from tests.web.server import Server

pytestmark = pytest.mark.usefixtures("all_is_logged")

WRONG: list[dict[str, Any]] = [
    {"nonce": "another"},
    {"nonce": ...},
    {"aud": "another-client"},
    {"aud": [CLIENT_ID, "another-client"]},  # and not said who it is for
    {"aud": [CLIENT_ID, "another-client"], "azp": "another-client"},
    {"aud": ...},
    {"iss": "https://evil.example"},
    {"iss": ...},
    {"exp": 1_000_000_000},
    {"exp": ...},
    {"iat": 4_000_000_000},
    {"nbf": 4_000_000_000},
    {"sub": ""},
    {"sub": ...},
    {"sub": 7},
    {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"},
    {"auth_time": "yesterday"},
]


def test_an_id_token_that_is_not_for_this_sign_in_proves_nothing(
    server: Server, provider: LittleProvider
):
    known(server, provider, "may")
    sso = with_sso(server, provider.url)
    for changes in WRONG:
        provider.claims, browser = changes, Browser(sso)
        refused(danced(browser), browser, "Contoso did not sign you in")
    provider.claims = {}
    assert danced(browser).headers["location"] == paths.HOME


def test_an_id_token_that_anybody_could_write_proves_nothing(
    server: Server, provider: LittleProvider
):
    signs_in(provider, "ana")
    sso, public = with_sso(server, provider.url), provider.key.as_pem(private=False)
    stranger = LittleProvider(provider.clock, provider.url)
    forged = [
        lambda claims: provider.unsigned(claims, "none"),
        lambda claims: provider.unsigned(claims, "HS256", public),
        lambda claims: provider.unsigned(claims, "HS256", SECRET.encode()),
        lambda claims: provider.unsigned(claims, "RS256", public),
        lambda _: "not.a.token",
        stranger.sign,
    ]
    for write in forged:
        provider.write = write
        browser = Browser(sso)
        refused(danced(browser), browser, "Contoso did not sign you in")
    stranger.kid = "unknown"
    refused(danced(browser), browser, "Contoso did not sign you in")


def test_a_key_that_is_new_is_fetched_when_it_is_first_seen(
    server: Server, provider: LittleProvider
):
    known(server, provider, "eva")
    sso = with_sso(server, provider.url)
    assert danced(Browser(sso)).status_code == 303
    provider.rotate("second")
    for _ in range(2):
        server.world.clock.advance(minutes=1)
        assert danced(Browser(sso)).status_code == 303
    assert provider.asked.count("/jwks") == 2


def test_what_comes_back_is_taken_once_and_from_the_browser_that_began_it(
    server: Server, provider: LittleProvider
):
    known(server, provider, "fay")
    sso = with_sso(server, provider.url)
    browser, other = Browser(sso), Browser(sso)
    began = at_provider(begun(browser))
    ticket = browser.cookie(cookies.SSO)
    refused(other.get(began), other, "That took too long")  # no cookie: somebody was led here
    begun(other)
    refused(other.get(began), other, "That took too long")  # a cookie of another sign-in
    assert provider.asked.count("/token") == 0
    assert browser.get(began).headers["location"] == paths.HOME
    assert browser.cookie(cookies.SSO) == ""
    thief = Browser(sso)
    thief.http.cookies.set(cookies.SSO, ticket)
    refused(thief.get(began), thief, "Contoso did not sign you in")  # the code is used up
    thief.http.cookies.set(cookies.SSO, ticket)
    again = at_provider(_address_of(provider))  # a new code for the old state and nonce
    refused(thief.get(again), thief, "That took too long")


def _address_of(provider: LittleProvider) -> str:
    return f"{provider.url}/authorize?{httpx.QueryParams(provider.wanted)}"


def test_state_cookie_and_code_are_what_they_must_be(server: Server, provider: LittleProvider):
    signs_in(provider, "fay")
    sso = with_sso(server, provider.url)
    for query in ("", "?code=x", "?code=x&state=y", "?code=x&state=%FF%00"):
        browser = Browser(sso)
        begun(browser)
        answer = browser.get(paths.SSO_CALLBACK + query)
        refused(answer, browser, "That took too long")
    browser = Browser(sso)
    state = parse_qs(urlsplit(begun(browser)).query)["state"][0]
    answer = browser.get(
        f"{paths.SSO_CALLBACK}?error=access_denied&state={state}&error_description="
    )
    refused(answer, browser, "Contoso did not sign you in")
    late = Browser(sso)
    back = at_provider(begun(late))
    server.world.clock.advance(minutes=10)
    refused(late.get(back), late, "That took too long")


def test_an_answer_names_its_provider_where_that_says_so(server: Server, provider: LittleProvider):
    known(server, provider, "gus")
    provider.metadata = {"authorization_response_iss_parameter_supported": True}
    sso = with_sso(server, provider.url)
    for iss, ok in (("", False), ("&iss=https://evil.example", False), (provider.url, True)):
        browser = Browser(sso)
        back = at_provider(begun(browser))
        answer = browser.get(back + (f"&iss={iss}" if ok else iss))
        assert (answer.status_code == 303) is ok


def test_nobody_is_led_elsewhere(server: Server, provider: LittleProvider):
    known(server, provider, "led")
    sso = with_sso(server, provider.url)
    for wanted in ("https://evil.example/", "//evil.example", "/x", "/console\r\nX: y"):
        server.world.clock.advance(seconds=1)
        assert danced(Browser(sso), wanted).headers["location"] == paths.HOME
    server.world.clock.advance(seconds=1)
    browser = Browser(sso)
    back = at_provider(begun(browser))
    ticket = browser.cookie(cookies.SSO).partition(".")[0]
    planted = base64url.encode(b"https://evil.example/")
    browser.http.cookies.clear()
    browser.http.cookies.set(cookies.SSO, f"{ticket}.{planted}")
    assert browser.get(back).headers["location"] == paths.HOME


def test_cookies_live_as_long_as_the_way_to_the_provider_and_back(
    server: Server, provider: LittleProvider
):
    signs_in(provider, "ana")
    browser = Browser(with_sso(server, provider.url))
    page = browser.send(paths.BY_SSO, {})
    assert "form-action 'self'" in page.headers["content-security-policy"]
    [cookie] = page.headers.get_list("set-cookie")
    assert cookie.startswith(f"{cookies.SSO}=")
    flags = {each.lower() for each in cookie.split("; ")[1:]}
    assert flags == {"path=/", "secure", "httponly", "samesite=lax", "max-age=600"}
    assert browser.send(paths.BY_SSO, {}, {"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_a_provider_that_is_dead_slow_or_no_provider_says_what_to_do(
    server: Server, provider: LittleProvider
):
    provider.waits = threading.Event()
    slow = Browser(with_sso(server, provider.url, within=0.2))
    for browser in (Browser(with_sso(server, "http://127.0.0.1:9")), slow):
        with capture_logs() as logged:
            answer = browser.send(paths.BY_SSO, {"next": paths.ACCOUNT})
        refused(answer, browser, "Contoso does not answer.", 503)
        assert 'value="/console/account"' in answer.text  # where the password leads on to
        assert [each["event"] for each in logged] == ["identity_provider_away"]
    provider.waits.set()
    provider.waits = None
    for wrong in (
        {"issuer": "https://evil.example"},
        {"token_endpoint": "ftp://127.0.0.1/"},
        {"jwks_uri": None},
    ):
        provider.metadata = wrong
        browser = Browser(with_sso(server, provider.url))
        refused(browser.send(paths.BY_SSO, {}), browser, "Contoso does not answer.", 503)


def test_a_slow_provider_holds_up_four_at_once_and_no_more(
    server: Server, provider: LittleProvider
):
    provider.waits = threading.Event()
    slow = OpenIDProvider(Client(provider.url, CLIENT_ID, SECRET), within=0.3)
    asked, now = Asked("state", "nonce", "v" * 43, "https://licenses.example.com/"), START

    async def six() -> list[str]:
        going = [slow.address(asked, now) for _ in range(6)]
        done = await asyncio.gather(*going, return_exceptions=True)
        return [str(each) for each in done]

    assert sorted(server.run(six())) == ["busy"] * 2 + ["timeout"] * 4
    provider.waits.set()
    provider.waits, slow._within = None, 5
    assert server.run(slow.address(asked, now)).startswith(f"{provider.url}/authorize?")


def test_a_provider_that_dies_meanwhile_and_a_wrong_secret(
    server: Server, provider: LittleProvider
):
    signs_in(provider, "ana")
    sso = with_sso(server, provider.url)
    browser = Browser(sso)
    back = at_provider(begun(browser))
    assert sso.context.sign_on is not None
    made = server.run(sso.context.sign_on.provider())
    assert isinstance(made, OpenIDProvider)
    made._within = 0.2
    provider.waits = threading.Event()
    refused(browser.get(back), browser, "Contoso does not answer.", 503)
    provider.waits.set()
    provider.waits = None
    browser = Browser(with_sso(server, provider.url, secret="wrong"))
    with capture_logs() as logged:
        refused(danced(browser), browser, "Contoso did not sign you in")
    assert {each.get("kind") for each in logged} >= {"invalid_client"}
    assert SECRET not in str(logged)


def test_an_address_is_asked_for_where_the_id_token_has_none(
    server: Server, provider: LittleProvider
):
    known(server, provider, "hal")
    provider.userinfo = {**provider.account}
    provider.account = {"sub": "sub-hal"}
    provider.userinfo["sub"] = "somebody-else"
    sso, browser = with_sso(server, provider.url), Browser(with_sso(server, provider.url))
    refused(danced(browser), browser, "You are not let in", 403)
    provider.userinfo["sub"] = "sub-hal"
    assert danced(Browser(sso)).headers["location"] == paths.HOME
