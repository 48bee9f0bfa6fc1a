from datetime import datetime, timedelta

import pytest

from activation_server.rules import trial
from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.license import App, Kind, License, Terms, Virtual
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.rules.seat import Activation, Call, Known
from tests.factories import (
    ACTIVATION_ID,
    DAY,
    KEY,
    NOW,
    OTHER_COMPUTER,
    make_activation,
    make_call,
    make_license,
)

TERMS = Terms(trial_days=14)


def running(**values: object) -> License:
    return make_license(TERMS, **{"issued_at": NOW - DAY, "expires_at": NOW + 10 * DAY, **values})


def decide(call: Call, license_: License, *seated: Activation):
    made = next((one for one in seated if one.last.request_id == call.request_id), None)
    return trial.activate(call, license_, Known(seated, made), ACTIVATION_ID, KEY, NOW)


@pytest.mark.parametrize(
    ("given", "months", "again"),
    [
        ("2026-11-22", None, None),
        ("2026-11-22", 1, "2026-12-22"),
        ("2026-11-22", 2, "2027-01-22"),
        ("2026-12-31", 2, "2027-02-28"),
        ("2027-12-31", 2, "2028-02-29"),
        ("2026-11-22", 12, "2027-11-22"),
        ("2028-02-29", 12, "2029-02-28"),
        ("2026-11-22", 12 * 9000, None),
    ],
)
def test_another_trial_comes_so_many_months_later(
    given: str, months: int | None, again: str | None
):
    expected = again and datetime.fromisoformat(again)
    assert trial.again_at(datetime.fromisoformat(given), months) == expected


def test_a_running_trial_answers_the_same_and_goes_on():
    license_, seat = running(seats_used=1), make_activation(running())
    assert decide(make_call(1), license_, seat) == Repeated(seat)
    renewed = decide(make_call(2), license_, seat)
    assert isinstance(renewed, Granted)
    assert renewed.activation.last.coverage.kind is Kind.TRIAL
    assert not renewed.takes_seat


def test_a_trial_that_is_over_was_used():
    license_ = running(expires_at=NOW, seats_used=1)
    expected = Refused(Reason.TRIAL_ALREADY_USED, {"given": "2026-11-21T10:00:00Z", "again": None})
    assert decide(make_call(2), license_, make_activation()) == expected


def test_another_computer_with_the_same_hardware_id_has_no_trial_of_its_own():
    other = make_call(2, hardware={**OTHER_COMPUTER})
    refused = decide(other, running(seats_used=1), make_activation())
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.TRIAL_ALREADY_USED


@pytest.mark.parametrize(
    ("call", "terms", "reason"),
    [
        (make_call(2, app=App("10")), {"max_version": "9"}, Reason.VERSION_NOT_COVERED),
        (make_call(2, app=App("9", "home")), {"edition": "pro"}, Reason.EDITION_NOT_COVERED),
        (make_call(2, hardware={}), {}, Reason.HARDWARE_ID_UNUSABLE),
        (make_call(2, virtual=True), {"virtual": Virtual.REFUSE}, Reason.VIRTUAL_MACHINE_REFUSED),
    ],
)
def test_what_stands_in_the_way_of_any_seat_is_told_first(
    call: Call, terms: dict[str, object], reason: Reason
):
    license_ = make_license(TERMS.overridden(terms), expires_at=NOW)
    refused = decide(call, license_, make_activation())
    assert isinstance(refused, Refused)
    assert refused.reason is reason


@pytest.mark.parametrize(("left", "told"), [(3, True), (4, False)])
def test_the_end_is_told_in_the_last_three_days(left: int, told: bool):
    license_ = running(expires_at=NOW + timedelta(days=left))
    granted = decide(make_call(2), license_, make_activation(license_))
    assert isinstance(granted, Granted)
    assert granted.activation.last.notices == ((Notice.TRIAL_ENDS_SOON,) if told else ())


def test_what_the_seat_is_known_to_be_is_told_before_a_used_trial():
    terms = TERMS.overridden({"virtual": Virtual.REFUSE})
    silent = decide(
        make_call(2), make_license(terms, expires_at=NOW), make_activation(virtual=True)
    )
    assert isinstance(silent, Refused)
    assert silent.reason is Reason.VIRTUAL_MACHINE_REFUSED
