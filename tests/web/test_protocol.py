"""Activation, check-in and deactivation: each answer, and each answer again."""

import json
from typing import Any

import pytest

from activation_server.services.licensing import LicenseView
from tests.web.server import (
    ANSWER_FIELDS,
    Json,
    Server,
    activation,
    check_in,
    deactivation,
    new_id,
    new_nonce,
    ok,
    reactivations_of,
    refused,
    with_changes,
)

ENDINGS = {
    "suspend": "LICENSE_SUSPENDED",
    "revoke": "LICENSE_REVOKED",
    "expire": "LICENSE_EXPIRED",
    "remove": "ACTIVATION_REMOVED",
    "deactivate": "ACTIVATION_REMOVED",
}


def test_the_first_activation_takes_a_seat(server: Server) -> None:
    response = server.activate(activation(server.issue(seats=3).license_key))
    answer = ok(response, 201)
    assert set(answer) == ANSWER_FIELDS
    assert answer["status"] == "activated"
    assert answer["seats"] == {"limit": 3, "used": 1}
    assert answer["server_time"] == "2026-11-22T10:00:00Z"
    assert answer["check_in_after"] == "2026-11-29T10:00:00Z"
    assert answer["certificate_expires"] == "2026-12-22T10:00:00Z"
    assert answer["notices"] == []
    assert response.headers["cache-control"] == "no-store"


def test_an_unlimited_perpetual_license_has_neither_limit_nor_expiry(server: Server) -> None:
    answer = server.activated(server.issue(seats=None, certificate_days=None).license_key)
    assert answer["seats"] == {"limit": None, "used": 1}
    assert answer["certificate_expires"] is None


def test_activating_again_renews_the_seat(server: Server) -> None:
    key = server.issue(seats=3).license_key
    first = server.activated(key)
    server.world.clock.advance(days=1)
    again = ok(server.activate(activation(key)))
    assert set(again) == ANSWER_FIELDS
    assert again["status"] == "already_activated"
    assert again["activation_id"] == first["activation_id"]
    assert again["seats"] == {"limit": 3, "used": 1}
    assert again["check_in_token"] != first["check_in_token"]
    assert again["certificate_expires"] == "2026-12-23T10:00:00Z"


