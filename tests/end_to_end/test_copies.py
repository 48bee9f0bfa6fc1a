"""A computer is cloned: support sees it, and declares which of the two is the true one."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import httpx

from tests.end_to_end.computers import AppOnComputer
from tests.end_to_end.server import Operator, OperatorHere, Server


def check_in(server: Server, app: AppOnComputer) -> dict[str, Any]:
    """Check in, and give the answer or the problem."""
    seat = app.activation["activation_id"]
    url = f"{server.address}/v1/activations/{seat}/reactivations"
    response = httpx.post(url, json=app.check_in_body())
    document: dict[str, Any] = response.json()
    if response.status_code == 200:
        app.activation = document
    return document


def test_support_sees_a_clone_and_declares_the_true_copy(data_dir: Path, tmp_path: Path):
    operator = OperatorHere(data_dir)
    with Server(data_dir, tmp_path / "log", arguments=("--demo",)) as server:
        here = AppOnComputer({"machine": "m1"}, server.printed("license key").split()[-1])
        body = here.activation_body()
        here.activation = httpx.post(f"{server.address}/v1/activations", json=body).json()
        there = deepcopy(here)
        there.requests += 1000  # the copy makes requests of its own
        assert check_in(server, here)["notices"] == []
        assert check_in(server, there)["notices"][0]["code"] == "FORK_SEEN"
        shown = Operator(data_dir).run("license", "show", here.key).stdout
        assert "network: 127.0.0.0/24" in shown
        assert "(same board_serial hardware_id system_uuid)" in shown
        seat = here.activation["activation_id"]
        declare = ("activation", "declare", seat, "--true", "other", "--reason", "stolen")
        assert operator.json(*declare)["activation_id"] == seat
        assert check_in(server, there)["code"] == "CLONE_DETECTED"
        assert check_in(server, here)["notices"] == []
        again = operator.run(*declare)
        assert (again.returncode, "No fork" in again.stderr) == (1, True)
