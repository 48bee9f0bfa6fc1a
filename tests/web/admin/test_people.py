"""A person's data over the admin API: told, given, erased once."""

from dataclasses import replace

from activation_server.rules.person import Person
from activation_server.services import retention
from tests.web.admin.test_licenses import id_of, sold
from tests.web.admin.tool import Tool
from tests.web.server import Server, ok, refused

EMAIL = "mia@tools.example"
MIA = Person("Mia Wünsche", None, EMAIL)


def test_a_person_is_told_given_and_erased(server: Server, tool: Tool):
    view = sold(server, buyer=MIA)
    body = {"email": EMAIL.upper(), "reason": "her letter"}
    told = tool.post("/people/find", {"email": EMAIL}).json()
    assert [each["license_id"] for each in told["licenses"]] == [id_of(view)]
    goes = {each["kind"] for each in told["kinds"] if each["goes_with_erasure"]}
    assert {"name", "e-mail"} <= goes
    assert "Mia" not in str(told)
    given = tool.post("/people/export", body).json()
    assert "Mia Wünsche" in str(given["licenses"])
    wish = {"email": EMAIL, "months": 6, "reason": "her letter"}
    assert tool.post("/people/wish", wish).json() == {"people": 1, "months": 6}
    refused(tool.post("/people/wish", {**wish, "months": 25}), "REQUEST_INVALID")
    counts = {"people": 1, "computers": 0, "licenses": 1}
    seen = tool.post("/people/erase", body, dry_run=True).json()
    assert seen == {**counts, "receipt": None}
    first, again = (tool.post("/people/erase", body, key="letter-1") for _ in range(2))
    assert first.json() == again.json()
    assert first.json()["receipt"]
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert not tool.post("/people/find", {"email": EMAIL}).json()["held"]
    for action in ("exported", "erased"):
        [entry, *_] = tool.get("/audit", action=action).json()["entries"]
        assert entry["why"] == "her letter"
        assert EMAIL not in str(entry)
    for wrong in ({"email": "mia"}, {"email": ""}, {"email": EMAIL}):
        refused(tool.post("/people/erase", wrong), "REQUEST_INVALID")


def test_holds_and_retention(server: Server, tool: Tool):
    license_id = id_of(sold(server, buyer=replace(MIA, email="max@tools.example")))
    hold = {"reason": "case 4711", "ordered_by": "Dr. Law", "until": "2027-12-31"}
    body = {**hold, "email": "max@tools.example"}
    [seen] = tool.post("/holds", body, dry_run=True).json()["holds"]
    assert (seen["license_id"], seen["on"]) == (license_id, "person")
    assert tool.get("/holds").json() == {"holds": []}
    first, again = (tool.post("/holds", body, key="case-4711").json() for _ in range(2))
    assert first == again == tool.get("/holds").json()
    assert "4711" not in str(first)
    [shown] = tool.post("/holds/reveal", {"reason": "audit 2026"}).json()["holds"]
    assert shown == {
        **first["holds"][0],
        "reason": "case 4711",
        "ordered_by": "Dr. Law",
        "lifted_reason": None,
    }
    assert tool.get("/audit", action="revealed").json()["entries"][0]["why"] == "audit 2026"
    person = {"email": "max@tools.example", "reason": "his letter"}
    assert len(tool.post("/people/find", {"email": person["email"]}).json()["holds"]) == 1
    told = refused(tool.post("/people/erase", person), "REFUSED")
    hold_id = first["holds"][0]["hold_id"]
    assert hold_id in told["detail"]
    lifted = tool.post(f"/holds/{hold_id}/lift", {"reason": "settled"}).json()
    assert lifted["status"] == "lifted"
    assert tool.get("/holds").json() == {"holds": []}
    assert len(tool.get("/holds", all=True).json()["holds"]) == 1
    tool.post("/holds", {**hold, "license": license_id})
    assert tool.get("/holds").json()["holds"][0]["on"] == "license"
    for wrong in (hold, {**body, "license": license_id}, {**body, "until": "soon"}):
        refused(tool.post("/holds", wrong), "REQUEST_INVALID")
    refused(tool.post("/holds", {**body, "until": "2020-01-01"}), "REFUSED")
    server.run(retention.run(server.context, lambda *_told: None))
    classes = tool.get("/retention").json()["classes"]
    assert {"class": "comments", "lifetime": "24 months"}.items() <= classes[1].items()
    [run] = tool.get("/retention/runs").json()["runs"]
    assert run["classes"]["comments"] == {"due": 0, "gone": 0, "held": 0, "waiting": 0, "why": ""}
    body = {"reason": "the auditor asks"}
    seen = tool.post("/retention:run", body, dry_run=True).json()
    ran, again = (tool.post("/retention:run", body, key="run-1") for _ in range(2))
    assert ran.json() == again.json()
    assert (ran.json()["paused"], again.headers["idempotent-replayed"]) == (False, "true")
    counted = {name: each["due"] for name, each in seen["classes"].items()}
    assert counted == {name: each["gone"] for name, each in ran.json()["classes"].items()}
    assert len(tool.get("/retention/runs").json()["runs"]) == 2
    assert tool.get("/audit", action="retention_run").json()["entries"][0]["why"] == body["reason"]


