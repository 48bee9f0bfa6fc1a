"""Single sign-on with a real provider over HTTP: the whole dance, and what must not work."""

import asyncio
import html
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import structlog
from structlog.testing import capture_logs

from activation_server import base64url, bootstrap
from activation_server.gateways.openid_provider import Client, OpenIDProvider
from activation_server.rules.audit import Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.single_sign_on import Asked, SignOnRules
from activation_server.services import (
    audit_list,
    passkeys,
    sessions,
    single_sign_on,
    staff,
    staff_identities,
)
from activation_server.services.context import Context
from activation_server.services.credentials import LetIn
from activation_server.services.identity_provider import SingleSignOn
from activation_server.services.sign_in_limits import SignInLimits
from activation_server.web.app import build
from activation_server.web.console import cookies, paths
from tests.conftest import START
from tests.console.staff import Browser, token_in
from tests.services.authenticator import Device
from tests.services.identity_provider import CLIENT_ID, SECRET, LittleProvider, provider_running
from tests.services.staff import HERE, Member, member, why
from tests.web.server import Server

TWO = SignOnRules("Contoso", two_factors=True)
ONE = SignOnRules("Contoso")


@pytest.fixture(scope="module")
def running_provider(shared_server: Server) -> Iterator[LittleProvider]:
    with provider_running(shared_server.world.clock) as running:
        yield running


