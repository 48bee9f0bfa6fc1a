"""What identifies a computer: components, anchors, placeholders, and the offline match.

Serial-class values are anchors: they differ between two computers of one model. Model-class
values (cpu, memory, …) do not, and identify nothing by themselves.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

HARDWARE_ID = "hardware_id"

ANCHORS = frozenset(
    {HARDWARE_ID, "system_uuid", "board_serial", "disk_serial", "os_machine_id", "machine_key"}
)

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
    return _SEPARATORS.sub("", value).casefold()


def is_placeholder(value: str) -> bool:
    """Whether a reported value says nothing about the computer (empty, zeros, "None", …)."""
    plain = _plain(value)
    return (
        len(set(plain)) <= 1  # empty, or one character repeated: 000…, FFF…, xxx…
        or plain in _PLACEHOLDER_WORDS
        or plain in _PLACEHOLDER_NUMBERS
    )


def usable(hardware_id: str, components: Mapping[str, str]) -> dict[str, str]:
    """The reported values that are no placeholders, `hardware_id` among them under its name."""
    reported = {**components, HARDWARE_ID: hardware_id}
    return {name: value for name, value in reported.items() if not is_placeholder(value)}


def identity(hardware_id: str, components: Mapping[str, str]) -> dict[str, str]:
    """The values that tell this computer from every other; empty when nothing usable is left.

    That is `hardware_id` where it is usable, and otherwise every usable anchor together.
    """
    values = usable(hardware_id, components)
    if HARDWARE_ID in values:
        return {HARDWARE_ID: values[HARDWARE_ID]}
    return {name: value for name, value in sorted(values.items()) if name in ANCHORS}


@dataclass(frozen=True, slots=True)
class Expected:
    """One component that a certificate binds to: the digest of its value and what it counts."""

    digest: str
    weight: int
    anchor: bool


def matches(observed: Mapping[str, str], expected: Mapping[str, Expected], need: int) -> bool:
    """Whether a computer is the one a certificate was issued for (the `hw` claim).

    `observed` maps component names to digests made with the certificate's salt. At least one
    anchor must match, and the weights of all that match must add up to `need` or more.
    """
    same = [part for name, part in expected.items() if observed.get(name) == part.digest]
    return any(part.anchor for part in same) and sum(part.weight for part in same) >= need