def test_a_lifetime_is_set_as_it_was_seen(tool: Tool):
    [seen] = [e for e in tool.get("/retention").json()["classes"] if e["class"] == "refusals"]
    body = {"class": "refusals", "lifetime": {"count": 6, "unit": "months"}, "reason": "less"}
    etag = f'"{seen["version"]}"'
    refused(tool.post("/retention:set", body), "IF_MATCH_REQUIRED")
    would = ok(tool.post("/retention:set", body, etag=etag, dry_run=True))
    assert (would["lifetime"], would["lifetime_before"]) == ("6 months", seen["lifetime"])
    done = tool.post("/retention:set", body, etag=etag)
    assert ok(done) == would
    assert done.headers["etag"] == '"6-months"'
    refused(tool.post("/retention:set", body, etag=etag), "CHANGED_MEANWHILE")
    [entry] = tool.get("/audit", action="retention_set").json()["entries"]
    assert (entry["subject"], entry["why"]) == ("refusals", "less")
    default = ok(tool.post("/retention:set", {**body, "lifetime": None}, etag="*"))
    assert (default["lifetime"], default["is_default"]) == (seen["lifetime"], True)
    for wrong in ({"count": 0, "unit": "months"}, {"count": 1, "unit": "years"}):
        answer = tool.post("/retention:set", {**body, "lifetime": wrong}, etag="*")
        refused(answer, "REQUEST_INVALID")
    refused(tool.post("/retention:set", {**body, "class": "none"}, etag="*"), "REFUSED")


def test_a_person_is_put_right_as_seen_and_once(server: Server, tool: Tool):
    license_id = id_of(sold(server, buyer=replace(MIA, email="mia@right.example")))
    [person] = tool.get(f"/licenses/{license_id}").json()["people"]
    path, etag = f"/licenses/{license_id}/people", f'"{person["version"]}"'
    path = f"{path}/{person['person_id']}/correct"
    body = {"right": {"name": "Mia Wunsch", "company": "W GmbH"}, "reason": "ticket 1"}
    refused(tool.post(path, body), "IF_MATCH_REQUIRED")
    seen = tool.post(path, body, etag=etag, dry_run=True).json()
    done = {"people": 1, "licenses": [license_id], "fields": ["name", "company"]}
    assert seen == {**done, "consents_ended": 0}
    first, again = (tool.post(path, body, etag=etag, key="ticket-1") for _ in range(2))
    assert first.json() == again.json() == seen
    refused(tool.post(path, {**body, "right": {"name": "X"}}, etag=etag), "CHANGED_MEANWHILE")
    refused(tool.post(path.replace(license_id, person["person_id"]), body, etag="*"), "NOT_FOUND")
    right = {"email": "mia@moved.example", "company": None}
    moved = {"email": "mia@right.example", "right": right, "reason": "ticket 2"}
    assert tool.post("/people/correct", moved).json()["fields"] == ["company", "email"]
    assert not tool.post("/people/find", {"email": moved["email"]}).json()["held"]
    given = tool.post(f"/licenses/{license_id}/reveal", {"reason": "to see"}).json()["people"][0]
    assert (given["name"], given["company"], given["email"]) == (
        "Mia Wunsch",
        None,
        "mia@moved.example",
    )
    entries = tool.get("/audit", action="person_corrected").json()["entries"]
    assert [each["why"] for each in entries] == ["ticket 2", "ticket 1"]
    assert "mia" not in str(entries).lower()
    for wrong in ({}, {"email": "mia"}, {"name": ""}, {"comments": "x"}):
        refused(tool.post("/people/correct", {**moved, "right": wrong}), "REQUEST_INVALID")
