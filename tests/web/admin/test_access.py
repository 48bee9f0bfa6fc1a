"""Who is let in: every route by every scope, tokens that are no longer taken, problems alike."""

import re
import uuid
from collections.abc import Mapping

import httpx
import pytest
from fastapi.routing import APIRoute
from starlette.routing import Route
from structlog.testing import capture_logs

from activation_server.formats import api_token
from activation_server.rules.api_token import SCOPES
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens
from activation_server.services.limits import Quotas
from activation_server.web.admin.access import permissions_of
from activation_server.web.admin.app import ROUTERS, build
from tests.web.admin.test_bulk import records
from tests.web.admin.tool import Tool, new_token, tool_with
from tests.web.server import PRODUCT, Server, refused

ROUTES = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
CALLS = [(method, route) for route in ROUTES for method in route.methods or ()]
OPEN = {"/admin/v1/openapi.json"}


def path_of(route: APIRoute) -> str:
    """A path of a route, without the prefix, that leads to nothing there is."""
    return re.sub(r"\{\w+\}", str(uuid.uuid4()), route.path.removeprefix("/admin/v1"))


@pytest.fixture(scope="module")
def tools(shared_server: Server) -> Mapping[Permission, Tool]:
    """For each scope a tool that has it alone."""
    return {scope: tool_with(shared_server, scope) for scope in SCOPES}


def test_no_route_is_without_a_scope(server: Server):
    assert all(isinstance(route, APIRoute) for router in ROUTERS for route in router.routes)
    assert all(permissions_of(route) for route in ROUTES)
    assert all(set(permissions_of(route)) <= set(SCOPES) for route in ROUTES)
    others = [route for route in build(server.context).routes if isinstance(route, Route)]
    assert {route.path for route in others} == OPEN


@pytest.mark.parametrize(
    ("method", "route"), CALLS, ids=[f"{method} {route.path}" for method, route in CALLS]
)
def test_every_route_asks_for_its_scopes(
    server: Server, tools: Mapping[Permission, Tool], method: str, route: APIRoute
):
    needed = permissions_of(route)
    for scope in SCOPES:
        response = tools[scope].send(method, path_of(route))
        missing = [each for each in needed if each is not scope]
        if not missing:
            assert response.status_code not in {401, 403}, response.text
            continue
        body = refused(response, "SCOPE_INSUFFICIENT")
        assert response.status_code == 403
        assert body["evidence"] == {"scope": missing[0]}
        challenge = response.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert f'scope="{missing[0]}"' in challenge
    if len(needed) > 1:
        response = tool_with(server, *needed).send(method, path_of(route))
        assert response.status_code not in {401, 403}, response.text


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Basic YTpi", "act_x", "Digest act_x"]
)
def test_without_a_token(server: Server, header: str | None):
    headers = {} if header is None else {"Authorization": header}
    response = server.send("GET", "/admin/v1/products", headers=headers)
    refused(response, "TOKEN_REQUIRED")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == 'Bearer realm="admin"'


@pytest.mark.parametrize("case", ["mistyped", "unknown", "over", "revoked", "hostile"])
def test_with_a_token_that_is_not_taken(server: Server, case: str):
    token = new_token(server, days=1)
    assert Tool(server, token).get("/products").status_code == 200
    if case == "mistyped":
        token = token[:-1] + ("0" if token[-1] != "0" else "1")
    elif case == "unknown":
        token = api_token.write(bytes(32))
    elif case == "over":
        server.world.clock.advance(days=1)
    elif case == "hostile":
        token = '"><script>alert(1)</script>'
    else:
        known = server.run(api_tokens.presented(server.context, token))
        assert known is not None
        server.run(api_tokens.revoke(server.context, known.name))
    response = Tool(server, token).get("/products")
    body = refused(response, "TOKEN_INVALID")
    assert 'error="invalid_token"' in response.headers["www-authenticate"]
    assert "alert" not in response.text + str(response.headers)
    assert ("over" in body["detail"], "revoked" in body["detail"]) == (
        case == "over",
        case == "revoked",
    )


def test_a_mistyped_token_asks_no_database(server: Server):
    tool = tool_with(server)
    server.statements.clear()
    refused(Tool(server, tool.token + "x").get("/products"), "TOKEN_INVALID")
    assert server.statements == []


def test_calls_of_a_token_are_limited(server: Server):
    limits = server.with_limits(Quotas(token_calls=2))
    tool, other = tool_with(limits), tool_with(limits)
    assert [tool.get("/products").status_code for _ in range(3)] == [200, 200, 429]
    limits.statements.clear()
    response = tool.get("/products")
    body = refused(response, "RATE_LIMITED")
    assert response.headers["retry-after"] == str(body["retry_after"])
    assert "token" in body["detail"]
    assert limits.statements == []
    assert other.get("/products").status_code == 200
    limits.world.clock.advance(seconds=60)
    assert tool.get("/products").status_code == 200


