"""Certificates as other people's libraries read them, by the keys that the server publishes."""

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.errors import BadSignatureError
from joserfc.jwk import KeySet
from jwt.algorithms import OKPAlgorithm

from tests.conftest import ISSUER
from tests.web.server import PRODUCT, Json, Server, activation, check_in, ok

# joserfc tells that RFC 9864 has a newer name for EdDSA, which the protocol offers too.
pytestmark = pytest.mark.filterwarnings("ignore:EdDSA is deprecated")

NEW_NAME = "new-name"  # the product whose certificates say `Ed25519`
ALGORITHMS = ["EdDSA", "Ed25519"]
NOW = 1_795_341_600  # the clock's start
PERSON = {
    "name": "Ana Popescu",
    "company": "Exemplu SRL",
    "email": "ana@example.com",
    "comments": "Call me in the morning",
    "computer_name": "ANA-PC",
}


@pytest.fixture(scope="module", autouse=True)
def new_name(shared_server: Server) -> None:
    shared_server.add_product(NEW_NAME, "Ed25519")


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def jwks(server: Server) -> Json:
    document: Json = ok(server.get("/.well-known/jwks.json"))
    return document


def by_joserfc(server: Server, certificate: str) -> tuple[Json, Json]:
    keys = KeySet.import_key_set(jwks(server))  # type: ignore[arg-type] # a KeySetSerialization
    token = joserfc_jwt.decode(certificate, keys, algorithms=ALGORITHMS)
    return dict(token.header), dict(token.claims)


def by_pyjwt(server: Server, certificate: str, product: str = PRODUCT) -> tuple[Json, Json]:
    """PyJWT knows EdDSA by itself; the new name is registered, and the key made, by the app."""
    kid = jwt.get_unverified_header(certificate)["kid"]
    document = next(key for key in jwks(server)["keys"] if key["kid"] == kid)
    verifier = jwt.PyJWT()
    verifier._jws.register_algorithm("Ed25519", OKPAlgorithm())
    whole = verifier.decode_complete(
        certificate,
        OKPAlgorithm.from_jwk(document),  # type: ignore[arg-type] # a public key, of that document
        algorithms=ALGORITHMS,
        audience=product,
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False},  # the tests' clock
    )
    return whole["header"], whole["payload"]


def verified(server: Server, answer: Json, product: str = PRODUCT) -> tuple[Json, Json]:
    read = by_joserfc(server, answer["certificate"])
    assert by_pyjwt(server, answer["certificate"], product) == read
    return read


WEIGHTS = {"hardware_id": 25, "system_uuid": 25, "disk_serial": 15, "cpu": 6, "mac": 3}
MODELS = {"cpu", "mac"}


