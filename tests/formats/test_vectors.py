"""The published test vectors, as they lie on disk, against the code and against other code.

What an app author would write from `schemas/README.md` stands here a second time, written from
that page and not from the server's code.
"""

import base64
import hashlib
import hmac
import json
import unicodedata
from pathlib import Path
from typing import Any

import jwt
import pytest
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # has no type hints
from jwt.algorithms import OKPAlgorithm

from activation_server import client_state
from activation_server.client import Client
from activation_server.client_certificate import CertificateError
from activation_server.client_state import Activation, Pending, State
from activation_server.client_transport import Answer, read_jwks
from activation_server.contract import export
from activation_server.contract.schemas import file_stem
from activation_server.formats import license_key, offline_file
from activation_server.formats.client_api import (
    MAX_BODY,
    REQUESTS,
    OfflineRequest,
    RequestInvalidError,
    TrialRequest,
    decode,
)
from activation_server.rules import hardware

Json = dict[str, Any]

SCHEMAS = Path(__file__).parents[2] / "schemas"
VECTORS = SCHEMAS / "vectors"
MODELS = {file_stem(model).removesuffix("-request"): model for model in REQUESTS}


def cases(folder: str) -> list[str]:
    paths = sorted((VECTORS / folder).rglob("*.json"))
    return [path.relative_to(VECTORS).as_posix() for path in paths]


def load(path: str) -> Json:
    vector: Json = json.loads((VECTORS / path).read_bytes())
    assert vector["description"]
    return vector


def test_every_vector_is_run_here() -> None:
    folders = ("requests", "offline", "license-keys", "certificates", "hardware")
    run = {path for folder in folders for path in cases(folder)}
    assert run == export.vectors().keys()


# ---- Offline files.


@pytest.mark.parametrize("path", cases("offline"))
def test_an_offline_file_is_read_as_its_vector_says(path: str) -> None:
    vector = load(path)
    assert vector["expected"]["valid"] == ("/good-" in path) == ("/damaged-" not in path)
    try:
        document = offline_file.read(offline_file.Kind.REQUEST, vector["file"].encode())
        outcome: Json = {"valid": True, "request": json.loads(document)}
    except offline_file.DamagedError as error:
        outcome = {"valid": False, "code": "OFFLINE_FILE_INVALID", "line": error.line}
    assert outcome == vector["expected"]


@pytest.mark.parametrize("path", [path for path in cases("offline") if "/good-" in path])
def test_what_is_in_a_good_file_is_a_request(path: str) -> None:
    request = load(path)["expected"]["request"]
    data = json.dumps(request).encode()
    purpose = decode(OfflineRequest, data).purpose
    assert decode(MODELS.get(f"{purpose.removesuffix('e')}ion", TrialRequest), data)


# ---- Requests.


def body_bytes(vector: Json) -> bytes:
    if "body_base64" in vector:
        return base64.b64decode(vector["body_base64"])
    if "body_text" in vector:
        return str(vector["body_text"]).encode()
    return json.dumps(vector["body"]).encode()


@pytest.mark.parametrize("path", cases("requests"))
def test_a_request_is_taken_or_refused_as_its_vector_says(path: str) -> None:
    vector, family = load(path), path.split("/")[1]
    assert vector["expected"]["valid"] == ("/accepted-" in path) == ("/refused-" not in path)
    data = body_bytes(vector)
    if len(data) > MAX_BODY:
        outcome: Json = {"valid": False, "code": "REQUEST_TOO_LARGE"}
    else:
        try:
            decode(MODELS[family], data)
            outcome = {"valid": True}
        except RequestInvalidError as error:
            pointers = sorted(fault["pointer"] for fault in error.errors)
            outcome = {"valid": False, "code": "REQUEST_INVALID", "pointers": pointers}
    expected = vector["expected"]
    if "pointers" in expected:
        expected["pointers"].sort()
    assert outcome == expected


# What a schema can't say, beside bytes that are no JSON in UTF-8.
BEYOND_SCHEMAS = {"refused-17-kib", "refused-nonce-not-canonical"}


def readable(path: str) -> bool:
    return "body" in load(path) and Path(path).stem not in BEYOND_SCHEMAS


