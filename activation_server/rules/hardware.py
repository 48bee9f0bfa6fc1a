"""What identifies a computer: components, anchors, placeholders, and the offline match.

Serial-class values are anchors: they differ between two computers of one model. Model-class
values (cpu, memory, …) do not, and identify nothing by themselves.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

HARDWARE_ID = "hardware_id"

ANCHORS = frozenset(
    {HARDWARE_ID, "system_uuid", "board_serial", "disk_serial", "os_machine_id", "machine_key"}
)

# What each component counts; docs/hardware-matching.md has the measurement behind it. Values of
# the firmware count more than those that come along when a disk is copied to another computer:
# `hardware_id` and `os_machine_id` with all of a model's values stay below half of the whole.
WEIGHTS = {
    "machine_key": 30,
    HARDWARE_ID: 25,
    "system_uuid": 25,
    "board_serial": 20,
    "disk_serial": 15,
    "os_machine_id": 10,
    "board_model": 6,
    "cpu": 6,
    "tpm": 3,
    "mac": 3,
    "memory": 2,
    "bios": 1,
}
OTHER_WEIGHT = 1  # of a component that is not known here
FINGERPRINT = 8  # hex digits

Digest = str | bytes

# What firmware reports where a maker filled nothing in, as seen on 12,000 real computers
# (linuxhw/DMI) and in the field. Compared after `_plain`: letters and digits only, lower case.
_PLACEHOLDER_WORDS = frozenset(
    {
        "assetserialnumber",
        "atmel",
        "baseboardproductname",
        "baseboardserialnumber",
        "baseboardversion",
        "chassisserialnumber",
        "default",
        "defaultstring",
        "empty",
        "invalid",
        "na",
        "nil",
        "no",
        "noasset",
        "noassettag",
        "nodpk",
        "none",
        "noserial",
        "noserialnumber",
        "notapplicable",
        "notavailable",
        "notdefined",
        "notpresent",
        "notsettable",
        "notspecified",
        "null",
        "oem",
        "serial",
        "serialnumber",
        "sku",
        "systemmanufacturer",
        "systemproductname",
        "systemserialnumber",
        "systemsku",
        "systemskunumber",
        "systemuuid",
        "systemversion",
        "tobefilled",
        "tobefilledbyoem",
        "tobefilledbyoemmore",
        "type1productconfigid",
        "type1sku0",
        "type2boardproductname1",
        "type2boardserialnumber",
        "type2boardversion",
        "undefined",
        "uninitialized",
        "unknown",
        "unspecified",
        "xx",
    }
)
# Whole production runs left the factory with these "unique" values.
_PLACEHOLDER_NUMBERS = frozenset(
    {
        "03000200040005000006000700080009",
        "00020003000400050006000700080009",
        "12345678123456781234567812345678",
        "11111111222233334444555555555555",
        "0123456789",
        "0123456789abcdef",
        "123456789",
        "1234567890",
        "12345678",
        "00112233445566778899aabbccddeeff",
        "fefefefefefefefefefefefefefefefe",
    }
)
_SEPARATORS = re.compile(r"[\W_]+")


def _plain(value: str) -> str:
    return (value if value.isalnum() else _SEPARATORS.sub("", value)).casefold()


def is_placeholder(value: str) -> bool:
    """Whether a reported value says nothing about the computer (empty, zeros, "None", …)."""
    plain = _plain(value)
    return (
        plain == plain[:1] * len(plain)  # empty, or one character repeated: 000…, FFF…, xxx…
        or plain in _PLACEHOLDER_WORDS
        or plain in _PLACEHOLDER_NUMBERS
    )


def usable(hardware_id: str, components: Mapping[str, str]) -> dict[str, str]:
    """The reported values that are no placeholders, `hardware_id` among them under its name."""
    reported = {**components, HARDWARE_ID: hardware_id}
    return {name: value for name, value in reported.items() if not is_placeholder(value)}


def identity(values: Mapping[str, str]) -> dict[str, str]:
    """The usable values that a computer is looked up by; empty when nothing identifies it.

    That is `hardware_id` where it is usable, and otherwise every usable anchor together.
    """
    if HARDWARE_ID in values:
        return {HARDWARE_ID: values[HARDWARE_ID]}
    return {name: value for name, value in sorted(values.items()) if name in ANCHORS}


@dataclass(frozen=True, slots=True)
class Expected:
    """One component that a seat is bound to: the digest of its value and what it counts."""

    digest: str | bytes
    weight: int
    anchor: bool


def expected(digests: Mapping[str, Digest]) -> dict[str, Expected]:
    """What a computer with these digests is to be recognised by later."""
    return {
        name: Expected(digest, weight(name), name in ANCHORS) for name, digest in digests.items()
    }


def weight(name: str) -> int:
    """What a component counts."""
    return WEIGHTS.get(name, OTHER_WEIGHT)


def need(names: Iterable[str]) -> int:
    """The weight that must match: half of all, rounded up."""
    return (sum(map(weight, names)) + 1) // 2


def matches(observed: Mapping[str, Digest], expected: Mapping[str, Expected], need: int) -> bool:
    """Whether a computer is the one that a seat is bound to: the rule, here and offline.

    At least one anchor must match, and the weights of all that match must add up to `need`.
    """
    same = [part for name, part in expected.items() if observed.get(name) == part.digest]
    return any(part.anchor for part in same) and sum(part.weight for part in same) >= need


def same_computer(observed: Mapping[str, Digest], stored: Mapping[str, Digest]) -> bool:
    """Whether a request comes from the computer that a seat was taken by.

    What an app does not report (an older version, less rights) is not held against it.
    """
    if observed == stored:  # as nearly always
        return not ANCHORS.isdisjoint(stored)
    common = {name: digest for name, digest in stored.items() if name in observed}
    return matches(observed, expected(common), need(common))


def changed(observed: Mapping[str, Digest], stored: Mapping[str, Digest]) -> list[str]:
    """The names of the components that both have, with other values."""
    if observed == stored:
        return []
    return sorted(name for name, digest in stored.items() if observed.get(name, digest) != digest)


def compared(observed: Mapping[str, Digest], stored: Mapping[str, Digest]) -> dict[str, list[str]]:
    """The names of the stored components: those with the same value, another one, or none."""
    return {
        "same": sorted(name for name in stored if observed.get(name) == stored[name]),
        "changed": changed(observed, stored),
        "missing": sorted(stored.keys() - observed.keys()),
    }


def fingerprint(digests: Mapping[str, bytes]) -> str:
    """A short name for a computer as it is reported, by which two copies are told apart."""
    whole = "".join(f"{name} {digest.hex()}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(whole.encode()).hexdigest()[:FINGERPRINT]
