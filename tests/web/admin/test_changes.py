"""Licenses issued and changed: as they were seen, once, or only looked at."""

import asyncio
import uuid
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from activation_server.services import retention
from activation_server.store.database import Connection
from tests.web.admin.test_licenses import ANA, id_of, sold
from tests.web.admin.tool import PREFIX, Tool, tool_with
from tests.web.server import PRODUCT, Json, Server, activation, check_in, new_id, ok, refused

WHY = {"reason": "ticket 4711"}
ISSUE = {"product": PRODUCT, "order": "FS-1"}
CHANGES: list[tuple[str, Json]] = [
    ("suspend", WHY),
    ("reinstate", WHY),
    ("revoke", WHY),
    ("renew", {**WHY, "days": 9}),
    ("new-key", WHY),
    ("terms", {**WHY, "terms": {"seats": 5}}),
]


def etag_of(tool: Tool, license_id: str) -> str:
    response = tool.get(f"/licenses/{license_id}")
    assert response.status_code == 200, response.text
    return response.headers["etag"]


def actions(tool: Tool, license_id: str) -> list[str]:
    """What was noted of a license, oldest first, without the readings."""
    entries = tool.get("/audit", license_id=license_id).json()["entries"]
    return [e["action"] for e in reversed(entries) if e["action"] not in {"shown", "looked_up"}]


def together(tool: Tool, requests: Sequence[tuple[str, Json, dict[str, str]]]):
    """Send requests at the same moment; give the responses."""

    async def work() -> list[httpx.Response]:
        sent = (
            tool.server.http.post(
                f"{PREFIX}{path}",
                json=body,
                headers={"Authorization": f"Bearer {tool.token}", **headers},
            )
            for path, body, headers in requests
        )
        return await asyncio.gather(*sent)

    return tool.server.run(work())


def test_one_more_transfer(server: Server, tool: Tool):
    license_id = id_of(sold(server, overrides={"transfers": 0}))
    for change in ("allow-transfer", "withdraw-transfer"):
        path = f"/licenses/{license_id}/{change}"
        ok(tool.post(path, WHY, etag="*"))
        told = tool.get(f"/licenses/{license_id}").json()["explanation"]
        allowed = change == "allow-transfer"
        assert any("Support allowed one more" in each for each in told) is allowed
    assert actions(tool, license_id)[-2:] == ["transfer_allowed", "transfer_withdrawn"]


def test_a_trial_becomes_a_license(server: Server, tool: Tool):
    license_id = id_of(sold(server, overrides={"trial_days": 14}))
    path = f"/licenses/{license_id}/convert"
    body = {**WHY, "order": "FS-1005", "terms": {"seats": 3}, "expires": "2027-12-31T00:00:00Z"}
    made = ok(tool.post(path, {**body, "buyer": {"email": "ana@example.com"}}, etag="*"))
    assert (made["kind"], made["seats"], made["order"]) == ("subscription", 3, "FS-1005")
    assert made["expires"] == "2027-12-31T00:00:00Z"
    assert made["changes"]["trial_days"] == {"from": 14, "to": None}
    refused(tool.post(path, body, etag="*"), "REFUSED")
    assert actions(tool, license_id)[-1] == "trial_converted"


