"""The one place that signs: Ed25519 (RFC 8032) over a compact JWS (RFC 7515, RFC 8037).

By libsodium, which takes two thirds of OpenSSL's time for a signature: a check-in is one.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from nacl.exceptions import BadSignatureError
from nacl.signing import SigningKey as PrivateKey
from pydantic_core import to_json

from activation_server import base64url

ALGORITHMS = frozenset({"EdDSA", "Ed25519"})
_REQUIRED = frozenset(
    {"v", "iss", "aud", "sub", "jti", "iat", "nonce", "seq", "check_in_after", "lic", "hw"}
)
_ALLOWED = _REQUIRED | {"exp"}
_CHECKPOINT = frozenset({"iss", "iat", "seq", "at", "digest", "forgotten"})  # no `aud`, no `sub`
_RECEIPT = frozenset({"iss", "iat", "ledger", "people", "computers"})  # no `aud`, no `sub`
_DIGEST = re.compile("[0-9a-f]{64}")
_LICENSE = frozenset({"id", "edition", "kind", "seats", "expires", "maintenance_until", "features"})


class UnsignableError(Exception):
    """Claims that must never be signed; a fault of the server, never of the request."""


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An unlocked signing key; `number` names it in the database, `kid` to the world."""

    number: int
    kid: str
    private: PrivateKey = field(repr=False)

    @classmethod
    def from_seed(cls, number: int, kid: str, seed: bytes) -> "SigningKey":
        """Make the key of a 32-byte seed."""
        return cls(number, kid, PrivateKey(seed))

    @property
    def public(self) -> bytes:
        """Its 32 raw public bytes."""
        return bytes(self.private.verify_key)

    def sign(self, header: Mapping[str, object], claims: Mapping[str, object]) -> str:
        """Sign claims into a compact JWS, the same bytes for the same claims.

        Raises UnsignableError when the claims are not those of the type that the header names.
        """
        check(header, claims)
        signed = f"{_encoded_header(tuple(header.items()))}.{_encode(claims)}"
        signature = self.private.sign(signed.encode()).signature
        return f"{signed}.{base64url.encode(signature)}"

    def opened(self, token: str, kind: str) -> Mapping[str, object] | None:
        """Give the claims of a token of a type that this very key signed; none of any other."""
        try:
            signed, _, signature = token.rpartition(".")
            self.private.verify_key.verify(signed.encode(), base64url.decode(signature))
            header, claims = (json.loads(base64url.decode(part)) for part in signed.split("."))
            check(header, claims)
        except (ValueError, BadSignatureError, UnsignableError):
            return None
        return claims if header["typ"] == kind else None


def public_bytes(seed: bytes) -> bytes:
    """Give the 32 raw public bytes of a seed."""
    return bytes(PrivateKey(seed).verify_key)


def check(header: Mapping[str, object], claims: Mapping[str, object]) -> None:
    """Check claims against the profile that their header names, just before they are signed."""
    kind = str(header.get("typ"))
    profile = _PROFILES.get(kind)
    faults = [] if header.get("alg") in ALGORITHMS else ["algorithm"]
    faults += ["type"] if profile is None else profile(claims)
    if faults:
        msg = f"claims do not fit the profile of {kind}: {', '.join(faults)}"
        raise UnsignableError(msg)


def _certificate_faults(claims: Mapping[str, object]) -> list[str]:
    license_, expires, seq = claims.get("lic"), claims.get("exp"), claims.get("seq")
    faults = []
    if not _REQUIRED <= claims.keys() <= _ALLOWED:
        faults.append("names")
    if not isinstance(license_, dict) or license_.keys() != _LICENSE:
        faults.append("license")
    if not (claims.get("iss") and claims.get("aud") and claims.get("sub") and claims.get("hw")):
        faults.append("empty")
    if not isinstance(seq, int) or seq < 1:
        faults.append("seq")
    if expires is not None and expires <= claims.get("iat"):  # type: ignore[operator] # numbers by construction
        faults.append("expiry")
    return faults


def _checkpoint_faults(claims: Mapping[str, object]) -> list[str]:
    seq, digest, times = (
        claims.get("seq"),
        claims.get("digest"),
        (claims.get("at"), claims.get("iat")),
    )
    return [
        fault
        for fault, found in (
            ("names", claims.keys() != _CHECKPOINT),
            ("issuer", not isinstance(claims.get("iss"), str) or not claims.get("iss")),
            ("seq", type(seq) is not int or seq < 1),
            ("digest", not isinstance(digest, str) or _DIGEST.fullmatch(digest) is None),
            ("times", any(type(moment) is not int for moment in times)),
            ("forgotten", type(claims.get("forgotten")) is not bool),
        )
        if found
    ]


def _receipt_faults(claims: Mapping[str, object]) -> list[str]:
    counts = [claims.get(name) for name in ("iat", "ledger", "people")]
    return [
        fault
        for fault, found in (
            ("names", claims.keys() != _RECEIPT),
            ("issuer", not isinstance(claims.get("iss"), str) or not claims.get("iss")),
            ("counts", any(type(count) is not int or count < 1 for count in counts)),
            ("computers", type(claims.get("computers")) is not int),
        )
        if found
    ]


# By `typ`: whoever checks one kind of token takes no other.
_PROFILES: Mapping[str, Callable[[Mapping[str, object]], list[str]]] = {
    "activation+jwt": _certificate_faults,
    "audit-checkpoint+jwt": _checkpoint_faults,
    "erasure-receipt+jwt": _receipt_faults,
}


@lru_cache(maxsize=64)  # one for each key, algorithm and type
def _encoded_header(names: tuple[tuple[str, object], ...]) -> str:
    return _encode(dict(names))


def _encode(part: Mapping[str, object]) -> str:
    """Write a part in the order of its names as they come: the same part gives the same bytes."""
    return base64url.encode(to_json(part))
