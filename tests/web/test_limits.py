"""So many calls a minute from one network and for one license, and when to come back."""

from collections.abc import Callable
from uuid import UUID

import httpx
import pytest

from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind
from activation_server.services.limits import Limits, Quotas
from activation_server.settings import Settings
from tests.web.server import (
    Json,
    Server,
    activation,
    check_in,
    new_nonce,
    ok,
    reactivations_of,
    refused,
)

ELSEWHERE = "198.51.100.7"
LICENSE_ID = UUID(int=1)
LONGEST_JITTER = 7  # seconds


def limited(response: httpx.Response, at_least: int) -> int:
    """See that a response says when to come back; give the seconds."""
    told: int = refused(response, "RATE_LIMITED")["retry_after"]
    assert response.status_code == 429
    assert response.headers["retry-after"] == str(told)
    assert response.headers["cache-control"] == "no-store"
    assert at_least <= told <= at_least + LONGEST_JITTER
    return told


def untouched(server: Server, call: Callable[[], httpx.Response]) -> httpx.Response:
    """See that a call sends no statement."""
    server.statements.clear()
    response = call()
    assert server.statements == []
    return response


def test_activations_of_a_network(server: Server) -> None:
    limits = server.with_limits(Quotas(network_activations=2))
    key = server.issue(seats=5).license_key
    answer = limits.activated(key)
    limits.activated(key, hardware_id="another computer")
    body = activation(key, hardware_id="a third computer")
    wait = limited(untouched(limits, lambda: limits.activate(body)), 30)
    limited(untouched(limits, lambda: limits.deactivate(answer)), 30)
    limited(untouched(limits, lambda: limits.post("/v1/trials", body)), 30)
    assert limits.get("/problems").status_code == 200
    answer = ok(limits.reactivate(answer))
    assert limits.seen_from(ELSEWHERE).activate(body).status_code == 201
    server.world.clock.advance(seconds=29)
    limited(limits.activate(activation(key)), 1)
    server.world.clock.advance(seconds=wait - 29)
    ok(limits.activate(activation(key)))


def test_check_ins_of_a_network(server: Server) -> None:
    limits = server.with_limits(Quotas(network_check_ins=1, network_activations=2))
    key = server.issue(seats=1).license_key
    answer = ok(limits.reactivate(limits.activated(key)))
    body = check_in(answer)
    again = reactivations_of(answer)
    wait = limited(untouched(limits, lambda: limits.post(again, body)), 60)
    ok(limits.activate(activation(key)))  # have a limit of their own
    server.world.clock.advance(seconds=wait)
    ok(limits.post(again, body))


def test_a_body_is_not_read_first(server: Server) -> None:
    limits = server.with_limits(Quotas(network_activations=1, network_check_ins=1))
    for path in ("/v1/activations", "/v1/activations/x/reactivations"):
        refused(limits.post(path, {}), "REQUEST_INVALID")
        limited(limits.send("POST", path, content=b"x" * 20_000), 60)


def test_check_ins_of_a_license(server: Server) -> None:
    limits = server.with_limits(Quotas(license_check_ins=2))
    busy = server.activated(server.issue().license_key)
    other = server.activated(server.issue().license_key)
    busy = ok(limits.reactivate(busy))
    busy = ok(limits.reactivate(busy))
    limited(untouched(limits, lambda: limits.reactivate(busy)), 30)
    limited(untouched(limits, lambda: limits.deactivate(busy)), 30)
    limited(limits.seen_from(ELSEWHERE).reactivate(busy), 30)
    ok(limits.reactivate(other))


def test_activations_of_a_license_however_its_key_is_typed(server: Server) -> None:
    limits = server.with_limits(Quotas(license_activations=2))
    key = server.issue(seats=5).license_key
    limits.activated(key)
    limits.activated(key.lower().replace("-", " "), hardware_id="another computer")
    body = activation(key.replace("-", ""), hardware_id="a third computer")
    wait = limited(untouched(limits, lambda: limits.activate(body)), 30)
    limits.activated(server.issue().license_key)
    server.world.clock.advance(seconds=wait)
    ok(limits.activate(body), 201)


def guess(server: Server, count: int) -> None:
    """Use up the wrong keys of a network."""
    for number in range(count):
        refused(server.activate(activation(f"guess {number}")), "LICENSE_NOT_FOUND")


def test_wrong_keys_of_a_network(server: Server) -> None:
    limits = server.with_limits(Quotas(network_wrong_keys=3))
    answer = server.activated(server.issue(seats=2).license_key)
    guess(limits, 3)
    body = activation("one guess more")
    wait = limited(untouched(limits, lambda: limits.activate(body)), 20)
    ok(limits.reactivate(answer))
    guess(limits.seen_from(ELSEWHERE), 1)
    server.world.clock.advance(seconds=wait)
    guess(limits, 1)
    limited(limits.activate(body), 40 - wait)


