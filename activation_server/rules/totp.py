"""Time-based one-time passwords (RFC 6238), as authenticator apps make them: SHA-1, six digits."""

import base64
import hmac
from typing import Final
from urllib.parse import quote, urlencode

STEP: Final = 30  # seconds
DIGITS: Final = 6
SECRET_BYTES: Final = 20
_DRIFT: Final = 1  # steps that a phone's clock may be before or behind


def code_at(secret: bytes, step: int, digits: int = DIGITS) -> str:
    """Give the code of a step (RFC 4226, section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4]) & 0x7FFF_FFFF
    return str(number % 10**digits).zfill(digits)


def step_at(seconds: float) -> int:
    """Give the step of a time, in seconds since 1970."""
    return int(seconds) // STEP


def matching_step(secret: bytes, typed: str, seconds: float, used: int) -> int | None:
    """Give the step whose code was typed, later than the last one used; None when it is none.

    Every code that may come is compared, whichever fits: how long it takes tells nothing.
    """
    code, now, found = only_digits(typed), step_at(seconds), None
    for step in range(now - _DRIFT, now + _DRIFT + 1):
        same = hmac.compare_digest(code_at(secret, step).encode(), code.encode())
        if same and step > used:
            found = step
    return found


def only_digits(typed: str) -> str:
    """Give a code without the spaces and dashes that people write into it; empty if it is none."""
    code = "".join(typed.split()).replace("-", "")
    return code if len(code) == DIGITS and code.isascii() and code.isdigit() else ""


def written(secret: bytes) -> str:
    """Write a secret as authenticator apps take it when it is typed: Base32, in groups of four."""
    text = base64.b32encode(secret).decode().rstrip("=")
    return " ".join(text[at : at + 4] for at in range(0, len(text), 4))


def uri(secret: bytes, issuer: str, name: str) -> str:
    """Give what a QR code for authenticator apps holds (Key URI Format)."""
    label = f"{quote(issuer, safe='')}:{quote(name, safe='')}"
    values = {"secret": written(secret).replace(" ", ""), "issuer": issuer}
    return f"otpauth://totp/{label}?{urlencode(values, quote_via=quote)}"
