"""When several refusals apply, the first in the protocol's order answers, always."""

import itertools

import httpx
import pytest

from activation_server.services.licensing import LicenseView
from tests.web.server import (
    Json,
    Server,
    activation,
    check_in,
    new_id,
    new_nonce,
    ok,
    reactivations_of,
    refused,
    with_changes,
)

# In the order of the protocol.
ACTIVATION = (
    "REQUEST_TOO_LARGE",
    "REQUEST_INVALID",
    "LICENSE_NOT_FOUND",
    "ACTIVATION_REMOVED",
    "REQUEST_ID_REUSED",
    "LICENSE_REVOKED",
    "LICENSE_SUSPENDED",
    "LICENSE_EXPIRED",
    "EDITION_NOT_COVERED",
    "VERSION_NOT_COVERED",
    "HARDWARE_ID_UNUSABLE",
    "SEAT_LIMIT_REACHED",
)
REACTIVATION = (
    "REQUEST_TOO_LARGE",
    "REQUEST_INVALID",
    "ACTIVATION_NOT_FOUND",
    *ACTIVATION[3:-1],
    "HARDWARE_MISMATCH",
)
# What the request alone brings about. A placeholder comes last: it is other hardware as well.
ASKED: dict[str, Json] = {
    "REQUEST_TOO_LARGE": {"of_the_future": "x" * 16 * 1024},
    "REQUEST_INVALID": {"nonce": ...},
    "EDITION_NOT_COVERED": {"app__edition": "home"},
    "VERSION_NOT_COVERED": {"app__version": "10.0"},
    "HARDWARE_MISMATCH": {"hardware_id": "another computer"},
    "HARDWARE_ID_UNUSABLE": {"hardware_id": "00000000"},
}
TERMS: Json = {"edition": "professional", "max_version": "9", "term_days": 10}
# A license is on hold or revoked, never both.
EXCLUSIVE = {"LICENSE_REVOKED", "LICENSE_SUSPENDED"}


def pairs(order: tuple[str, ...]) -> list[tuple[str, ...]]:
    doubles = (pair for pair in itertools.combinations(order, 2) if set(pair) != EXCLUSIVE)
    return [*((one,) for one in order), *doubles]


def changed(body: Json, wanted: tuple[str, ...]) -> Json:
    for code, changes in ASKED.items():
        if code in wanted:
            body = with_changes(body, changes)
    return body


def stand(server: Server, license_: LicenseView, wanted: tuple[str, ...]) -> None:
    """Bring the license itself into the state that refuses."""
    if "LICENSE_REVOKED" in wanted:
        server.change(license_, "revoke")
    if "LICENSE_SUSPENDED" in wanted:
        server.change(license_, "suspend")
    if "LICENSE_EXPIRED" in wanted:
        server.world.clock.advance(days=11)


def ask_to_activate(server: Server, wanted: tuple[str, ...]) -> httpx.Response:
    license_ = server.issue(**TERMS, seats=1)
    body = activation(license_.license_key)
    if {"ACTIVATION_REMOVED", "REQUEST_ID_REUSED"} & set(wanted):
        made = ok(server.activate(body), 201)
        if "ACTIVATION_REMOVED" in wanted:
            server.remove(made)
    if "REQUEST_ID_REUSED" in wanted:  # by another computer, so that a full license applies too
        body = with_changes(body, {"hardware_id": "the request's other computer"})
    elif "SEAT_LIMIT_REACHED" in wanted:
        server.activated(license_.license_key, hardware_id="the seat's computer")
    stand(server, license_, wanted)
    if "LICENSE_NOT_FOUND" in wanted:
        body["license_key"] = "no such key"
    return server.activate(changed(body, wanted))


def ask_to_reactivate(server: Server, wanted: tuple[str, ...]) -> httpx.Response:
    license_ = server.issue(**TERMS, seats=1)
    first = activation(license_.license_key)
    made = ok(server.activate(first), 201)
    reused = "REQUEST_ID_REUSED" in wanted
    body = check_in(made, request_id=first["request_id"] if reused else new_id())
    if "ACTIVATION_REMOVED" in wanted:
        server.remove(made)
    stand(server, license_, wanted)
    if "ACTIVATION_NOT_FOUND" in wanted:
        body["check_in_token"] = new_nonce()
    return server.post(reactivations_of(made), changed(body, wanted))


@pytest.mark.parametrize("wanted", pairs(ACTIVATION), ids="+".join)
def test_an_activation(server: Server, wanted: tuple[str, ...]) -> None:
    refused(ask_to_activate(server, wanted), wanted[0])


@pytest.mark.parametrize("wanted", pairs(REACTIVATION), ids="+".join)
def test_a_check_in(server: Server, wanted: tuple[str, ...]) -> None:
    refused(ask_to_reactivate(server, wanted), wanted[0])
