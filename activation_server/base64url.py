"""Base64url without padding, the one spelling of bytes on the wire (RFC 7515, section 2)."""

import base64


def encode(data: bytes) -> str:
    """Write bytes without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Read what `encode` writes; ValueError for any other spelling of the same bytes."""
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    if encode(data) != text:
        msg = "not base64url in its one canonical form without padding"
        raise ValueError(msg)
    return data
