"""Each refusal that a request can meet, and what its body says."""

from datetime import date

import pytest

from activation_server import base64url
from activation_server.services import releases
from tests.web.server import (
    OTHER_PRODUCT,
    PROBLEM_FIELDS,
    PRODUCT,
    Json,
    Server,
    activation,
    check_in,
    deactivation,
    deactivation_of,
    new_id,
    ok,
    reactivations_of,
    refused,
)

UNKNOWN_KEY = "00000-00000-00000-00000-00000"
PLACEHOLDERS = (
    "00000000",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "Default string",
    "To Be Filled By O.E.M.",
    "TO BE FILLED BY O.E.M.",
    "System Serial Number",
    "03000200-0400-0500-0006-000700080009",
    "Not Applicable",
    "--------",
)


def test_a_refusal_is_a_problem_of_rfc_9457(server: Server) -> None:
    response = server.activate(activation(UNKNOWN_KEY))
    body = refused(response, "LICENSE_NOT_FOUND")
    assert set(body) == PROBLEM_FIELDS
    assert response.status_code == 404
    assert body["type"] == "https://licenses.example.com/problems/license-not-found"
    assert body["server_time"] == "2026-11-22T10:00:00Z"
    assert body["title"]
    assert body["detail"].endswith(".")
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"


def test_all_seats_taken(server: Server) -> None:
    key = server.issue(seats=2).license_key
    for number in range(2):
        server.activated(key, hardware_id=f"computer {number}")
    before = server.rows()
    response = server.activate(activation(key))
    body = refused(response, "SEAT_LIMIT_REACHED")
    assert response.status_code == 409
    assert body["evidence"] == {"limit": 2, "used": 2}
    assert "All 2 seats" in body["detail"]
    # Support sees the refusal; nothing else is stored.
    assert server.rows() == {**before, "refusals": before["refusals"] + 1}
    ok(server.activate(activation(key, hardware_id="computer 1")))


