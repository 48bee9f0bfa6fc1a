"""The newsletter over the admin API: evidence, confirmed and withdrawn once, everybody as CSV."""

from tests.web.admin.test_bulk import records
from tests.web.admin.tool import Tool
from tests.web.server import Json, Server, new_id, ok, refused

WHY = "the link in our mail"


def asked(server: Server) -> str:
    """An address with which an app asked for the newsletter."""
    email = f"{new_id()}@example.com"
    server.activated(server.issue().license_key, name="Ana", email=email, newsletter=True)
    return email


def body(email: str) -> Json:
    return {"email": email, "channel": "email", "reason": WHY}


def test_a_consent_is_confirmed_and_withdrawn_once(server: Server, tool: Tool):
    email = asked(server)
    found = ok(tool.post("/newsletter/find", {"email": email.upper()}))
    assert (found["gets_newsletter"], found["suppressed_since"]) == (False, None)
    assert [each["state"] for each in found["consents"]] == ["unconfirmed"]
    seen = ok(tool.post("/newsletter/confirm", body(email), dry_run=True))
    assert ok(tool.post("/newsletter/find", {"email": email})) == found
    confirmed = ok(tool.post("/newsletter/confirm", body(email), key="mail-1"))
    assert confirmed == seen
    assert confirmed["gets_newsletter"]
    assert confirmed["consents"][0]["confirmed_by"] == "email"
    seen = ok(tool.post("/newsletter/withdraw", body(email), dry_run=True))
    withdrawn = ok(tool.post("/newsletter/withdraw", body(email)))
    assert withdrawn == seen
    assert (withdrawn["gets_newsletter"], withdrawn["suppressed_since"] is None) == (False, False)
    late = tool.post("/newsletter/confirm", body(email), key="mail-1")
    assert ok(late) == confirmed  # what was answered then
    assert late.headers["idempotent-replayed"] == "true"
    assert ok(tool.post("/newsletter/find", {"email": email})) == withdrawn  # and nothing is done
    refused(tool.post("/newsletter/confirm", body(email)), "REFUSED")
    for action in ("newsletter_confirmed", "newsletter_withdrawn"):
        [entry] = ok(tool.get("/audit", action=action))["entries"]
        assert (entry["why"], email in str(entry)) == (WHY, False)
    for wrong in ({"channel": "ledger"}, {"email": "ana"}, {"reason": " "}):
        answer = tool.post("/newsletter/withdraw", {**body(email), **wrong})
        refused(answer, "REQUEST_INVALID")


def test_everybody_who_gets_it_is_given_as_csv(server: Server, tool: Tool):
    email = asked(server)
    asked(server)
    ok(tool.post("/newsletter/confirm", body(email)))
    answer = tool.post("/newsletter/export", {"reason": "to send the November issue"})
    [line] = records(answer)
    assert (line["email"], line["confirmed_by"]) == (email, "email")
    [entry, *_] = ok(tool.get("/audit", action="revealed"))["entries"]
    assert (entry["subject"], entry["why"]) == ("newsletter", "to send the November issue")
