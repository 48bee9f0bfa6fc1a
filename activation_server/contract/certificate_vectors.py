"""Vectors of activation certificates: accepted, refused, and why."""

import hashlib
import hmac
import json
from datetime import datetime, timedelta
from typing import Any, Final

from activation_server import base64url
from activation_server.contract.certificate_samples import (
    CHECK_IN_AFTER,
    EXPIRES,
    FOREIGN_KEY,
    HARDWARE,
    ISSUER,
    KEY,
    NEXT_KEY,
    NOW,
    PRODUCT,
    SEQ,
    claims,
    digest,
    issued,
    jwks,
    part,
    signed,
)
from activation_server.formats import certificate

Json = dict[str, Any]

_WARNING: Final = "Signed with a key that everybody has, for tests alone: never ship it in an app."
_CLAIMS: Final = claims()
_HEADER: Final = certificate.header(KEY.kid, "EdDSA")
_ISSUED: Final = issued(_CLAIMS)
_SOON: Final = NOW + timedelta(days=1)
_SERIALS: Final = {"board_serial": "5f21d0a94f5d1c07", "os_machine_id": "a2c1b3f09d8e7f66"}
_PLACEHOLDER: Final = {"hardware_id": "00000000-0000-0000-0000-000000000000"}
_ED25519_ORDER: Final = 2**252 + 27742317777372353535851937790883648493  # RFC 8032, section 5.1


def vectors() -> dict[str, Json]:
    """Give each certificate vector by its path under `vectors/`."""
    good = _good() | _good_hardware()
    refused = _untrusted() | _changed() | _misfits() | _not_compact() | _other_hardware()
    named = {f"good-{name}": vector for name, vector in good.items()}
    named |= {f"refused-{name}": vector for name, vector in refused.items()}
    return {f"certificates/{name}.json": vector for name, vector in named.items()}


def _vector(
    description: str,
    token: str,
    reason: str = "valid",
    *,
    jws_valid: bool = True,
    now: datetime = _SOON,
    keys: Json | None = None,
    **given: object,
) -> Json:
    """Make a vector; `jws_valid` tells what a JOSE library alone finds."""
    expected: Json = {"valid": reason == "valid", "reason": reason, "jws_valid": jws_valid}
    if reason == "valid":
        expected["claims"] = json.loads(base64url.decode(token.split(".")[1]))
    return {
        "description": description,
        "warning": _WARNING,
        "certificate": token,
        "jwks": keys or jwks(KEY, NEXT_KEY),
        "given": {
            "issuer": ISSUER,
            "audience": PRODUCT,
            "activation_id": _CLAIMS["sub"],
            "nonce": _CLAIMS["nonce"],
            "highest_seq": SEQ,
            "now": int(now.timestamp()),
            "hardware": HARDWARE,
            **given,
        },
        "expected": expected,
    }


def _good() -> dict[str, Json]:
    newer_name = issued(_CLAIMS, algorithm="Ed25519")
    grown = {**_CLAIMS, "region": "eu", "lic": {**_CLAIMS["lic"], "support": "gold"}}
    just_before, late = EXPIRES - timedelta(seconds=1), CHECK_IN_AFTER + timedelta(days=5)
    return {
        "subscription": _vector("An ordinary certificate, a day after its issue.", _ISSUED),
        "without-exp": _vector(
            "A perpetual license that needs no check-in: no `exp`, years later.",
            issued(claims(expires=None)),
            now=NOW + timedelta(days=3650),
        ),
        "alg-ed25519": _vector(
            "The newer name of the same algorithm (RFC 9864); a kid may be listed under both.",
            newer_name,
            keys=jwks(KEY),
        ),
        "next-key": _vector("Signed with the other published key.", issued(_CLAIMS, NEXT_KEY)),
        "check-in-overdue": _vector("Between `check_in_after` and `exp`.", _ISSUED, now=late),
        "just-before-exp": _vector("In the last second.", _ISSUED, now=just_before),
        "clock-behind": _vector(
            "A clock that is a year slow refuses nothing.", _ISSUED, now=NOW - timedelta(days=365)
        ),
        "newer-seq": _vector("The first with this `seq`.", _ISSUED, highest_seq=SEQ - 1),
        "unknown-claims": _vector("Claims from the future are ignored.", signed(_HEADER, grown)),
    }


