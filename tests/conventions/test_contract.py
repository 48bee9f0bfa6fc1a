"""The published contract: complete, sound, and exactly what the code says."""

import hashlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # has no type hints
from pydantic_core import to_json
from typer.testing import CliRunner

from activation_server.cli.app import app
from activation_server.contract import certificate_samples as samples
from activation_server.contract import export
from activation_server.contract.schemas import file_stem
from activation_server.crypto import signing
from activation_server.formats import certificate, problem
from activation_server.formats.client_api import (
    ANSWERS,
    REQUESTS,
    CertificateAnswer,
    DeactivationAnswer,
    NoticeBody,
    SeatsBody,
)
from activation_server.rules.reasons import Notice, Reason
from tests.conftest import START

SCHEMAS = Path(__file__).parents[2] / "schemas"
NAMES = sorted(path.name for path in SCHEMAS.glob("*.json") if path.name != "openapi.json")

Json = dict[str, Any]


def schema(name: str) -> Json:
    document: Json = json.loads((SCHEMAS / name).read_bytes())
    return document


def faults(name: str, document: object) -> list[str]:
    validator = Draft202012Validator(
        schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in validator.iter_errors(document)]


def nodes(document: object) -> Iterator[Json]:
    """Every object in a JSON document."""
    if isinstance(document, dict):
        yield document
        for value in document.values():
            yield from nodes(value)
    elif isinstance(document, list):
        for value in document:
            yield from nodes(value)


# ---- In step with the code.


def test_the_checked_in_files_are_what_the_code_says(tmp_path: Path) -> None:
    export.write(tmp_path)

    def contents(directory: Path) -> dict[str, bytes]:
        found = (path for path in directory.rglob("*") if path.is_file())
        return {path.relative_to(directory).as_posix(): path.read_bytes() for path in found}

    assert contents(SCHEMAS) == contents(tmp_path)


def test_the_export_is_the_same_in_every_process() -> None:
    program = (
        "import hashlib; from activation_server.contract import export;"
        "print(hashlib.sha256(repr(export.files()).encode()).hexdigest())"
    )
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert digests == {hashlib.sha256(repr(export.files()).encode()).hexdigest().encode()}


