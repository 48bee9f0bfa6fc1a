"""Trials: no key is needed, and the license that is bought takes their place."""

import pytest

from activation_server.client_transport import MisuseError, RefusedError
from tests.client.conftest import DETAILS, Installation
from tests.client.server import TRIAL_KEY, LicenseServer, Lost, problem


def test_a_trial_needs_no_key(installation: Installation, server: LicenseServer) -> None:
    answer = installation.client().start_trial("backup-pro", DETAILS)
    assert answer.body["license_key"] == TRIAL_KEY
    [(path, body)] = server.seen
    assert path == "/v1/trials"
    assert "license_key" not in body
    assert installation.reason() == "valid"
    installation.reactivate()
    assert installation.client().verify()["seq"] == 2


def test_a_lost_answer_is_asked_for_again(
    installation: Installation, server: LicenseServer
) -> None:
    server.next.append(Lost())
    installation.client().start_trial("backup-pro", DETAILS)
    first, second = server.bodies
    assert first == second


def test_a_bought_key_takes_the_place_of_the_trial(
    installation: Installation, server: LicenseServer
) -> None:
    trial = installation.client().start_trial("backup-pro", DETAILS)
    installation.activate()
    verdict = installation.client().verify()
    assert verdict["license"]["kind"] == "perpetual"
    assert verdict["activation_id"] != trial.body["activation_id"]
    with pytest.raises(MisuseError, match="needs no trial"):
        installation.client().start_trial("backup-pro", DETAILS)
    assert len(server.seen) == 2


def test_a_refused_trial_is_told(installation: Installation, server: LicenseServer) -> None:
    server.next.append(problem(409, "TRIAL_ALREADY_USED"))
    with pytest.raises(RefusedError):
        installation.client().start_trial("backup-pro", DETAILS)
    assert installation.reason() == "not_activated"


def test_a_product_is_needed_the_first_time(installation: Installation) -> None:
    with pytest.raises(MisuseError, match="product"):
        installation.client().start_trial("", DETAILS)
    installation.client().start_trial("backup-pro", DETAILS)
    installation.client().start_trial("", DETAILS)
