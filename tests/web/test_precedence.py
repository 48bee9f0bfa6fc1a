"""When several refusals apply, the first in the protocol's order answers, always."""

import itertools

import httpx
import pytest

from activation_server.rules.admission import Rank
from activation_server.rules.license import OnClone, Virtual
from activation_server.rules.network import prefix
from activation_server.rules.reasons import Reason
from activation_server.services.licensing import LicenseView
from activation_server.services.limits import Quotas
from tests.web.server import (
    NETWORK_ADDRESS,
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

# In the order of the protocol.
AT_THE_DOOR = ("OVERLOADED", "RATE_LIMITED")
ACTIVATION = (
    *AT_THE_DOOR,
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
    "VIRTUAL_MACHINE_REFUSED",
    "SEAT_LIMIT_REACHED",
)
REACTIVATION = (
    *AT_THE_DOOR,
    "REQUEST_TOO_LARGE",
    "REQUEST_INVALID",
    "ACTIVATION_NOT_FOUND",
    *ACTIVATION[5:-1],
    "CLONE_DETECTED",
    "HARDWARE_MISMATCH",
    "SEAT_LIMIT_REACHED",
)
TRIAL = (
    *AT_THE_DOOR,
    "REQUEST_TOO_LARGE",
    "REQUEST_INVALID",
    "TRIAL_NOT_OFFERED",
    "ACTIVATION_REMOVED",
    "REQUEST_ID_REUSED",
    "LICENSE_REVOKED",
    "LICENSE_SUSPENDED",
    "EDITION_NOT_COVERED",
    "VERSION_NOT_COVERED",
    "HARDWARE_ID_UNUSABLE",
    "VIRTUAL_MACHINE_REFUSED",
    "TRIAL_ALREADY_USED",
)
DEACTIVATION = (
    *AT_THE_DOOR,
    "REQUEST_TOO_LARGE",
    "REQUEST_INVALID",
    "ACTIVATION_NOT_FOUND",
    "ACTIVATION_REMOVED",
    "REQUEST_ID_REUSED",
    "TRANSFER_LIMIT_REACHED",
)
# What the request alone brings about. A placeholder comes last: it is other hardware as well.
ASKED: dict[str, Json] = {
    "REQUEST_TOO_LARGE": {"of_the_future": "x" * 16 * 1024},
    "REQUEST_INVALID": {"nonce": ...},
    "EDITION_NOT_COVERED": {"app__edition": "home"},
    "VERSION_NOT_COVERED": {"app__version": "10.0"},
    "HARDWARE_MISMATCH": {"hardware_id": "another computer"},
    "HARDWARE_ID_UNUSABLE": {"hardware_id": "00000000"},
    "VIRTUAL_MACHINE_REFUSED": {"virtual_machine": True},
}
TERMS: Json = {
    "edition": "professional",
    "max_version": "9",
    "term_days": 10,
    "virtual": Virtual.REFUSE,
    "clone": OnClone.REFUSE,
}
# A license is on hold or revoked, never both.
EXCLUSIVE = {"LICENSE_REVOKED", "LICENSE_SUSPENDED"}
# What a trial is found by is the computer: one that can't be told has none.
OF_A_TRIAL_BEFORE = {
    "ACTIVATION_REMOVED",
    "REQUEST_ID_REUSED",
    "LICENSE_REVOKED",
    "LICENSE_SUSPENDED",
    "TRIAL_ALREADY_USED",
}


def pairs(order: tuple[str, ...]) -> list[tuple[str, ...]]:
    doubles = (pair for pair in itertools.combinations(order, 2) if set(pair) != EXCLUSIVE)
    return [*((one,) for one in order), *doubles]


def pairs_of_trials() -> list[tuple[str, ...]]:
    return [
        wanted
        for wanted in pairs(TRIAL)
        if "HARDWARE_ID_UNUSABLE" not in wanted or not OF_A_TRIAL_BEFORE & set(wanted)
    ]


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


def pressed(server: Server, wanted: tuple[str, ...]) -> Server:
    """Give the same server with a full house, or to a network that has used up its calls."""
    if not set(AT_THE_DOOR) & set(wanted):
        return server
    quota = 1 if "RATE_LIMITED" in wanted else None
    other = server.with_limits(Quotas(network_check_ins=quota, network_activations=quota), most=1)
    for take in (other.context.limits.check_in_from, other.context.limits.activation_from):
        take(prefix(NETWORK_ADDRESS[0]))
    if "OVERLOADED" in wanted:
        other.house.enter(Rank.CHECK_IN)
    return other


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
    return pressed(server, wanted).activate(changed(body, wanted))


def ask_to_reactivate(server: Server, wanted: tuple[str, ...]) -> httpx.Response:
    lease: Json = {"floating_minutes": 60} if "SEAT_LIMIT_REACHED" in wanted else {}
    license_ = server.issue(**TERMS, **lease, seats=1)
    last = activation(license_.license_key)
    made = ok(server.activate(last), 201)
    if "CLONE_DETECTED" in wanted:  # a token from before the fork
        stale = ok(server.reactivate(made))
        last = check_in(made)
        ok(server.reactivate(made, last))
        made = stale
    reused = "REQUEST_ID_REUSED" in wanted
    body = check_in(made, request_id=last["request_id"] if reused else new_id())
    if "SEAT_LIMIT_REACHED" in wanted:
        server.world.clock.advance(minutes=60)
        server.activated(license_.license_key, hardware_id="the seat's computer")
    if "ACTIVATION_REMOVED" in wanted:
        server.remove(made)
    stand(server, license_, wanted)
    if "ACTIVATION_NOT_FOUND" in wanted:
        body["check_in_token"] = new_nonce()
    return pressed(server, wanted).post(reactivations_of(made), changed(body, wanted))


def ask_for_a_trial(server: Server, wanted: tuple[str, ...]) -> httpx.Response:
    product = server.offer_trials(**{**TERMS, "term_days": None})
    body = activation("", license_key=..., product=product)
    if OF_A_TRIAL_BEFORE & set(wanted):
        answer = ok(server.post("/v1/trials", body), 201)
        license_ = server.show(answer["license_key"]).view
        stand(server, license_, wanted)
        if "ACTIVATION_REMOVED" in wanted:
            server.remove(answer)
        if "TRIAL_ALREADY_USED" in wanted:
            server.world.clock.advance(days=15)
        if not {"ACTIVATION_REMOVED", "REQUEST_ID_REUSED"} & set(wanted):
            body["request_id"] = new_id()
        if "REQUEST_ID_REUSED" in wanted:
            body = with_changes(body, {"os__version": "11"})
    if "TRIAL_NOT_OFFERED" in wanted:
        server.set_policy(product, trial_days=None)
    return pressed(server, wanted).post("/v1/trials", changed(body, wanted))


def ask_to_deactivate(server: Server, wanted: tuple[str, ...]) -> httpx.Response:
    license_ = server.issue(seats=1, transfers=0 if "TRANSFER_LIMIT_REACHED" in wanted else None)
    first = activation(license_.license_key)
    made = ok(server.activate(first), 201)
    body = deactivation(made)
    if "REQUEST_ID_REUSED" in wanted:
        body["request_id"] = first["request_id"]
    if "ACTIVATION_REMOVED" in wanted:
        server.remove(made)
    if "ACTIVATION_NOT_FOUND" in wanted:
        body["check_in_token"] = new_nonce()
    if "REQUEST_INVALID" in wanted:
        del body["request_id"]
    if "REQUEST_TOO_LARGE" in wanted:
        body |= ASKED["REQUEST_TOO_LARGE"]
    return pressed(server, wanted).deactivate(made, body)


@pytest.mark.parametrize("wanted", pairs(ACTIVATION), ids="+".join)
def test_an_activation(server: Server, wanted: tuple[str, ...]) -> None:
    refused(ask_to_activate(server, wanted), wanted[0])


@pytest.mark.parametrize("wanted", pairs(REACTIVATION), ids="+".join)
def test_a_check_in(server: Server, wanted: tuple[str, ...]) -> None:
    refused(ask_to_reactivate(server, wanted), wanted[0])


@pytest.mark.parametrize("wanted", pairs_of_trials(), ids="+".join)
def test_a_trial(server: Server, wanted: tuple[str, ...]) -> None:
    refused(ask_for_a_trial(server, wanted), wanted[0])


@pytest.mark.parametrize("wanted", pairs(DEACTIVATION), ids="+".join)
def test_giving_back(server: Server, wanted: tuple[str, ...]) -> None:
    refused(ask_to_deactivate(server, wanted), wanted[0])


def test_every_code_is_reached() -> None:
    """The other one: an offline file."""
    reached = {*ACTIVATION, *REACTIVATION, *TRIAL, *DEACTIVATION}
    assert reached == set(Reason) - {Reason.OFFLINE_FILE_INVALID}
