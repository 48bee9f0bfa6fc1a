"""Whom the server believes about the client's address: proxies that it was told of."""

import httpx
import pytest
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from activation_server.cli import serving
from activation_server.services.context import Context
from activation_server.web.admission import Admission, House
from tests.conftest import World
from tests.web.live import live

FORWARDED = {"X-Forwarded-For": "198.51.100.9", "X-Forwarded-Proto": "https"}


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with what the application sees of the client."""
    seen = {"address": scope["client"][0], "scheme": scope["scheme"]}
    await JSONResponse(seen)(scope, receive, send)


@pytest.fixture(autouse=True)
def echoing(monkeypatch: pytest.MonkeyPatch) -> None:
    def make(context: Context, _readiness: object, house: House) -> Admission:
        return Admission(echo, context, house)

    monkeypatch.setattr(serving, "create_app", make)
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")  # uvicorn's own variable has no say


def seen(world: World, trusted: str, headers: dict[str, str]) -> tuple[str, str]:
    with live(world, trusted_proxies=trusted) as served:
        found = httpx.get(served.url, headers=headers).json()
    return found["address"], found["scheme"]


@pytest.mark.parametrize("trusted", ["", "10.0.0.0/8", "198.51.100.9", "127.0.0.2, 192.0.2.1"])
def test_a_peer_that_is_not_trusted_changes_nothing(shared_world: World, trusted: str) -> None:
    assert seen(shared_world, trusted, FORWARDED) == ("127.0.0.1", "http")


@pytest.mark.parametrize("trusted", ["127.0.0.1", "10.0.0.0/8, 127.0.0.0/8", " 127.0.0.1 ,"])
def test_a_trusted_proxy_is_believed(shared_world: World, trusted: str) -> None:
    assert seen(shared_world, trusted, FORWARDED) == ("198.51.100.9", "https")


def test_what_the_client_itself_claims_is_not_taken(shared_world: World) -> None:
    """A proxy appends the address it sees; only what trusted ones appended counts."""
    claimed = {"X-Forwarded-For": "203.0.113.66, 198.51.100.9, 10.1.2.3"}
    trusted = "127.0.0.1, 10.0.0.0/8"
    assert seen(shared_world, trusted, claimed) == ("198.51.100.9", "http")


def test_an_ipv6_client_behind_a_proxy(shared_world: World) -> None:
    for told in ("2001:db8::1", "[2001:db8::1]:443"):
        headers = {"X-Forwarded-For": told}
        assert seen(shared_world, "127.0.0.1", headers)[0] == "2001:db8::1"


def test_a_proxy_that_tells_nothing(shared_world: World) -> None:
    assert seen(shared_world, "127.0.0.1", {}) == ("127.0.0.1", "http")
