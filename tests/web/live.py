"""The server on a real socket: uvicorn in a thread, set up as `serve` sets it up."""

import asyncio
import queue
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from activation_server.cli import serving
from activation_server.settings import Settings
from activation_server.web.admission import Admission, House
from tests.conftest import World

HOST = "127.0.0.1"


@dataclass
class Live:
    """An address that is being served."""

    scheme: str
    port: int
    house: House | None = None

    @property
    def url(self) -> str:
        return f"{self.scheme}://{HOST}:{self.port}"

    def connect(self) -> socket.socket:
        return socket.create_connection((HOST, self.port), timeout=10)

    def talk(self, sent: bytes) -> bytes:
        """Send bytes and read until the server closes; end requests with `Connection: close`."""
        with self.connect() as connection:
            connection.sendall(sent)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@contextmanager
def live(world: World, **settings: Any) -> Iterator[Live]:
    """Serve a world's database on a free port, with these settings."""
    address = {"host": HOST, "port": 0, **settings}
    chosen = Settings(database_url="postgresql://elsewhere", **address)
    started: queue.Queue[tuple[uvicorn.Server, House]] = queue.Queue()

    async def run(listening: socket.socket) -> None:
        async with world.open() as context:
            config = serving._config(chosen, context)
            assert isinstance(config.app, Admission)
            server = uvicorn.Server(config)
            started.put((server, config.app.house))
            await server.serve(sockets=[listening])

    with serving._listen(chosen) as listening:
        listening.listen()
        thread = threading.Thread(target=lambda: asyncio.run(run(listening)))
        thread.start()
        server, house = started.get(timeout=10)
        try:
            scheme = "https" if chosen.tls_cert else "http"
            yield Live(scheme, listening.getsockname()[1], house)
        finally:
            server.should_exit = True
            thread.join(timeout=30)
            assert not thread.is_alive()
