"""What the client sends, keeps and forgets, whatever happens to an answer."""

import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from activation_server.client import Client
from activation_server.client_certificate import CertificateError
from activation_server.client_transport import MisuseError, RefusedError, UnreachableError
from activation_server.hardware_probe import Computer, UnidentifiableError
from tests.client.conftest import DETAILS, Installation
from tests.client.server import DAY, NOW, LicenseServer, Lost, Reply, problem


def stored(installation: Installation) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(installation.state.read_bytes())
    return document


def test_an_activation_is_valid_offline_and_can_be_checked_in(installation: Installation) -> None:
    installation.activate()
    installation.reactivate()
    verdict = installation.client().verify()
    assert verdict["valid"]
    assert verdict["reason"] == "valid"
    assert verdict["seq"] == 2
    assert verdict["expires"] == "2027-02-14T08:00:00Z"
    assert verdict["check_in_due"] is False
    assert verdict["license"]["edition"] == "pro"
    assert verdict["hardware"]["missing"] == []
    assert stored(installation)["pending"] is None


def test_no_raw_identifier_and_no_placeholder_is_sent(installation: Installation) -> None:
    installation.activate()
    body = installation.server.bodies[0]
    said = json.dumps(body)
    for raw in ("3d1219c7", "S3Z2NB0K", "Some CPU", "Default string"):
        assert raw not in said
    assert set(body["hardware"]) == {"os_machine_id", "disk_serial", "cpu"}
    assert len({body["hardware_id"], *body["hardware"].values()}) == 4
    assert body["computer_name"] == "ANA-PC"


def test_a_reinstalled_app_is_the_same_computer(installation: Installation) -> None:
    installation.activate()
    installation.state.unlink()
    installation.activate()
    first, second = installation.server.bodies
    assert first["hardware_id"] == second["hardware_id"]
    assert first["hardware"] == second["hardware"]
    assert first["request_id"] != second["request_id"]


def test_key_and_product_are_remembered(installation: Installation) -> None:
    with pytest.raises(MisuseError, match="needs a license key"):
        installation.client().activate("", "", DETAILS)
    installation.activate()
    installation.client().activate("", "", DETAILS)
    assert installation.server.bodies[1]["license_key"] == "KEY"


def test_the_answer_comes_as_the_server_gave_it(installation: Installation) -> None:
    text = installation.activate()
    assert text == json.dumps(json.loads(text), indent=3)


def test_a_lost_answer_is_asked_for_again_with_the_same_body(installation: Installation) -> None:
    installation.server.next.append(Lost())
    installation.activate()
    first, second = installation.server.bodies
    assert first == second
    assert len(installation.slept) == 1
    assert installation.reason() == "valid"


@pytest.mark.parametrize("purpose", ["activate", "reactivate"])
def test_after_a_crash_the_next_run_sends_the_same_request(
    installation: Installation, purpose: str
) -> None:
    if purpose == "reactivate":
        installation.activate()
        installation.server.seen.clear()

    def power_cut(_: float) -> None:
        raise KeyboardInterrupt

    installation.server.next.append(Lost())
    client = installation.client()
    with pytest.raises(KeyboardInterrupt):
        run(with_sleep(client, power_cut), purpose)
    run(installation.client(), purpose)
    first, second = installation.server.bodies
    assert first == second
    assert stored(installation)["pending"] is None
    assert installation.reason() == "valid"


def with_sleep(client: Client, sleep: Callable[[float], None]) -> Client:
    object.__setattr__(client.transport, "sleep", sleep)
    return client


def run(client: Client, purpose: str) -> None:
    if purpose == "activate":
        client.activate("KEY", "backup-pro", DETAILS)
    else:
        client.reactivate(DETAILS)


def test_a_request_is_on_disk_before_it_leaves(installation: Installation) -> None:
    class PowerCutError(BaseException):
        pass

    def cut() -> NoReturn:
        raise PowerCutError

    client = installation.client()
    object.__setattr__(client.transport, "connect", cut)
    with pytest.raises(PowerCutError):
        run(client, "activate")
    written = stored(installation)["pending"]["body"]
    installation.activate()
    assert installation.server.bodies == [written]


def test_another_key_makes_a_new_request(installation: Installation) -> None:
    installation.server.next.extend([Reply(503)] * 4)
    with pytest.raises(UnreachableError):
        installation.activate()
    installation.client().activate("OTHER", "backup-pro", DETAILS)
    last = installation.server.bodies[-1]
    assert last["license_key"] == "OTHER"
    assert last["request_id"] != installation.server.bodies[0]["request_id"]


