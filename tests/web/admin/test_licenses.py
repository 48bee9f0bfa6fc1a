"""Licenses found, listed in pages, and read; personal values masked."""

import csv
from dataclasses import replace
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest

from activation_server.rules.person import Person
from activation_server.services import license_change, licensing
from activation_server.services.license_change import NewTerms
from activation_server.services.licensing import LicenseView, Order
from activation_server.store import license_list
from tests.web.admin.tool import Tool
from tests.web.server import PRODUCT, Json, Server, activation, new_id, refused

ANA = Person("Ana Popescu-Canary", "Exemplu SRL", "ana.canary@example.com")
HOSTILE = "<script>alert(1)</script>=cmd|' /C calc'!A0"


def sold(server: Server, product: str = PRODUCT, **values: Any) -> LicenseView:
    """A license with whatever an order may have."""
    order = replace(Order(product, "standard", {"seats": 2}, None, None, None, 1), **values)
    [issued] = server.run(licensing.issue(server.context, order, lambda _done: None))
    return issued


def id_of(view: LicenseView) -> str:
    return str(view.license.license_id)


def all_pages(tool: Tool, limit: int = 2, **parameters: Any) -> list[str]:
    """The ids of all licenses of a list, page by page."""
    found: list[str] = []
    more: Json = {}
    while True:
        body = tool.get("/licenses", limit=limit, **parameters, **more).json()
        assert len(body["licenses"]) <= limit
        found += [each["license_id"] for each in body["licenses"]]
        if body["next"] is None:
            return found
        more = {"cursor": body["next"]}


def a_product(server: Server) -> str:
    product = new_id()
    server.add_product(product)
    return product


def test_a_license_is_found_by_what_is_known_of_it(server: Server, tool: Tool):
    view = sold(server, buyer=ANA, order_reference="FS-2026-77")
    sold(server, order_reference="FS-2026-78")
    answer = server.activated(view.license_key, computer_name="ANA-LAPTOP")
    for parameters in (
        {"q": view.license_key},
        {"q": view.license_key[-5:]},
        {"q": "popescu-canary"},
        {"q": "ana-laptop"},
        {"q": answer["activation_id"]},
        {"email": "ANA.canary@example.com"},
        {"order": " fs-2026-77 "},
        {"q": "popescu-canary", "status": "active", "product": PRODUCT},
    ):
        assert all_pages(tool, 2, **parameters) == [id_of(view)], parameters
    for parameters in (
        {"q": "popescu-canary", "status": "revoked"},
        {"q": "nobody at all"},
        {"order": "FS-2026-7"},
        {"email": "ana@canary.example.com"},
        {"product": "none"},
        {"policy": "gold", "product": PRODUCT},
    ):
        assert all_pages(tool, 2, **parameters) == [], parameters


def test_lists_are_masked_and_hold_no_key(server: Server, tool: Tool):
    view = sold(server, buyer=ANA, order_reference="FS-2026-99")
    for response in (
        tool.get("/licenses", order="FS-2026-99"),
        tool.get(f"/licenses/{id_of(view)}"),
    ):
        assert "Canary" not in response.text
        assert "ana.canary" not in response.text
        assert view.license_key not in response.text
        assert view.license_key[-5:] in response.text
        assert "a…@e….com" in response.text


def test_all_of_a_license(server: Server, tool: Tool):
    view = sold(server, buyer=ANA)
    server.activated(view.license_key)
    server.activated(view.license_key, hardware_id="another computer")
    refused(
        server.activate(activation(view.license_key, hardware_id="a third computer")),
        "SEAT_LIMIT_REACHED",
    )
    body = tool.get(f"/licenses/{id_of(view)}").json()
    assert body["terms"]["seats"] == {"value": 2, "from": "license"}
    assert body["explanation"]
    assert [each["status"] for each in body["activations"]] == ["active", "active"]
    assert sorted(each["kind"] for each in body["events"]) == ["activated", "activated", "issued"]
    assert body["events_total"] == 3
    [refusal] = body["refusals"]
    assert (refusal["code"], refusal["evidence"]) == ("SEAT_LIMIT_REACHED", {"limit": 2, "used": 2})
    assert "seats" in refusal["support"]
    path = f"/licenses/{id_of(view)}"
    assert tool.get(f"{path}/activations").json() == {"activations": body["activations"]}
    events = tool.get(f"{path}/events").json()
    assert events == {"events": body["events"], "total": 3}
    assert tool.get(f"{path}/refusals").json() == {"refusals": body["refusals"]}
    entries = tool.get("/audit", license_id=id_of(view)).json()["entries"]
    assert [each["action"] for each in entries] == ["shown"] * 4 + ["issued"]
    assert {each["who"].split(":")[0] for each in entries[:4]} == {"token"}


