"""Vectors of hardware values: placeholders, the digest, and the offline match."""

from typing import Any, Final

from activation_server import base64url
from activation_server.crypto.mac import Mac

Json = dict[str, Any]

_SALT: Final = bytes.fromhex("00112233445566778899aabbccddeeff")
_UUID: Final = "c6d3bc0e-5f0b-4b1f-9a55-3f1f0e2d7c01"
_ZEROS: Final = "00000000-0000-0000-0000-000000000000"

# As firmware writes them.
_WORDS: Final = [
    *("Asset-Serial-Number", "ATMEL", "Base Board Product Name", "Base Board Serial Number"),
    *("Base Board Version", "Chassis Serial Number", "Default", "Default string", "Empty"),
    *("INVALID", "N/A", "NIL", "No", "No Asset", "No Asset Tag", "NO DPK", "None", "No Serial"),
    *("No Serial Number", "Not Applicable", "Not Available", "Not Defined", "Not Present"),
    *("Not Settable", "Not Specified", "NULL", "OEM", "Serial", "Serial Number", "SKU"),
    *("System manufacturer", "System Product Name", "System Serial Number", "System SKU"),
    *("System SKU Number", "System UUID", "System Version", "To Be Filled"),
    *("To Be Filled By O.E.M.", "To Be Filled By O.E.M. (More)", "TYPE1_PRODUCTCONFIGID"),
    *("Type1 - SKU 0", "Type2 - Board Product Name1", "Type2 - Board Serial Number"),
    *("Type2 - Board Version", "Undefined", "uninitialized", "Unknown", "Unspecified", "xx"),
]
_NUMBERS: Final = [
    "03000200-0400-0500-0006-000700080009",
    "00020003-0004-0005-0006-000700080009",
    "12345678-1234-5678-1234-567812345678",
    "11111111-2222-3333-4444-555555555555",
    "0123456789",
    "0123456789ABCDEF",
    "123456789",
    "1234567890",
    "12345678",
    "00112233-4455-6677-8899-AABBCCDDEEFF",
    "FEFEFEFE-FEFE-FEFE-FEFE-FEFEFEFEFEFE",
]
_REPEATED: Final = [
    *("", "   ", "-", "..........", "0", "00000000", _ZEROS),
    *("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "XXXXXXXXXXXX", "00:00:00:00:00:00", "xXxX"),
]
_REAL: Final = [
    *(_UUID, "PF2ABCDE", "/7XKM5Q3/CNWS20097A01BC/", "S4EWNX0R501234", "8cec4b12a9f0"),
    *("None-4711", "00000001", "Not", "Default string 2", "ThinkPad X1 Carbon Gen 9"),
]


def vectors() -> dict[str, Json]:
    """Give each hardware vector by its path under `vectors/`."""
    families = {
        "placeholders": _placeholders(),
        "requests": _requests(),
        "digests": _digests(),
        "matches": _matches(),
    }
    return {
        f"hardware/{family}/{name}.json": vector
        for family, cases in families.items()
        for name, vector in cases.items()
    }


def _placeholders() -> dict[str, Json]:
    cases = {
        "words": ("Words that stand where a maker filled nothing in.", _WORDS, True),
        "numbers": ("Numbers that whole production runs left the factory with.", _NUMBERS, True),
        "repeated-characters": ("Nothing, or one character over and over.", _REPEATED, True),
        "other-spellings": (
            "Case, spaces and marks make no difference.",
            ["default_string", "TO BE FILLED BY OEM", "n.a.", " none "],
            True,
        ),
        "real-values": ("Values of computers: not to be dropped.", _REAL, False),
    }
    return {
        name: {"description": about, "values": values, "expected": {"placeholder": placeholder}}
        for name, (about, values, placeholder) in cases.items()
    }


def _requests() -> dict[str, Json]:
    """What the server makes of a (valid) request's hardware."""
    model_class = {"board_model": "ASUSTeK PRIME B650-PLUS", "cpu": "AMD Ryzen 7 7700"}
    board = "MB-2304-118822"
    return {
        "good-hardware-id-alone": _request("A simple app sends nothing else.", _UUID, {}, []),
        "good-placeholder-dropped": _request(
            "A placeholder among the components counts as absent.",
            _UUID,
            {"board_serial": "Default string", **model_class},
            ["board_serial"],
        ),
        "good-serial-for-hardware-id": _request(
            "Where `hardware_id` is a placeholder, serial-class components identify the computer.",
            _ZEROS,
            {"board_serial": board, **model_class},
            ["hardware_id"],
        ),
        "unusable-hardware-id": _request(
            "A placeholder alone tells nothing.", "To Be Filled By O.E.M.", {}, None
        ),
        "unusable-all": _request(
            "Nothing but placeholders.",
            "System Serial Number",
            {"system_uuid": _ZEROS, "board_serial": "None"},
            None,
        ),
        "unusable-model-class": _request(
            "Components that all computers of one model share identify none of them.",
            _ZEROS,
            model_class,
            None,
        ),
    }


def _request(
    description: str, hardware_id: str, hardware: dict[str, str], dropped: list[str] | None
) -> Json:
    expected: Json = {"accepted": True, "dropped": dropped}
    if dropped is None:
        expected = {"accepted": False, "code": "HARDWARE_ID_UNUSABLE"}
    return {
        "description": description,
        "hardware_id": hardware_id,
        "hardware": hardware,
        "expected": expected,
    }


def _digests() -> dict[str, Json]:
    values = {
        "uuid": ("A plain value.", _UUID),
        "upper-case": ("Another spelling is another value.", _UUID.upper()),
        "unicode": ("The value's UTF-8 is what counts.", "Größe-Ω-山"),
        "longest": ("256 characters.", "f" * 256),
    }
    return {name: _digest(about, _SALT, value) for name, (about, value) in values.items()} | {
        "other-salt": _digest("The same value on another license.", bytes(range(16)), _UUID)
    }


def _digest(description: str, salt: bytes, value: str) -> Json:
    return {
        "description": description,
        "salt": base64url.encode(salt),
        "value": value,
        "expected": {"digest": base64url.encode(Mac(salt).of(value.encode()))},
    }


def _matches() -> dict[str, Json]:
    one = {"hardware_id": (100, True)}
    serials = {"board_serial": (100, True), "disk_serial": (100, True)}
    mixed = {"hardware_id": (60, True), "disk_serial": (25, True), "cpu": (20, False)} | {
        "board_model": (20, False),
        "memory": (20, False),
    }
    same, gone = "same", "gone"
    return {
        "same-hardware-id": _match("The one component matches.", one, 100, {"hardware_id": same}),
        "other-hardware-id": _match(
            "It does not.", one, 100, {"hardware_id": "other"}, holds=False
        ),
        "hardware-id-gone": _match(
            "It can't be read.", one, 100, {"hardware_id": gone}, holds=False
        ),
        "more-observed": _match(
            "Components that the certificate does not name make no difference.",
            one,
            100,
            {"hardware_id": same, "cpu": "other"},
        ),
        "both-serials": _match("Both match, and both are needed.", serials, 200, {}),
        "one-serial-of-two": _match(
            "One matches, where both are needed.",
            serials,
            200,
            {"disk_serial": "other"},
            holds=False,
        ),
        "exactly-enough": _match(
            "60 + 20 + 20 are the 100 that are needed: new disk, new memory.",
            mixed,
            100,
            {"disk_serial": "other", "memory": "other"},
        ),
        "one-too-few": _match(
            "25 + 20 + 20 + 20 are less than the 86 that are needed.",
            mixed,
            86,
            {"hardware_id": "other"},
            holds=False,
        ),
        "no-anchor": _match(
            "20 + 20 + 20 are the 60 that are needed, but no anchor is among them.",
            mixed,
            60,
            {"hardware_id": "other", "disk_serial": gone},
            holds=False,
        ),
        "small-anchor": _match(
            "Any anchor does, whatever it weighs: 25 + 20 + 20 + 20.",
            mixed,
            85,
            {"hardware_id": gone},
        ),
        "nothing-observed": _match(
            "Nothing can be read.", one, 0, {"hardware_id": gone}, holds=False
        ),
    }


def _match(
    description: str,
    parts: dict[str, tuple[int, bool]],
    need: int,
    changed: dict[str, str],
    *,
    holds: bool = True,
) -> Json:
    """Make a vector; `changed` says which components are "other" than certified, or "gone"."""
    seen = {**dict.fromkeys(parts, "same"), **changed}
    return {
        "description": description,
        "observed": {
            name: _part_digest(f"{name} {state}") for name, state in seen.items() if state != "gone"
        },
        "need": need,
        "components": {
            name: {"digest": _part_digest(f"{name} same"), "weight": weight, "anchor": anchor}
            for name, (weight, anchor) in parts.items()
        },
        "expected": {"matches": holds},
    }


def _part_digest(value: str) -> str:
    return base64url.encode(Mac(_SALT).of(value.encode()))
