"""What schemathesis makes of the admin API's document, against a real server."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.web.admin.tool import Tool, new_token
from tests.web.live import live
from tests.web.server import Server

pytestmark = pytest.mark.xdist_group("admin-openapi")

# A schema can't say which products, licenses and cursors there are; a file is any text, and a dry
# run tells what is wrong with it. The router answers all other methods alike: one of them for each
# address is enough. Tokens are listed, so it would find its own one and revoke that. What takes the
# same body and headers as another call, by the same code, is tried by examples and fuzzing alone.
SETTINGS = """
[phases.coverage]
unexpected-methods = ["DELETE"]
[checks.positive_data_acceptance]
enabled = false
[checks.missing_required_header]
expected-statuses = [400, 401, 415, 422, 428]
[[operations]]
include-path = "/admin/v1/licenses:batch"
checks.negative_data_rejection.enabled = false
[[operations]]
include-path-regex = "(s:set|convert|r/withdraw|reinstate|-transfer|enable|unlink)$"
phases.coverage.enabled = false
[[operations]]
include-path = "/admin/v1/tokens/{name}/revoke"
parameters = { name = "nobody" }
"""


@pytest.mark.parametrize(
    "part",
    [
        ("--phases", "examples,coverage", "--include-method", "GET"),
        ("--phases", "examples,coverage", "--include-method", "POST"),
        ("--phases", "fuzzing,stateful"),
    ],
    ids=["reading", "changing", "fuzzing"],
)
def test_every_call_with_anything(
    shared_server: Server, tmp_path: Path, part: tuple[str, ...]
) -> None:
    """All other checks: valid, invalid and boundary values, other methods, types, no token."""
    (tmp_path / "schemathesis.toml").write_text(SETTINGS)
    token = new_token(shared_server, days=366)
    program = Path(sys.executable).with_name("schemathesis")
    options = ["--max-examples", "3", "--generation-deterministic", "--no-color", *part]
    with live(shared_server.world, token_calls=None) as served:
        document = f"{served.url}/admin/v1/openapi.json"
        run = subprocess.run(
            [program, "run", document, "-H", f"Authorization: Bearer {token}", *options],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
        )
    assert run.returncode == 0, run.stdout + run.stderr
    assert Tool(shared_server, token).get("/products").status_code == 200  # nor was it revoked
