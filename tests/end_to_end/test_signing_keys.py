"""Keys rotated and retired by commands beside a running server, as a desktop client meets it."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.end_to_end.server import OperatorHere, Server


def kids(server: Server) -> list[str]:
    document = httpx.get(f"{server.address}/.well-known/jwks.json").json()
    return [key["kid"] for key in document["keys"]]


def test_a_client_that_pinned_the_keys_notices_no_rotation_and_no_compromise(
    data_dir: Path, tmp_path: Path
):
    state = ("--state", str(tmp_path / "state.json"))
    with Server(data_dir, tmp_path / "log") as server:
        operator = OperatorHere(data_dir)
        operator.json("product", "add", "demo", "--name", "Demo")
        key = operator.json("license", "issue", "--product", "demo")["licenses"][0]["license_key"]
        on_server = ("--server", server.address, *state)
        answer = operator.json(
            *("client", "activate", *on_server, "--key", key, "--product", "demo")
        )

        def check_in() -> None:
            assert operator.json("client", "reactivate", *on_server)["status"] == "reactivated"
            assert operator.json("client", "verify", *state)["valid"] is True

        [first] = kids(server)
        second = operator.json("keys", "rotate")["kid"]
        assert kids(server) == [first, second]
        assert operator.json("client", "verify", *state)["valid"] is True
        check_in()
        refused = operator.run("keys", "retire", first, "--reason", "old", "--json")
        assert refused.returncode == 1
        assert "are valid until" in refused.stdout

        retire = ("keys", "retire", second, "--compromised", "--reason", "laptop stolen")
        assert operator.json(*retire, "--dry-run")["activations"] == {"demo": 1}
        assert kids(server) == [first, second]
        done = operator.json(*retire)
        assert (done["activations"], done["dry_run"]) == ({"demo": 1}, False)
        assert kids(server) == [first, done["successor"]["kid"]]
        [signed] = operator.json("keys", "signed", second)["activations"]
        assert signed["activation_id"] == answer["activation_id"]
        check_in()
        assert operator.json("keys", "signed", second)["activations"] == []
        assert httpx.get(f"{server.address}/readyz").json()["status"] == "ready"


def test_the_list_says_what_each_key_does(data_dir: Path):
    operator = OperatorHere(data_dir)
    operator.json("product", "add", "demo", "--name", "Demo")
    own = operator.json("keys", "rotate", "--product", "demo")
    waiting = operator.json("keys", "prepare")
    listed: list[dict[str, Any]] = operator.json("keys", "list")["keys"]
    assert [(key["product"], key["status"], key["published"]) for key in listed] == [
        (None, "signing", True),
        ("demo", "signing", True),
        (None, "prepared", True),
    ]
    assert listed[1:] == [own, waiting]
    assert not any("seed" in name for key in listed for name in key)
    shown = operator.run("keys", "list").stdout
    assert all(key["kid"] in shown for key in listed)
    for told in (
        operator.run("keys", "rotate").stdout,
        operator.run("keys", "retire", waiting["kid"], "--reason", "r", "--compromised").stdout,
        operator.run("keys", "signed", waiting["kid"]).stdout,
    ):
        assert waiting["kid"] in told or "No activation" in told


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("retire", "nothing", "--reason", "r"), 1),
        (("rotate", "--product", "nope"), 1),
        (("signed", "nothing"), 1),
        (("retire", "nothing"), 2),
        (("signed", "nothing", "--limit", "-1"), 2),
    ],
)
def test_exit_codes(data_dir: Path, arguments: tuple[str, ...], code: int):
    done = OperatorHere(data_dir).run("keys", *arguments, "--json")
    assert done.returncode == code, done.stdout + done.stderr
