"""Base64url without padding, the one spelling of bytes on the wire (RFC 7515, section 2)."""

import base64
import binascii

_URL_SAFE = bytes.maketrans(b"+/", b"-_")


def encode(data: bytes) -> str:
    """Write bytes without padding."""
    plain = binascii.b2a_base64(data, newline=False)
    return plain.translate(_URL_SAFE).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read what `encode` writes; ValueError for any other spelling of the same bytes."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(data) != text:
        msg = "not base64url in its one canonical form without padding"
        raise ValueError(msg)
    return data
