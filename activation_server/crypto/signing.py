"""The one place that signs: Ed25519 (RFC 8032) over a compact JWS (RFC 7515, RFC 8037)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from activation_server import base64url

ALGORITHMS = frozenset({"EdDSA", "Ed25519"})
_REQUIRED = frozenset(
    {"v", "iss", "aud", "sub", "jti", "iat", "nonce", "seq", "check_in_after", "lic", "hw"}
)
_ALLOWED = _REQUIRED | {"exp"}
_LICENSE = frozenset({"id", "edition", "kind", "seats", "expires", "maintenance_until", "features"})


class UnsignableError(Exception):
    """Claims that must never be certified; a fault of the server, never of the request."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An unlocked signing key; `number` names it in the database, `kid` to the world."""

    number: int
    kid: str
    private: Ed25519PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, number: int, kid: str, seed: bytes) -> "SigningKey":
        """Make the key of a 32-byte seed."""
        return cls(number, kid, Ed25519PrivateKey.from_private_bytes(seed))

    def sign(self, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        """Sign claims into a compact JWS, the same bytes for the same claims.

        Raises UnsignableError when the claims are not those of a certificate.
        """
        check(header, claims)
        signed = f"{_encode(header)}.{_encode(claims)}"
        signature = self.private.sign(signed.encode())
        return f"{signed}.{base64url.encode(signature)}"


def public_bytes(seed: bytes) -> bytes:
    """Give the 32 raw public bytes of a seed."""
    return Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()


def check(header: Mapping[str, object], claims: Mapping[str, object]) -> None:
    """Check claims against the certificate's profile, just before they are signed."""
    license_, expires = claims.get("lic"), claims.get("exp")
    faults = [
        fault
        for fault, found in (
            ("algorithm", header.get("alg") not in ALGORITHMS),
            ("type", header.get("typ") != "activation+jwt"),
            ("names", not _REQUIRED <= claims.keys() <= _ALLOWED),
            ("license", not isinstance(license_, dict) or license_.keys() != _LICENSE),
            ("empty", not all(claims.get(name) for name in ("iss", "aud", "sub", "hw"))),
            ("seq", not isinstance(claims.get("seq"), int) or claims.get("seq", 0) < 1),  # type: ignore[operator] # an int by the check before
            ("expiry", expires is not None and expires <= claims.get("iat")),  # type: ignore[operator] # numbers by construction
        )
        if found
    ]
    if faults:
        msg = f"claims do not fit the certificate's profile: {', '.join(faults)}"
        raise UnsignableError(msg)


def _encode(part: Mapping[str, object]) -> str:
    return base64url.encode(json.dumps(part, separators=(",", ":"), sort_keys=True).encode())