def _good_hardware() -> dict[str, Json]:
    by_serials = issued(claims(_SERIALS))
    return {
        "hardware-trimmed": _vector(
            "Values are trimmed before the digest, as the server trims what is sent.",
            _ISSUED,
            hardware={"hardware_id": f" {HARDWARE['hardware_id']} "},
        ),
        "hardware-by-components": _vector(
            "`hardware_id` was a placeholder: the serial-class components stand for it.",
            by_serials,
            hardware={**_PLACEHOLDER, **_SERIALS, "cpu": "of no account"},
        ),
        "hardware-drifted": _vector(
            "New memory; an anchor matches, and 60 + 20 + 20 are the 100 that are needed.",
            signed(_HEADER, _tolerant()),
            hardware={**HARDWARE, "cpu": "ryzen", "board_model": "prime", "memory": "64 GiB"},
        ),
    }


def _other_hardware() -> dict[str, Json]:
    one_new = {**_SERIALS, "board_serial": "0000aa11bb22cc33"}
    model_class = {"cpu": "ryzen", "board_model": "prime", "memory": "32 GiB"}
    cases = {
        "other-computer": ("Another `hardware_id`.", _ISSUED, {"hardware_id": "77aa0f6b7a2e4c00"}),
        "nothing-observed": ("The computer reports a placeholder.", _ISSUED, _PLACEHOLDER),
        "one-serial-of-two": (
            "One of the two components that are needed is another one.",
            issued(claims(_SERIALS)),
            {**_PLACEHOLDER, **one_new},
        ),
        "hardware-without-anchor": (
            "20 + 20 + 20 are the 60 that are needed, but no anchor matches: the same model.",
            signed(_HEADER, _tolerant(need=60)),
            {"hardware_id": "77aa0f6b7a2e4c00", **model_class},
        ),
        "hardware-below-need": (
            "An anchor matches, but 60 + 20 are less than the 100 that are needed.",
            signed(_HEADER, _tolerant()),
            {**HARDWARE, "cpu": "ryzen"},
        ),
    }
    return {
        name: _vector(about, token, "wrong_computer", hardware=hardware)
        for name, (about, token, hardware) in cases.items()
    }


def _tolerant(need: int = 100) -> Json:
    """Claims that tolerate some change of hardware, as a later server may give them."""
    parts = {"cpu": "ryzen", "board_model": "prime", "memory": "32 GiB"}
    components = {
        name: {"digest": digest(value), "weight": 20, "anchor": False}
        for name, value in parts.items()
    }
    anchor = {"digest": digest(HARDWARE["hardware_id"]), "weight": 60, "anchor": True}
    components["hardware_id"] = anchor
    return {**_CLAIMS, "hw": {**_CLAIMS["hw"], "need": need, "components": components}}


def _misfits() -> dict[str, Json]:
    """Well signed, but not for this app, this request, or this time."""
    dated = {**_CLAIMS, "exp": "2026-12-22T10:00:00Z"}
    no_seq = {name: value for name, value in _CLAIMS.items() if name != "seq"}
    another = "3f0c8a52-7f0e-8c4b-8d15-000000000000"
    return {
        "expired": _vector(
            "A day after `exp`.", _ISSUED, "expired", now=EXPIRES + timedelta(days=1)
        ),
        "wrong-audience": _vector(
            "For another product.", _ISSUED, "wrong_audience", audience="photo-pro"
        ),
        "wrong-issuer": _vector(
            "Of another server.", _ISSUED, "wrong_issuer", issuer="https://licenses.example.org"
        ),
        "wrong-activation": _vector(
            "Of another activation.", _ISSUED, "wrong_activation", activation_id=another
        ),
        "wrong-nonce": _vector(
            "An old answer played back.", _ISSUED, "wrong_nonce", nonce="AAAAAAAAAAAAAAAAAAAAAA"
        ),
        "older-seq": _vector(
            "A higher `seq` was seen.", _ISSUED, "seq_went_back", highest_seq=SEQ + 1
        ),
        "version-2": _vector(
            "`v` is 2.", signed(_HEADER, {**_CLAIMS, "v": 2}), "unsupported_version"
        ),
        "without-seq": _vector("A claim is missing.", signed(_HEADER, no_seq), "malformed"),
        "exp-as-text": _vector("`exp` must be a number.", signed(_HEADER, dated), "malformed"),
        "wrong-typ": _vector(
            "Another kind of token.", signed({**_HEADER, "typ": "JWT"}, _CLAIMS), "malformed"
        ),
    }


