"""People and keys in clear: noted with a reason, so many a day for each token."""

from dataclasses import replace

from activation_server.rules.permissions import Permission
from activation_server.web.admin.app import build
from tests.web.admin.test_licenses import ANA, id_of, sold
from tests.web.admin.tool import Tool, tool_with
from tests.web.server import Server, client_of, new_id, refused


def limited(server: Server, a_day: int) -> Server:
    context = replace(server.context, reveals_a_day=a_day)
    return replace(server, context=context, http=client_of(build(context), server.world.issuer))


def reveal(tool: Tool, license_id: str, reason: str = "ticket 4711"):
    return tool.post(f"/licenses/{license_id}/reveal", {"reason": reason})


def test_people_and_key_are_shown_with_a_reason(server: Server, tool: Tool):
    view = sold(server, buyer=ANA)
    response = reveal(tool, id_of(view))
    body = response.json()
    assert body["license_key"] == view.license_key
    assert body["people"][0]["email"] == ANA.email
    assert response.headers["cache-control"] == "no-store"
    [entry, *_] = tool.get("/audit", license_id=id_of(view)).json()["entries"]
    assert (entry["action"], entry["why"]) == ("revealed", "ticket 4711")
    for wrong in ({}, {"reason": " "}, {"reason": "x" * 2001}, {"reason": "a", "b": 1}):
        answer = tool.post(f"/licenses/{id_of(view)}/reveal", wrong)
        refused(answer, "REQUEST_INVALID")
    refused(reveal(tool, new_id()), "NOT_FOUND")


def test_so_many_a_day_and_token(server: Server):
    few = limited(server, 2)
    first, second = (tool_with(few, Permission.PEOPLE_REVEAL) for _ in range(2))
    license_id = id_of(sold(few))
    assert [reveal(first, license_id).status_code for _ in range(3)] == [200, 200, 429]
    response = reveal(first, license_id)
    body = refused(response, "RATE_LIMITED")
    assert response.headers["retry-after"] == str(14 * 3600)
    assert "2 licenses" in body["detail"]
    assert reveal(second, license_id).status_code == 200
    few.world.clock.advance(hours=14)
    assert reveal(first, license_id).status_code == 200


def test_another_type_of_body(tool: Tool):
    path = f"/licenses/{new_id()}/reveal"
    for kind in ("text/plain", "application/json; charset=latin-1", "multipart/form-data"):
        response = tool.send("POST", path, content=b"{}", headers={"Content-Type": kind})
        refused(response, "MEDIA_TYPE_UNSUPPORTED")
        assert response.status_code == 415
    long = b'{"reason": "' + b"a" * 70_000 + b'"}'
    json = {"Content-Type": "application/json"}
    refused(tool.send("POST", path, content=long, headers=json), "REQUEST_TOO_LARGE")
    for damaged in (b"", b"{", b"\xff", b"[]", b'{"reason": "\\ud800"}'):
        refused(tool.send("POST", path, content=damaged, headers=json), "REQUEST_INVALID")
