"""Single sign-on with a real provider over HTTP: who is let in, and what else is asked for."""

import html
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from activation_server import bootstrap
from activation_server.rules.permissions import Role
from activation_server.services import (
    passkeys,
    sessions,
    staff,
    staff_identities,
)
from activation_server.services.context import Context
from activation_server.services.credentials import LetIn
from activation_server.services.sign_in_limits import SignInLimits
from activation_server.web.app import build
from activation_server.web.console import cookies, paths
from tests.console.single_sign_on import (
    ONE,
    at_provider,
    begun,
    danced,
    known,
    log_of,
    refused,
    signs_in,
    with_sso,
)
from tests.console.staff import Browser, token_in
from tests.services.authenticator import Device
from tests.services.identity_provider import LittleProvider
from tests.services.staff import HERE, Member, member, why
from tests.web.server import Server

pytestmark = pytest.mark.usefixtures("all_is_logged")


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