def test_a_lost_check_in_is_finished_before_another_one(installation: Installation) -> None:
    installation.activate()
    installation.server.next.append(Lost())
    installation.server.next.extend([Reply(503)] * 3)
    with pytest.raises(UnreachableError):
        installation.reactivate()
    installation.client().reactivate({"app": {"version": "2.0"}})
    first, *_, resent, new = installation.server.bodies[1:]
    assert first == resent
    assert new["app"]["version"] == "2.0"  # the server asserts that its token is the current one
    assert new["check_in_token"] == "token-2"


def test_a_lost_check_in_is_finished_before_the_seat_is_given_back(
    installation: Installation,
) -> None:
    installation.activate()
    installation.server.next.append(Lost())
    installation.server.next.extend([Reply(503)] * 3)
    with pytest.raises(UnreachableError):
        installation.reactivate()
    installation.client().deactivate()
    assert installation.server.bodies[-1]["check_in_token"] == "token-2"
    assert installation.reason() == "not_activated"


def test_a_check_in_that_cannot_be_finished_does_not_keep_the_seat(
    installation: Installation, server: LicenseServer
) -> None:
    installation.activate()
    server.edit = lambda claims: claims.update(aud="another-product")
    with pytest.raises(CertificateError):
        installation.reactivate()
    installation.client().deactivate()
    assert installation.reason() == "not_activated"


def test_a_refused_old_check_in_makes_way_for_a_new_one(installation: Installation) -> None:
    installation.activate()
    installation.server.next.extend([Reply(503)] * 4)
    with pytest.raises(UnreachableError):
        installation.reactivate()
    installation.server.next.append(problem(403, "VERSION_NOT_COVERED"))
    installation.client().reactivate({"app": {"version": "0.9"}})
    assert installation.server.bodies[-1]["app"]["version"] == "0.9"
    assert installation.reason() == "valid"


def test_a_check_in_finished_late_is_followed_by_a_new_one(installation: Installation) -> None:
    installation.activate()
    installation.server.next.append(Lost())
    installation.server.next.extend([Reply(503)] * 3)
    with pytest.raises(UnreachableError):
        installation.reactivate()
    installation.now = installation.server.now = NOW + 60 * DAY
    installation.reactivate()
    assert installation.client().verify()["seq"] == 3
    assert installation.reason() == "valid"


def test_a_refusal_ends_the_request_and_leaves_the_certificate(installation: Installation) -> None:
    installation.activate()
    installation.server.next.append(problem(404, "ACTIVATION_NOT_FOUND"))
    with pytest.raises(RefusedError, match=r"Sentence for ACTIVATION_NOT_FOUND\.") as refusal:
        installation.reactivate()
    assert refusal.value.answer.body["code"] == "ACTIVATION_NOT_FOUND"
    assert stored(installation)["pending"] is None
    assert installation.reason() == "valid"
    assert len(installation.server.seen) == 2  # a refusal is not retried


def test_a_new_activation_counts_from_its_own_start(installation: Installation) -> None:
    """The server forgot the activation (an older backup): the app activates again."""
    installation.activate()
    installation.reactivate()
    installation.activate()
    verdict = installation.client().verify()
    assert verdict["valid"]
    assert verdict["seq"] == 1


def test_a_busy_server_is_given_the_time_it_asks_for(installation: Installation) -> None:
    busy = problem(503, "OVERLOADED")
    busy.headers["Retry-After"] = "7"
    limited = problem(429, "RATE_LIMITED")
    installation.server.next.extend([busy, limited])
    installation.activate()
    assert installation.slept == [7.0, 2.0]  # asked for; then half of 2 ** 2


def test_a_server_that_asks_for_long_is_left_alone(installation: Installation) -> None:
    limited = problem(429, "RATE_LIMITED")
    limited.headers["Retry-After"] = "3600"
    installation.server.next.append(limited)
    with pytest.raises(UnreachableError) as failure:
        installation.activate()
    assert failure.value.answer
    assert failure.value.answer.body["code"] == "RATE_LIMITED"
    assert installation.slept == []
    assert stored(installation)["pending"]


@pytest.mark.parametrize(
    "stranger",
    [
        Reply(302, headers={"Location": "/elsewhere"}),
        Reply(200, b"<html>Log in to the hotel's network</html>"),
        Reply(403, b"blocked"),
        Reply(404, b'{"detail": "Not Found"}'),
        Reply(200, b"[]"),
    ],
    ids=["redirect", "portal", "proxy", "another service", "no object"],
)
def test_a_stranger_on_the_line_does_not_end_the_request(
    installation: Installation, stranger: Reply
) -> None:
    installation.server.next.append(stranger)
    with pytest.raises(UnreachableError, match="Something else"):
        installation.activate()
    installation.activate()
    first, second = installation.server.bodies
    assert first == second