def hardware(salt: str, values: dict[str, str]) -> Json:
    """The `hw` claim, as the protocol describes it."""

    def digest(value: str) -> str:
        whole = hmac.digest(decoded(salt), value.encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(whole[:16]).rstrip(b"=").decode()

    components = {
        name: {"digest": digest(value), "weight": WEIGHTS[name], "anchor": name not in MODELS}
        for name, value in values.items()
    }
    need = -(-sum(WEIGHTS[name] for name in values) // 2)
    return {"salt": salt, "need": need, "components": components}


def test_header_and_claims_of_a_subscription(server: Server) -> None:
    license_ = server.issue(
        seats=3, edition="professional", features=["cloud", "api"], term_days=365
    )
    body = activation(license_.license_key, **PERSON)
    answer = ok(server.activate(body), 201)
    header, claims = verified(server, answer)
    [published] = {key["kid"] for key in jwks(server)["keys"]}
    assert header == {"alg": "EdDSA", "typ": "activation+jwt", "kid": published}
    salt = claims["hw"]["salt"]
    assert len(decoded(salt)) == 16
    assert claims == {
        "v": 1,
        "iss": ISSUER,
        "aud": PRODUCT,
        "sub": answer["activation_id"],
        "jti": claims["jti"],
        "iat": NOW,
        "exp": NOW + 30 * 86_400,
        "nonce": body["nonce"],
        "seq": 1,
        "check_in_after": NOW + 7 * 86_400,
        "lic": {
            "id": str(license_.license.license_id),
            "edition": "professional",
            "kind": "subscription",
            "seats": 3,
            "expires": NOW + 365 * 86_400,
            "maintenance_until": None,
            "features": ["cloud", "api"],
        },
        "hw": hardware(salt, {"hardware_id": body["hardware_id"]}),
    }


def test_a_perpetual_license_without_check_ins_has_no_expiry(server: Server) -> None:
    license_ = server.issue(seats=None, certificate_days=None, maintenance_days=100)
    _, claims = verified(server, server.activated(license_.license_key))
    assert "exp" not in claims
    assert claims["lic"] == {
        "id": str(license_.license.license_id),
        "edition": None,
        "kind": "perpetual",
        "seats": None,
        "expires": None,
        "maintenance_until": NOW + 100 * 86_400,
        "features": [],
    }


def test_a_certificate_never_outlives_the_license_and_its_grace(server: Server) -> None:
    key = server.issue(term_days=10, grace_days=5).license_key
    _, claims = verified(server, server.activated(key))
    assert claims["exp"] == NOW + 15 * 86_400
    assert claims["lic"]["expires"] == NOW + 10 * 86_400
    key = server.issue(term_days=3, check_in_days=7).license_key
    _, claims = verified(server, server.activated(key))
    assert claims["check_in_after"] == claims["exp"] == NOW + 3 * 86_400


def test_each_certificate_is_a_new_one(server: Server) -> None:
    key = server.issue().license_key
    answer = server.activated(key)
    answers = [answer, ok(server.activate(activation(key)))]
    for _ in range(3):
        server.world.clock.advance(days=1)
        answers.append(ok(server.reactivate(answers[-1])))
    claims = [verified(server, each)[1] for each in answers]
    assert [each["seq"] for each in claims] == [1, 2, 3, 4, 5]
    assert len({each["jti"] for each in claims}) == 5
    assert len({each["nonce"] for each in claims}) == 5
    assert [each["iat"] - NOW for each in claims] == [0, 0, 86_400, 172_800, 259_200]


def test_a_computer_without_an_id_is_told_by_its_anchors(server: Server) -> None:
    values = {"system_uuid": "4c4c4544", "disk_serial": "S3Z2NB0K", "cpu": "Some CPU", "mac": "9f"}
    key = server.issue().license_key
    answer = server.activated(key, hardware_id="00000000", hardware=values)
    _, claims = verified(server, answer)
    assert claims["hw"] == hardware(claims["hw"]["salt"], values)


def test_salts_differ_between_licenses(server: Server) -> None:
    answers = [server.activated(server.issue().license_key) for _ in range(2)]
    assert len({verified(server, answer)[1]["hw"]["salt"] for answer in answers}) == 2


def test_the_newer_name_of_the_algorithm(server: Server) -> None:
    key = server.issue(NEW_NAME).license_key
    answer = server.activated(key, product=NEW_NAME)
    header, claims = verified(server, answer, NEW_NAME)
    assert header["alg"] == "Ed25519"
    assert claims["aud"] == NEW_NAME


def test_pyjwt_reads_the_usual_name_from_the_key_set_alone(server: Server) -> None:
    answer = server.activated(server.issue().license_key)
    keys = jwt.PyJWKSet.from_dict(jwks(server))
    kid = jwt.get_unverified_header(answer["certificate"])["kid"]
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(
        answer["certificate"], keys[kid], algorithms=["EdDSA"], audience=PRODUCT, options=options
    )
    assert claims["sub"] == answer["activation_id"]


def test_a_changed_certificate_is_worth_nothing(server: Server) -> None:
    parts = server.activated(server.issue().license_key)["certificate"].split(".")
    claims = json.loads(decoded(parts[1]))
    claims["lic"]["seats"] = 1000
    parts[1] = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(BadSignatureError):
        by_joserfc(server, ".".join(parts))
    with pytest.raises(jwt.InvalidSignatureError):
        by_pyjwt(server, ".".join(parts))


def test_nothing_personal_stands_in_an_answer(server: Server) -> None:
    key = server.issue(seats=2).license_key
    components = {"system_uuid": "4c4c4544-0043", "os_machine_id": "3d1219c7"}
    body = activation(key, **PERSON, hardware=components)
    first = ok(server.activate(body), 201)
    second = ok(server.reactivate(first, check_in(first, **PERSON, hardware=components)))
    plain = [body["hardware_id"], *PERSON.values(), *components.values()]
    for answer in (first, second):
        header, claims = verified(server, answer)
        said = json.dumps([answer, header, claims]).casefold()
        for value in (*plain, key, key.replace("-", ""), key[-5:]):
            assert value.casefold() not in said


def test_the_key_set_holds_public_keys_alone(server: Server) -> None:
    response = server.get("/.well-known/jwks.json")
    assert response.headers["cache-control"] == "no-cache"
    keys = response.json()["keys"]
    assert len({key["kid"] for key in keys}) == len(keys) == 1
    for key in keys:
        assert set(key) == {"kty", "crv", "x", "kid", "use"}
        assert (key["kty"], key["crv"], key["use"]) == ("OKP", "Ed25519", "sig")
        assert len(decoded(key["x"])) == 32
        thumbprint = json.dumps(
            {name: key[name] for name in ("crv", "kty", "x")}, separators=(",", ":")
        )
        assert decoded(key["kid"]) == hashlib.sha256(thumbprint.encode()).digest()
