"""A computer without a network: files by the client's commands, through the real server."""

import html
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from activation_server.formats import offline_file
from activation_server.formats.offline_file import Kind
from tests.end_to_end.server import Operator, OperatorHere, Server

COMPUTER = {"hardware_id": "a computer in a cellar", "os": {"family": "linux", "version": "12"}}


@dataclass
class Cellar:
    """The computer, its files, and the key that its app ships."""

    operator: Operator
    folder: Path

    def __post_init__(self) -> None:
        self.request, self.response = self.folder / "request.txt", self.folder / "response.txt"
        self.state = ("--state", str(self.folder / "state.json"))
        self.keys = ("--public-key", str(self.folder / "keys.json"))
        (self.folder / "hardware.json").write_text(json.dumps(COMPUTER))

    def write(self, purpose: str, *more: str) -> bytes:
        hardware = ("--hardware", str(self.folder / "hardware.json"))
        files = ("--out", str(self.request), *self.state, *hardware)
        self.operator.json("client", "offline-request", "--purpose", purpose, *files, *more)
        return self.request.read_bytes()

    def read(self, file: str) -> Any:
        self.response.write_text(file)
        files = ("--in", str(self.response), *self.state, *self.keys)
        return self.operator.json("client", "offline-response", *files)

    def verify(self) -> Any:
        done = self.operator.run("client", "verify", "--json", *self.state)
        return json.loads(done.stdout)


def post(server: Server, file: bytes) -> str:
    response = httpx.post(
        f"{server.address}/v1/offline", content=file, headers={"Content-Type": "text/plain"}
    )
    assert response.status_code == 200, response.text
    return response.text


def by_page(server: Server, file: bytes) -> str:
    """Upload at the page, and copy what it shows."""
    response = httpx.post(
        f"{server.address}/offline", files={"file": ("request.txt", file, "text/plain")}
    )
    assert response.status_code == 200, response.text
    found = re.search(r'<textarea id="response"[^>]*>\n(.*?)</textarea>', response.text, re.DOTALL)
    assert found
    return html.unescape(found[1])


def test_a_computer_that_never_sees_a_network(data_dir: Path, tmp_path: Path) -> None:
    with Server(data_dir, tmp_path / "log") as server:
        operator = OperatorHere(data_dir)
        operator.json("product", "add", "demo", "--name", "Demo")
        issued = operator.json("license", "issue", "--product", "demo", "--seats", "1")
        key = issued["licenses"][0]["license_key"]
        cellar = Cellar(operator, tmp_path)
        keys = httpx.get(f"{server.address}/.well-known/jwks.json").text
        (tmp_path / "keys.json").write_text(keys)

        wish = ("--key", key, "--product", "demo")
        request = cellar.write("activate", *wish)
        assert cellar.write("activate", *wish) == request
        page, direct = by_page(server, request), post(server, request)
        taken = cellar.read(page)
        assert taken["status"] == "activated"
        again = json.loads(offline_file.read(Kind.RESPONSE, direct.encode()))
        same = ("certificate", "check_in_token", "seats")
        assert [again[name] for name in same] == [taken[name] for name in same]
        verdict = cellar.verify()
        assert (verdict["valid"], verdict["seq"]) == (True, 1)

        checked_in = cellar.read(post(server, cellar.write("reactivate")))
        assert checked_in["status"] == "reactivated"
        assert cellar.verify()["seq"] == 2

        given_back = cellar.read(by_page(server, cellar.write("deactivate")))
        assert given_back["seats"] == {"limit": 1, "used": 0}
        assert cellar.verify()["reason"] == "not_activated"
        shown = operator.json("license", "show", key)
        assert [one["status"] for one in shown["activations"]] == ["removed"]
