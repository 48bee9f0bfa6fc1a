from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from joserfc import jws
from joserfc.jwk import OKPKey

from activation_server.crypto.signing import SigningKey, UnsignableError, public_bytes
from activation_server.formats import checkpoint
from activation_server.formats.certificate import (
    PublicKey,
    claims,
    header,
    jwks,
    thumbprint,
)
from activation_server.rules.audit import Checkpoint, Link
from tests.factories import NOW, make_activation

# RFC 8037, appendix A: a known key and its thumbprint.
SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
KID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
KEY = SigningKey.from_seed(1, KID, SEED)
CLAIMS = claims(make_activation(), "https://l.example", "backup-pro", b"salt" * 4)


def test_the_thumbprint_is_that_of_rfc_8037():
    assert thumbprint(public_bytes(SEED)) == KID


@pytest.mark.parametrize("algorithm", ["EdDSA", "Ed25519"])
def test_the_same_claims_sign_to_the_same_bytes(algorithm: str):
    assert KEY.sign(header(KID, algorithm), CLAIMS) == KEY.sign(header(KID, algorithm), CLAIMS)


def test_other_libraries_verify():
    token = KEY.sign(header(KID, "EdDSA"), CLAIMS)
    document: Any = jwks([PublicKey(KID, public_bytes(SEED))])
    [published] = document["keys"]
    by_joserfc = jws.deserialize_compact(token, OKPKey.import_key(published), algorithms=["EdDSA"])
    assert by_joserfc.headers() == {"alg": "EdDSA", "kid": KID, "typ": "activation+jwt"}
    public = Ed25519PublicKey.from_public_bytes(public_bytes(SEED))
    by_pyjwt: dict[str, Any] = jwt.decode(
        token,
        public,
        algorithms=["EdDSA"],
        audience="backup-pro",
        options={"verify_exp": False, "verify_iat": False},
    )
    assert by_pyjwt == CLAIMS


@pytest.mark.parametrize(
    "broken",
    [
        {"aud": ""},
        {"seq": 0},
        {"exp": int(NOW.timestamp()) - 10**9},
        {"email": "ana@example.com"},
        {"lic": {"id": "1"}},
        {"hw": {}},
    ],
)
def test_claims_that_are_no_certificate_are_not_signed(broken: dict[str, object]):
    with pytest.raises(UnsignableError):
        KEY.sign(header(KID, "EdDSA"), {**CLAIMS, **broken})


def test_a_missing_claim_or_a_weak_algorithm_is_not_signed():
    with pytest.raises(UnsignableError):
        KEY.sign(header(KID, "none"), CLAIMS)
    with pytest.raises(UnsignableError):
        KEY.sign(header(KID, "EdDSA"), {name: CLAIMS[name] for name in CLAIMS if name != "nonce"})


def test_the_private_key_does_not_show():
    assert repr(KEY) == f"SigningKey(number=1, kid='{KID}')"


CHECKPOINT = checkpoint.claims(Checkpoint(Link(7, NOW, bytes(32)), NOW), "https://l.example")


def test_a_checkpoint_is_signed_by_its_own_profile():
    token = KEY.sign(checkpoint.header(KID), CHECKPOINT)
    claims = KEY.opened(token, checkpoint.TYPE)
    assert claims == CHECKPOINT
    assert checkpoint.read(claims) == Checkpoint(Link(7, NOW, bytes(32)), NOW)
    assert checkpoint.key_id(token) == KID


@pytest.mark.parametrize(
    "broken",
    [
        {"iss": ""},
        {"seq": 0},
        {"seq": True},
        {"at": None},
        {"digest": "00"},
        {"forgotten": 1},
        {"aud": "backup-pro"},
        {"sub": "somebody"},
        {"who": "ana"},
    ],
)
def test_claims_that_are_no_checkpoint_are_not_signed(broken: dict[str, object]):
    with pytest.raises(UnsignableError):
        KEY.sign(checkpoint.header(KID), {**CHECKPOINT, **broken})


def test_a_checkpoint_and_a_certificate_never_stand_for_one_another():
    for kind in ("activation+jwt", "JWT", None):
        with pytest.raises(UnsignableError):
            KEY.sign({**checkpoint.header(KID), "typ": kind}, CHECKPOINT)
    with pytest.raises(UnsignableError):
        KEY.sign(checkpoint.header(KID), CLAIMS)
    certificate = KEY.sign(header(KID, "EdDSA"), CLAIMS)
    assert KEY.opened(certificate, "activation+jwt") == CLAIMS
    assert KEY.opened(certificate, checkpoint.TYPE) is None


def test_a_token_of_another_key_or_with_another_byte_does_not_open():
    token = KEY.sign(checkpoint.header(KID), CHECKPOINT)
    other = SigningKey.from_seed(2, KID, bytes(32))
    assert other.opened(token, checkpoint.TYPE) is None
    for index in range(0, len(token), 7):
        wrong = "A" if token[index] != "A" else "B"
        assert KEY.opened(token[:index] + wrong + token[index + 1 :], checkpoint.TYPE) is None
    assert KEY.opened("", checkpoint.TYPE) is None
