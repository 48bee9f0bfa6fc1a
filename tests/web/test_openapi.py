"""The served OpenAPI document, and what schemathesis makes of it against a real server."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy
from schemathesis.specs.openapi.checks import positive_data_acceptance

from tests.web.live import live
from tests.web.server import Server, check_in

pytestmark = pytest.mark.xdist_group("openapi")  # one server for all of them

# The same examples each time, no file written, and no time limit on a slow machine.
repeatable = settings(
    max_examples=40,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
Cases = Callable[[str], SearchStrategy[Any]]
REACTIVATIONS = "/v1/activations/{activation_id}/reactivations"
CALLS = {
    "/v1/activations": {"post"},
    REACTIVATIONS: {"post"},
    "/v1/activations/{activation_id}/deactivation": {"post"},
    "/v1/trials": {"post"},
    "/v1/offline": {"post"},
    "/.well-known/jwks.json": {"get"},
    "/healthz": {"get"},
    "/readyz": {"get"},
}

# A schema can say that an offline file is text, and not what is in its base64.
ANY_TEXT_IS_NO_FILE = """
[[operations]]
include-path = "/v1/offline"
checks.positive_data_acceptance.enabled = false
"""


@pytest.fixture(scope="module")
def document(shared_server: Server) -> Iterator[str]:
    """The address of the document of a server."""
    with live(shared_server.world) as served:
        yield f"{served.url}/openapi.json"


@pytest.fixture(scope="module")
def valid(document: str) -> Cases:
    """Gives requests that are valid by the document, their texts without blanks around.

    A text of blanks alone is long enough for a schema, and too short for the server.
    """
    schema = schemathesis.openapi.from_url(document)
    return lambda path: schema[path]["post"].as_strategy().filter(lambda case: is_trim(case.body))


def is_trim(value: Any) -> bool:
    if isinstance(value, dict):
        return is_trim([*value, *value.values()])
    if isinstance(value, list):
        return all(map(is_trim, value))
    return not isinstance(value, str) or value == value.strip()


def test_every_call_with_anything(document: str, tmp_path: Path) -> None:
    """All of schemathesis' checks: valid, invalid and boundary values, other methods and types."""
    (tmp_path / "schemathesis.toml").write_text(ANY_TEXT_IS_NO_FILE)
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples", "40", "--generation-deterministic", "--no-color"]
    run = subprocess.run(
        [program, "run", document, *options],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 8" in run.stdout


def test_valid_activations_of_a_license(shared_server: Server, valid: Cases) -> None:
    key = shared_server.issue(seats=None).license_key

    @repeatable
    @given(case=valid("/v1/activations"))
    def activate(case: Any) -> None:
        case.body |= {"license_key": key, "product": "backup-pro"}
        # A valid hardware id may be a placeholder, which no schema tells: 422 is no fault then.
        response = case.call_and_validate(excluded_checks=[positive_data_acceptance])
        if response.status_code not in {200, 201}:
            codes = {"HARDWARE_ID_UNUSABLE", "REQUEST_ID_REUSED"}
            assert response.json()["code"] in codes, response.text

    activate()


def test_valid_check_ins(shared_server: Server, valid: Cases) -> None:
    answers = [shared_server.activated(shared_server.issue().license_key)]

    @repeatable
    @given(case=valid(REACTIVATIONS))
    def reactivate(case: Any) -> None:
        same = check_in(answers[-1], license_key=None, product=None)
        case.path_parameters["activation_id"] = answers[0]["activation_id"]
        names = ("request_id", "check_in_token", "hardware_id", "license_key", "product")
        case.body |= {name: same[name] for name in names}
        response = case.call_and_validate()
        assert response.status_code == 200
        answers.append(response.json())

    reactivate()


def test_the_document_names_every_call(server: Server) -> None:
    document = server.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1.")
    assert {path: set(calls) for path, calls in document["paths"].items()} == CALLS
    for path, calls in document["paths"].items():
        for call in calls.values():
            assert call["summary"]
            if path.startswith("/v1/"):
                assert {"403", "404", "409", "422", "500", "503"} <= set(call["responses"])
