"""Several server processes on one address: started, replaced when they die, ended together.

The parent keeps the listening sockets, so a connection that comes while a worker is replaced waits
instead of being refused. A worker ends with the pipe that its parent holds, however that one died.
"""

import asyncio
import os
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Sequence
from typing import Self

import structlog

from activation_server.settings import Settings

BACK_OFF_SECONDS = (0, 1, 2, 4, 8, 16, 30)  # before a worker's next start, by its deaths in a row
STEADY_SECONDS = 60  # a worker that lived so long did not die of its start

log = structlog.get_logger()


def sockets_for(count: int, first: socket.socket) -> list[socket.socket]:
    """Give each worker a socket on the address of the first, which is bound and does not listen.

    Linux spreads connections evenly between sockets of their own; from one that they share, the
    first to wake up may take all. Elsewhere SO_REUSEPORT spreads nothing, so they share it.
    """
    if sys.platform != "linux":
        return [first] * count
    # Only now: a port that another server has is refused to the first, whatever that one allows.
    first.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    return [first, *(_beside(first) for _ in range(count - 1))]


def _beside(first: socket.socket) -> socket.socket:
    another = socket.socket(first.family, first.type, first.proto)
    another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    another.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    another.bind(first.getsockname())
    return another


class Workers:
    """A worker for each listening socket, for as long as the context lasts.

    At its end they take no more connections, and have `graceful_seconds` for their last requests.
    """

    def __init__(
        self, chosen: Settings, sockets: Sequence[socket.socket], graceful_seconds: float
    ) -> None:
        self._environment = _environment(chosen)
        self._sockets = sockets
        self._ready = [asyncio.Event() for _ in sockets]
        self._graceful_seconds = graceful_seconds
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        """Start them."""
        numbers = range(len(self._sockets))
        self._tasks = [asyncio.create_task(self._keep(number)) for number in numbers]
        return self

    async def __aexit__(self, *_: object) -> None:
        """End them."""
        for listening in self._sockets:
            listening.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def ready(self) -> None:
        """Wait until each of them serves."""
        for one in self._ready:
            await one.wait()

    async def _keep(self, number: int) -> None:
        """Have this worker running, after longer and longer pauses where it does not live."""
        clock = asyncio.get_running_loop().time
        deaths = 0
        while True:
            started = clock()
            try:
                await self._run(number)
            except OSError:  # the machine has no memory or no process left
                log.exception("worker_not_started", worker=number)
            deaths = 1 if clock() - started > STEADY_SECONDS else deaths + 1
            await asyncio.sleep(BACK_OFF_SECONDS[min(deaths, len(BACK_OFF_SECONDS)) - 1])

    async def _run(self, number: int) -> None:
        """Run this worker until it dies, or end it when cancelled. Raises OSError."""
        listening = self._sockets[number].fileno()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "activation_server.cli.worker", str(listening)),
            stdin=PIPE,
            stdout=PIPE,
            env=self._environment,
            pass_fds=[listening],
        )
        try:
            if process.stdout is not None and await process.stdout.readline():
                log.info("worker_ready", worker=number, pid=process.pid)
                self._ready[number].set()
            code = await process.wait()
            log.warning("worker_died", worker=number, pid=process.pid, code=code)
        finally:
            await self._end(process)

    async def _end(self, process: Process) -> None:
        """End a worker, by force only when it does not end by itself."""
        if process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(self._graceful_seconds):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


def _environment(chosen: Settings) -> dict[str, str]:
    """Tell a worker its settings; the one that is secret is in the environment already."""
    given = chosen.model_dump(mode="json", exclude={"database_url"}, exclude_none=True)
    return {**os.environ, **{f"ACTIVATION_{name.upper()}": str(given[name]) for name in given}}