def test_a_fleet_goes_on_beside_somebody_who_guesses(server: Server) -> None:
    limits = server.with_limits(Quotas(network_wrong_keys=3))
    fleet = server.issue(seats=None).license_key
    limits.activated(fleet, hardware_id="the first computer")
    guess(limits, 3)
    for number in range(10):
        limits.activated(fleet, hardware_id=f"computer {number} of the fleet")
    new = activation(server.issue().license_key)
    wait = limited(limits.activate(new), 20)
    server.world.clock.advance(seconds=wait)
    ok(limits.activate(new), 201)


def test_a_wrong_key_under_way_is_counted_when_it_is_back(server: Server) -> None:
    """Many guesses at once get no further: what they were too many of is worked off."""
    limits = server.with_limits(Quotas(network_wrong_keys=3)).context.limits
    for number in range(5):
        assert limits.activation_of(f"guess {number}", "203.0.113.0/24") is None
    for _ in range(5):
        limits.key_was_wrong("203.0.113.0/24")
    told = limits.activation_of("one guess more", "203.0.113.0/24")
    assert told is not None
    assert told.retry_after == 60


def test_offline_files_are_no_way_around(server: Server) -> None:
    limits = server.with_limits(Quotas(network_wrong_keys=1, network_activations=2))

    def bring(key: str) -> httpx.Response:
        body: Json = {**activation(key), "purpose": "activate"}
        file = offline_file.write(Kind.REQUEST, httpx.Request("POST", "/", json=body).content)
        headers = {"Content-Type": "text/plain"}
        return limits.send("POST", "/v1/offline", content=file, headers=headers)

    assert limits.get("/offline").status_code == 200
    refused(bring("a guess"), "LICENSE_NOT_FOUND")
    limited(untouched(limits, lambda: bring("another guess")), 60)
    limited(bring("another guess"), 30)
    limited(limits.post("/offline", {}), 30)


def test_forged_tokens_are_check_ins(server: Server) -> None:
    """They cost no statement, so the network's limit is enough; others' licenses are not hit."""
    limits = server.with_limits(Quotas(network_check_ins=3, license_check_ins=1))
    answer = server.activated(server.issue().license_key)
    forged = check_in(answer, check_in_token=new_nonce())
    path = reactivations_of(answer)
    for _ in range(2):
        refused(untouched(limits, lambda: limits.post(path, forged)), "ACTIVATION_NOT_FOUND")
    ok(limits.reactivate(answer))
    limited(limits.post(path, forged), 20)


def test_those_turned_away_come_back_spread(server: Server) -> None:
    limits = server.with_limits(Quotas(network_activations=1))
    limits.activate({})
    waits = {int(limits.activate({}).headers["retry-after"]) for _ in range(50)}
    assert len(waits) >= 4


@pytest.fixture
def as_delivered() -> Limits:
    """The limits that nobody has set, at one instant."""
    chosen = Settings()
    names = Quotas.__dataclass_fields__
    return Limits(Quotas(**{name: getattr(chosen, name) for name in names}), lambda: 10**15)


def test_a_fleet_behind_one_address_is_not_hurt(as_delivered: Limits) -> None:
    """All at once, with one license: more than anybody is promised in a minute."""
    network, key = "203.0.113.0/24", "7K3QM-00000-00000-00000-00000"
    for _ in range(1000):
        assert as_delivered.activation_from(network) is None
        assert as_delivered.activation_of(key, network) is None
        as_delivered.key_was_right(key, network)
    for _ in range(10_000):
        assert as_delivered.check_in_from(network) is None
        assert as_delivered.check_in_of(LICENSE_ID) is None


def test_wrong_keys_as_delivered(as_delivered: Limits) -> None:
    network = "203.0.113.0/24"
    for number in range(60):
        assert as_delivered.activation_of(f"guess {number}", network) is None
        as_delivered.key_was_wrong(network)
    assert as_delivered.activation_of("guess 61", network) is not None
    assert as_delivered.check_in_from(network) is None


def test_a_million_networks_make_nothing_grow() -> None:
    limits = Limits(Quotas(2, 2, 2, 2, 2), lambda: 10**15, most=100)
    busy = "203.0.113.0/24"
    for _ in range(2):
        assert limits.activation_from(busy) is None
    for number in range(1_000_000):
        network = f"2001:db8:{number:x}::/48"
        assert limits.activation_from(network) is None
        if number % 50 == 0:  # whoever goes on is not forgotten for the many
            assert limits.activation_from(busy) is not None
    for number in range(1000):
        network = f"2001:db8:{number:x}::/48"
        limits.key_was_right(f"key {number}", network)
        limits.key_was_wrong(network)
    assert len(limits._network_activations) == 100
    assert len(limits._wrong_keys) == 100
    assert len(limits._right) == 100


def test_whoever_has_no_network_has_no_limit_of_one() -> None:
    limits = Limits(Quotas(1, 1, 1, 1, 1), lambda: 10**15)
    for number in range(10):
        assert limits.check_in_from(None) is None
        assert limits.activation_from(None) is None
        limits.key_was_wrong(None)
        assert limits.activation_of(f"key {number}", None) is None