def test_issue(server: Server, tool: Tool):
    body = {
        **ISSUE,
        "order": "FS-2026-5",
        "terms": {"seats": None, "features": ["sync"], "overage": "1.25"},
        "expires": "2027-11-22T10:00:00+02:00",
        "buyer": {"name": " Ana ", "email": "ana@example.com"},
        "reason": "order FS-2026-5",
    }
    response = tool.post("/licenses", body)
    issued = ok(response, 201)
    assert issued["license_key"][-5:] == issued["key_tail"]
    assert (issued["seats"], issued["features"]) == (None, ["sync"])
    assert issued["expires"] == "2027-11-22T08:00:00Z"
    shown = tool.send("GET", response.headers["location"].removeprefix(PREFIX))
    assert shown.headers["etag"] == response.headers["etag"]
    assert shown.json()["people"][0]["email"] == "a…@e….com"
    assert server.activated(issued["license_key"])
    [entry] = tool.get("/audit", license_id=issued["license_id"], action="issued").json()["entries"]
    assert entry["why"] == "order FS-2026-5"
    assert entry["who"].startswith("token:t-")


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"product": "none"}, "NOT_FOUND"),
        ({"policy": "gold"}, "NOT_FOUND"),
        ({"product": ""}, "REQUEST_INVALID"),
        ({"terms": {"seats": 0}}, "REQUEST_INVALID"),
        ({"terms": {"seat": 1}}, "REQUEST_INVALID"),
        ({"terms": {"seats": "1"}}, "REQUEST_INVALID"),
        ({"terms": {"overage": "3"}}, "REQUEST_INVALID"),
        ({"terms": {"max_version": "x"}}, "REQUEST_INVALID"),
        ({"terms": {"features": ["a\x00"]}}, "REQUEST_INVALID"),
        ({"terms": {"grace_days": None}}, "REQUEST_INVALID"),
        ({"buyer": {"email": "ana"}}, "REQUEST_INVALID"),
        ({"buyer": {"phone": "1"}}, "REQUEST_INVALID"),
        ({"expires": "2027-01-01"}, "REQUEST_INVALID"),
        ({"expires": 1}, "REQUEST_INVALID"),
        ({"count": 2}, "REQUEST_INVALID"),
    ],
)
def test_what_can_not_be_issued(server: Server, tool: Tool, wrong: Json, code: str):
    before = server.rows()
    refused(tool.post("/licenses", {**ISSUE, **wrong}), code)
    after = server.rows()
    assert {name for name in after if after[name] != before[name]} <= {"api_tokens"}


def test_every_change_of_a_license(server: Server, tool: Tool):
    view = sold(server)
    license_id = id_of(view)

    def do(change: str, **body: Any) -> Json:
        tag = etag_of(tool, license_id)
        response = tool.post(f"/licenses/{license_id}/{change}", {**WHY, **body}, etag=tag)
        found = ok(response)
        assert response.headers["etag"] == etag_of(tool, license_id) != tag
        return found

    assert do("suspend")["status"] == "suspended"
    refused(server.activate(activation(view.license_key)), "LICENSE_SUSPENDED")
    assert do("reinstate")["status"] == "active"
    changed = do("terms", terms={"seats": 5, "term_days": 30}, maintenance_until=None)
    assert changed["changes"]["seats"] == {"from": 2, "to": 5}
    assert do("terms", reset=["seats"])["seats"] == 1
    assert do("renew", days=9)["expires"] == "2026-12-31T10:00:00Z"
    assert do("renew", **{"from": "now"})["expires"] == "2026-12-22T10:00:00Z"
    assert do("terms", expires="2030-01-01T00:00:00Z")["expires"] == "2030-01-01T00:00:00Z"
    assert do("revoke")["status"] == "revoked"
    assert actions(tool, license_id) == [
        "issued",
        "suspended",
        "reinstated",
        "terms_changed",
        "terms_changed",
        "renewed",
        "renewed",
        "terms_changed",
        "revoked",
    ]
    assert set(tool.get("/audit", license_id=license_id, action="revoked").json()["entries"][0]) > {
        "why"
    }
    body = refused(
        tool.post(f"/licenses/{license_id}/suspend", WHY, etag=etag_of(tool, license_id)),
        "REFUSED",
    )
    assert body["detail"] == "A license that is revoked can't be made suspended."


