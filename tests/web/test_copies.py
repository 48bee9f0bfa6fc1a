"""What is left of a fork or a clone for support: the network's prefix, and never in an answer."""

import httpx
import pytest

from activation_server.rules.license import OnClone
from activation_server.services import licensing
from activation_server.services.licensing import LicenseHistory
from tests.web.server import Json, Server, check_in, ok, reactivations_of, refused
from tests.web.test_offline import post, request_file


def elsewhere(server: Server, answer: Json, body: Json, address: str) -> httpx.Response:
    """Check in from another address."""
    transport = httpx.ASGITransport(server.app, client=(address, 50000))
    http = httpx.AsyncClient(transport=transport, base_url=server.world.issuer)
    return server.run(http.post(reactivations_of(answer), json=body))


def history(server: Server, key: str) -> LicenseHistory:
    return server.run(licensing.show(server.context, key))


@pytest.mark.parametrize(
    ("address", "network"),
    [("198.51.100.77", "198.51.100.0/24"), ("2001:db8:1:2::3", "2001:db8:1::/48")],
)
def test_a_fork_is_noted_with_its_network_and_never_the_address(
    server: Server, address: str, network: str
) -> None:
    key = server.issue().license_key
    first = server.activated(key)
    ok(server.reactivate(first))
    answer = elsewhere(server, first, check_in(first), address)
    assert network not in str(ok(answer))
    [fork] = [one for one in history(server, key).events if one.kind == "fork_seen"]
    assert fork.details["network"] == network
    assert fork.details["components"]["same"] == ["hardware_id"]
    assert address not in str(fork.details)


def test_a_retry_from_another_network_is_the_same_request(server: Server) -> None:
    first = server.activated(server.issue().license_key)
    body = check_in(first)
    here = ok(server.reactivate(first, body))
    assert ok(elsewhere(server, first, body, "198.51.100.77")) == here


def test_a_refused_copy_is_told_the_counters_alone(server: Server) -> None:
    key = server.issue(clone=OnClone.REFUSE).license_key
    first = server.activated(key)
    second = ok(server.reactivate(first))
    ok(server.reactivate(first))
    told = refused(server.reactivate(second), "CLONE_DETECTED")
    assert told["evidence"] == {"expected": 3, "presented": 2}
    [noted] = history(server, key).refusals
    assert noted.evidence["network"] == "203.0.113.0/24"
    assert len(noted.evidence["computer"]) == 8
    assert told["evidence"].items() <= noted.evidence.items()


def test_who_uploads_a_file_is_not_where_the_computer_is(server: Server) -> None:
    key = server.issue().license_key
    first = server.activated(key)
    ok(server.reactivate(first))
    assert post(server, request_file("reactivate", check_in(first), first)).status_code == 200
    [fork] = [one for one in history(server, key).events if one.kind == "fork_seen"]
    assert "network" not in fork.details
    assert "components" in fork.details