def test_checking_in_renews_the_certificate(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    server.world.clock.advance(days=7)
    answer = ok(server.reactivate(first))
    assert set(answer) == ANSWER_FIELDS
    assert answer["status"] == "reactivated"
    assert answer["activation_id"] == first["activation_id"]
    assert answer["check_in_after"] == "2026-12-06T10:00:00Z"
    assert answer["certificate_expires"] == "2026-12-29T10:00:00Z"
    assert answer["seats"] == {"limit": 1, "used": 1}


def test_deactivating_gives_the_seat_back_and_may_be_repeated(server: Server) -> None:
    key = server.issue().license_key
    first = server.activated(key)
    body = deactivation(first)
    given_back = {
        "status": "deactivated",
        "seats": {"limit": 1, "used": 0},
        "server_time": "2026-11-22T10:00:00Z",
    }
    assert ok(server.deactivate(first, body)) == given_back
    assert ok(server.deactivate(first, body)) == given_back
    assert ok(server.deactivate(first)) == given_back
    assert server.activated(key, hardware_id="another computer")["seats"]["used"] == 1


@pytest.mark.parametrize("standing", ["suspend", "revoke"])
def test_a_seat_of_any_license_can_be_given_back(server: Server, standing: str) -> None:
    license_ = server.issue()
    first = server.activated(license_.license_key)
    server.change(license_, standing)
    ok(server.deactivate(first))


@pytest.mark.parametrize("state", range(3), ids=["activated", "already_activated", "reactivated"])
def test_a_retry_gets_the_first_answer_again(server: Server, state: int) -> None:
    key = server.issue(seats=3).license_key
    body = activation(key)
    path, status, first = "/v1/activations", 201, ok(server.activate(body), 201)
    if state == 1:
        body, status = activation(key), 200
        first = ok(server.activate(body))
    if state == 2:
        body, path, status = check_in(first), reactivations_of(first), 200
        first = ok(server.reactivate(first, body))
    server.activated(key, hardware_id="another computer")
    server.world.clock.advance(days=2)
    before = server.rows()
    for _ in range(3):
        again = ok(server.post(path, body), status)
        assert again == {
            **first,
            "server_time": "2026-11-24T10:00:00Z",
            "seats": {"limit": 3, "used": 2},
        }
    assert server.rows() == before


def test_a_retry_may_be_spelt_otherwise(server: Server) -> None:
    body = activation(server.issue().license_key, name="Ana")
    first = ok(server.activate(body), 201)
    respelt: Json = dict(reversed(body.items()))
    respelt |= {"name": " Ana\t", "of_the_future": 1, "company": None}
    respelt["request_id"] = body["request_id"].upper()
    text = json.dumps(respelt, indent=4, ensure_ascii=True)
    headers = {"Content-Type": "application/json; charset=UTF-8"}
    again = server.send("POST", "/v1/activations", content=text, headers=headers)
    assert ok(again, 201) == first


def test_a_lost_check_in_answer_is_no_fork(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    body = check_in(first)
    ok(server.reactivate(first, body))
    again = ok(server.reactivate(first, body))
    assert again["notices"] == []
    assert ok(server.reactivate(again))["notices"] == []


def test_an_old_token_with_another_request_is_a_fork(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    ok(server.reactivate(first))
    [notice] = ok(server.reactivate(first))["notices"]
    assert notice["code"] == "FORK_SEEN"
    assert notice["message"]


def test_after_the_server_was_restored_the_counter_catches_up(server: Server) -> None:
    license_ = server.issue()
    answer = server.activated(license_.license_key)
    for _ in range(3):
        answer = ok(server.reactivate(answer))
    known_as = answer["activation_id"]
    server.script(f"UPDATE activations SET seq = 1 WHERE activation_id = '{known_as}'")
    caught_up = ok(server.reactivate(answer))
    assert caught_up["notices"] == []
    assert ok(server.reactivate(caught_up))["notices"] == []


REUSED_WITH: list[dict[str, Any]] = [
    {"nonce": new_nonce()},
    {"hardware_id": "another computer"},
    {"hardware": {"disk_serial": "9f1c"}},
    {"name": "Ana Popescu"},
    {"newsletter": True},
    {"app__version": "9.9.1235"},
    {"os__family": "linux"},
]


@pytest.mark.parametrize("changes", REUSED_WITH, ids=lambda changes: next(iter(changes)))
def test_a_request_id_names_one_body(server: Server, changes: dict[str, Any]) -> None:
    body = activation(server.issue(seats=3).license_key)
    first = ok(server.activate(body), 201)
    before = server.rows()["activations"]
    refused(server.activate(with_changes(body, changes)), "REQUEST_ID_REUSED")
    checked = check_in(first)
    second = ok(server.reactivate(first, checked))
    for token in (first, second):
        other = check_in(token, request_id=checked["request_id"], **changes)
        refused(server.reactivate(first, other), "REQUEST_ID_REUSED")
    assert server.rows()["activations"] == before
    assert ok(server.reactivate(first, checked)) == second


def test_a_deactivation_can_not_reuse_the_last_request_id(server: Server) -> None:
    body = activation(server.issue().license_key)
    first = ok(server.activate(body), 201)
    reused = {**deactivation(first), "request_id": body["request_id"]}
    refused(server.deactivate(first, reused), "REQUEST_ID_REUSED")
    ok(server.reactivate(first))


def end(server: Server, license_: LicenseView, answer: Json, ending: str) -> None:
    if ending == "expire":
        server.world.clock.advance(days=10)
    elif ending == "remove":
        server.remove(answer)
    elif ending == "deactivate":
        ok(server.deactivate(answer))
    else:
        server.change(license_, ending)


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("call", ["activation", "reactivation"])
def test_a_retry_never_revives(server: Server, call: str, ending: str) -> None:
    license_ = server.issue(term_days=10)
    body = activation(license_.license_key)
    path, answer = "/v1/activations", ok(server.activate(body), 201)
    if call == "reactivation":
        body, path = check_in(answer), reactivations_of(answer)
        answer = ok(server.post(path, body))
    end(server, license_, answer, ending)
    before = {name: count for name, count in server.rows().items() if name != "refusals"}
    refused(server.post(path, body), ENDINGS[ending])
    refused(server.reactivate(answer), ENDINGS[ending])
    rows = server.rows()
    assert {name: rows[name] for name in before} == before


@pytest.mark.parametrize("ending", ["suspend", "revoke"])
def test_a_reinstated_license_answers_a_retry_as_before(server: Server, ending: str) -> None:
    license_ = server.issue()
    body = activation(license_.license_key)
    first = ok(server.activate(body), 201)
    server.change(license_, ending)
    refused(server.activate(body), ENDINGS[ending])
    server.change(license_, "reinstate")
    assert ok(server.activate(body), 201) == first


@pytest.mark.parametrize("ending", ["remove", "deactivate"])
def test_a_removed_computer_activates_anew(server: Server, ending: str) -> None:
    license_ = server.issue()
    first = server.activated(license_.license_key)
    end(server, license_, first, ending)
    second = server.activated(license_.license_key)
    assert second["activation_id"] != first["activation_id"]
    refused(server.reactivate(first), "ACTIVATION_REMOVED")
    ok(server.reactivate(second))


def test_support_s_removal_is_no_deactivation_by_the_app(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    server.remove(first)
    refused(server.deactivate(first), "ACTIVATION_REMOVED")


def test_unknown_fields_are_ignored_everywhere(server: Server) -> None:
    more = {"of_the_future": {"nested": [1, None]}}
    body = activation(server.issue().license_key) | more
    body["os"] |= more
    body["app"] |= more
    first = ok(server.activate(body), 201)
    checked = ok(server.reactivate(first, check_in(first) | more))
    ok(server.deactivate(checked, deactivation(checked) | more))


def test_the_same_request_on_two_licenses_makes_two_activations(server: Server) -> None:
    shared_id = new_id()
    answers = [server.activated(server.issue().license_key, request_id=shared_id) for _ in range(2)]
    assert answers[0]["activation_id"] != answers[1]["activation_id"]


def test_terms_and_grace_by_the_clock(server: Server) -> None:
    key = server.issue(term_days=40, grace_days=5).license_key
    first = server.activated(key)
    server.world.clock.advance(days=20)
    soon = ok(server.reactivate(first))
    assert [notice["code"] for notice in soon["notices"]] == ["LICENSE_ENDS_SOON"]
    assert soon["certificate_expires"] == "2027-01-06T10:00:00Z"  # the end plus the grace
    server.world.clock.advance(days=20)
    graced = ok(server.reactivate(soon))
    assert [notice["code"] for notice in graced["notices"]] == ["LICENSE_IN_GRACE"]
    server.world.clock.advance(days=5, seconds=-1)
    last = ok(server.reactivate(graced))
    server.world.clock.advance(seconds=1)
    expired = refused(server.reactivate(last), "LICENSE_EXPIRED")
    assert expired["evidence"] == {"expired": "2027-01-01T10:00:00Z"}
    refused(server.activate(activation(key)), "LICENSE_EXPIRED")


def test_a_term_may_begin_with_the_first_activation(server: Server) -> None:
    key = server.issue(term_days=10, term_from="activation", seats=2).license_key
    server.world.clock.advance(days=100)
    first = server.activated(key)
    assert first["certificate_expires"] == "2027-03-12T10:00:00Z"
    server.world.clock.advance(days=5)
    second = server.activated(key, hardware_id="another computer")
    assert second["certificate_expires"] == first["certificate_expires"]
