"""The hardware rule holds on real computers, and does what its weights are chosen for."""

import pytest

from activation_server.rules.hardware import WEIGHTS, changed, need, same_computer
from tests.end_to_end.computers import needs_machines
from tests.rules import measure_hardware as measured
from tests.rules.measure_hardware import MODELS, PROFILES, SERIALS

ALL = dict.fromkeys((*SERIALS, *MODELS, "mac"), "as it was")


def after(*replaced: str) -> dict[str, str]:
    return {**ALL, **dict.fromkeys(replaced, "another")}


@needs_machines
def test_real_drift_is_tolerated():
    pairs = measured.seen_twice()
    assert len(pairs) == 5584
    for profile in PROFILES:
        figures = measured.measure(profile, pairs)
        print(figures)  # noqa: T201 - the figures are the point
        assert figures.unchanged <= 0.005
        assert figures.replaced <= 0.02


@needs_machines
def test_no_other_computer_is_accepted():
    """All of the same model, and others; `make measure-hardware` tries a million."""
    assert measured.others_accepted(measured.computers(), 100_000) == 0


@pytest.mark.parametrize(
    "replaced",
    [
        ("disk_serial",),
        ("disk_serial", "os_machine_id", "hardware_id"),  # a new disk, and the system anew
        ("os_machine_id", "hardware_id", "memory", "bios"),
        ("system_uuid", "board_serial", "board_model", "bios", "tpm", "mac"),  # a new board
        MODELS,
    ],
)
def test_a_repaired_computer_stays_the_same(replaced: tuple[str, ...]):
    assert same_computer(after(*replaced), ALL)
    assert changed(after(*replaced), ALL) == sorted(replaced)


@pytest.mark.parametrize(
    "replaced",
    [
        # The disk's image on a fleet of one model: the system's ids and the model are the same.
        ("system_uuid", "board_serial", "disk_serial", "mac"),
        SERIALS,
        ("system_uuid", "board_serial", "board_model", "cpu", "bios", "tpm", "mac"),  # disk moved
    ],
)
def test_another_computer_is_another(replaced: tuple[str, ...]):
    assert not same_computer(after(*replaced), ALL)


def test_what_is_not_reported_is_not_held_against_a_computer():
    assert same_computer({"hardware_id": "as it was"}, ALL)
    assert not same_computer({"hardware_id": "another"}, ALL)
    assert not same_computer({"cpu": "as it was"}, ALL)  # no anchor
    assert not same_computer({}, ALL)


def test_the_need_is_half_of_the_weight():
    assert need(ALL) == 58
    assert need(["hardware_id"]) == 13
    assert need([]) == 0
    assert need(["something else", "hardware_id"]) == 13
    assert WEIGHTS["hardware_id"] == 25
