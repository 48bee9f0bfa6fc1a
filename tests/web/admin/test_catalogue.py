"""Products, policies and releases, as tools change them."""

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.permissions import Permission
from activation_server.services import audit_list, licensing, products
from activation_server.services.licensing import Order
from tests.web.admin.tool import Tool, tool_with
from tests.web.server import Json, Server, new_id, ok, refused

WHY = "the new price list"


@pytest.fixture(scope="module")
def tool(shared_server: Server) -> Tool:
    return tool_with(shared_server, Permission.CATALOGUE_READ, Permission.CATALOGUE_WRITE)


@pytest.fixture
def code(tool: Tool) -> str:
    code = new_id()
    ok(tool.post("/products", {"code": code, "name": "Photo", "reason": WHY}), 201)
    return code


def policy_of(tool: Tool, code: str, name: str) -> Json:
    found = {each["name"]: each for each in ok(tool.get("/policies", product=code))["policies"]}
    policy: Json = found[name]
    return policy


def test_a_product_is_added_once_and_renamed(tool: Tool):
    code, key = new_id(), new_id()
    body = {"code": code, "name": "Photo", "algorithm": "Ed25519", "reason": WHY}
    assert ok(tool.post("/products", body, dry_run=True))["policies"] == ["standard"]
    first = ok(tool.post("/products", body, key=key), 201)
    assert ok(tool.post("/products", body, key=key), 201) == first
    refused(tool.post("/products", body), "REFUSED")
    renamed = tool.post("/products:rename", {"product": code, "name": "Photo 2", "reason": WHY})
    assert ok(renamed) == {**first, "name": "Photo 2"}
    missing = tool.post("/products:rename", {"product": "none", "name": "x", "reason": WHY})
    refused(missing, "NOT_FOUND")


def test_a_policy_is_changed_as_it_was_seen(server: Server, tool: Tool, code: str):
    body = {"product": code, "name": "yearly", "terms": {"term_days": 365}, "reason": WHY}
    added = tool.post("/policies", body)
    assert ok(added, 201) == policy_of(tool, code, "yearly")
    for own in ({}, {"seats": 9}):
        order = Order(code, "yearly", own, None, None, None, 1)
        server.run(licensing.issue(server.context, order, lambda _done: None))
    etag = added.headers["etag"]
    assert etag == f'"{added.json()["version"]}"'
    change = {**body, "terms": {"seats": 3}}
    refused(tool.post("/policies:set", change), "IF_MATCH_REQUIRED")
    seen = ok(tool.post("/policies:set", change, etag=etag, dry_run=True))
    assert policy_of(tool, code, "yearly")["seats"] == 1
    assert seen["changes"] == {"seats": {"from": 1, "to": 3}}
    assert (seen["licenses"], seen["licenses_apart"]) == (2, 1)
    assert ok(tool.post("/policies:set", change, etag=etag)) == seen
    refused(tool.post("/policies:set", change, etag=etag), "CHANGED_MEANWHILE")
    assert ok(tool.post("/policies:set", change, etag="*"))["changes"] == {}
    policy = server.run(products.show_policy(server.context, code, "yearly"))
    assert (policy.terms.seats, policy.terms.term_days) == (3, 365)
    wanted = Wanted(action=Action.POLICY_SET, limit=1)
    [entry] = server.run(audit_list.newest(server.context, wanted, None))
    assert (entry.entry.subject, entry.why) == (f"{code}/yearly", WHY)


def test_releases_are_listed_and_removed(tool: Tool, code: str):
    body = {"product": code, "version": "9.2", "released": "2026-10-02", "reason": WHY}
    first = ok(tool.post("/releases", body))
    assert (first["released"], first["before"]) == ("2026-10-02", None)
    second = ok(tool.post("/releases", {**body, "released": "2026-10-03"}))
    assert (second["released"], second["before"]) == ("2026-10-03", "2026-10-02")
    named = {"product": code, "version": "9.2", "reason": WHY}
    assert ok(tool.post("/releases:remove", named))["version"] == "9.2"
    refused(tool.post("/releases:remove", named), "NOT_FOUND")
    assert ok(tool.get("/releases", product=code)) == {"releases": []}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/products", {"code": "", "name": "x"}),
        ("/products", {"code": "x", "name": "x", "algorithm": "none"}),
        ("/policies", {"product": "x", "name": "x", "terms": {"seats": 0}}),
        ("/releases", {"product": "x", "version": "new", "released": "2026-10-02"}),
        ("/releases", {"product": "x", "version": "9", "released": "2026-13-02"}),
        ("/releases", {"product": "x", "version": "9", "released": 20261002}),
    ],
)
def test_what_is_invalid_is_named(tool: Tool, path: str, body: Json):
    refused(tool.post(path, {**body, "reason": WHY}), "REQUEST_INVALID")
