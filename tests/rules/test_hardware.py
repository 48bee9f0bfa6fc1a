import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.hardware import (
    ANCHORS,
    Expected,
    compared,
    fingerprint,
    identity,
    is_placeholder,
    matches,
    usable,
)
from tests.conftest import machines_file

KNOWN_BAD = [
    "",
    "   ",
    "0",
    "00000000-0000-0000-0000-000000000000",
    "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF",
    "ffffffff",
    "03000200-0400-0500-0006-000700080009",
    "None",
    "N/A",
    "Default string",
    "DEFAULT STRING",
    "To Be Filled By O.E.M.",
    "To be filled by O.E.M.",
    "System Serial Number",
    "System Product Name",
    "Not Specified",
    "Not Applicable",
    "123456789",
    "0123456789ABCDEF",
    "................",
    "xxxxxxxxxxxx",
]


@pytest.mark.parametrize("value", KNOWN_BAD)
def test_placeholders_are_seen(value: str):
    assert is_placeholder(value)
    assert usable(value, {"board_serial": value}) == {}


@given(st.binary(min_size=16, max_size=32))
def test_digests_and_uuids_are_no_placeholders(raw: bytes):
    assert is_placeholder(raw.hex()) is (len(set(raw.hex())) == 1)


@pytest.mark.skipif(not machines_file().exists(), reason="the real computers lie beside a checkout")
def test_real_machine_ids_are_no_placeholders():
    with gzip.open(machines_file(), "rt", encoding="utf-8") as lines:
        machines = [json.loads(line)["machine"] for line in lines]
    assert len(machines) == 12_000
    assert not [machine for machine in machines if is_placeholder(machine)]


def test_the_hardware_id_identifies_a_computer_where_it_is_usable():
    values = usable("5c1d7e22", {"system_uuid": "A1B2C3D4"})
    assert identity(values) == {"hardware_id": "5c1d7e22"}


def test_otherwise_all_usable_anchors_do():
    components = {"system_uuid": "A1B2C3D4", "board_serial": "None", "cpu": "Xeon"}
    assert identity(usable("Default string", components)) == {"system_uuid": "A1B2C3D4"}
    assert identity(usable("Default string", {"cpu": "Xeon"})) == {}


def test_a_component_can_not_pose_as_the_hardware_id():
    assert usable("00000000", {"hardware_id": "5c1d7e22"}) == {}


PARTS = {
    "hardware_id": Expected("a", 60, anchor=True),
    "board_serial": Expected("b", 40, anchor=True),
    "cpu": Expected("c", 100, anchor=False),
}


@pytest.mark.parametrize(
    ("observed", "same"),
    [
        ({"hardware_id": "a", "board_serial": "b"}, True),
        ({"hardware_id": "a", "cpu": "c"}, True),
        ({"hardware_id": "a"}, False),
        ({"cpu": "c"}, False),  # weight enough, but no anchor
        ({}, False),
    ],
)
def test_the_offline_match_takes_an_anchor_and_weight(observed: dict[str, str], same: bool):
    assert matches(observed, PARTS, need=100) is same


def test_anchors_are_the_serial_class_values():
    assert {
        "hardware_id",
        "system_uuid",
        "board_serial",
        "disk_serial",
        "os_machine_id",
        "machine_key",
    } == ANCHORS


def test_a_computer_is_compared_part_by_part():
    stored = {"hardware_id": b"1", "cpu": b"2", "mac": b"3", "bios": b"4"}
    observed = {"bios": b"4", "hardware_id": b"1", "cpu": b"other", "tpm": b"of no account"}
    assert compared(observed, stored) == {
        "same": ["bios", "hardware_id"],
        "changed": ["cpu"],
        "missing": ["mac"],
    }


def test_a_fingerprint_names_a_set_of_values_and_not_their_order():
    one = {"hardware_id": b"1", "cpu": b"2"}
    fewer = {"hardware_id": b"1"}
    swapped = {"hardware_id": b"2", "cpu": b"1"}
    assert fingerprint(one) == fingerprint(dict(reversed(one.items())))
    assert len({fingerprint(one), fingerprint(fewer), fingerprint(swapped), fingerprint({})}) == 4
    assert len(fingerprint(one)) == 8