def test_what_is_not_there(server: Server, tool: Tool):
    view = sold(server)
    activation_id = server.activated(view.license_key)["activation_id"]
    for unknown in (new_id(), activation_id):  # an id of something else leads nowhere
        for path in ("", "/activations", "/events", "/refusals"):
            refused(tool.get(f"/licenses/{unknown}{path}"), "NOT_FOUND")
    body = refused(tool.get(f"/licenses/{view.license_key}"), "REQUEST_INVALID")
    assert body["evidence"]["errors"][0]["pointer"] == "/path/license_id"
    assert view.license_key not in str(body)


def test_filters(server: Server, tool: Tool):
    product = a_product(server)
    perpetual, hold, ending, own, unbegun = (
        sold(server, product, overrides=terms, expires_at=end)
        for terms, end in (
            ({}, None),
            ({}, None),
            ({"term_days": 10}, None),
            ({}, datetime(2026, 12, 1, tzinfo=UTC)),
            ({"term_days": 10, "term_from": "activation"}, None),
        )
    )
    server.change(hold, "suspend")

    def listed(**parameters: Any) -> set[str]:
        found = all_pages(tool, product=product, **parameters)
        assert len(set(found)) == len(found)
        return set(found)

    everything = {id_of(each) for each in (perpetual, hold, ending, own, unbegun)}
    assert listed() == listed(policy="standard") == everything
    assert listed(status="suspended") == {id_of(hold)}
    assert listed(status="active") == everything - {id_of(hold)}
    assert listed(ends_before="2026-12-02T10:00:01Z") == {id_of(ending), id_of(own)}
    assert listed(ends_before="2026-12-02T10:00:00Z") == {id_of(own)}
    assert listed(ends_before="2026-12-01T00:00:00Z") == set()
    assert listed(ends_after="2026-12-01T00:00:01Z") == {id_of(ending)}
    for computer in ("5c1d-one-computer", "5c1d-another-computer"):
        server.activate(activation(own.license_key, product=product, hardware_id=computer))
    assert listed(refused="SEAT_LIMIT_REACHED") == {id_of(own)}
    csv = tool.get("/licenses.csv", product=product, refused="SEAT_LIMIT_REACHED").text
    assert csv.count(id_of(own)) == len(csv.splitlines()) - 1 == 1


def test_ends_are_looked_for_in_windows(
    server: Server, tool: Tool, monkeypatch: pytest.MonkeyPatch
):
    """A page of a list by ends looks at so many licenses, and may have none of them."""
    monkeypatch.setattr(license_list, "WINDOW", 2)
    product = a_product(server)
    wanted = {
        id_of(sold(server, product, expires_at=datetime(2026, 12, number, tzinfo=UTC)))
        for number in range(1, 6)
    }
    for _ in range(5):
        sold(server, product)
    for limit in (1, 2, 200):
        found = all_pages(tool, limit, product=product, ends_before="2027-01-01T00:00:00Z")
        assert len(found) == 5
        assert set(found) == wanted


def test_a_page_by_ends_is_not_filled_with_what_ends_later(server: Server, tool: Tool):
    product = a_product(server)
    for days in (1000, 2**31 - 1, 10**30, None):
        for _ in range(5):
            sold(server, product, overrides={"term_days": days})
    soon = {
        id_of(sold(server, product, overrides=terms))
        for terms in ({"term_days": 10}, {"trial_days": 10}, {"trial_days": 10, "term_days": 99})
    }
    server.set_policy(product, term_days=10)
    soon.add(id_of(sold(server, product, overrides={})))
    sold(server, product, overrides={"term_days": None})
    body = tool.get("/licenses", product=product, ends_before="2026-12-10T00:00:00Z").json()
    assert {each["license_id"] for each in body["licenses"]} == soon
    assert body["next"] is None
    pages = 0
    more: Json = {}
    while more.get("cursor", "") is not None:
        found = {"product": product, "ends_before": "2026-12-10T00:00:00Z", "limit": 2, **more}
        more = {"cursor": tool.get("/licenses", **found).json()["next"]}
        pages += 1
    assert pages <= 5


