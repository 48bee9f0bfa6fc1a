"""The activation certificate (a compact JWS, RFC 7515) and the JWKS document (RFC 7517)."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from activation_server import base64url
from activation_server.rules import hardware
from activation_server.rules.license import Coverage
from activation_server.rules.seat import Activation

TYPE = "activation+jwt"
VERSION = 1

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class PublicKey:
    """An Ed25519 public key as published: its id and its 32 raw bytes."""

    kid: str
    raw: bytes


def thumbprint(raw: bytes) -> str:
    """Derive the `kid` of an Ed25519 public key: its JWK thumbprint (RFC 7638, RFC 8037)."""
    required = json.dumps(
        {"crv": "Ed25519", "kty": "OKP", "x": base64url.encode(raw)}, separators=(",", ":")
    )
    return base64url.encode(hashlib.sha256(required.encode()).digest())


def header(kid: str, algorithm: str) -> Json:
    """Give the protected header; `algorithm` is `EdDSA` or, by RFC 9864, `Ed25519`."""
    return {"alg": algorithm, "kid": kid, "typ": TYPE}


def claims(activation: Activation, issuer: str, product: str, salt: bytes) -> Json:
    """Give the claims of an activation's last answer; the same activation gives the same claims."""
    result: Json = {
        "v": VERSION,
        "iss": issuer,
        "aud": product,
        "sub": str(activation.activation_id),
        "jti": f"{activation.activation_id}.{activation.seq}",
        "iat": int(activation.last.at.timestamp()),
        "nonce": base64url.encode(activation.last.nonce),
        "seq": activation.seq,
        "check_in_after": int(activation.last.check_in_after.timestamp()),
        "lic": {"id": str(activation.license_id), **_coverage(activation.last.coverage)},
        "hw": _hardware(activation.hardware, salt),
    }
    if activation.last.certificate_expires is not None:
        result["exp"] = int(activation.last.certificate_expires.timestamp())
    return result


def _coverage(coverage: Coverage) -> Json:
    until, expires = coverage.maintenance_until, coverage.expires
    return {
        "edition": coverage.edition,
        "kind": coverage.kind,
        "seats": coverage.seats,
        "expires": None if expires is None else int(expires.timestamp()),
        "maintenance_until": None if until is None else int(until.timestamp()),
        "features": list(coverage.features),
    }


def _hardware(digests: Mapping[str, bytes], salt: bytes) -> Json:
    need, parts = _recognised_by(tuple(digests))
    return {
        "salt": base64url.encode(salt),
        "need": need,
        "components": {
            name: {"digest": base64url.encode(digests[name]), "weight": weight, "anchor": anchor}
            for name, weight, anchor in parts
        },
    }


@lru_cache(maxsize=256)  # computers report one of few sets of components
def _recognised_by(names: tuple[str, ...]) -> tuple[int, tuple[tuple[str, int, bool], ...]]:
    """Give the weight that must match, and each component's name and what it counts."""
    parts = ((name, hardware.weight(name), name in hardware.ANCHORS) for name in sorted(names))
    return hardware.need(names), tuple(parts)


def jwks(keys: Sequence[PublicKey]) -> Json:
    """Give the JWK Set of the published keys (RFC 8037, section 2).

    Without `alg`: a key verifies under either name of its algorithm, and is listed once.
    """
    return {
        "keys": [
            {
                "kty": "OKP",
                "crv": "Ed25519",
                "x": base64url.encode(key.raw),
                "kid": key.kid,
                "use": "sig",
            }
            for key in keys
        ]
    }
