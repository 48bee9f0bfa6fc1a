"""The real server and the real commands, as an operator starts them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil
from typer.testing import CliRunner

from activation_server.cli.app import app

COMMAND = (sys.executable, "-m", "activation_server")
READY_SECONDS = 60


def environment(data_dir: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: nothing of the outer one's settings."""
    kept = {name: value for name, value in os.environ.items() if "ACTIVATION_" not in name}
    return {**kept, "ACTIVATION_DATA_DIR": str(data_dir), "COLUMNS": "200", **extra}


@dataclass
class Operator:
    """Runs operator commands on a data directory."""

    data_dir: Path
    extra: dict[str, str] = field(default_factory=dict)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=environment(self.data_dir, self.extra),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def json(self, *arguments: str) -> Any:
        """Run a command that must succeed, and read the JSON it prints."""
        done = self.run(*arguments, "--json")
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)


class OperatorHere(Operator):
    """Runs commands in this process, where many are needed: each spares the loading."""

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command to its end."""
        names = {name: None for name in os.environ if "ACTIVATION_" in name}
        given = {"ACTIVATION_DATA_DIR": str(self.data_dir), "COLUMNS": "200", **self.extra}
        done = CliRunner().invoke(app, arguments, env={**names, **given})
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)


@dataclass
class Server:
    """`activation-server serve` in a process of its own."""

    data_dir: Path
    log: Path
    port: int = 0
    arguments: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> str:
        """Start it and give the address it serves on, once it listens."""
        offset = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                [
                    *(*COMMAND, "serve", "--port", str(self.port), "--log-format", "json"),
                    *self.arguments,
                ],
                env=environment(self.data_dir, self.extra),
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        address = str(self.logged("serving", since=offset)["address"])
        self.port = int(address.rsplit(":", 1)[1])
        return address

    def logged(self, event: str, *, since: int = 0, other_than: Collection[int] = ()) -> Any:
        """Wait for an event in the log from a place on, not of these processes, and give it."""
        assert self.process is not None
        with subprocess.Popen(
            ["tail", "-c", f"+{since + 1}", "-f", f"--pid={self.process.pid}", str(self.log)],
            stdout=subprocess.PIPE,
            text=True,
        ) as tail:
            assert tail.stdout is not None
            for line in tail.stdout:
                entry = json.loads(line) if line.startswith("{") else {}
                if entry.get("event") == event and entry.get("pid") not in other_than:
                    tail.kill()
                    return entry
        raise AssertionError(self.log.read_text(encoding="utf-8"))

    def workers(self, count: int) -> list[psutil.Process]:
        """Give the processes that serve, the first of them."""
        pids: list[int] = []
        while len(pids) < count:
            pids.append(self.logged("worker_ready", other_than=pids)["pid"])
        return [psutil.Process(pid) for pid in pids]

    def printed(self, word: str) -> str:
        """Give the line that it prints with this word in it."""
        assert self.process is not None
        assert self.process.stdout is not None
        return next(line for line in iter(self.process.stdout.readline, "") if word in line)

    def kill(self) -> None:
        """End it as a crash does."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """End it as an operator does; give its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> int:
        if self.process is None:
            return 0
        self.process.send_signal(how)
        code = self.process.wait(60)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None
        return code

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        """Where it serves."""
        return f"http://127.0.0.1:{self.port}"
