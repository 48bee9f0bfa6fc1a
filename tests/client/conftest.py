"""A license server, and an installation of an app on a computer that is made up."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from activation_server.client import Client
from activation_server.client_transport import Transport, connection
from activation_server.hardware_probe import Computer
from tests.client.server import NOW, LicenseServer

ROOTS = ssl.create_default_context()  # loaded once: it takes longer than a request
DETAILS = {"app": {"version": "1.0"}}


@pytest.fixture
def server() -> Iterator[LicenseServer]:
    license_server = LicenseServer()
    http = license_server.start()
    yield license_server
    http.shutdown()
    http.server_close()


def laptop() -> Computer:
    return Computer(
        components={
            "os_machine_id": "3d1219c7c4c5404aaa1f6d2a48adfda4",
            "disk_serial": "S3Z2NB0K",
            "board_serial": "Default string",
            "cpu": "Some CPU",
        },
        name="ANA-PC",
        os={"family": "linux", "version": "12"},
    )


@dataclass
class Installation:
    """An app on a computer whose clock and patience the test controls."""

    state: Path
    server: LicenseServer
    now: float = NOW
    computer: Computer = field(default_factory=laptop)
    slept: list[float] = field(default_factory=list)

    def client(self, **options: object) -> Client:
        transport = Transport(
            connect=lambda: connection(ROOTS), chance=lambda: 0.5, sleep=self.slept.append
        )
        settings = {
            "transport": transport,
            "probe": lambda: self.computer,
            "now": lambda: self.now,
            **options,
        }
        return Client(self.state, self.server.url, **settings)  # type: ignore[arg-type] # any field

    def activate(self, **options: object) -> str:
        return self.client(**options).activate("KEY", "backup-pro", DETAILS).text

    def reactivate(self, **options: object) -> str:
        return self.client(**options).reactivate(DETAILS).text

    def reason(self, **options: object) -> str:
        return str(self.client(**options).verify()["reason"])


@pytest.fixture
def installation(tmp_path: Path, server: LicenseServer) -> Installation:
    return Installation(tmp_path / "state.json", server)
