"""While nobody has room, whole requests are turned away at the connection, others a step later."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from activation_server.rules.admission import Rank
from activation_server.web import doorkeeper
from tests.conftest import World
from tests.web.live import Live, live
from tests.web.server import PROBLEM_FIELDS, refused

CHECK_IN = "/v1/activations/e0ecab30-bd76-89d5-bbeb-d6e595ba53c2/reactivations"
POST = f"POST {CHECK_IN} HTTP/1.1\r\nHost: x\r\n".encode()
TWO = b"Content-Length: 2\r\n"


@pytest.fixture(scope="module")
def address(shared_world: World) -> Iterator[Live]:
    with live(shared_world, most_in_flight=1) as served:
        yield served


@contextmanager
def full(address: Live) -> Iterator[None]:
    """Let a check-in be in flight meanwhile."""
    assert address.house is not None
    address.house.enter(Rank.CHECK_IN)
    try:
        yield
    finally:
        address.house.leave(Rank.CHECK_IN)


def test_both_ways_answer_alike(address: Live) -> None:
    with httpx.Client(base_url=address.url) as http, full(address):
        quick = http.post(CHECK_IN, json={})
        usual = http.post(CHECK_IN, json={}, headers={"Connection": "close"})
        parts = http.post(CHECK_IN, content=iter([b"{", b"}"]))
    for response in (quick, usual, parts):
        told = refused(response, "OVERLOADED")
        assert set(told) == PROBLEM_FIELDS | {"retry_after"}
        assert response.headers["retry-after"] == str(told["retry_after"])
    assert [*quick.headers] == [name for name in usual.headers if name != "connection"]
    assert quick.headers["date"]


def test_the_connection_goes_on(address: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doorkeeper, "PAUSE_SECONDS", 0.001)
    with httpx.Client(base_url=address.url) as http:
        refused(http.post(CHECK_IN, json={}), "REQUEST_INVALID")
        with full(address):
            for _ in range(3):
                refused(http.post(CHECK_IN, json={}), "OVERLOADED")
                refused(http.get("/problems"), "OVERLOADED")
                assert http.get("/healthz").status_code == 200
                assert http.head("/problems").status_code == 503
                assert http.get("/readyz").status_code == 200
        refused(http.post(CHECK_IN, json={}), "REQUEST_INVALID")


def test_who_comes_at_once_again_is_not_listened_to_for_a_moment(
    address: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doorkeeper, "PAUSE_SECONDS", 3600)
    asked = POST + TWO + b"\r\n{}"
    with address.connect() as impatient, address.connect() as other:
        with full(address):
            impatient.sendall(asked)
            assert impatient.recv(65536).startswith(b"HTTP/1.1 503 ")
            impatient.sendall(asked)
        other.sendall(asked)
        assert other.recv(65536).startswith(b"HTTP/1.1 422 ")
        impatient.setblocking(False)
        with pytest.raises(BlockingIOError):
            impatient.recv(65536)


def test_a_request_in_pieces_is_taken_apart_as_usual(address: Live) -> None:
    """What looks like a request of its own may be the body of the one before."""
    inner = POST + TWO + b"\r\n{}"
    head = POST + f"Content-Length: {len(inner)}\r\n\r\n".encode()
    with address.connect() as connection, full(address):
        connection.sendall(head[:20])
        connection.sendall(head[20:])
        answer = connection.recv(65536)  # it does not wait for the body
        connection.sendall(inner)
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer += b"".join(iter(lambda: connection.recv(65536), b""))
    assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"503", b"200"]


def test_staff_are_let_in_while_customers_are_turned_away(address: Live) -> None:
    assert address.house is not None
    with httpx.Client(base_url=address.url) as http, full(address):
        refused(http.post(CHECK_IN, json={}), "OVERLOADED")
        refused(http.get("/admin/v1/products"), "TOKEN_REQUIRED")
        address.house.enter(Rank.STAFF)
        refused(http.get("/admin/v1/products"), "OVERLOADED")
        address.house.leave(Rank.STAFF)
        refused(http.get("/admin/v1/products"), "TOKEN_REQUIRED")
