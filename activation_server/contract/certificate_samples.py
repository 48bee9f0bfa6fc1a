"""Activation certificates to make vectors of, signed with keys whose private half is public."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from activation_server import base64url
from activation_server.crypto.digests import hardware_digests
from activation_server.crypto.mac import Mac
from activation_server.crypto.signing import SigningKey
from activation_server.formats import certificate
from activation_server.formats.certificate import PublicKey, thumbprint
from activation_server.rules.license import App, Coverage, Kind
from activation_server.rules.seat import Activation, Answered, Computer, Outcome

Json = dict[str, Any]

ISSUER: Final = "https://licenses.example.com"
PRODUCT: Final = "backup-pro"
NOW: Final = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
CHECK_IN_AFTER: Final = NOW + timedelta(days=7)
EXPIRES: Final = NOW + timedelta(days=30)
SEQ: Final = 5
HARDWARE: Final = {"hardware_id": "5c1d0f6b7a2e4c93"}

_SALT: Final = bytes.fromhex("00112233445566778899aabbccddeeff")
_NONCE: Final = bytes.fromhex("abcdef1234567890abcdef1234567890")
_LICENSE_ID: Final = UUID("3f0c8a52-7f0e-4a8e-9f5e-0a51f3c0d7b1")
_ACTIVATION_ID: Final = UUID("3f0c8a52-7f0e-8c4b-8d15-6a0b7e2f9c33")


def _key(number: int, seed: str) -> SigningKey:
    key = SigningKey.from_seed(number, "", bytes.fromhex(seed))
    kid = thumbprint(key.public)
    return SigningKey(number, kid, key.private)


# RFC 8032, section 7.1, tests 1 and 2; the first is also the key of RFC 8037, appendix A.
KEY: Final = _key(1, "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
NEXT_KEY: Final = _key(2, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
FOREIGN_KEY: Final = _key(3, "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7")


def jwks(*keys: SigningKey) -> Json:
    """Give the JWK Set that a server with these keys publishes."""
    return certificate.jwks([PublicKey(key.kid, key.public) for key in keys])


def claims(
    hardware: Mapping[str, str] = HARDWARE, *, expires: datetime | None = EXPIRES, seq: int = SEQ
) -> Json:
    """Give the claims that the server certifies for a computer with these hardware values."""
    subscription_end = None if expires is None else NOW + timedelta(days=300)
    activation = Activation(
        activation_id=_ACTIVATION_ID,
        license_id=_LICENSE_ID,
        hardware=hardware_digests(_SALT, hardware),
        activated_at=NOW - timedelta(days=60),
        removed_at=None,
        removed_by=None,
        seq=seq,
        fork_tip=None,
        virtual=False,
        leased_until=None,
        lapsed=False,
        last=Answered(
            outcome=Outcome.REACTIVATED,
            request_id=UUID(int=0),
            request_digest=b"",
            nonce=_NONCE,
            at=NOW,
            check_in_after=CHECK_IN_AFTER,
            certificate_expires=expires,
            coverage=Coverage(
                edition="professional",
                kind=Kind.PERPETUAL if subscription_end is None else Kind.SUBSCRIPTION,
                seats=3,
                expires=subscription_end,
                maintenance_until=subscription_end,
                features=("encryption",),
            ),
            signing_key=KEY.number,
            notices=(),
            app=App("9.9.1234"),
            computer=Computer("windows", "10.0.26100"),
        ),
    )
    return certificate.claims(activation, ISSUER, PRODUCT, _SALT)


def digest(value: str) -> str:
    """Digest a hardware value as the samples' `hw` claim does."""
    return base64url.encode(Mac(_SALT).of(value.encode()))


def issued(content: Json, key: SigningKey = KEY, algorithm: str = "EdDSA") -> str:
    """Sign claims as the server does, by the very same code."""
    return key.sign(certificate.header(key.kid, algorithm), content)


def signed(header: Json, content: Json, key: SigningKey = KEY) -> str:
    """Sign anything, also what the server would never sign."""
    text = f"{part(header)}.{part(content)}"
    return f"{text}.{base64url.encode(key.private.sign(text.encode()).signature)}"


def part(content: Json) -> str:
    """Write a header or a payload as it stands in a compact JWS."""
    text = json.dumps(content, separators=(",", ":"), sort_keys=True)
    return base64url.encode(text.encode())
