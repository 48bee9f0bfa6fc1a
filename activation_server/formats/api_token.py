"""API tokens as text: `act_`, 256 random bits and a check, in letters and digits alone.

The check (CRC-32) tells a typing error and a look-alike before anybody asks the database, and lets
scanners that look for lost secrets be sure. It protects nothing: the random bits do.
"""

import zlib
from typing import Final

PREFIX: Final = "act_"
SECRET_BYTES: Final = 32
PATTERN: Final = r"\bact_[0-9A-Za-z]{49}\b"  # for secret scanners

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_VALUES: Final = {character: value for value, character in enumerate(_ALPHABET)}
_SECRET_LENGTH: Final = 43  # characters that 256 bits take
_CHECK_LENGTH: Final = 6


def write(secret: bytes) -> str:
    """Write a token's 32 random bytes with their check."""
    body = PREFIX + _digits(int.from_bytes(secret), _SECRET_LENGTH)
    return body + _check(body)


def read(text: str) -> bytes | None:
    """Give the random bytes of a token; `None` for what is none."""
    body, check = text[:-_CHECK_LENGTH], text[-_CHECK_LENGTH:]
    digits = body.removeprefix(PREFIX)
    if digits == body or len(digits) != _SECRET_LENGTH or not set(digits) <= _VALUES.keys():
        return None
    number = 0
    for character in digits:
        number = number * len(_ALPHABET) + _VALUES[character]
    if _check(body) != check or number >> 8 * SECRET_BYTES:
        return None
    return number.to_bytes(SECRET_BYTES)


def _check(body: str) -> str:
    return _digits(zlib.crc32(body.encode()), _CHECK_LENGTH)


def _digits(number: int, length: int) -> str:
    written = ""
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        written = _ALPHABET[digit] + written
    return written
