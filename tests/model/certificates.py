"""Certificates as apps see them: verified with the published keys alone, read claim by claim."""

import base64
import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from activation_server.formats.certificate import PublicKey, jwks
from tests.conftest import ISSUER
from tests.model.plain_hardware import ANCHORS, WEIGHTS, need

Json = dict[str, Any]


@dataclass(frozen=True)
class Granted:
    """A certificate that some app may still live on."""

    certificate: str
    end: datetime | None


@dataclass
class Published:
    """The keys that the server publishes now, and all that it ever did."""

    now: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    ever: dict[str, Ed25519PublicKey] = field(default_factory=dict)

    def read(self, keys: list[PublicKey]) -> None:
        """Take the keys from the published document."""
        document: Any = json.loads(json.dumps(jwks(keys)))
        self.now = {
            key["kid"]: Ed25519PublicKey.from_public_bytes(_decode(key["x"]))
            for key in document["keys"]
        }
        self.ever |= self.now


def kid_of(certificate: str) -> str:
    kid: str = json.loads(_decode(certificate.split(".", maxsplit=1)[0]))["kid"]
    return kid


def is_verified(certificate: str, keys: dict[str, Ed25519PublicKey]) -> bool:
    """Whether one of these keys signed a certificate."""
    signed, _, signature = certificate.rpartition(".")
    key = keys.get(kid_of(certificate))
    if key is None:
        return False
    try:
        key.verify(_decode(signature), signed.encode())
    except InvalidSignature:
        return False
    return True


def read(certificate: str, keys: dict[str, Ed25519PublicKey]) -> tuple[Json, Json]:
    """Give header and claims of a certificate that one of the keys must have signed."""
    assert is_verified(certificate, keys), "a certificate that no published key has signed"
    header, claims, _ = (certificate + "..").split(".")[:3]
    return json.loads(_decode(header)), json.loads(_decode(claims))


def expected_claims(plain: Json, activation_id: str, salt: str) -> Json:
    """Give a certificate's claims from the model's; only the salt is the server's own."""
    parts = plain["hw"]
    return {
        **plain,
        "v": 1,
        "iss": ISSUER,
        "sub": activation_id,
        "jti": f"{activation_id}.{plain['seq']}",
        "nonce": _encode(plain["nonce"]),
        "hw": {
            "salt": salt,
            "need": need(parts),
            "components": {name: _component(salt, name, value) for name, value in parts.items()},
        },
    }


def _component(salt: str, name: str, value: str) -> Json:
    digest = hmac.new(_decode(salt), value.encode(), hashlib.sha256).digest()[:16]
    return {"digest": _encode(digest), "weight": WEIGHTS[name], "anchor": name in ANCHORS}


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