def test_notes_and_seats(server: Server, tool: Tool):
    view = sold(server, buyer=ANA)
    path = f"/licenses/{id_of(view)}"
    assert ok(tool.post(f"{path}/notes", {"text": "Will move to Cluj."}))["status"] == "active"
    events = tool.get(f"{path}/events").json()["events"]
    assert "Will move to Cluj." in [each.get("reason") for each in events]
    seat = server.activated(view.license_key)
    removal = f"/activations/{seat['activation_id']}/remove"
    removed = ok(tool.post(removal, WHY, etag="*"))
    assert (removed["status"], removed["removed_by"]) == ("removed", "support")
    assert ok(tool.post(removal, WHY, etag="*")) == removed
    refused(server.reactivate(seat), "ACTIVATION_REMOVED")
    assert actions(tool, id_of(view)) == ["issued", "noted", "activation_removed"]
    refused(tool.post(f"/activations/{new_id()}/remove", WHY, etag="*"), "NOT_FOUND")


def test_a_branch_is_declared(server: Server, tool: Tool):
    seat = server.activated(sold(server).license_key)
    path = f"/activations/{seat['activation_id']}/declare"
    body = refused(tool.post(path, {**WHY, "true": "latest"}, etag="*"), "REFUSED")
    assert body["detail"]
    ok(server.reactivate(seat))
    ok(server.reactivate(seat, check_in(seat)))  # a copy
    ok(tool.post(path, {**WHY, "true": "latest"}, etag="*"))
    refused(tool.post(path, {**WHY, "true": "both"}, etag="*"), "REQUEST_INVALID")


def test_a_seat_is_changed_as_it_was_seen(server: Server, tool: Tool):
    view = sold(server)
    seat = server.activated(view.license_key)

    def tag() -> str:
        [listed] = tool.get(f"/licenses/{id_of(view)}/activations").json()["activations"]
        return f'"{listed["version"]}"'

    first = tag()
    path = f"/activations/{seat['activation_id']}"
    refused(tool.post(f"{path}/remove", WHY), "IF_MATCH_REQUIRED")
    ok(server.reactivate(seat))
    assert tag() == first  # a check-in is no other version
    ok(server.reactivate(seat, check_in(seat)))  # that of a copy is
    for change, body in (("remove", WHY), ("declare", {**WHY, "true": "latest"})):
        refused(tool.post(f"{path}/{change}", body, etag=first), "CHANGED_MEANWHILE")
    forked = tag()
    declared = tool.post(f"{path}/declare", {**WHY, "true": "latest"}, etag=forked)
    assert declared.headers["etag"] == tag() != forked
    removed = tool.post(f"{path}/remove", WHY, etag=tag())
    assert removed.headers["etag"] == tag()
    refused(tool.post(f"{path}/remove", WHY, etag=declared.headers["etag"]), "CHANGED_MEANWHILE")


@pytest.mark.parametrize(("change", "body"), CHANGES)
def test_a_change_says_which_version_it_is_for(server: Server, tool: Tool, change: str, body: Json):
    license_id = id_of(sold(server, overrides={"term_days": 30}))
    path, tag = f"/licenses/{license_id}/{change}", etag_of(tool, license_id)
    missing = tool.post(path, body)
    refused(missing, "IF_MATCH_REQUIRED")
    assert missing.status_code == 428
    for other in ('"0"', f"W/{tag}", '"a", "b"', '""'):
        response = tool.post(path, body, etag=other)
        refused(response, "CHANGED_MEANWHILE")
        assert response.status_code == 412
    for damaged in ("0", '"', 'x"0"', f"{tag}x", f"{tag} {tag}"):
        refused(tool.post(path, body, etag=damaged), "REQUEST_INVALID")
    assert actions(tool, license_id) == ["issued"]
    assert tool.post(path, body, etag=f'W/"0", "1", {tag}').status_code == 200
    assert tool.post(path, body, etag="*").status_code == 200
    refused(tool.post(f"/licenses/{new_id()}/{change}", body, etag=tag), "NOT_FOUND")


