"""Real computers (linuxhw/DMI, Linux Hardware Project, CC BY 4.0) as they ask for a license."""

import gzip
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import pytest

from activation_server import base64url
from tests.conftest import machines_file

needs_machines = pytest.mark.skipif(
    not machines_file().exists(), reason="the real computers lie beside a checkout"
)


def _serial(machine: str, what: str) -> str:
    """A serial number of the computer's own: the real ones are blanked at the source."""
    return hashlib.sha256(f"{machine} {what}".encode()).hexdigest()


@dataclass
class AppOnComputer:
    """The app on one computer, with what it must remember between calls."""

    machine: dict[str, Any]
    key: str
    product: str = "demo"
    requests: int = 0
    activation: dict[str, Any] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """A new request, without what only one of the calls sends."""
        self.requests += 1
        name = self.machine["machine"]
        seed = f"{name} {self.key} {self.requests}"
        return {
            "request_id": str(uuid.uuid5(uuid.NAMESPACE_OID, seed)),
            "nonce": base64url.encode(hashlib.sha256(seed.encode()).digest()),
            "hardware_id": _serial(name, "computer"),
            "hardware": {
                "system_uuid": _serial(name, "system"),
                "board_serial": _serial(name, "board"),
                "board_model": self.machine.get("board_product") or None,
                "bios": self.machine.get("bios_version") or None,
                "cpu": "; ".join(self.machine.get("cpu", []))[:256] or None,
            },
            "computer_name": f"PC-{name}",
            "os": {"family": "windows", "version": "10.0.26100"},
            "app": {"version": "9.9.1234"},
        }

    def activation_body(self) -> dict[str, Any]:
        """A new activation request."""
        return {**self.body(), "license_key": self.key, "product": self.product}

    def check_in_body(self) -> dict[str, Any]:
        """A new check-in."""
        return {**self.body(), "check_in_token": self.activation["check_in_token"]}


def machines(count: int) -> list[dict[str, Any]]:
    """The first real computers of the file."""

    def read() -> Iterator[dict[str, Any]]:
        with gzip.open(machines_file(), "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)

    return list(islice(read(), count))
