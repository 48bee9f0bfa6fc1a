"""Vectors of license keys as people type them."""

from typing import Any, Final

from activation_server.formats import license_key

Json = dict[str, Any]

_KEY: Final = license_key.make(0x6C0_FFEE0_12345_6789A_BCDEF_01234)
_ONES_AND_ZEROS: Final = license_key.make(0x00000_84210_84210_00000_08421)


def vectors() -> dict[str, Json]:
    """Give each license key vector by its path under `vectors/`."""
    return {
        f"license-keys/{name}.json": {"description": description, "typed": typed, **expected}
        for name, (description, typed, expected) in (_good() | _mistyped()).items()
    }


Case = tuple[str, str, Json]


def _good() -> dict[str, Case]:
    key, digits = _KEY, _ONES_AND_ZEROS
    wide = "".join(chr(ord(character) + 0xFEE0) for character in key)
    spellings = {
        "as-issued": ("As it was delivered.", key),
        "lower-case": ("In lower case.", key.lower()),
        "without-dashes": ("Without dashes.", key.replace("-", "")),
        "with-spaces": ("Spaces for dashes, and around.", f"  {key.replace('-', ' ')}\n"),
        "in-other-groups": ("Grouped otherwise.", f"{key[:8]}- {key[8:]}"),
        "with-long-dashes": ("Dashes as word processors write.", key.replace("-", " \u2013 ")),
        "with-no-break-spaces": ("As copied from a web page.", key.replace("-", "\u00a0\u200b")),
        "in-wide-characters": ("Full-width characters (NFKC), East Asian keyboards.", wide),
    }
    confused = {
        "letter-o-for-zero": ("The letter O for the digit 0.", digits.replace("0", "O")),
        "letter-i-for-one": ("The letter I for the digit 1.", digits.replace("1", "I")),
        "letter-l-for-one": ("A small letter L for the digit 1.", digits.replace("1", "l")),
        "small-o-and-i": (
            "Small letters o and i; upper case without a locale, or Turkish makes of i another.",
            digits.replace("0", "o").replace("1", "i"),
        ),
    }
    return {f"good-{name}": (*case, _canonical(key)) for name, case in spellings.items()} | {
        f"good-{name}": (*case, _canonical(digits)) for name, case in confused.items()
    }


def _mistyped() -> dict[str, Case]:
    key, none = _KEY, _canonical(None)
    swapped = f"{key[:6]}{key[7]}{key[6]}{key[8:]}"
    across = f"{key[:4]}{key[6]}-{key[4]}{key[7:]}"
    other = license_key.ALPHABET[(license_key.ALPHABET.index(key[0]) + 1) % 32]
    cases = {
        "one-character": ("The first character is another one.", other + key[1:]),
        "two-characters": ("Two characters are others.", f"{other}{key[1:12]}7{key[13:]}"),
        "swapped": ("Two neighbours are swapped.", swapped),
        "swapped-across-groups": ("Two neighbours with the dash between them.", across),
        "check": ("The last character, part of the check, is wrong.", key[:-1] + other),
        "too-short": ("The last character is missing.", key[:-1]),
        "too-long": ("One character too many.", f"{key}0"),
        "character-outside-alphabet": ("U is not used in keys.", f"U{key[1:]}"),
        "empty": ("Nothing was typed.", ""),
        "key-of-another-system": (
            "Not one of the server's keys: an app whose vendor has others, too, sends it as typed.",
            "ACME-2019-00042",
        ),
    }
    return {f"bad-{name}": (*case, none) for name, case in cases.items()}


def _canonical(key: str | None) -> Json:
    if key is None:
        return {"expected": {"valid": False}}
    return {"expected": {"valid": True, "canonical": key}}
