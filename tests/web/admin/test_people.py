"""A person's data over the admin API: told, given, erased once."""

from dataclasses import replace

from activation_server.rules.person import Person
from activation_server.services import retention
from tests.web.admin.test_licenses import id_of, sold
from tests.web.admin.tool import Tool
from tests.web.server import Server, refused

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
