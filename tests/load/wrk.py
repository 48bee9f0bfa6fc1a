"""The load generator: wrk, which sends prepared requests and tells how they were answered."""

import json
import shutil
import subprocess
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

SCRIPT = Path(__file__).with_suffix(".lua")
HOW_TO_GET = "wrk is missing: run `sudo scripts/install_system_packages.sh`, or install it."


REFUSALS = ("refused", "timeouts")  # what overload is measured by


class InvalidRunError(Exception):
    """A run that gives no figure; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """What wrk counted; times in microseconds."""

    requests: int
    microseconds: int
    p50: int
    p99: int
    longest: int
    refused: int  # answers with a status of 400 and more
    socket_errors: int
    timeouts: int
    sent: int
    missing: int  # how often the file had no request any more: the run ended there
    shed: int  # with `probe`: answers with 503
    taken: tuple[int, ...]  # with `probe`: how long each answered request took

    @classmethod
    def read(cls, printed: str) -> Self:
        """Read what the script prints last."""
        values = json.loads(printed.strip().splitlines()[-1])
        return cls(**{**values, "taken": tuple(values["taken"])})

    @property
    def per_second(self) -> float:
        """Requests that were answered, refused ones too, in a second."""
        return self.requests / self.microseconds * 1e6

    @property
    def goodput(self) -> float:
        """Requests that were granted in a second."""
        return (self.requests - self.refused) / self.microseconds * 1e6

    def require_valid(self, *, besides: Collection[str] = ()) -> Self:
        """See that every request was granted, until the time was over. Raises InvalidRunError.

        Faults in `besides` are what is measured, or meant.
        """
        faults = {"socket_errors", "missing", "refused", "timeouts"} - {*besides}
        found = {name: getattr(self, name) for name in sorted(faults) if getattr(self, name)}
        if found or not self.requests:
            raise InvalidRunError(f"{self.requests} requests answered; faults: {found}")
        return self


@dataclass(frozen=True, slots=True)
class Load:
    """How requests are sent: as fast as they are answered, or with time to think between."""

    connections: int
    seconds: int
    think_milliseconds: int = 0  # on average
    probe: bool = False  # each connection in a thread of its own, timed one by one

    def send(self, address: str, requests: Path) -> Run:
        """Send the requests of a file, and wait for the end. Raises InvalidRunError."""
        threads = self.connections if self.probe else 1
        command = [
            *(require(), f"-c{self.connections}", f"-t{threads}", f"-d{self.seconds}s"),
            *("--timeout", "30s", "-s", str(SCRIPT), address, "--", str(requests)),
            *(str(self.think_milliseconds), *([str(threads)] if self.probe else [])),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0 or "{" not in done.stdout:
            raise InvalidRunError(f"wrk failed: {done.stdout}{done.stderr}")
        return Run.read(done.stdout)


def require() -> str:
    """Find wrk. Raises InvalidRunError that says how to get it."""
    found = shutil.which("wrk")
    if found is None:
        raise InvalidRunError(HOW_TO_GET)
    return found


def write(file: Path, requests: Iterable[tuple[str, bytes]]) -> None:
    """Write requests, each a path and a body, as the script reads them."""
    with file.open("wb") as out:
        for path, body in requests:
            head = (
                f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n"
            ).encode()
            out.write(b"%08d" % (len(head) + len(body)) + head + body)
