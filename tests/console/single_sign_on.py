"""Signing in with a provider: who it knows, the way to it and back, what is refused."""

import html
import re
from dataclasses import replace
from urllib.parse import urlsplit

import httpx

from activation_server import bootstrap
from activation_server.gateways.openid_provider import Client, OpenIDProvider
from activation_server.rules.audit import Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.single_sign_on import SignOnRules
from activation_server.services import (
    audit_list,
    staff_identities,
)
from activation_server.services.identity_provider import SingleSignOn
from activation_server.web.app import build
from activation_server.web.console import paths
from tests.console.staff import Browser, token_in
from tests.services.identity_provider import CLIENT_ID, SECRET, LittleProvider
from tests.web.server import Server

TWO = SignOnRules("Contoso", two_factors=True)
ONE = SignOnRules("Contoso")


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
