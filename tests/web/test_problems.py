"""The pages that say what a problem code means: each is there, and loads nothing from elsewhere."""

import re
from html.parser import HTMLParser

import httpx
import pytest

from tests.formats.test_problem import STATUSES
from tests.web.server import Json, Server, activation

# What an answer may also carry: an unexpected fault, whose page its `type` names.
FAULT = "INTERNAL_FAULT"


class Page(HTMLParser):
    """What a page says, and what it links to or loads."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__()
        self.text, self.addresses, self.tags = "", set[str](), set[str]()
        self.feed(response.text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses |= {value or "" for name, value in attrs if name in {"href", "src"}}

    def handle_data(self, data: str) -> None:
        self.text += data


def slug(code: str) -> str:
    return code.lower().replace("_", "-")


def see_that_it_is_safe(response: httpx.Response) -> None:
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"(https?:)?//\w", response.text)
    page = Page(response)
    assert not page.tags & {"script", "iframe", "form", "img", "style"}
    assert all(address.startswith(("/", "data:,")) for address in page.addresses)


@pytest.mark.parametrize("code", [*STATUSES, FAULT])
def test_each_code_has_its_page(server: Server, code: str) -> None:
    pages = [server.get(f"/problems/{spelt}") for spelt in (slug(code), code, code.lower())]
    for response in pages:
        assert response.status_code == 200
        assert response.text == pages[0].text
        see_that_it_is_safe(response)
    text = Page(pages[0]).text
    assert code in text
    assert str(STATUSES.get(code, 500)) in text
    assert "`" not in text
    for heading in ("What it means", "What you can do", "For the app's maker"):
        assert heading in text


def test_the_list_links_to_each_page(server: Server) -> None:
    response = server.get("/problems")
    assert response.status_code == 200
    see_that_it_is_safe(response)
    assert {f"/problems/{slug(code)}" for code in STATUSES} <= Page(response).addresses


@pytest.mark.parametrize(
    "code", ["no-such-code", "%3Cscript%3Ealert(1)%3C/script%3E", "%00", "é", "x" * 5000, "..%5c"]
)
def test_an_unknown_code_leads_to_the_list(server: Server, code: str) -> None:
    response = server.get(f"/problems/{code}")
    assert response.status_code == 404
    if response.headers["content-type"] != "application/problem+json":
        see_that_it_is_safe(response)
        assert "There is no such problem code" in response.text
    assert "alert(1)" not in response.text
    assert "xxxx" not in response.text


def test_every_address_on_the_pages_answers(server: Server) -> None:
    responses = [server.get(path) for path in ("/problems", "/problems/overloaded", "/problems/x")]
    addresses = set.union(*(Page(response).addresses for response in responses)) - {"data:,"}
    for address in addresses:
        assert server.get(address).status_code == 200, address


def test_the_style_loads_nothing(server: Server) -> None:
    response = server.get("/static/style.css")
    assert response.headers["content-type"].startswith("text/css")
    assert response.headers["x-content-type-options"] == "nosniff"
    assert not re.search(r"url\(|@import|//", response.text)


def test_a_refusal_s_type_is_its_page(server: Server) -> None:
    body: Json = server.activate(activation("no such key")).json()
    response = server.get(body["type"])
    assert response.status_code == 200
    assert body["title"] in response.text
