"""Accounts of staff over the admin API: changed once, as they were seen; no token gives more."""

import pytest

from activation_server.rules.permissions import MAY, Permission, Role
from activation_server.services import set_up
from tests.services.staff import set_up_by, token_of
from tests.web.admin.tool import Tool, tool_with
from tests.web.server import Json, Server, new_id, ok, refused

WHY = "ticket 4711"
SUPPORT = (*MAY[Role.SUPPORT], Permission.STAFF_MANAGE, Permission.AUDIT_READ)


@pytest.fixture(scope="module")
def root(shared_server: Server) -> Json:
    """An administrator, so that others are not the last one."""
    return added(tool_with(shared_server), "administrator")


def added(tool: Tool, role: str, **more: str) -> Json:
    name = f"s-{new_id()[:8]}"
    return ok(tool.post("/staff", {"name": name, "role": role, "reason": WHY, **more}), 201)


def path_of(member: Json, change: str = "") -> str:
    return f"/staff/{member['staff_id']}{change}"


def noted(tool: Tool, name: str) -> list[str]:
    entries = ok(tool.get("/audit", limit=200))["entries"]
    return [each["action"] for each in entries if each["subject"] == name][::-1]


def test_somebody_is_added_once_and_let_in_by_the_link(server: Server, tool: Tool):
    body = {"name": "Ben", "role": "support", "email": "ben@example.com", "reason": WHY}
    seen = ok(tool.post("/staff", body, dry_run=True))
    assert (seen["name"], seen["link"], seen["staff_id"]) == ("ben", None, None)
    first = tool.post("/staff", body, key="hire-ben")
    again = tool.post("/staff", body, key="hire-ben")
    assert ok(again, 201) == ok(first, 201)
    assert again.headers["idempotent-replayed"] == "true"
    refused(tool.post("/staff", body), "REFUSED")
    link = first.json()["link"]
    listed = tool.get("/staff")
    assert token_of(link) not in listed.text + tool.get("/audit").text + str(server.statements)
    [ben] = [each for each in ok(listed)["staff"] if each["name"] == "ben"]
    assert (ben["standing"], ben["single_sign_on"]) == ("invited", "expected")
    server.run(set_up_by(server.context, token_of(link)))
    shown = tool.get(path_of(ben))
    assert shown.headers["etag"] == f'"{ok(shown)["version"]}"' != first.headers["etag"]
    assert (shown.json()["standing"], len(shown.json()["sessions"])) == ("active", 1)
    ended = ok(tool.post(path_of(ben, "/sign-out"), {"reason": WHY}))
    assert (ended["sessions_ended"], ended["signed_in_browsers"]) == (1, 0)
    assert noted(tool, "ben") == ["staff_added", "sso_expected", "staff_set_up", "signed_out"]


@pytest.mark.usefixtures("root")
def test_an_account_is_changed_as_it_was_seen(server: Server, tool: Tool):
    member = added(tool, "viewer")
    etag = f'"{member["version"]}"'
    role = {"role": "manager", "reason": WHY}
    refused(tool.post(path_of(member, "/role"), role), "IF_MATCH_REQUIRED")
    seen = ok(tool.post(path_of(member, "/role"), role, etag=etag, dry_run=True))
    done = ok(tool.post(path_of(member, "/role"), role, etag=etag))
    assert done == seen
    refused(tool.post(path_of(member, "/role"), role, etag=etag), "CHANGED_MEANWHILE")
    email = {"email": f"{new_id()}@example.com", "reason": WHY}
    for change, body, field, value in (
        ("/email", email, "single_sign_on", "expected"),
        ("/unlink", {"reason": WHY}, "single_sign_on", None),
        ("/disable", {"reason": WHY}, "standing", "disabled"),
        ("/enable", {"reason": WHY}, "standing", "invited"),
    ):
        assert ok(tool.post(path_of(member, change), body, etag="*"))[field] == value
    refused(tool.post(path_of(member, "/unlink"), {"reason": WHY}, etag="*"), "REFUSED")
    old = token_of(member["link"])
    link = ok(tool.post(path_of(member, "/link"), {"reason": WHY}, etag="*"))["link"]
    assert server.run(set_up.offered(server.context, old)) is None
    assert server.run(set_up.offered(server.context, token_of(link))) is not None
    unknown = f"/staff/{new_id()}/disable"
    refused(tool.post(unknown, {"reason": WHY}, etag="*"), "NOT_FOUND")
    for wrong in ({"role": "owner"}, {"role": "viewer", "reason": ""}):
        answer = tool.post(path_of(member, "/role"), {"reason": WHY, **wrong}, etag="*")
        refused(answer, "REQUEST_INVALID")


def test_a_token_lets_nobody_in_who_may_do_more_than_itself(server: Server, tool: Tool, root: Json):
    hr = tool_with(server, *SUPPORT)
    ben = added(hr, "support")
    more = {"name": "eve", "role": "administrator", "reason": WHY}
    email = {"email": "eve@example.com", "reason": WHY}
    gone = added(tool, "privacy_officer")
    ok(hr.post(path_of(gone, "/disable"), {"reason": WHY}, etag="*"))  # to take away is no gift
    for path, body in (
        ("/staff", more),
        (path_of(ben, "/role"), {"role": "manager", "reason": WHY}),
        (path_of(root, "/link"), {"reason": WHY}),
        (path_of(root, "/email"), email),
        (path_of(gone, "/enable"), {"reason": WHY}),
    ):
        told = refused(hr.post(path, body, etag="*"), "SCOPE_INSUFFICIENT")
        assert "people:export" in told["detail"] or "licenses:change" in told["detail"]
    assert ok(tool.get(path_of(root)))["version"] == root["version"]
    assert ok(tool.get(path_of(gone)))["standing"] == "disabled"
    assert ok(tool.get(path_of(ben)))["role"] == "support"
