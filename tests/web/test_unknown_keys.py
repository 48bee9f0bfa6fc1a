"""Unknown, mistyped and other products' keys can't be told apart, not by time either.

Time is held without measuring it: the same statements are sent, and none after the look-up.
"""

import httpx
import pytest

from tests.web.server import OTHER_PRODUCT, Json, Server, activation, refused

UNKNOWN = "7K3QM-00000-00000-00000-00000"


def mistyped(key: str) -> str:
    return key[:-1] + ("0" if key[-1] != "0" else "2")


def wrong_keys(server: Server) -> dict[str, Json]:
    mine = server.issue().license_key
    others = server.issue(OTHER_PRODUCT).license_key
    suspended = server.issue(OTHER_PRODUCT)
    server.change(suspended, "suspend")
    return {
        "unknown": activation(UNKNOWN),
        "mistyped": activation(mistyped(mine)),
        "another product's": activation(others),
        "another product's, on hold": activation(suspended.license_key),
        "of no product": activation(mine, product="no such product"),
        "no form of ours": activation("ABC"),
        "empty when folded": activation("- - -"),
        "very long": activation("9" * 200),
    }


def observed(server: Server, body: Json) -> tuple[httpx.Response, list[str]]:
    server.statements.clear()
    response = server.activate(body)
    return response, list(server.statements)


def test_wrong_keys_look_alike(server: Server) -> None:
    bodies = wrong_keys(server)
    before = server.rows()
    expected, asked = observed(server, bodies["unknown"])
    refused(expected, "LICENSE_NOT_FOUND")
    assert len(asked) == 1
    for name, body in bodies.items():
        response, statements = observed(server, body)
        assert response.status_code == 404, name
        assert response.content == expected.content, name
        assert told(response) == told(expected), name
        assert statements == asked, name
    assert server.rows() == before


def told(response: httpx.Response) -> dict[str, str]:
    ids = {"x-request-id", "date"}
    return {name: value for name, value in response.headers.items() if name not in ids}


@pytest.mark.parametrize("name", ["unknown", "mistyped", "another product's"])
def test_server_time_is_all_that_moves(server: Server, name: str) -> None:
    body = wrong_keys(server)[name]
    first = server.activate(body).json()
    server.world.clock.advance(seconds=5)
    assert server.activate(body).json() == {**first, "server_time": "2026-11-22T10:00:05Z"}