def _untrusted() -> dict[str, Json]:
    """Signed with something else than a published key."""
    stranger = certificate.header(FOREIGN_KEY.kid, "EdDSA")
    own_key = {**stranger, "jwk": jwks(FOREIGN_KEY)["keys"][0]}
    no_kid = {name: value for name, value in _HEADER.items() if name != "kid"}
    unsigned = f"{part({**_HEADER, 'alg': 'none'})}.{part(_CLAIMS)}"
    keyed = f"{part({**_HEADER, 'alg': 'HS256'})}.{part(_CLAIMS)}"
    public = KEY.public
    mac = base64url.encode(hmac.digest(public, keyed.encode(), hashlib.sha256))
    critical = {**_HEADER, "crit": ["lifetime"], "lifetime": "eternal"}
    cases = {
        "unknown-kid": ("Of a key that is not published.", issued(_CLAIMS, FOREIGN_KEY)),
        "key-in-header": (
            "It brings its own key: never trust one.",
            signed(own_key, _CLAIMS, FOREIGN_KEY),
        ),
        "forged": ("Of another key than `kid` says.", signed(_HEADER, _CLAIMS, FOREIGN_KEY)),
        "without-kid": ("`kid` is missing.", signed(no_kid, _CLAIMS)),
        "alg-none": ("`none`, and no signature.", f"{unsigned}."),
        "alg-hs256": ("The public key used as the secret of an HMAC.", f"{keyed}.{mac}"),
        "critical-header": (
            "A header that must be understood, and is not (RFC 7515, section 4.1.11).",
            signed(critical, _CLAIMS),
        ),
    }
    reasons = {
        "unknown-kid": "unknown_key",
        "key-in-header": "unknown_key",
        "forged": "bad_signature",
    }
    return {
        name: _vector(about, token, reasons.get(name, "malformed"), jws_valid=False)
        for name, (about, token) in cases.items()
    }


def _changed() -> dict[str, Json]:
    """Changed after it was signed."""
    header, payload, signature = _ISSUED.split(".")
    raw = base64url.decode(signature)
    flipped = base64url.encode(bytes([raw[0] ^ 1]) + raw[1:])
    scalar = int.from_bytes(raw[32:], "little") + _ED25519_ORDER
    second = base64url.encode(raw[:32] + scalar.to_bytes(32, "little"))
    more_seats = part({**_CLAIMS, "lic": {**_CLAIMS["lic"], "seats": 7}})
    kid = "l" + KEY.kid[1:]
    cases = {
        "flipped-byte-in-header": (
            "One byte of `kid`.",
            f"{part({**_HEADER, 'kid': kid})}.{payload}.{signature}",
        ),
        "renamed-algorithm": (
            "The header is signed, too: the other name of the algorithm.",
            f"{part({**_HEADER, 'alg': 'Ed25519'})}.{payload}.{signature}",
        ),
        "flipped-byte-in-payload": ("7 seats for 3.", f"{header}.{more_seats}.{signature}"),
        "flipped-byte-in-signature": ("One bit of it.", f"{header}.{payload}.{flipped}"),
        "second-signature": (
            "S + L for S: the check of RFC 8032, section 5.1.7, step 1 is missing if it passes.",
            f"{header}.{payload}.{second}",
        ),
        "cut-signature": ("Its last 4 bytes are lost.", _cut(header, payload, raw)),
    }
    return {
        name: _vector(
            about,
            token,
            "unknown_key" if name == "flipped-byte-in-header" else "bad_signature",
            jws_valid=False,
        )
        for name, (about, token) in cases.items()
    }


def _cut(header: str, payload: str, signature: bytes) -> str:
    return f"{header}.{payload}.{base64url.encode(signature[:-4])}"


def _not_compact() -> dict[str, Json]:
    """No compact JWS in its one spelling."""
    header, payload, signature = _ISSUED.split(".")
    lines = "\n".join(_ISSUED[at : at + 64] for at in range(0, len(_ISSUED), 64))
    members = {"protected": header, "payload": payload, "signature": signature}
    cases = {
        "truncated": ("The signature is lost.", f"{header}.{payload}"),
        "line-breaks": ("Broken into lines of 64 characters.", lines),
        "trailing-line-break": ("A line break at the end.", f"{_ISSUED}\n"),
        "padded": (
            "Base64url with padding, which a lax library takes.",
            f"{header}.{payload}.{signature}==",
        ),
        "json-serialization": ("JWS in JSON, not compact.", json.dumps(members)),
    }
    return {
        name: _vector(about, token, "malformed", jws_valid=False)
        for name, (about, token) in cases.items()
    }