def trimmed(value: object) -> object:
    """Trim strings as the schemas' descriptions say; ids and nonces are taken as they are."""
    if isinstance(value, dict):
        exact = {"request_id", "nonce"}
        return {k: v if k in exact else trimmed(v) for k, v in value.items()}
    return value.strip() if isinstance(value, str) else value


@pytest.mark.parametrize("path", [path for path in cases("requests") if readable(path)])
def test_a_request_fits_its_schema_or_not_as_its_vector_says(path: str) -> None:
    vector, family = load(path), path.split("/")[1]
    schema = json.loads((SCHEMAS / f"{family}-request.json").read_bytes())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    assert validator.is_valid(trimmed(vector["body"])) == vector["expected"]["valid"]


# ---- License keys.


def read_key(typed: str) -> str | None:
    """Read a key by the page's words alone."""
    alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKC", typed)
        if not character.isspace() and unicodedata.category(character) not in {"Pd", "Cf"}
    ).upper()
    plain = plain.replace("O", "0").replace("I", "1").replace("L", "1")
    if len(plain) != 25 or set(plain) - set(alphabet):
        return None

    def double(x: int) -> int:
        return 2 * x ^ 37 if 2 * x > 31 else 2 * x

    a = b = 0
    for character in plain:
        value = alphabet.index(character)
        a, b = double(a) ^ value, double(double(b)) ^ value
    return "-".join(plain[i : i + 5] for i in range(0, 25, 5)) if a == b == 0 else None


@pytest.mark.parametrize("path", cases("license-keys"))
def test_a_typed_key_is_read_as_its_vector_says(path: str) -> None:
    vector = load(path)
    expected = vector["expected"]
    assert expected["valid"] == ("canonical" in expected)
    assert license_key.parse(vector["typed"]) == expected.get("canonical")
    assert read_key(vector["typed"]) == expected.get("canonical")


# ---- Certificates.


def simulated(given: Json) -> Json:
    others = {name: value for name, value in given["hardware"].items() if name != "hardware_id"}
    return {"hardware_id": given["hardware"]["hardware_id"], "hardware": others}


def stored(vector: Json) -> Activation:
    given = vector["given"]
    return Activation(
        server=given["issuer"],
        issuer=given["issuer"],
        product=given["audience"],
        license_key="",
        activation_id=given["activation_id"],
        check_in_token="token",
        certificate=vector["certificate"],
        seq=given["highest_seq"],
        salt="",
        simulated=simulated(given),
    )


def reason_at_start(client: Client, vector: Json) -> str:
    """What the reference client says of the certificate in its state file."""
    client_state.save(client.state_path, State(activation=stored(vector)))
    return str(client.verify()["reason"])


def reason_at_answer(client: Client, vector: Json) -> str:
    """What the reference client says of an answer that brings the certificate."""
    given = vector["given"]
    body = {"nonce": given["nonce"], **simulated(given)}
    pending = Pending("reactivate", "/", {}, body, "", simulated(given))
    answer = Answer("", {"certificate": vector["certificate"], "check_in_token": "next"})
    try:
        client._take(State(activation=stored(vector)), pending, given["issuer"], answer)
    except CertificateError as error:
        return error.reason
    return "valid"


@pytest.mark.parametrize("path", cases("certificates"))
def test_the_reference_client_judges_a_certificate_as_its_vector_says(
    path: str, tmp_path: Path
) -> None:
    vector = load(path)
    expected, now = vector["expected"], vector["given"]["now"]
    assert expected["valid"] == (expected["reason"] == "valid") == ("/good-" in path)
    client = Client(
        tmp_path / "state.json", shipped_keys=read_jwks(vector["jwks"]), now=lambda: now
    )
    # Freshness is judged by the nonce when the answer comes, and by the clock ever after.
    only_later, only_first = expected["reason"] == "expired", expected["reason"] == "wrong_nonce"
    assert reason_at_start(client, vector) == ("valid" if only_first else expected["reason"])
    assert reason_at_answer(client, vector) == ("valid" if only_later else expected["reason"])


