"""Nothing that was acknowledged is lost, whatever is killed in mid-load."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.conftest import cluster_dir
from tests.end_to_end.computers import AppOnComputer
from tests.end_to_end.server import OperatorHere, Server

COMPUTERS = 100
KILL_AFTER = 30  # answers
AT_ONCE = 10


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """On a disk, as durable as it is delivered."""
    with cluster_dir(on_disk=True) as directory:
        yield directory


@dataclass
class Load:
    """Activations of many computers, some of them answered before the crash."""

    bodies: list[dict[str, Any]]
    answers: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    broken: int = 0
    enough: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, address: str) -> None:
        """Send everything, some at a time; what breaks off stays unanswered."""
        gate = asyncio.Semaphore(AT_ONCE)
        async with httpx.AsyncClient(base_url=address, timeout=60) as http:

            async def send(body: dict[str, Any]) -> None:
                async with gate:
                    try:
                        answer = await http.post("/v1/activations", json=body)
                    except httpx.TransportError:
                        self.broken += 1
                        return
                if answer.status_code == 201:
                    self.answers[body["request_id"]] = (answer.status_code, answer.json())
                if len(self.answers) >= KILL_AFTER:
                    self.enough.set()

            await asyncio.gather(*(send(body) for body in self.bodies))
        self.enough.set()


async def _break_in_mid_load(load: Load, server: Server, kill: Callable[[], None]) -> None:
    sending = asyncio.create_task(load.run(server.address))
    await load.enough.wait()
    await asyncio.to_thread(kill)
    await sending


async def _retry_all(load: Load, address: str) -> list[tuple[int, dict[str, Any]]]:
    answers = []
    async with httpx.AsyncClient(base_url=address, timeout=60) as http:
        for body in load.bodies:
            answer = await http.post("/v1/activations", json=body)
            while answer.status_code == 503:  # says when to come back
                await asyncio.sleep(float(answer.headers["Retry-After"]))
                answer = await http.post("/v1/activations", json=body)
            answers.append((answer.status_code, answer.json()))
    return answers


def _check(load: Load, retried: list[tuple[int, dict[str, Any]]], shown: dict[str, Any]) -> None:
    same = ("status", "activation_id", "certificate", "check_in_token")
    for body, (status, answer) in zip(load.bodies, retried, strict=True):
        assert status == 201, answer
        if body["request_id"] in load.answers:
            first = load.answers[body["request_id"]][1]
            assert [answer[name] for name in same] == [first[name] for name in same]
    assert shown["seats_used"] == len(shown["activations"]) == COMPUTERS


@pytest.mark.parametrize("victim", ["server", "postgres", "worker"])
def test_kill_9_in_mid_load_loses_nothing(data_dir: Path, tmp_path: Path, victim: str):
    several = ("--workers", "2") if victim == "worker" else ()
    with Server(data_dir, tmp_path / "log", arguments=several) as server:
        operator = OperatorHere(data_dir)
        operator.json("product", "add", "demo", "--name", "Demo")
        issue = ("license", "issue", "--product", "demo", "--seats", "unlimited")
        [issued] = operator.json(*issue)["licenses"]
        key = issued["license_key"]
        apps = [AppOnComputer({"machine": f"m{number}"}, key) for number in range(COMPUTERS)]
        load = Load([app.activation_body() for app in apps])
        if victim == "server":
            asyncio.run(_break_in_mid_load(load, server, server.kill))
            server.start()
        elif victim == "worker":
            first = server.workers(2)
            asyncio.run(_break_in_mid_load(load, server, first[0].kill))
            server.logged("worker_ready", other_than=[one.pid for one in first])
            assert load.broken <= AT_ONCE  # what it had under way; the other one goes on
        else:
            # The postmaster's process id is the first line of its pid file.
            pid_file = data_dir / "postgres" / "postmaster.pid"
            pid = int(pid_file.read_text(encoding="ascii").split()[0])
            asyncio.run(_break_in_mid_load(load, server, lambda: os.kill(pid, signal.SIGKILL)))
        assert len(load.answers) >= KILL_AFTER
        assert victim == "worker" or len(load.answers) < COMPUTERS
        retried = asyncio.run(_retry_all(load, server.address))
        _check(load, retried, operator.json("license", "show", key))
