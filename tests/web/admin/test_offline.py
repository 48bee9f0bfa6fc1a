"""Offline request files that a tool brings: the app's own rules decide, once."""

import json

from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind
from tests.web.admin.tool import Tool
from tests.web.server import Json, Server, activation, ok, refused
from tests.web.test_offline import request_file

WHY = "ticket 4711"


def brought(file: str) -> Json:
    return {"file": f"Dear support,\r\n{file}", "reason": WHY}


def test_a_file_is_answered_by_a_file_once(server: Server, tool: Tool):
    license_ = server.issue()
    license_id = str(license_.license.license_id)
    file = request_file("activate", activation(license_.license_key))
    seen = ok(tool.post("/offline-requests", brought(file), dry_run=True))
    assert seen == {"purpose": "activate", "license_id": license_id, "file": None, "answer": None}
    assert server.show(license_.license_key).view.license.seats_used == 0
    first = tool.post("/offline-requests", brought(file), key="mail-4711")
    again = tool.post("/offline-requests", brought(file), key="mail-4711")
    answer = ok(first)
    assert ok(again) == answer
    assert again.headers["idempotent-replayed"] == "true"
    assert json.loads(offline_file.read(Kind.RESPONSE, answer["file"].encode())) == answer["answer"]
    assert (answer["answer"]["status"], answer["license_id"]) == ("activated", license_id)
    [entry] = ok(tool.get("/audit", action="offline_file_taken"))["entries"]
    assert (entry["license_id"], entry["why"]) == (license_id, WHY)


def test_what_the_rules_refuse_says_what_support_can_do(server: Server, tool: Tool):
    license_ = server.issue()
    server.activated(license_.license_key)
    other = activation(license_.license_key, hardware_id="another-computer")
    told = refused(
        tool.post("/offline-requests", brought(request_file("activate", other))),
        "SEAT_LIMIT_REACHED",
    )
    assert told["evidence"]["license_id"] == str(license_.license.license_id)
    assert "seat" in told["evidence"]["support"]
    refused(tool.post("/offline-requests", brought("no file")), "OFFLINE_FILE_INVALID")
    damaged = {"file": "x" * 33_000, "reason": WHY}
    refused(tool.post("/offline-requests", damaged), "REQUEST_INVALID")
