"""Base64url without padding, the one spelling of bytes on the wire (RFC 7515, section 2)."""

import binascii
from typing import Final

_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_STANDARD: Final = bytes.maketrans(b"-_+/=", b"+/...")  # a point is no letter of either
# What a text may end with, by its length over fours: the bits that stand for nothing are zero.
_LAST: Final = ("", None, "AQgw", "AEIMQUYcgkosw048")
_PADDING: Final = (b"", b"", b"==", b"=")


def encode(data: bytes) -> str:
    """Write bytes without padding."""
    plain = binascii.b2a_base64(data, newline=False)
    return plain.translate(_URL_SAFE).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read what `encode` writes; ValueError for any other spelling of the same bytes."""
    over = len(text) % 4
    last = _LAST[over]
    if last is None or (over and text[-1] not in last):
        msg = "not base64url in its one canonical form without padding"
        raise ValueError(msg)
    standard = text.encode("ascii").translate(_STANDARD) + _PADDING[over]
    return binascii.a2b_base64(standard, strict_mode=True)