def test_a_check_names_each_file_that_differs_and_writes_nothing(tmp_path: Path) -> None:
    export.write(tmp_path)
    (tmp_path / "problem.json").write_bytes(b"{}")
    (tmp_path / "jwks.json").unlink()
    (tmp_path / "vectors" / "mine.json").write_bytes(b"{}")
    found = [
        "jwks.json is missing.",
        "problem.json differs.",
        "vectors/mine.json is no part of the contract: delete it.",
    ]
    assert export.differences(tmp_path) == found
    result = CliRunner().invoke(app, ["schemas", "export", str(tmp_path), "--check", "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"directory": str(tmp_path), "differences": found}
    assert (tmp_path / "problem.json").read_bytes() == b"{}"
    assert not (tmp_path / "jwks.json").exists()


def test_the_command_mends_what_differs_and_leaves_what_is_not_its_own(tmp_path: Path) -> None:
    arguments = ["schemas", "export", str(tmp_path / "new")]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    (tmp_path / "new" / "problem.json").write_bytes(b"{}")
    (tmp_path / "new" / "mine.txt").write_bytes(b"mine")
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert json.loads(result.stdout)["changed"] == ["problem.json"]
    assert (tmp_path / "new" / "mine.txt").read_bytes() == b"mine"
    assert "mine.txt is no part of the contract" in CliRunner().invoke(app, arguments).stderr
    (tmp_path / "new" / "mine.txt").unlink()
    result = CliRunner().invoke(app, [*arguments, "--check"])
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_place_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    result = CliRunner().invoke(app, ["schemas", "export", str(tmp_path / "file"), "--json"])
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {
        "error": f"{tmp_path / 'file'} can't be used: File exists."
    }


# ---- Sound schemas.


def test_every_body_has_a_schema_and_every_request_has_vectors() -> None:
    stems = {file_stem(model) for model in (*REQUESTS, *ANSWERS)}
    assert {f"{stem}.json" for stem in stems | {"certificate-claims", "jwks"}} == set(NAMES)
    for model in REQUESTS:
        folder = SCHEMAS / "vectors" / "requests" / file_stem(model).removesuffix("-request")
        assert any(folder.glob("accepted-*.json"))
        assert any(folder.glob("refused-*.json"))


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_and_complete_in_itself(name: str) -> None:
    document = schema(name)
    Draft202012Validator.check_schema(document)
    assert document["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert document["$id"] == name
    assert document["title"]
    assert document["description"]
    for node in nodes(document):
        if "$ref" in node:
            assert node["$ref"].removeprefix("#/$defs/") in document["$defs"]
        # Apps and servers ignore what they don't know.
        assert node.get("additionalProperties") is not False
        assert "unevaluatedProperties" not in node


@pytest.mark.parametrize("name", NAMES)
def test_patterns_mean_the_same_to_every_regular_expression_engine(name: str) -> None:
    for node in nodes(schema(name)):
        assert "patternProperties" not in node
        pattern = node.get("pattern")
        if isinstance(pattern, str):
            assert pattern.startswith("^")
            assert pattern.endswith("$")
            # ECMA-262 lacks what Python and Rust have: groups with (?, possessive +, \A, \Z, \p …,
            # and each of the three has another \s.
            assert not re.search(r"\(\?|[+*?}]\+|\\[^xu]", pattern)


def test_openapi_describes_every_call_with_bodies_that_exist() -> None:
    document = schema("openapi.json")
    assert document["openapi"].startswith("3.1")
    calls = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    assert calls >= {
        ("POST", "/v1/activations"),
        ("POST", "/v1/activations/{activation_id}/reactivations"),
        ("POST", "/v1/activations/{activation_id}/deactivation"),
        ("POST", "/v1/trials"),
        ("GET", "/.well-known/jwks.json"),
        ("GET", "/healthz"),
        ("GET", "/readyz"),
    }
    bodies = document["components"]["schemas"]
    for body in bodies.values():
        Draft202012Validator.check_schema(body)
    references = {node["$ref"] for node in nodes(document) if "$ref" in node}
    assert references <= {f"#/components/schemas/{name}" for name in bodies}
    assert {model.__name__ for model in (*REQUESTS, *ANSWERS)} <= bodies.keys()


# ---- The schemas fit what the server really writes.


def test_answers_fit_their_schemas() -> None:
    seats = SeatsBody(limit=None, used=1)
    answer = CertificateAnswer(
        status="activated",
        activation_id=UUID(int=7),
        certificate=samples.issued(samples.claims()),
        check_in_token="token",
        check_in_after=START,
        certificate_expires=None,
        seats=seats,
        notices=[NoticeBody(code=notice, message=problem.NOTICES[notice]) for notice in Notice],
        server_time=START,
    )
    given_back = DeactivationAnswer(status="deactivated", seats=seats, server_time=START)
    assert faults("certificate-answer.json", json.loads(to_json(answer))) == []
    assert faults("deactivation-answer.json", json.loads(to_json(given_back))) == []
    assert faults("certificate-answer.json", json.loads(to_json(given_back)))


@pytest.mark.parametrize("reason", Reason)
def test_a_refusal_fits_its_schema_and_its_code_is_published(reason: Reason) -> None:
    evidence = {"limit": 1, "line": 1, "fault": "it is damaged"}
    body = problem.problem(samples.ISSUER, reason, evidence, START, retry_after=3)
    assert faults("problem.json", json.loads(body.model_dump_json(exclude_none=True))) == []
    assert reason in schema("problem.json")["properties"]["code"]["examples"]
    assert f"| `{reason}` | {body.status} |" in (SCHEMAS / "README.md").read_text("utf-8")


def test_a_fault_of_the_server_fits_the_schema_of_refusals() -> None:
    body = problem.fault(samples.ISSUER, "0123456789abcdef", START)
    assert faults("problem.json", json.loads(body.model_dump_json(exclude_none=True))) == []


def test_certificates_fit_the_schema_of_claims() -> None:
    assert faults("certificate-claims.json", samples.claims()) == []
    assert faults("certificate-claims.json", samples.claims(expires=None)) == []
    document = schema("certificate-claims.json")
    assert set(document["required"]) == signing._REQUIRED
    assert document["properties"].keys() == signing._ALLOWED
    assert document["properties"]["lic"]["properties"].keys() == signing._LICENSE


@pytest.mark.parametrize("missing", sorted(signing._REQUIRED))
def test_claims_that_lack_one_do_not_fit(missing: str) -> None:
    claims = {name: value for name, value in samples.claims().items() if name != missing}
    assert faults("certificate-claims.json", claims)


def test_published_keys_fit_their_schema() -> None:
    keys = samples.jwks(samples.KEY, samples.NEXT_KEY)
    assert faults("jwks.json", keys) == []
    raw = samples.KEY.public
    damaged = replace(certificate.PublicKey("kid", raw), raw=raw[:-1])
    assert faults("jwks.json", certificate.jwks([damaged]))


def test_the_keys_of_the_vectors_are_those_that_everybody_has() -> None:
    """RFC 8037, appendix A.3, has the thumbprint of its key."""
    assert samples.KEY.kid == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
