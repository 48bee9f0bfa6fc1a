import base64
import gzip
import json
import random

import pytest

from activation_server.rules.virtual_machine import is_hypervisor, is_virtual
from tests.conftest import machines_file


@pytest.mark.parametrize(
    "value",
    [
        "VMware Virtual Platform",
        "VMware7,1",
        "VMware, Inc.",
        "VirtualBox",
        "innotek GmbH",
        "VBOX HARDDISK",
        "QEMU",
        "QEMU Virtual CPU version 2.5+",
        "Standard PC (Q35 + ICH9, 2009)",
        "Standard PC (i440FX + PIIX, 1996)",
        "pc-q35-9.0",
        "KVM",
        "Virtual Machine",
        "Microsoft Corporation Virtual Machine",
        "Hyper-V UEFI Release v4.1",
        "Parallels Virtual Platform",
        "Parallels ARM Virtual Platform",
        "HVM domU",
        "Xen",
        "Google Compute Engine",
        "Amazon EC2",
        "OpenStack Nova",
        "Apple Virtualization Generic Platform",
        "VirtualMac2,1",
        "BHYVE",
    ],
)
def test_a_hypervisors_model_is_known(value: str):
    assert is_hypervisor(value)
    assert is_hypervisor(f" {value.upper()} ")


@pytest.mark.parametrize(
    "value",
    ["", "0KVMW2", "XENIAXe15TI7G11GXELX", "G6Q35EA#AB9", "Google", "HUAWEI", "Cloud14", "Qemuel"],
)
def test_real_computers_are_none(value: str):
    assert not is_hypervisor(value)


def test_of_12000_real_computers_one_is_a_virtual_machine():
    with gzip.open(machines_file(), "rt") as lines:
        machines = [json.loads(line) for line in lines]
    found = [
        machine["system_product"]
        for machine in machines
        if any(is_hypervisor(value) for value in machine.values() if isinstance(value, str))
    ]
    assert found == ["Standard PC (Q35 + ICH9, 2009)"]


def test_hashed_values_give_nothing_away():
    chance = random.Random(1)
    digests = [chance.randbytes(32) for _ in range(20_000)]
    assert not any(is_hypervisor(digest.hex()) for digest in digests)
    assert not any(is_hypervisor(base64.urlsafe_b64encode(each).decode()) for each in digests)


@pytest.mark.parametrize(
    ("reported", "values", "virtual"),
    [
        (None, [], None),
        (None, ["Latitude 5520"], None),
        (False, ["Latitude 5520"], False),
        (True, ["Latitude 5520"], True),
        (None, ["Latitude 5520", "QEMU"], True),
        (False, ["QEMU"], True),
    ],
)
def test_an_app_or_a_part_may_tell(reported: bool | None, values: list[str], virtual: bool | None):
    assert is_virtual(reported, values) is virtual