def test_an_unreachable_server_leaves_a_valid_certificate(installation: Installation) -> None:
    installation.activate()
    installation.server.url = "http://127.0.0.1:1"
    with pytest.raises(UnreachableError, match="can't be reached"):
        installation.reactivate()
    assert len(installation.slept) == 3
    assert installation.reason() == "valid"


def test_giving_back_twice_is_harmless(installation: Installation) -> None:
    installation.activate()
    installation.client().deactivate()
    assert installation.reason() == "not_activated"
    installation.client().deactivate()
    paths = [path for path, _ in installation.server.seen]
    assert paths[1] == paths[2]
    assert paths[1].endswith("/deactivation")
    assert set(installation.server.bodies[1]) == {"request_id", "check_in_token"}


@pytest.mark.parametrize("server_url", ["http://192.0.2.1", "ftp://localhost", "nonsense", ""])
def test_keys_are_sent_over_https_only(installation: Installation, server_url: str) -> None:
    installation.server.url = server_url
    with pytest.raises(MisuseError):
        installation.activate()
    assert not installation.state.exists()


def test_a_computer_without_identity_is_told_so(installation: Installation) -> None:
    installation.computer = Computer({"os_machine_id": "0" * 32, "cpu": "Some CPU"}, "x", {})
    with pytest.raises(UnidentifiableError):
        installation.activate()
    assert installation.server.seen == []


def test_without_an_activation_there_is_nothing_to_check_in(installation: Installation) -> None:
    with pytest.raises(MisuseError, match="activate it first"):
        installation.reactivate()
    with pytest.raises(MisuseError, match="activate it first"):
        installation.client().deactivate()


def test_a_played_computer_is_sent_as_it_is_and_remembered(installation: Installation) -> None:
    played = {"hardware_id": "abcdefgh", "hardware": {"cpu": "x"}, "os": {"family": "other"}}
    installation.activate(simulated=played)
    installation.reactivate()
    for body in installation.server.bodies:
        assert body["hardware_id"] == "abcdefgh"
        assert body["hardware"] == {"cpu": "x"}
        assert body["os"] == {"family": "other"}
        assert "computer_name" not in body
    assert installation.reason() == "valid"
    assert installation.reason(simulated={**played, "hardware_id": "another1"}) == "wrong_computer"


def test_a_played_computer_may_leave_the_system_out(installation: Installation) -> None:
    installation.activate(simulated={"hardware_id": "abcdefgh"})
    (body,) = installation.server.bodies
    assert body["os"] == {"family": "linux", "version": "12"}
    assert "hardware" not in body
    assert installation.reason() == "valid"


def test_a_changed_part_without_weight_does_not_lock_out(installation: Installation) -> None:
    installation.activate()
    parts = {**installation.computer.components, "cpu": "Another CPU"}
    installation.computer = Computer(parts, "ANA-PC", installation.computer.os)
    verdict = installation.client().verify()
    assert verdict["valid"]
    assert verdict["hardware"]["missing"] == ["cpu"]


def test_a_copied_state_is_worth_nothing_elsewhere(installation: Installation) -> None:
    installation.activate()
    parts = {**installation.computer.components, "os_machine_id": "f" * 31 + "0"}
    installation.computer = Computer(parts, "OTHER-PC", installation.computer.os)
    assert installation.reason() == "wrong_computer"
    installation.computer = Computer({}, "EMPTY-PC", {})
    assert installation.reason() == "wrong_computer"


def test_first_use_pins_the_keys_and_rotation_fetches_them_anew(
    installation: Installation, server: LicenseServer
) -> None:
    installation.activate()
    installation.reactivate()
    assert server.jwks_fetched == 1
    rotated = LicenseServer()
    server.key, server.kid = rotated.key, "key-2"
    installation.reactivate()
    assert server.jwks_fetched == 2
    assert installation.reason() == "valid"


def test_a_shipped_key_is_all_that_is_trusted(
    installation: Installation, server: LicenseServer
) -> None:
    (mine,) = (key for key in server.jwks()["keys"] if key["kty"] == "OKP")
    installation.activate(shipped_keys={server.kid: mine["x"]})
    server.key, server.kid = LicenseServer().key, "key-2"
    with pytest.raises(CertificateError) as failure:
        installation.reactivate()  # that the key was shipped is remembered
    assert failure.value.reason == "unknown_key"
    assert server.jwks_fetched == 0
    assert installation.reason() == "valid"
    assert installation.reason(shipped_keys={}) == "unknown_key"
