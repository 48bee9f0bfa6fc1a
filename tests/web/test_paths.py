"""Methods and paths that there are not."""

import pytest

from tests.web.server import Server

METHODS = {
    "/v1/activations": {"POST"},
    "/v1/activations/0b0e6a5e-6c1c-4f0e-9f65-0d6c1f1d0c11/reactivations": {"POST"},
    "/v1/activations/0b0e6a5e-6c1c-4f0e-9f65-0d6c1f1d0c11/deactivation": {"POST"},
    "/.well-known/jwks.json": {"GET"},
    "/healthz": {"GET"},
    "/readyz": {"GET"},
    "/openapi.json": {"GET", "HEAD"},
    "/problems": {"GET"},
    "/problems/rate-limited": {"GET"},
}


@pytest.mark.parametrize("path", METHODS)
def test_another_method(server: Server, path: str) -> None:
    every = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"}
    for method in every - METHODS[path] - {"HEAD"}:
        response = server.send(method, path, json={})
        assert response.status_code == 405, method
        assert set(response.headers["allow"].split(", ")) <= METHODS[path]
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["server_time"] == "2026-11-22T10:00:00Z"


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/",
        "/v2/activations",
        "/V1/activations",
        "/v1/activation",
        "//v1/activations",
        "/v1/activations/x",
        "/v1/activations/x/reactivations/y",
        "/.well-known",
        "/static/",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/docs",
        "/favicon.ico",
        "/%00",
        "/%ff%fe",
        "/" + "x" * 8000,
    ],
)
def test_an_unknown_path(server: Server, path: str) -> None:
    for method in ("GET", "POST"):
        response = server.send(method, path)
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["server_time"] == "2026-11-22T10:00:00Z"
        assert "x" * 100 not in response.text


@pytest.mark.parametrize("path", ["/v1/activations/", "/healthz/", "/problems/"])
def test_a_path_with_a_slash_too_many_is_no_redirect(server: Server, path: str) -> None:
    """A redirect would name a host and scheme that the client chose, and a key would follow."""
    for method in ("GET", "POST"):
        response = server.send(method, path, headers={"Host": "elsewhere.example"})
        assert response.status_code in {404, 405}
        assert "elsewhere" not in f"{response.headers}{response.text}"
        assert response.json()["server_time"] == "2026-11-22T10:00:00Z"