@pytest.mark.parametrize("path", cases("certificates"))
def test_joserfc_finds_a_signature_as_its_vector_says(path: str) -> None:
    vector = load(path)
    try:
        header = json.loads(base64.urlsafe_b64decode(vector["certificate"].split(".")[0] + "=="))
        key = OKPKey.import_key(jwk(vector, header))
        found = jws.deserialize_compact(vector["certificate"], key, algorithms=["EdDSA", "Ed25519"])
        payload = json.loads(found.payload)
    except (JoseError, LookupError, ValueError):
        payload = None
    assert (payload is not None) == vector["expected"]["jws_valid"]
    if vector["expected"]["valid"]:
        assert payload == vector["expected"]["claims"]


@pytest.mark.parametrize("path", cases("certificates"))
def test_pyjwt_finds_a_signature_as_its_vector_says(path: str) -> None:
    vector = load(path)
    library = jwt.PyJWS()
    library.register_algorithm("Ed25519", OKPAlgorithm())  # RFC 9864's name is newer than it
    try:
        header = jwt.get_unverified_header(vector["certificate"])
        key = jwt.PyJWK(jwk(vector, header), algorithm="EdDSA").key
        found = library.decode(vector["certificate"], key, algorithms=["EdDSA", "Ed25519"])
        payload = json.loads(found)
    except (jwt.PyJWTError, LookupError):
        payload = None
    takes_padding = path == "certificates/refused-padded.json"  # it always did
    assert (payload is not None) == (vector["expected"]["jws_valid"] or takes_padding)
    if vector["expected"]["valid"]:
        assert payload == vector["expected"]["claims"]


def jwk(vector: Json, header: Json) -> Json:
    """Give the published key that a header names, without the name of its algorithm."""
    key = next((key for key in vector["jwks"]["keys"] if key["kid"] == header["kid"]), None)
    if key is None:
        raise LookupError(header["kid"])
    return {name: key[name] for name in ("kty", "crv", "x")}


@pytest.mark.parametrize("path", cases("certificates"))
def test_claims_of_good_certificates_fit_their_schema(path: str) -> None:
    vector = load(path)
    schema = json.loads((SCHEMAS / "certificate-claims.json").read_bytes())
    validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)
    # Never to be taken for real ones.
    assert "public" in vector["warning"] or "everybody" in vector["warning"]
    if vector["expected"]["valid"]:
        assert [
            error.message for error in validator.iter_errors(vector["expected"]["claims"])
        ] == []


# ---- Hardware.


@pytest.mark.parametrize("path", cases("hardware/placeholders"))
def test_placeholders_are_known_as_their_vector_says(path: str) -> None:
    vector = load(path)
    for value in vector["values"]:
        assert hardware.is_placeholder(value) == vector["expected"]["placeholder"], value


def test_every_known_placeholder_is_published() -> None:
    published = {
        hardware._plain(value)
        for path in cases("hardware/placeholders")
        for value in load(path)["values"]
    }
    assert published >= hardware._PLACEHOLDER_WORDS | hardware._PLACEHOLDER_NUMBERS


@pytest.mark.parametrize("path", cases("hardware/requests"))
def test_reported_hardware_is_used_as_its_vector_says(path: str) -> None:
    vector = load(path)
    reported = (vector["hardware_id"], vector["hardware"])
    outcome: Json = {"accepted": False, "code": "HARDWARE_ID_UNUSABLE"}
    if hardware.identity(hardware.usable(*reported)):
        dropped = {"hardware_id", *vector["hardware"]} - hardware.usable(*reported).keys()
        outcome = {"accepted": True, "dropped": sorted(dropped)}
    assert outcome == vector["expected"]


@pytest.mark.parametrize("path", cases("hardware/digests"))
def test_a_value_is_digested_as_its_vector_says(path: str) -> None:
    vector = load(path)
    salt = base64.urlsafe_b64decode(vector["salt"] + "==")
    mac = hmac.new(salt, vector["value"].encode(), hashlib.sha256).digest()[:16]
    digest = base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    assert digest == vector["expected"]["digest"]


@pytest.mark.parametrize("path", cases("hardware/matches"))
def test_a_computer_matches_as_its_vector_says(path: str) -> None:
    vector = load(path)
    parts = {name: hardware.Expected(**part) for name, part in vector["components"].items()}
    outcome = hardware.matches(vector["observed"], parts, vector["need"])
    assert outcome == vector["expected"]["matches"]
