"""Tokens that a token gives: no more than it has, no longer than it lasts; they go with it."""

from datetime import timedelta

from activation_server.formats.times import rfc3339
from activation_server.rules.api_token import TokenOrder
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens
from tests.web.admin.test_licenses import id_of, sold
from tests.web.admin.test_reveal import limited, reveal
from tests.web.admin.tool import Tool, new_token, tool_with
from tests.web.server import Json, Server, new_id, ok, refused

P = Permission
WHY = "the new CRM"


def order(*scopes: Permission, days: int = 90) -> Json:
    name = f"given-{new_id()[:8]}"
    return {"name": name, "scopes": [*scopes], "days": days, "reason": WHY}


def test_a_token_is_shown_to_its_request_alone_and_works(server: Server, tool: Tool):
    giver = Tool(server, new_token(server, days=30))
    body = order(P.CATALOGUE_READ)
    seen = ok(giver.post("/tokens", body, dry_run=True))
    assert (seen["token"], seen["scopes"]) == (None, ["catalogue:read"])
    first, again = (giver.post("/tokens", body, key=new_id()) for _ in range(2))
    refused(again, "REFUSED")  # of another request
    given = ok(first, 201)
    assert given["expires"] == rfc3339(server.context.now() + timedelta(days=30))
    mine = Tool(server, given["token"])
    assert mine.get("/products").status_code == 200
    refused(mine.get("/licenses"), "SCOPE_INSUFFICIENT")
    listed = tool.get("/tokens")
    assert given["token"] not in listed.text + tool.get("/audit").text
    [found] = [each for each in ok(listed)["tokens"] if each["name"] == body["name"]]
    assert found["made_by"].startswith("token:t-")
    body, key = order(P.CATALOGUE_READ), new_id()
    once, twice = (giver.post("/tokens", body, key=key) for _ in range(2))
    assert ok(once, 201) == ok(twice, 201)
    assert twice.headers["idempotent-replayed"] == "true"


def test_a_token_gives_no_more_than_it_has(server: Server):
    giver = tool_with(server, P.TOKENS_MANAGE, P.CATALOGUE_READ)
    told = refused(
        giver.post("/tokens", order(P.CATALOGUE_READ, P.AUDIT_READ)), "SCOPE_INSUFFICIENT"
    )
    assert "audit:read" in told["detail"]
    refused(giver.post("/tokens", order(P.TOKENS_MANAGE)), "SCOPE_INSUFFICIENT")
    wrong_ones: list[Json] = [{"scopes": []}, {"scopes": ["server:operate"]}, {"days": 367}]
    for wrong in wrong_ones:
        refused(giver.post("/tokens", {**order(P.CATALOGUE_READ), **wrong}), "REQUEST_INVALID")
    refused(giver.post("/tokens", {**order(P.CATALOGUE_READ), "name": "My Shop"}), "REFUSED")


def test_what_a_token_gave_goes_with_it(server: Server, tool: Tool):
    name = f"t-{new_id()}"
    scopes = [P.TOKENS_MANAGE, P.CATALOGUE_READ]
    issued = server.run(api_tokens.issue(server.context, TokenOrder(name, scopes)))
    giver = Tool(server, issued.text)
    given = [ok(giver.post("/tokens", order(P.CATALOGUE_READ)), 201) for _ in range(2)]
    names = sorted(each["name"] for each in given)
    first = given[0]["name"]
    assert ok(tool.post(f"/tokens/{first}/revoke", {"reason": WHY}))["revoked_too"] == []
    seen = ok(tool.post(f"/tokens/{name}/revoke", {"reason": "it leaked"}, dry_run=True))
    assert giver.get("/products").status_code == 200
    done = ok(tool.post(f"/tokens/{name}/revoke", {"reason": "it leaked"}))
    assert done == seen
    assert done["revoked_too"] == [each for each in names if each != first]
    for each in (giver, *(Tool(server, one["token"]) for one in given)):
        refused(each.get("/products"), "TOKEN_INVALID")
    entries = ok(tool.get("/audit", action="token_revoked", limit=3))["entries"]
    told = {each["subject"]: (each["details"], each["why"]) for each in entries}
    assert told[name] == ({}, "it leaked")
    assert told[done["revoked_too"][0]] == ({"given_by": name}, "it leaked")
    refused(tool.post("/tokens/none/revoke", {"reason": WHY}), "NOT_FOUND")


def test_tokens_that_one_gave_see_no_more_in_clear_than_one_alone(server: Server):
    few = limited(server, 2)
    giver = tool_with(few, P.TOKENS_MANAGE, P.PEOPLE_REVEAL)
    given = [ok(giver.post("/tokens", order(P.PEOPLE_REVEAL)), 201)["token"] for _ in range(2)]
    license_id = id_of(sold(few))
    tools = [giver, *(Tool(few, each) for each in given)]
    assert [reveal(each, license_id).status_code for each in tools] == [200, 200, 429]