def test_problems_of_every_kind(server: Server, tool: Tool):
    for response, code in (
        (tool.get("/nothing"), "NOT_FOUND"),
        (server.get("/admin/v1"), "NOT_FOUND"),
        (tool.send("DELETE", "/products"), "METHOD_NOT_ALLOWED"),
        (tool.get("/policies", product="none"), "NOT_FOUND"),
        (tool.get("/policies"), "REQUEST_INVALID"),
        (tool.get("/products", stauts="x"), "REQUEST_INVALID"),
        (tool.get("/audit", limit=201), "REQUEST_INVALID"),
        (tool.get("/audit", since="2026-01-01T00:00:00"), "REQUEST_INVALID"),
        (tool.get("/audit", since="0001-01-01T00:00:00+14:00"), "REQUEST_INVALID"),
        (tool.get("/audit", who="a\x00b"), "REQUEST_INVALID"),
        (tool.get("/audit", cursor="x"), "REQUEST_INVALID"),
        (tool.get("/audit", cursor="WyIxIiwgIjIiXQ"), "REQUEST_INVALID"),
    ):
        body = refused(response, code)
        assert body["type"].endswith(f"/problems/{code.lower().replace('_', '-')}")
        page = server.get(body["type"].removeprefix(server.world.issuer))
        assert page.status_code == 200, code
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-content-type-options"] == "nosniff"
    for path, methods in (("audit", "GET"), ("products", "GET, POST"), ("openapi.json", "GET")):
        assert tool.send("DELETE", f"/{path}").headers["allow"] == methods
    errors = tool.get("/audit", limit=0).json()["evidence"]["errors"]
    assert [each["pointer"] for each in errors] == ["/query/limit"]


def test_a_fault_says_nothing(tool: Tool, monkeypatch: pytest.MonkeyPatch):
    async def broken(*_arguments: object) -> None:
        msg = "secret"
        raise RuntimeError(msg)

    monkeypatch.setattr("activation_server.services.products.list_products", broken)
    with capture_logs():
        response = tool.get("/products")
    body = refused(response, "INTERNAL_FAULT")
    assert body["incident"] == response.headers["x-request-id"]
    assert "secret" not in response.text


def test_staff_are_served_while_customers_fill_the_house(server: Server):
    full = server.with_limits(most=64)
    for rank in full.house.in_flight:
        if rank != "staff_calls":
            full.house.in_flight[rank] = 64
    tool = tool_with(full)
    assert tool.get("/products").status_code == 200
    full.house.in_flight["staff_calls"] = 1  # type: ignore[index] # a Rank is its text
    assert tool.get("/products").status_code == 503
    full.house.in_flight = dict.fromkeys(full.house.in_flight, 0)
    full.house.in_flight["staff_calls"] = 1  # type: ignore[index]
    key = full.issue().license_key
    assert full.activated(key)


def test_the_catalogue(tool: Tool):
    [product] = [p for p in tool.get("/products").json()["products"] if p["code"] == PRODUCT]
    assert product == {
        "code": PRODUCT,
        "name": "Backup-Pro",
        "algorithm": "EdDSA",
        "policies": ["standard"],
    }
    [policy] = tool.get("/policies", product=PRODUCT).json()["policies"]
    assert (policy["name"], policy["seats"], policy["features"]) == ("standard", 1, [])
    assert tool.get("/releases", product=PRODUCT).json() == {"releases": []}


def test_the_audit_log_in_pages(server: Server, tool: Tool):
    for _ in range(5):
        server.issue()
    whole = tool.get("/audit", limit=200).json()
    assert whole["next"] is None or len(whole["entries"]) == 200
    found: list[int] = []
    response = tool.get("/audit", action="issued", limit=2)
    while True:
        body = response.json()
        found += [each["seq"] for each in body["entries"]]
        server.issue()  # what comes meanwhile is before the first page
        if body["next"] is None:
            break
        link = re.fullmatch(r'<(.+)>; rel="next"', response.headers["link"])
        assert link is not None
        assert "limit=2" in link[1]
        response = tool.send("GET", link[1].removeprefix("/admin/v1"))
    expected = [each["seq"] for each in whole["entries"] if each["action"] == "issued"]
    assert found == expected
    assert tool.get("/audit").headers["cache-control"] == "no-store"
    assert tool.get("/audit", who="nobody").json()["entries"] == []
    issued = tool.get("/audit", action="issued", limit=200).json()["entries"]
    lines = records(tool.get("/audit.csv", action="issued"))
    assert [each["seq"] for each in lines] == [str(each["seq"]) for each in issued]


def test_the_overview(server: Server, tool: Tool):
    server.issue()
    server.world.clock.advance(minutes=2)
    tables = {each["name"]: each for each in tool.get("/overview", anew=True).json()["tables"]}
    [seats] = [row for row in tables["seats"]["rows"] if row[0] == PRODUCT]
    [line] = [each for each in records(tool.get("/overview/seats.csv")) if PRODUCT in each.values()]
    assert line == dict(zip(tables["seats"]["head"], map(str, seats), strict=True))
    refused(tool.get("/overview/none.csv"), "NOT_FOUND")


def test_the_document_is_served_to_everybody(server: Server):
    response: httpx.Response = server.get("/admin/v1/openapi.json")
    document = response.json()
    assert set(document["paths"]) == {route.path for route in ROUTES}
    for path, calls in document["paths"].items():
        for method, call in calls.items():
            assert call["summary"], (method, path)
            assert {*map(Permission, call["security"][0]["token"])} <= set(SCOPES)
            assert {"401", "403", "429", "500", "503"} <= set(call["responses"])
    assert "/admin/v1/products" not in server.get("/openapi.json").json()["paths"]
