"""A browser at the console, as far as it matters: cookies, redirects by hand, forms with tokens."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from activation_server.rules.permissions import Role
from activation_server.services import staff
from activation_server.web.console import cookies, paths
from tests.services.staff import PASSWORD, Member, member, token_of
from tests.web.server import NETWORK_ADDRESS, Server

_FIELD = re.compile(r'<input type="hidden" name="form_token" value="([^"]*)">')


@dataclass
class Browser:
    """Keeps cookies, and says of its forms that they are sent from here."""

    server: Server
    host: str = NETWORK_ADDRESS[0]
    http: httpx.AsyncClient = field(init=False)

    def __post_init__(self) -> None:
        transport = httpx.ASGITransport(
            self.server.app, client=(self.host, 50000), raise_app_exceptions=False
        )
        self.http = httpx.AsyncClient(transport=transport, base_url=self.server.world.issuer)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.server.run(self.http.get(path, headers=headers))

    def send(
        self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Send a form just as it is given."""
        given = {"Sec-Fetch-Site": "same-origin"} if headers is None else headers
        return self.server.run(self.http.post(path, data=dict(fields), headers=dict(given)))

    def post(self, path: str, *, on: str = paths.HOME, **fields: str) -> httpx.Response:
        """Send a form of a page that somebody is signed in on."""
        page = self.get(on)
        assert page.status_code == 200, (page.status_code, page.headers)
        return self.send(path, {"form_token": token_in(page), **fields})

    def cookie(self, name: str = cookies.SESSION) -> str:
        return self.http.cookies.get(name) or ""

    def sign_in(self, me: Member, wanted: str = paths.HOME) -> httpx.Response:
        """Sign in with password and code."""
        code = me.code(self.server.context)
        answer = self.send(
            paths.SIGN_IN, {"name": me.name, "password": me.password, "next": wanted}
        )
        assert answer.status_code == 303, answer.text
        return self.send(paths.CODE, {"code": code, "next": wanted})


def token_in(page: httpx.Response) -> str:
    found = _FIELD.search(page.text)
    assert found is not None, page.text
    return html.unescape(found[1])


def browser_of(server: Server, name: str, role: Role = Role.SUPPORT) -> tuple[Browser, Member]:
    """Add somebody of a name that is new, who signs in."""
    me = server.run(member(server.context, name, role))
    browser = Browser(server)
    answer = browser.sign_in(me)
    assert (answer.status_code, answer.headers["location"]) == (303, paths.HOME)
    return browser, me


def link_for(server: Server, name: str, role: Role = Role.SUPPORT) -> str:
    """Add somebody; give the path of their link."""
    link = server.run(staff.add(server.context, name, role))
    return paths.SET_UP.format(token=token_of(link.url))


__all__ = ["PASSWORD", "Browser", "Member", "browser_of", "link_for", "token_in"]
