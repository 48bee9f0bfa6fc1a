"""Trials at `/v1/trials`."""

from tests.web.server import (
    ANSWER_FIELDS,
    Json,
    Server,
    activation,
    check_in,
    deactivation,
    new_id,
    ok,
    refused,
)

TRIALS = "/v1/trials"


def trial(product: str) -> Json:
    """A request for a trial."""
    return activation("", license_key=..., product=product)


def test_a_trial_answers_as_an_activation_and_with_its_key(server: Server) -> None:
    body = trial(server.offer_trials(features=("sync",)))
    answer = ok(server.post(TRIALS, body), 201)
    assert set(answer) == ANSWER_FIELDS | {"license_key"}
    assert answer["seats"] == {"limit": 1, "used": 1}
    assert answer["certificate_expires"] == "2026-12-06T10:00:00Z"
    assert ok(server.post(TRIALS, body), 201) == answer
    again = ok(server.post(TRIALS, {**body, "request_id": new_id()}))
    assert again["status"] == "already_activated"
    assert again["license_key"] == answer["license_key"]


def test_a_trial_checks_in_and_tells_of_its_end(server: Server) -> None:
    answer = ok(server.post(TRIALS, trial(server.offer_trials())), 201)
    server.world.clock.advance(days=12)
    checked_in = ok(server.reactivate(answer, check_in(answer)))
    assert set(checked_in) == ANSWER_FIELDS
    assert [notice["code"] for notice in checked_in["notices"]] == ["TRIAL_ENDS_SOON"]
    assert ok(server.deactivate(checked_in, deactivation(checked_in)))["seats"]["used"] == 0


def test_the_trials_key_activates_its_computer_again_and_no_other(server: Server) -> None:
    product = server.offer_trials()
    key = ok(server.post(TRIALS, trial(product)), 201)["license_key"]
    again = ok(server.activate(activation(key, product=product)))
    assert again["status"] == "already_activated"
    other = activation(key, product=product, hardware_id="another computer")
    refused(server.activate(other), "SEAT_LIMIT_REACHED")


def test_a_used_trial_says_when_there_is_another(server: Server) -> None:
    product = server.offer_trials(trial_again_months=3)
    ok(server.post(TRIALS, trial(product)), 201)
    server.world.clock.advance(days=14)
    problem = refused(server.post(TRIALS, trial(product)), "TRIAL_ALREADY_USED")
    assert problem["evidence"] == {
        "given": "2026-11-22T10:00:00Z",
        "again": "2027-02-22T10:00:00Z",
    }
