"""A person's data over the admin API: told, given, erased once."""

from activation_server.rules.person import Person
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