def test_other_hardware(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    other = check_in(first, hardware_id="another computer")
    body = refused(server.reactivate(first, other), "HARDWARE_MISMATCH")
    assert body["status"] == 403
    assert body["evidence"] == {"components": ["hardware_id"]}
    ok(server.reactivate(first))


def test_other_components(server: Server) -> None:
    anchors = {"system_uuid": "4c4c4544", "board_serial": "BSN12345", "cpu": "Some CPU"}
    key = server.issue().license_key
    first = server.activated(key, hardware_id="00000000", hardware=anchors)
    other = {**anchors, "board_serial": "BSN99999", "cpu": "Another CPU"}
    body = check_in(first, hardware_id="00000000", hardware=other)
    evidence = refused(server.reactivate(first, body), "HARDWARE_MISMATCH")["evidence"]
    assert evidence == {"components": ["board_serial", "cpu"]}
    ok(server.reactivate(first, check_in(first, hardware_id="00000000", hardware=anchors)))


def test_another_edition(server: Server) -> None:
    key = server.issue(edition="professional").license_key
    refusal = refused(server.activate(activation(key, app__edition="home")), "EDITION_NOT_COVERED")
    assert refusal["status"] == 403
    assert refusal["evidence"] == {"licensed": "professional", "requested": "home"}
    server.activated(key, app__edition="Professional")


def test_a_version_above_the_highest(server: Server) -> None:
    key = server.issue(max_version="9").license_key
    first = server.activated(key, app__version="9.99.1")
    newer = check_in(first, app__version="10.0")
    refusal = refused(server.reactivate(first, newer), "VERSION_NOT_COVERED")
    assert refusal["status"] == 403
    assert refusal["evidence"] == {"max_version": "9", "version": "10.0"}
    ok(server.reactivate(first, check_in(first, app__version="9.100")))


def test_a_version_released_after_the_maintenance(server: Server) -> None:
    key = server.issue(maintenance_days=10).license_key
    server.world.clock.advance(days=30)
    covered = activation(key, app__released="2026-12-02")
    assert ok(server.activate(covered), 201)["notices"][0]["code"] == "MAINTENANCE_ENDED"
    refusal = refused(
        server.activate(activation(key, app__released="2026-12-03")), "VERSION_NOT_COVERED"
    )
    assert refusal["evidence"] == {
        "maintenance_until": "2026-12-02T10:00:00Z",
        "released": "2026-12-03",
    }


def test_a_version_listed_as_released_after_the_maintenance(server: Server) -> None:
    endless = server.activated(server.issue().license_key, hardware_id="of no maintenance")
    first = server.activated(server.issue(maintenance_days=10).license_key)

    listed = releases.add(server.context, PRODUCT, "9.9", date(2026, 12, 3))
    assert server.run(listed).before is None
    refusal = refused(server.reactivate(first), "VERSION_NOT_COVERED")
    assert refusal["evidence"] == {
        "maintenance_until": "2026-12-02T10:00:00Z",
        "released": "2026-12-03",
    }
    server.statements.clear()
    says = check_in(first, app__released="2026-12-01")
    ok(server.reactivate(first, says))
    of_no_maintenance = check_in(endless, hardware_id="of no maintenance")
    ok(server.reactivate(endless, of_no_maintenance))
    assert len(server.statements) == 4  # two each: the list is read along
    server.run(releases.remove(server.context, PRODUCT, "9.9"))


@pytest.mark.parametrize("value", PLACEHOLDERS)
def test_a_placeholder_identifies_no_computer(server: Server, value: str) -> None:
    key = server.issue().license_key
    model = {"cpu": "Some CPU", "system_uuid": value, "board_serial": "None", "disk_serial": ""}
    body = activation(key, hardware_id=value, hardware=model)
    assert refused(server.activate(body), "HARDWARE_ID_UNUSABLE")["status"] == 422
    usable = {**model, "system_uuid": "4c4c4544-0043-4a10-8052-b4c04f564231"}
    server.activated(key, hardware_id=value, hardware=usable)


def test_a_hardware_id_below_its_limit_is_invalid_placeholder_or_not(server: Server) -> None:
    key = server.issue().license_key
    for value in ("None", " 0000000 ", "N/A"):
        body = refused(server.activate(activation(key, hardware_id=value)), "REQUEST_INVALID")
        assert [error["pointer"] for error in body["evidence"]["errors"]] == ["/hardware_id"]


def test_computers_with_a_placeholder_and_other_components_are_two(server: Server) -> None:
    key = server.issue(seats=1).license_key
    server.activated(key, hardware_id="00000000", hardware={"system_uuid": "4c4c4544"})
    another = activation(key, hardware_id="00000000", hardware={"system_uuid": "31b2c3d4"})
    refused(server.activate(another), "SEAT_LIMIT_REACHED")


def flipped(token: str) -> list[str]:
    """The token with one bit flipped, for each bit."""
    raw = base64url.decode(token)
    return [
        base64url.encode(bytes([*raw[:at], raw[at] ^ 1 << bit, *raw[at + 1 :]]))
        for at in range(len(raw))
        for bit in range(8)
    ]


def test_a_forged_token_is_refused_before_the_database(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    token = first["check_in_token"]
    forged = [*flipped(token), token[:-1], token + "A", "A", "=", token + "\u200b", "é" * 51]
    server.statements.clear()
    for number, forgery in enumerate(forged):
        told = {**first, "check_in_token": forgery}
        refused(server.reactivate(told), "ACTIVATION_NOT_FOUND")
        if number % 8 == 0:
            refused(server.deactivate(told), "ACTIVATION_NOT_FOUND")
    assert server.statements == []
    ok(server.reactivate(first))


def test_a_token_of_another_activation(server: Server) -> None:
    key = server.issue(seats=2).license_key
    mine, other = server.activated(key), server.activated(key, hardware_id="another computer")
    for one, two in ((mine, other), (other, mine)):
        crossed = {**one, "check_in_token": two["check_in_token"]}
        refused(server.reactivate(crossed), "ACTIVATION_NOT_FOUND")
        refused(server.deactivate(crossed), "ACTIVATION_NOT_FOUND")
    ok(server.reactivate(mine))


@pytest.mark.parametrize(
    "known_as", ["1", "null", "%00", "%F0%9F%92%A9", "'; DROP TABLE licenses; --", "x" * 9]
)
def test_an_activation_id_that_is_none(server: Server, known_as: str) -> None:
    first = server.activated(server.issue().license_key)
    told = {**first, "activation_id": known_as}
    refused(server.reactivate(told), "ACTIVATION_NOT_FOUND")
    refused(server.deactivate(told), "ACTIVATION_NOT_FOUND")


def test_an_activation_that_a_restored_database_does_not_know(server: Server) -> None:
    license_ = server.issue()
    first = server.activated(license_.license_key)
    server.script(f"DELETE FROM activations WHERE activation_id = '{first['activation_id']}'")
    refused(server.reactivate(first), "ACTIVATION_NOT_FOUND")
    refused(server.deactivate(first), "ACTIVATION_NOT_FOUND")
    server.script(f"DELETE FROM licenses WHERE license_id = '{license_.license.license_id}'")
    refused(server.reactivate(first), "ACTIVATION_NOT_FOUND")
    refused(server.deactivate(first), "ACTIVATION_NOT_FOUND")


def spellings(key: str) -> dict[str, str]:
    return {
        "lower case": key.lower(),
        "no dashes": key.replace("-", ""),
        "spaces": key.replace("-", " "),
        "spaces around": f"\t {key} \n",
        "en dashes": key.replace("-", "\u2013"),
        "full width": "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in key),
        "letter O": key.replace("0", "O"),
        "letter I": key.replace("1", "I"),
        "small letter L": key.replace("1", "l"),
        "other groups": "-".join(key.replace("-", "")),
    }


def test_a_key_is_read_forgivingly(server: Server) -> None:
    key = server.issue(seats=None).license_key
    while not {"0", "1"} <= set(key):
        key = server.issue(seats=None).license_key
    first = server.activated(key)
    for name, typed in spellings(key).items():
        assert ok(server.activate(activation(typed)))["status"] == "already_activated", name
        last = ok(server.activate(activation(typed)))
        assert last["activation_id"] == first["activation_id"], name
        ok(server.reactivate(last, check_in(last, license_key=typed)))


def test_a_check_in_may_name_its_product_and_key(server: Server) -> None:
    key, other_key = server.issue().license_key, server.issue().license_key
    first = server.activated(key)
    named: list[Json] = [
        {"product": OTHER_PRODUCT},
        {"product": "no such product"},
        {"license_key": other_key},
        {"license_key": UNKNOWN_KEY},
        {"license_key": key, "product": OTHER_PRODUCT},
        {"license_key": other_key, "product": first["activation_id"][:8]},
    ]
    for changes in named:
        body = check_in(first, **changes)
        refused(server.reactivate(first, body), "ACTIVATION_NOT_FOUND")
    named = [{"license_key": key}, {"product": "backup-pro"}, {"product": None}, {}]
    for changes in named:
        first = ok(server.reactivate(first, check_in(first, **changes)))


def test_the_same_key_text_may_be_asked_of_either_product(server: Server) -> None:
    key = server.issue(OTHER_PRODUCT).license_key
    refused(server.activate(activation(key)), "LICENSE_NOT_FOUND")
    server.activated(key, product=OTHER_PRODUCT)


def test_a_refusal_repeated_is_one_row_for_support(server: Server) -> None:
    license_ = server.issue()
    server.change(license_, "suspend")
    before = server.rows()["refusals"]
    for _ in range(3):
        refused(server.activate(activation(license_.license_key)), "LICENSE_SUSPENDED")
    assert server.rows()["refusals"] == before + 1


def test_calls_on_an_unknown_activation(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    nowhere = {**first, "activation_id": new_id()}
    refused(server.post(reactivations_of(nowhere), check_in(first)), "ACTIVATION_NOT_FOUND")
    refused(server.post(deactivation_of(nowhere), deactivation(first)), "ACTIVATION_NOT_FOUND")


def test_sql_in_every_text_of_a_granted_call(server: Server) -> None:
    key = server.issue(seats=None).license_key
    before = server.rows()
    texts = ("name", "company", "comments", "computer_name", "hardware_id", "os__version")
    more = ("os__edition", "os__arch", "app__version", "app__edition")
    sql = dict.fromkeys((*texts, *more), "'; DROP TABLE licenses; --")
    first = server.activated(key, **sql, hardware=dict.fromkeys(sql.values(), "' OR 1=1 --"))
    ok(server.reactivate(first, check_in(first, **sql)))
    more_rows = ("activations", "events", "people", "person_computers")
    grown = {table: before[table] + 1 for table in more_rows}
    assert server.rows() == {**before, **grown}
