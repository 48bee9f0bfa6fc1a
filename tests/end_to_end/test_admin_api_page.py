"""Every example of docs/admin-api.md, as it stands there, against a real server."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx
import pytest

from activation_server.formats.admin_problem import AdminCode
from activation_server.rules.api_token import SCOPES
from tests.end_to_end.server import COMMAND, OperatorHere, Server, environment
from tests.web.server import activation

PAGE = Path(__file__).parents[2] / "docs" / "admin-api.md"
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
# What the page's commands are here; a refusal ends the block.
PRELUDE = """
set -eu
curl() { command curl --silent --show-error --fail-with-body --write-out '\\n' "$@"; }
activation-server() { COMMAND "$@"; }
"""


def run(block: str, folder: Path, variables: dict[str, str]) -> str:
    """Run a block of the page; give what it prints."""
    command = " ".join(COMMAND)
    done = subprocess.run(
        ["bash", "-c", PRELUDE.replace("COMMAND", command) + block],
        cwd=folder,
        env={**environment(folder / "data", {}), **variables},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, block + done.stdout + done.stderr
    return done.stdout


def documents(printed: str) -> list[Any]:
    return [json.loads(line) for line in printed.splitlines() if line.startswith("{")]


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl")
def test_every_example(data_dir: Path):
    data = data_dir / "data"
    operator, server = OperatorHere(data), Server(data, data_dir / "server.log")
    with server:
        operator.json("product", "add", "backup-pro", "--name", "Backup Pro")
        issue = ("license", "issue", "--product", "backup-pro", "--order", "FS-1001")
        sold = operator.json(*issue, "--email", "ana@example.com")["licenses"][0]
        body = activation(sold["license_key"])
        seat = httpx.post(f"{server.address}/v1/activations", json=body).json()
        scopes = [part for scope in SCOPES for part in ("--scope", scope)]
        token = operator.json("token", "issue", "crm", *scopes)["token"]
        path = f"{server.address}/admin/v1/licenses/{sold['license_id']}"
        headers = {"Authorization": f"Bearer {token}"}
        variables = {
            "SERVER": server.address,
            "TOKEN": token,
            "LICENSE": sold["license_id"],
            "ACTIVATION": seat["activation_id"],
            "ETAG": httpx.get(path, headers=headers).headers["etag"],
        }
        tokens, reading, reveal, changes, catalogue, people, staff, many, lists = (
            run(block, data_dir, variables) for block in BLOCKS
        )
        after = httpx.get(path, headers=headers).json()
    assert "act_" in tokens
    assert "revoked" in tokens
    assert documents(reading)[0]["licenses"][0]["license_id"] == sold["license_id"]
    assert len(documents(reading)) == BLOCKS[1].count("curl ") == 12
    assert documents(reveal)[0]["license_key"] == sold["license_key"]
    issued, changed, held, noted, removed = documents(changes)
    assert issued["license_key"]
    assert changed["changes"]["seats"] == {"from": 1, "to": 5}
    assert held["status"] == "suspended"
    assert noted["status"] == after["status"] == "active"
    assert removed["removed_by"] == "support"
    added, seen, listed = documents(catalogue)
    assert (added["name"], added["term_days"], added["seats"]) == ("yearly-2", 365, 2)
    assert seen["changes"] == {"grace_days": {"from": 0, "to": 14}}
    assert listed["released"] == "2026-10-02"
    [right] = documents(people)
    assert (right["people"], right["fields"]) == (2, ["name"])
    invited, given = documents(staff)
    assert (invited["name"], invited["link"]) == ("ben", None)
    assert given["token"].startswith("act_")
    assert [each.get("rows") for each in documents(many)] == [2, None, None, 2]
    assert lists.count("license_id") == 3
    assert len(lists.splitlines()) >= 6


def test_the_page_names_every_code_and_every_call():
    text = PAGE.read_text("utf-8")
    assert {code.value for code in AdminCode} <= set(re.findall(r"`([A-Z_]+)`", text))
    document = json.loads((PAGE.parents[1] / "schemas/admin/openapi.json").read_text("utf-8"))
    for path, calls in document["paths"].items():
        if "post" in calls:
            name = path.removeprefix("/admin/v1").rpartition("/")[2]
            assert name in text, path
