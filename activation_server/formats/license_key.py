"""License keys: 25 characters of Crockford Base32, 115 random bits and a check of 10 bits.

A key from another system keeps its form. Every key is looked up by two forms of itself, so that
a look-up costs the same whatever was typed: `exact`, and `folded`, which forgives case, spaces,
dashes and, for our own keys, O for 0 and I or L for 1.
"""

import unicodedata
from dataclasses import dataclass, field

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford: no I, L, O, U
RANDOM_BITS = 115
LENGTH = 25
TAIL = 5  # characters at the end that support may see and search

_VALUES = {character: value for value, character in enumerate(ALPHABET)} | {"O": 0, "I": 1, "L": 1}
_GROUP = 5
# The check is two symbols of a Reed-Solomon code over GF(32), by the primitive polynomial
# x^5 + x^2 + 1, with roots 2 and 4: any two wrong or swapped characters are found.
_REDUCE = 0b100101


@dataclass(frozen=True, slots=True)
class LookupForms:
    """What a key is found by."""

    exact: str = field(repr=False)
    folded: str = field(repr=False)


def make(random_bits: int) -> str:
    """Write 115 random bits as a key with its check: `XXXXX-XXXXX-XXXXX-XXXXX-XXXXX`.

    Raises ValueError when there are more bits.
    """
    if random_bits >> RANDOM_BITS or random_bits < 0:
        msg = f"a license key takes {RANDOM_BITS} bits"
        raise ValueError(msg)
    symbols = [random_bits >> shift & 31 for shift in range(RANDOM_BITS - 5, -1, -5)]
    text = "".join(ALPHABET[symbol] for symbol in symbols + _check(symbols))
    return "-".join(text[i : i + _GROUP] for i in range(0, LENGTH, _GROUP))


def parse(text: str) -> str | None:
    """Read what a person typed as one of our keys; `None` when it is none or mistyped."""
    try:
        symbols = [_VALUES[character] for character in _squeeze(text).upper()]
    except KeyError:
        return None
    if len(symbols) != LENGTH or _check(symbols[:-2]) != symbols[-2:]:
        return None
    plain = "".join(ALPHABET[symbol] for symbol in symbols)
    return "-".join(plain[i : i + _GROUP] for i in range(0, LENGTH, _GROUP))


def lookup_forms(text: str) -> LookupForms:
    """Give the two forms that a key, ours or another system's, is found by."""
    exact = unicodedata.normalize("NFC", text.strip())
    own = parse(text)
    if own is not None:
        return LookupForms(exact=own, folded=_squeeze(own).casefold())
    return LookupForms(exact=exact, folded=_squeeze(exact).casefold() or exact)


def tail(key: str) -> str:
    """Give the last five characters of a key, without dashes: what support asks a caller for."""
    return _squeeze(key)[-TAIL:].upper()


def _squeeze(text: str) -> str:
    """Drop spaces and dashes of every kind, after folding width (NFKC)."""
    if text.isascii():  # the usual case, several times faster
        return "".join(text.split()).replace("-", "")
    return "".join(
        character
        for character in unicodedata.normalize("NFKC", text)
        if not character.isspace() and unicodedata.category(character) not in {"Pd", "Cf"}
    )


def _check(symbols: list[int]) -> list[int]:
    """Remainder of the message by (x - 2)(x - 4), with coefficients in GF(32)."""
    high = low = 0
    for symbol in symbols:
        feedback = symbol ^ high
        # (x + 2)(x + 4) = x^2 + 6x + 8
        high, low = low ^ _TIMES_6[feedback], _TIMES_8[feedback]
    return [high, low]


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        right >>= 1
        left <<= 1
        if left & 32:
            left ^= _REDUCE
    return product


_TIMES_6, _TIMES_8 = (tuple(_times(symbol, factor) for symbol in range(32)) for factor in (6, 8))