def test_pages_beside_new_licenses(server: Server, tool: Tool):
    """What was there comes once, whatever is issued meanwhile; in the order of ids."""
    product = a_product(server)
    before = {id_of(sold(server, product)) for _ in range(9)}
    found: list[str] = []
    cursor: Json = {}
    while True:
        body = tool.get("/licenses", product=product, limit=2, **cursor).json()
        found += [each["license_id"] for each in body["licenses"]]
        if body["next"] is None:
            break
        sold(server, product)
        cursor = {"cursor": body["next"]}
    assert found == sorted(set(found))
    assert before <= set(found)


@pytest.mark.parametrize("cursor", ["x", "", "WyJub25lIl0", "WyIxIiwiMiJd", "e30", "bnVsbA"])
def test_a_cursor_is_a_cursor(tool: Tool, cursor: str):
    refused(tool.get("/licenses", cursor=cursor), "REQUEST_INVALID")


def test_wrong_parameters(tool: Tool):
    for wrong in (
        {"limit": 0},
        {"limit": 201},
        {"status": "gone"},
        {"email": "ana"},
        {"q": " "},
        {"q": "a\x00"},
        {"ends_before": "2026-12-01"},
        {"ends_before": "19"},
        {"Status": "active"},
    ):
        refused(tool.get("/licenses", **wrong), "REQUEST_INVALID")


def test_the_link_to_the_next_page_takes_no_line_break(server: Server, tool: Tool):
    product = 'a\r\nX-Evil: 1>; rel="x'
    server.add_product(product)
    for _ in range(2):
        sold(server, product)
    response = tool.get("/licenses", product=product, limit=1)
    assert len(response.json()["licenses"]) == 1
    assert "x-evil" not in response.headers
    assert response.headers["link"].count(">") == 1


def test_the_version_changes_with_the_terms_alone(server: Server, tool: Tool):
    view = sold(server)

    def etag() -> str:
        return tool.get(f"/licenses/{id_of(view)}").headers["etag"]

    before = etag()
    assert before.startswith('"')
    server.activated(view.license_key)
    server.run(licensing.note(server.context, view.license.license_id, "called"))
    assert etag() == before
    new = NewTerms(terms={"seats": 3})
    work = license_change.set_terms(server.context, view.license.license_id, new, "order")
    server.run(work)
    changed = etag()
    assert changed != before
    server.change(view, "suspend")
    assert etag() not in {before, changed}
    server.change(view, "reinstate")
    assert etag() == changed
    server.set_policy(PRODUCT, grace_days=3)
    assert etag() != changed
    server.set_policy(PRODUCT, grace_days=0)


def test_hostile_names_stay_text(server: Server, tool: Tool):
    """Whatever a customer, or an app, tells: it is JSON text, or a cell that is no formula."""
    person = Person(HOSTILE, HOSTILE, "=x@example.com")
    view = sold(server, product := a_product(server), buyer=person, order_reference=HOSTILE)
    told = {
        **dict.fromkeys(("name", "company", "comments", "computer_name"), HOSTILE),
        "email": "=<script>@example.com",
        "hardware": {HOSTILE: HOSTILE},
        **dict.fromkeys(("os__version", "os__edition", "os__language", "os__arch"), "=<i>"),
        **dict.fromkeys(("app__version", "app__edition", "app__language"), "=<b>"),
    }
    server.activated(view.license_key, product=product, **told)
    server.activate(
        activation(view.license_key, product=product, **{**told, "hardware_id": HOSTILE})
    )
    third = {**told, "hardware_id": "a third one", "hardware": None}
    refused(
        server.activate(activation(view.license_key, product=product, **third)),
        "SEAT_LIMIT_REACHED",
    )
    path = f"/licenses/{id_of(view)}"
    for response in (
        tool.get(path),
        tool.get("/licenses", product=product),
        tool.get("/licenses", q=HOSTILE),
        *(tool.get(f"{path}/{part}") for part in ("activations", "events", "refusals")),
        tool.post(f"{path}/reveal", {"reason": HOSTILE}),
        tool.get("/audit", license_id=id_of(view)),
    ):
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert response.headers["x-content-type-options"] == "nosniff"
    revealed = tool.post(f"{path}/reveal", {"reason": "a test"}).json()
    assert HOSTILE in {each["name"] for each in revealed["people"]}
    for name in ("licenses", "activations"):
        response = tool.get(f"/{name}.csv", product=product)
        assert response.headers["x-content-type-options"] == "nosniff"
        cells = [cell for row in csv.reader(StringIO(response.text, newline="")) for cell in row]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
        assert "'=<b>" in cells or name == "licenses"