@pytest.fixture(autouse=True)
def all_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that ran before in this process may have left faults alone to be told."""
    structlog.reset_defaults()
    monkeypatch.setattr(single_sign_on, "log", structlog.get_logger())


@pytest.fixture
def provider(running_provider: LittleProvider, server: Server) -> LittleProvider:  # noqa: ARG001 - sets the clock back
    """The module's provider, as it is without a fault, in the module's time."""
    running_provider.as_new()
    return running_provider


def with_sso(
    server: Server, url: str, rules: SignOnRules = TWO, within: float = 5, secret: str = SECRET
) -> Server:
    """Give the same server, where a provider is set up."""
    levels = tuple(rules.levels)
    made = OpenIDProvider(Client(url, CLIENT_ID, secret, levels), within)
    context = replace(server.context, sign_on=SingleSignOn(rules, lambda: made))
    return replace(server, context=context, app=build(context, bootstrap.is_ready))


def known(server: Server, provider: LittleProvider, name: str, role: Role = Role.SUPPORT) -> None:
    """Add somebody without a password, whom the provider knows by an address."""
    add = staff_identities.add(server.context, name, role, f"{name}@example.com")
    server.run(add)
    signs_in(provider, name)


def signs_in(provider: LittleProvider, name: str) -> None:
    """Let the provider sign somebody in from now on."""
    address = f"{name.title()}@Example.com"
    provider.account = {"sub": f"sub-{name}", "email": address, "email_verified": True}


def begun(browser: Browser, wanted: str = paths.HOME, path: str = paths.BY_SSO) -> str:
    """Press the button; give where the page leads."""
    token = {} if path == paths.BY_SSO else {"form_token": token_in(browser.get(paths.ACCOUNT))}
    page = browser.send(path, {"next": wanted, **token})
    assert page.status_code == 200, page.text
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]*)">', page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def at_provider(address: str) -> str:
    """Go to the provider, and be signed in; give where it leads back."""
    answer = httpx.get(address, verify=False)  # noqa: S501 - loopback, where there is no TLS
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert (back.netloc, back.path) == ("licenses.example.com", paths.SSO_CALLBACK)
    return f"{back.path}?{back.query}"


def danced(browser: Browser, wanted: str = paths.HOME) -> httpx.Response:
    """Sign in with the provider."""
    return browser.get(at_provider(begun(browser, wanted)))


def log_of(server: Server, count: int = 1) -> list[tuple[object, ...]]:
    found = server.run(audit_list.newest(server.context, Wanted(limit=count), None))
    return [(each.entry.who, each.entry.action, each.entry.details) for each in found]


def refused(answer: httpx.Response, browser: Browser, said: str, status: int = 422) -> None:
    """See that nobody is let in, and what the page says."""
    assert (answer.status_code, browser.cookie()) == (status, ""), answer.text
    assert said in " ".join(html.unescape(answer.text).split()), answer.text


def test_the_first_sign_in_links_a_verified_address_and_later_ones_go_by_the_account(
    server: Server, provider: LittleProvider
):
    known(server, provider, "ana")
    sso, wanted = with_sso(server, provider.url), "/console/account?x=1"
    browser = Browser(sso)
    assert "Sign in with Contoso" in browser.get(paths.SIGN_IN).text
    address = begun(browser, wanted)
    asked = {name: value for name, [value] in parse_qs(urlsplit(address).query).items()}
    assert asked["scope"] == "openid email"
    assert asked["redirect_uri"] == f"https://licenses.example.com{paths.SSO_CALLBACK}"
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    assert "prompt" not in asked
    done = browser.get(at_provider(address))
    assert (done.status_code, done.headers["location"]) == (303, wanted)
    assert browser.get(paths.HOME).status_code == 200
    assert log_of(server, 2) == [
        ("ana", "signed_in", {"by": "single_sign_on"}),
        ("ana", "sso_linked", {}),
    ]
    [ana] = [each for each in server.run(staff.list_all(server.context)) if each.name == "ana"]
    assert (ana.standing, ana.single_sign_on) == ("active", "linked")
    server.world.clock.advance(minutes=1)
    provider.account |= {"email": "other@example.com"}  # the link stays with the account
    assert danced(Browser(sso)).headers["location"] == paths.HOME
    # Endpoints and keys are asked for once, not at each sign-in.
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    assert provider.asked.count("/jwks") == 1


def test_another_account_with_the_address_of_who_is_linked_is_not_let_in(
    server: Server, provider: LittleProvider
):
    known(server, provider, "bea")
    sso = with_sso(server, provider.url)
    danced(Browser(sso))
    provider.account |= {"sub": "somebody-else"}
    browser = Browser(sso)
    refused(danced(browser), browser, "You are not let in", 403)


ACCOUNTS: list[dict[str, Any]] = [
    {"sub": "s1", "email": "nobody@example.com", "email_verified": True},
    {"sub": "s2", "email": "cem@example.com", "email_verified": False},
    {"sub": "s3", "email": "cem@example.com"},
    {"sub": "s4", "email": "cem@example.com", "email_verified": "yes"},
    {"sub": "s5", "email": "\u212aem@example.com", "email_verified": True},  # Kelvin, no k
    {"sub": "s6"},
    {"sub": "s7", "email": ["cem@example.com"], "email_verified": True},
    {"sub": "sub-gone", "email": "gone@example.com", "email_verified": True},
]


def test_who_is_unknown_unverified_or_disabled_gets_the_same_page(
    server: Server, provider: LittleProvider
):
    for name in ("cem", "kem", "gone"):
        known(server, provider, name)
    server.run(staff.disable(server.context, "gone"))
    sso, pages = with_sso(server, provider.url), set()
    for account in ACCOUNTS:
        provider.account, browser = account, Browser(sso)
        answer = danced(browser)
        refused(answer, browser, "You are not let in", 403)
        pages.add(answer.text)
    assert len(pages) == 1


def test_who_is_disabled_later_is_not_let_in_and_who_is_unlinked_neither(
    server: Server, provider: LittleProvider
):
    known(server, provider, "dan")
    sso, browser = with_sso(server, provider.url), Browser(with_sso(server, provider.url))
    danced(browser)
    server.run(staff.disable(server.context, "dan"))
    assert browser.get(paths.HOME).status_code == 303
    server.world.clock.advance(minutes=1)
    other = Browser(sso)
    refused(danced(other), other, "You are not let in", 403)
    server.run(staff.enable(server.context, "dan"))
    server.run(staff_identities.unlink(server.context, "dan"))
    refused(danced(other), other, "You are not let in", 403)  # the address is used up


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


def with_password(server: Server, provider: LittleProvider, name: str, role: Role) -> Member:
    """Add somebody with a password and an app, who is linked too."""
    me = server.run(member(server.context, name, role))
    server.run(staff_identities.expect(server.context, name, f"{name}@example.com"))
    signs_in(provider, name)
    return me


def test_a_provider_that_counts_as_one_factor_is_followed_by_the_code(
    server: Server, provider: LittleProvider
):
    me = with_password(server, provider, "ida", Role.SUPPORT)
    browser = Browser(with_sso(server, provider.url, ONE))
    answer = danced(browser, paths.ACCOUNT)
    assert answer.headers["location"] == f"{paths.CODE}?next={paths.ACCOUNT}"
    assert browser.cookie() == ""
    # Browsers send no strict cookie where another site led here.
    assert "samesite=lax" in answer.headers.get_list("set-cookie")[0].lower()
    code = me.code(server.context)
    done = browser.send(paths.CODE, {"code": code, "next": paths.ACCOUNT})
    assert done.headers["location"] == paths.ACCOUNT
    assert log_of(server) == [("ida", "signed_in", {"by": "single_sign_on"})]
    strong = replace(ONE, methods=frozenset({"mfa"}), levels=frozenset({"gold"}))
    sso = with_sso(server, provider.url, strong)
    for claims, path in (
        ({"amr": ["pwd"], "acr": "silver"}, paths.CODE),
        ({"amr": "mfa"}, paths.SIGN_IN),  # no list
        ({"amr": ["pwd", "mfa"]}, paths.HOME),
        ({"acr": "gold"}, paths.HOME),
    ):
        provider.claims = claims
        server.world.clock.advance(minutes=1)
        again = Browser(sso)
        answer = danced(again)
        assert answer.headers.get("location", paths.SIGN_IN) == path
    assert provider.wanted["acr_values"] == "gold"


def test_who_has_no_second_factor_needs_a_provider_that_asks_for_one(
    server: Server, provider: LittleProvider
):
    known(server, provider, "jan")
    browser = Browser(with_sso(server, provider.url, ONE))
    refused(danced(browser), browser, "did not ask for a second factor")


def test_signing_in_again_at_the_provider_is_asked_for_and_checked(
    server: Server, provider: LittleProvider
):
    known(server, provider, "kim", Role.ADMINISTRATOR)
    browser, codes = Browser(with_sso(server, provider.url)), f"{paths.ACCOUNT}/recovery-codes"
    # Signed in at the provider this morning: that is not just now.
    provider.claims = {"auth_time": int(server.world.clock().timestamp()) - 3600}
    danced(browser)
    assert browser.post(codes, on=paths.ACCOUNT).headers["location"] == paths.STEP_UP
    page = browser.get(paths.STEP_UP)
    assert "Sign in with Contoso" in page.text
    assert 'type="password"' not in page.text  # there is none
    server.world.clock.advance(minutes=1)
    session, address = browser.cookie(), begun(browser, paths.ACCOUNT, paths.STEP_UP_BY_SSO)
    answer = browser.get(at_provider(address))  # it did not ask again
    assert (answer.status_code, browser.cookie()) == (422, session)
    provider.claims = {"auth_time": ...}
    server.world.clock.advance(seconds=1)
    answer = browser.get(at_provider(begun(browser, paths.ACCOUNT, paths.STEP_UP_BY_SSO)))
    assert (answer.status_code, browser.cookie()) == (422, session)
    assert (provider.wanted["prompt"], provider.wanted["max_age"]) == ("login", "0")
    provider.claims = {}
    server.world.clock.advance(minutes=1)
    back = at_provider(begun(browser, paths.ACCOUNT, paths.STEP_UP_BY_SSO))
    done = browser.get(back)
    assert (done.status_code, done.headers["location"]) == (303, paths.ACCOUNT)
    assert browser.cookie() != session
    assert log_of(server) == [("kim", "stepped_up", {"by": "single_sign_on"})]
    assert browser.post(codes, on=paths.ACCOUNT).status_code == 200
    signs_in(provider, "ana")  # the provider asks, and somebody else answers
    server.world.clock.advance(minutes=1)
    answer = browser.get(at_provider(begun(browser, paths.ACCOUNT, paths.STEP_UP_BY_SSO)))
    assert answer.status_code == 422
    assert "not the one that is yours" in answer.text


def test_where_it_is_required_only_administrators_sign_in_without(
    server: Server, provider: LittleProvider
):
    me = with_password(server, provider, "lea", Role.MANAGER)
    boss = with_password(server, provider, "max", Role.ADMINISTRATOR)
    sso = with_sso(server, provider.url, replace(ONE, required=True))
    browser = Browser(sso)
    form = {"name": me.name, "password": me.password}
    answer = browser.send(paths.SIGN_IN, form)
    refused(answer, browser, "Sign in with Contoso: your role may not")
    assert browser.sign_in(boss).headers["location"] == paths.HOME
    device = server.run(_device_of(server.context, me))
    sso.run(_refuses_passkey(sso.context, device))
    server.world.clock.advance(seconds=1)
    signs_in(provider, "lea")
    mine = Browser(sso)
    assert danced(mine).headers["location"] == paths.CODE
    after = mine.cookie(cookies.TICKET)
    offer = passkeys.offer_use(sso.context)
    assert offer is not None
    fields = {"ticket": offer.ticket, "answer": device.use(offer.options)}
    assert after
    assert mine.send(paths.BY_PASSKEY, fields).headers["location"] == paths.HOME


async def _device_of(context: Context, me: Member) -> Device:
    session, device = await sessions.find(context, me.session), Device()
    assert session is not None
    offer = await passkeys.offer_new(context, session)
    assert offer is not None
    assert await passkeys.add(context, session, offer.ticket, device.make(offer.options))
    return device


async def _refuses_passkey(context: Context, device: Device) -> None:
    offer = passkeys.offer_use(context)
    assert offer is not None
    done = await passkeys.sign_in(context, offer.ticket, device.use(offer.options), HERE)
    assert not isinstance(done, LetIn)
    assert why(done) == "sso_due"


def test_an_account_without_a_verified_address_is_linked_by_its_owner(
    server: Server, provider: LittleProvider
):
    me = server.run(member(server.context, "ola", Role.SUPPORT))
    provider.account = {"sub": "sub-ola"}
    sso, browser = with_sso(server, provider.url), Browser(with_sso(server, provider.url))
    browser.sign_in(me)
    page = browser.get(paths.ACCOUNT)
    assert "Link your account" in page.text
    server.world.clock.advance(minutes=11)
    form = {"form_token": token_in(page)}
    assert browser.send(paths.LINK_SSO, form).headers["location"] == paths.STEP_UP
    code = me.code(server.context)
    browser.post(paths.STEP_UP, on=paths.STEP_UP, password=me.password, code=code)
    back = at_provider(begun(browser, paths.ACCOUNT, paths.LINK_SSO))
    assert provider.wanted["prompt"] == "login"
    stranger, other = server.run(member(server.context, "pia", Role.SUPPORT)), Browser(sso)
    other.sign_in(stranger)
    other.http.cookies.set(cookies.SSO, browser.cookie(cookies.SSO))
    assert other.get(back).status_code == 422  # a link of somebody else's, planted
    back = at_provider(begun(browser, paths.ACCOUNT, paths.LINK_SSO))
    assert browser.get(back).headers["location"] == paths.ACCOUNT
    assert log_of(server) == [("ola", "sso_linked", {})]
    assert "You sign in with your account there" in browser.get(paths.ACCOUNT).text
    back = at_provider(begun(other, paths.ACCOUNT, paths.LINK_SSO))
    assert "somebody else's here" in html.unescape(other.get(back).text)
    server.world.clock.advance(seconds=1)
    assert danced(Browser(sso)).headers["location"] == paths.HOME


def test_attempts_are_limited_and_refusals_are_in_the_audit_log(
    server: Server, provider: LittleProvider
):
    signs_in(provider, "nobody-knows")
    clock = server.world.clock
    limits = SignInLimits(2, None, lambda: int(clock.now.timestamp() * 1e9))
    sso = with_sso(server, provider.url)
    sso = replace(sso, context=replace(sso.context, sign_in_limits=limits))
    sso = replace(sso, app=build(sso.context, bootstrap.is_ready))
    browser = Browser(sso)
    danced(browser)
    assert log_of(server) == [("server", "sign_in_failed", {"why": "sso_unknown"})]
    answers = [browser.send(paths.BY_SSO, {}) for _ in range(2)]
    assert [each.status_code for each in answers] == [200, 429]


def test_where_none_is_set_up_there_is_no_such_page(server: Server):
    browser = Browser(server)
    assert "Sign in with" not in browser.get(paths.SIGN_IN).text.replace(
        "Sign in with a passkey", ""
    )
    assert browser.send(paths.BY_SSO, {}).status_code == 404
    assert browser.get(paths.SSO_CALLBACK).status_code == 404
