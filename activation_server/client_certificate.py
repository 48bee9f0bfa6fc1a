"""The certificate as the desktop client checks it: a compact JWS (RFC 7515), by hand.

An app in another language does the same in the same order; schemas/vectors/certificates/ hold it
to that.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from activation_server import base64url
from activation_server.client_state import Activation
from activation_server.client_transport import ClientError
from activation_server.rules.hardware import Expected, matches

Json = dict[str, Any]

ALGORITHMS: Final = ("EdDSA", "Ed25519")  # two names of one algorithm: RFC 8037 and RFC 9864
ANY_KID: Final = "*"  # a key that was shipped without its id (PEM) is tried on every certificate
TEXTS: Final = ("iss", "aud", "sub", "nonce")
OPTIONAL_TIMES: Final = ("exp", "check_in_after")  # seconds since the epoch, like iat
MAX_TIME: Final = 253_402_300_799  # the last second of the year 9999


class CertificateError(ClientError):
    """A certificate that must not be trusted; `reason` is one of the words of `Client.verify`."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The server's certificate was not accepted: {reason}.")
        self.reason = reason


def read_certificate(token: str, keys: Mapping[str, str]) -> Json:
    """Check a certificate's signature and give its claims; CertificateError if not to be trusted.

    `keys` are the trusted public keys: key id to 32 raw bytes in base64url.
    """
    try:
        header_part, payload_part, signature_part = token.split(".")
        header = json.loads(base64url.decode(header_part))
        payload, signature = base64url.decode(payload_part), base64url.decode(signature_part)
        kid, algorithm, kind = str(header["kid"]), header["alg"], header["typ"]
    except (ValueError, TypeError, LookupError, RecursionError):
        raise CertificateError("malformed") from None
    # The algorithm is the app's choice, not the header's: "none" and HMAC never reach a check.
    if kind != "activation+jwt" or algorithm not in ALGORITHMS or "crit" in header:
        raise CertificateError("malformed")
    key = keys.get(kid) or keys.get(ANY_KID)
    if key is None:
        raise CertificateError("unknown_key")
    try:
        public_key = Ed25519PublicKey.from_public_bytes(base64url.decode(key))
        public_key.verify(signature, f"{header_part}.{payload_part}".encode())
    except (InvalidSignature, ValueError, TypeError):
        raise CertificateError("bad_signature") from None
    return _read_claims(payload)


def _read_claims(payload: bytes) -> Json:
    try:
        claims: Json = json.loads(payload)
        if claims["v"] != 1:
            raise CertificateError("unsupported_version")
        numbers = {"seq", "iat", *OPTIONAL_TIMES} & ({"seq", "iat"} | claims.keys())
        sound = (
            all(type(claims[name]) is str for name in TEXTS)
            and all(type(claims[name]) is int for name in numbers)  # `true` is no number
            and all(0 <= claims[name] <= MAX_TIME for name in numbers)
            and type(claims["lic"]) is dict
        )
        expected(claims)
        hardware_salt(claims)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise CertificateError("malformed") from None
    if not sound:
        raise CertificateError("malformed")
    return claims


def hardware_salt(claims: Json) -> bytes:
    """Give the salt of the `hw` claim's digests."""
    return base64url.decode(claims["hw"]["salt"])


def expected(claims: Json) -> tuple[dict[str, Expected], int]:
    """Read from the `hw` claim what the computer must have, and the weight that is needed."""
    hardware = claims.get("hw", {"components": {}, "need": 0})
    components = {
        name: Expected(str(part["digest"]), int(part["weight"]), bool(part["anchor"]))
        for name, part in hardware["components"].items()
    }
    return components, int(hardware["need"])


def fault(claims: Json, activation: Activation, observed: Mapping[str, str]) -> str:
    """Name the first thing that is wrong with a well-signed certificate, or say "valid"."""
    checks = {
        "wrong_issuer": claims["iss"] == activation.issuer,
        "wrong_audience": claims["aud"] == activation.product,
        "wrong_activation": claims["sub"] == activation.activation_id,
        "seq_went_back": claims["seq"] >= activation.seq,
        "wrong_computer": matches(observed, *expected(claims)),
    }
    return next((reason for reason, holds in checks.items() if not holds), "valid")


LEEWAY: Final = 300  # seconds that a clock may be wrong without anybody noticing …
LEEWAY_SHARE: Final = (
    10  # … but no more than this part of the certificate's life: it may be a lease
)


def time_fault(claims: Json, now: float, latest: float) -> str:
    """Say whether the certificate has ended; `latest` is the latest time that was ever seen."""
    end = claims.get("exp", MAX_TIME)
    end += min(LEEWAY, max(0, end - claims["iat"]) // LEEWAY_SHARE)
    if max(now, latest, claims["iat"]) <= end:
        return "valid"
    return "expired" if now > end else "clock_set_back"
