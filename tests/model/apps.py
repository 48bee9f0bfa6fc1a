"""Computers and the apps on them: what they report, remember, send again and lose."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID

from activation_server.rules.license import App
from activation_server.rules.seat import Computer as OperatingSystem
from activation_server.services.calls import Request
from tests.model.plain_hardware import PLACEHOLDERS
from tests.model.records import Asked


class Kind(StrEnum):
    """A call of an app."""

    ACTIVATE = "activate"
    CHECK_IN = "check in"
    GIVE_BACK = "give back"
    TRIAL = "start a trial"


@dataclass(frozen=True)
class Sent:
    """A call, ready to be sent once more as it was."""

    kind: Kind
    request: Request
    activation_id: UUID | None = None
    token: str = ""


@dataclass(frozen=True)
class Memory:
    """What an app keeps on its disk."""

    activation_id: UUID | None = None
    token: str = ""
    sent: Sent | None = None


@dataclass
class Machine:
    """A computer with its components; apps may be kept from seeing some."""

    parts: dict[str, str]
    hidden: frozenset[str] = frozenset()

    def reported(self) -> dict[str, str]:
        seen = {name: value for name, value in self.parts.items() if name not in self.hidden}
        return {"hardware_id": PLACEHOLDERS[0]} | seen


@dataclass
class Installed:
    """An app on a computer; a new one remembers nothing."""

    computer: Machine
    app: App = field(default_factory=lambda: App("9.2"))
    memory: Memory = field(default_factory=Memory)
    backup: Memory | None = None


def request(
    installed: Installed, request_id: UUID, number: int, product: str | None, key: str | None
) -> Request:
    """Make a request; another number makes another body."""
    parts, token = installed.computer.reported(), installed.memory.token
    return Request(
        request_id=request_id,
        nonce=number.to_bytes(16),
        body=repr((number, request_id, product, key, token, parts, installed.app)).encode(),
        hardware_id=parts["hardware_id"],
        components={name: value for name, value in parts.items() if name != "hardware_id"},
        app=installed.app,
        computer=OperatingSystem("linux", "12"),
        product=product,
        license_key=key,
    )


def asked(request: Request) -> Asked:
    """The same request, as the model takes it."""
    return Asked(
        request_id=request.request_id,
        nonce=request.nonce,
        body=request.body,
        hardware={"hardware_id": request.hardware_id, **request.components},
        app=request.app,
        product=request.product,
        license_key=request.license_key,
    )