def test_no_update_is_lost(server: Server, tool: Tool):
    """Of writers that saw the same license one comes through; the others are told."""
    license_id = id_of(sold(server, overrides={"term_days": 30}))
    headers = [
        {"If-Match": etag_of(tool, license_id), "Idempotency-Key": new_id()} for _ in range(6)
    ]
    requests = [(f"/licenses/{license_id}/renew", {**WHY, "days": 10}, each) for each in headers]
    statuses = sorted(response.status_code for response in together(tool, requests))
    assert statuses == [200, 412, 412, 412, 412, 412]
    assert tool.get(f"/licenses/{license_id}").json()["expires"] == "2027-01-01T10:00:00Z"
    assert actions(tool, license_id) == ["issued", "renewed"]


def test_a_retry_does_nothing_twice(server: Server, tool: Tool):
    license_id = id_of(sold(server, overrides={"term_days": 30}))
    tag, key = etag_of(tool, license_id), new_id()
    path, body = f"/licenses/{license_id}/renew", {**WHY, "days": 10}
    first = tool.post(path, body, etag=tag, key=key)
    again = tool.post(path, body, etag=tag, key=key)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.content == again.content
    assert first.headers["etag"] == again.headers["etag"]
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert actions(tool, license_id) == ["issued", "renewed"]


def test_a_key_names_one_request_of_one_token(server: Server, tool: Tool):
    key = new_id()
    issued = ok(tool.post("/licenses", ISSUE, key=key), 201)
    for response in (
        tool.post("/licenses", {**ISSUE, "order": "FS-2"}, key=key),
        tool.post(f"/licenses/{issued['license_id']}/notes", {"text": "x"}, key=key),
    ):
        refused(response, "IDEMPOTENCY_KEY_REUSED")
        assert response.status_code == 422
    other = ok(tool_with(server).post("/licenses", ISSUE, key=key), 201)
    assert other["license_id"] != issued["license_id"]


@pytest.mark.parametrize("key", [" ", "a" * 256, "a b", "\xfc", "a\tb"])
def test_what_is_no_key(tool: Tool, key: str):
    headers = {b"Idempotency-Key": key.encode("latin-1"), b"If-Match": b"*"}
    response = tool.server.send(
        "POST",
        f"{PREFIX}/licenses",
        headers={**headers, b"Authorization": f"Bearer {tool.token}".encode()},
        content=b'{"product": "x"}',
    )
    refused(response, "MEDIA_TYPE_UNSUPPORTED")
    headers[b"Content-Type"] = b"application/json"
    headers[b"Authorization"] = f"Bearer {tool.token}".encode()
    response = tool.server.send(
        "POST", f"{PREFIX}/licenses", headers=headers, content=b'{"product": "x"}'
    )
    refused(response, "IDEMPOTENCY_KEY_REQUIRED")


def test_without_a_key(tool: Tool):
    response = tool.send("POST", "/licenses", json=ISSUE)
    refused(response, "IDEMPOTENCY_KEY_REQUIRED")
    assert response.status_code == 400


def test_the_same_request_twice_at_once(server: Server, tool: Tool):
    """One works, the others wait for it and get its answer."""
    headers = {"Idempotency-Key": new_id()}
    responses = together(tool, [("/licenses", {**ISSUE, "order": "FS-TWICE"}, headers)] * 5)
    assert [each.status_code for each in responses] == [201] * 5
    assert len({each.content for each in responses}) == 1
    assert sum("idempotent-replayed" in each.headers for each in responses) == 4
    assert len(tool.get("/licenses", order="FS-TWICE").json()["licenses"]) == 1
    assert server.rows()["tool_answers"] >= 1


def test_after_what_failed_the_same_request_works(server: Server, tool: Tool):
    """A refusal, or a fault in the midst of it, leaves nothing that a retry would meet."""
    license_id = id_of(sold(server))
    key, path = new_id(), f"/licenses/{license_id}/renew"
    body = {**WHY, "days": 10}
    refused(tool.post(path, body, etag="*", key=key), "REFUSED")  # it never ends
    ends = {**WHY, "expires": "2026-12-01T00:00:00Z"}
    ok(tool.post(f"/licenses/{license_id}/terms", ends, etag="*"))
    assert ok(tool.post(path, body, etag="*", key=key))["expires"] == "2026-12-11T00:00:00Z"


