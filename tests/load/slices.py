"""A server in this very process, without a network: tells what slices of check-ins take.

Run by `versions.py`. Each line that comes in asks for a slice; each line that goes out is the
processor time of one check-in of it, in microseconds. The driver's way to PostgreSQL is included.
It imports the server of an older checkout as well: of this one's tests it takes nothing new.
"""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from uvicorn.server import ServerState

from activation_server import bootstrap
from activation_server.cli import serving
from tests.load.data_set import data_set, settings_of
from tests.load.stage import SERVER_SETTINGS, Stage, stage

SLICE = 400  # check-ins
_COMPUTERS = 10_000
_ADDRESSES = {"peername": ("127.0.0.1", 50_000), "sockname": ("127.0.0.1", 80)}


class Slice:
    """Some check-ins that several connections share."""

    def __init__(self, requests: Iterator[bytes], connections: int) -> None:
        self.requests = requests
        self.ended = asyncio.get_running_loop().create_future()
        self._sending = connections

    def next(self) -> bytes | None:
        """Give the next request; once all connections have got none, it has ended."""
        request = next(self.requests, None)
        if request is None:
            self._sending -= 1
            if not self._sending:
                self.ended.set_result(None)
        return request


class Connection(asyncio.Transport):
    """A client that sends its next request as soon as it has an answer."""

    def __init__(self, config: Any, state: ServerState) -> None:
        super().__init__()
        self._now: Slice | None = None
        self._protocol = config.http_protocol_class(config=config, server_state=state, app_state={})
        self._protocol.connection_made(self)

    def begin(self, now: Slice) -> None:
        """Send the first request of a slice."""
        self._now = now
        self._send()

    def _send(self) -> None:
        assert self._now is not None
        request = self._now.next()
        if request is not None:
            self._protocol.data_received(request)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take an answer."""
        if not bytes(data).startswith(b"HTTP/1.1 200 "):
            sys.exit(f"not granted: {bytes(data)!r}")
        asyncio.get_running_loop().call_soon(self._send)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """Tell the addresses."""
        return _ADDRESSES.get(name, default)

    def is_closing(self) -> bool:
        """Tell that it is open."""
        return False

    def resume_reading(self) -> None:
        """Read, as it does anyway."""

    def close(self) -> None:
        """Be no longer needed: a connection that waits for long is closed."""


def requests_of(file: Path) -> Iterator[bytes]:
    """Give prepared requests (see `wrk.py`) as they are sent."""
    data, at = file.read_bytes(), 0
    while at < len(data):
        begins = at + 8
        at = begins + int(data[at:begins])
        yield data[begins:at]


async def _serve(on: Stage, requests: Iterator[bytes], slices: int, connections: int) -> None:
    chosen = settings_of(on.data.folder)
    async with bootstrap.open_context(chosen, on.url) as context:
        config = serving.make_server(chosen, context).config
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT")]
        clients = [Connection(config, state) for _ in range(connections)]
        _say("ready")
        for _ in range(slices):
            if not await asyncio.to_thread(sys.stdin.readline):
                return
            now = Slice(islice(requests, SLICE), connections)
            began = time.process_time()
            for client in clients:
                client.begin(now)
            await now.ended
            _say(str((time.process_time() - began) / SLICE * 1e6))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Serve: the folder with data sets, how many slices, how many connections."""
    folder, slices, connections = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    os.environ.update(SERVER_SETTINGS)
    with (
        stage(data_set(folder, _COMPUTERS)) as on,
        asyncio.Runner(loop_factory=serving.loop_factory()) as runner,
    ):
        requests = requests_of(on.check_ins(slices * SLICE))
        os.sched_setaffinity(0, on.cores.server)
        runner.run(_serve(on, requests, slices, connections))


if __name__ == "__main__":
    main()