def test_a_crash_between_change_and_answer_leaves_neither(
    server: Server, tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    async def broken(*_arguments: object) -> None:
        raise RuntimeError

    key, before = new_id(), server.rows()
    with monkeypatch.context() as patched, capture_logs():
        patched.setattr("activation_server.store.tool_answers.answered", broken)
        refused(tool.post("/licenses", ISSUE, key=key), "INTERNAL_FAULT")
    after = server.rows()
    assert {name for name in after if after[name] != before[name]} == set()
    assert ok(tool.post("/licenses", ISSUE, key=key), 201)


def test_a_dry_run_tells_and_leaves_nothing(server: Server, tool: Tool):
    license_id = id_of(sold(server, overrides={"term_days": 30}))
    tag = etag_of(tool, license_id)
    seat = server.activated(sold(server).license_key)["activation_id"]
    before, key = server.rows(), new_id()
    for path, body, shown in (
        ("suspend", WHY, {"status": "suspended"}),
        ("revoke", WHY, {"status": "revoked"}),
        ("renew", {**WHY, "days": 10}, {"expires": "2027-01-01T10:00:00Z"}),
        ("terms", {**WHY, "terms": {"seats": 9}}, {"seats": 9}),
        ("notes", {"text": "x"}, {"status": "active"}),
    ):
        response = tool.post(
            f"/licenses/{license_id}/{path}", body, etag=tag, key=key, dry_run="true"
        )
        found = ok(response)
        assert {name: found[name] for name in shown} == shown
        assert "etag" not in response.headers
    assert (
        ok(tool.post(f"/activations/{seat}/remove", WHY, etag="*", dry_run="true"))["status"]
        == "removed"
    )
    issued = ok(tool.post("/licenses", ISSUE, dry_run="true"))
    assert (issued["license_key"], issued["license_id"], issued["key_tail"]) == (None, None, None)
    assert issued["status"] == "active"
    refused(tool.post("/licenses", {"product": "none"}, dry_run="true"), "NOT_FOUND")
    refused(
        tool.post(f"/licenses/{license_id}/suspend", WHY, etag='"0"', dry_run="true"),
        "CHANGED_MEANWHILE",
    )
    assert server.rows() == before
    assert etag_of(tool, license_id) == tag


def stored_answers(server: Server) -> bytes:
    async def work(connection: Connection) -> bytes:
        rows = await connection.execute(text("SELECT * FROM tool_answers"))
        return b"".join(bytes(cell) for row in rows for cell in row if isinstance(cell, bytes))

    return server.run(server.context.database.transact(work))


def test_no_key_and_nothing_personal_lies_in_clear(server: Server, tool: Tool):
    key = f"ana.canary-{uuid.uuid4()}"
    body = {**ISSUE, "order": "FS-CANARY", "buyer": {"name": "Ana Canary"}}
    issued = ok(tool.post("/licenses", body, key=key), 201)
    stored = stored_answers(server)
    assert stored
    for secret in (issued["license_key"], "FS-CANARY", "Canary", "ana.canary", issued["key_tail"]):
        assert secret.encode() not in stored


def test_answers_go_after_a_day(server: Server, tool: Tool):
    key = new_id()
    first = ok(tool.post("/licenses", ISSUE, key=key), 201)
    server.world.clock.advance(hours=24, seconds=-1)
    assert ok(tool.post("/licenses", ISSUE, key=key), 201) == first
    server.world.clock.advance(seconds=1)
    second = ok(tool.post("/licenses", ISSUE, key=key), 201)  # a new one
    assert second["license_id"] != first["license_id"]
    assert ok(tool.post("/licenses", ISSUE, key=key), 201) == second
    server.world.clock.advance(days=1, seconds=1)
    server.run(retention.run(server.context, lambda *_told: None))
    assert server.rows()["tool_answers"] == 0
