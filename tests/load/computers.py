"""Any number of computers and licenses, each the same whenever it is asked for.

A computer is a real one (linuxhw/DMI, Linux Hardware Project, CC BY 4.0) with serial numbers of
its own, as in `tests/end_to_end/computers.py`. Computers of one license are numbered in a row.
"""

import hashlib
import json
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any
from uuid import UUID

from activation_server import base64url
from activation_server.formats import license_key
from activation_server.services.context import Context, Randomness
from activation_server.services.licensing import Order, make_license
from activation_server.store.licenses import NewLicense
from tests.end_to_end.computers import machines

PRODUCT = "bench"
SEATS = 3  # computers of a license
APP, OS = {"version": "9.9.1234"}, {"family": "windows", "version": "10.0.26100"}
_ORDER = Order(PRODUCT, "standard", {}, None, None, None, 1)


@dataclass
class Drawn:
    """Repeatable bytes, other ones at each draw."""

    seed: str
    draws: int = 0

    def __call__(self, count: int) -> bytes:
        self.draws += 1
        return hashlib.shake_128(f"{self.seed} {self.draws}".encode()).digest(count)


@dataclass(frozen=True, slots=True)
class Computer:
    """What the app finds out about a computer."""

    number: int
    hardware_id: str
    components: dict[str, str] = field(repr=False)

    @property
    def license_number(self) -> int:
        """Which license it has a seat of."""
        return self.number // SEATS

    def request_id(self, seq: int) -> UUID:
        """The id of the request that was answered with this counter."""
        return Randomness(Drawn(f"request {self.number} {seq}")).uuid()

    def body(self, seq: int) -> dict[str, Any]:
        """What an activation and a check-in both send."""
        return {
            "request_id": str(self.request_id(seq)),
            "nonce": base64url.encode(Drawn(f"nonce {self.number} {seq}")(16)),
            "hardware_id": self.hardware_id,
            "hardware": self.components,
            "os": OS,
            "app": APP,
        }


def computer(number: int) -> Computer:
    """Give the computer of a number."""
    models = _models()
    model = models[number % len(models)]
    serials = hashlib.shake_128(f"serials {number}".encode()).hexdigest(48)
    return Computer(
        number,
        serials[:32],
        {"system_uuid": serials[32:64], "board_serial": serials[64:], **model},
    )


@cache
def _models() -> list[dict[str, str]]:
    """What computers of one model have in common."""
    return [
        {
            name: value
            for name, value in (
                ("board_model", machine.get("board_product")),
                ("bios", machine.get("bios_version")),
                ("cpu", "; ".join(machine.get("cpu", []))[:256]),
            )
            if value
        }
        for machine in machines(12_000)
    ]


def key_of(number: int) -> str:
    """Give the key of a license."""
    return license_key.make(Randomness(Drawn(f"key {number}")).bits(license_key.RANDOM_BITS))


def license_id_of(number: int) -> UUID:
    """Give the id that `new_license` draws first."""
    return Randomness(Drawn(f"license {number}")).uuid()


def new_license(context: Context, number: int) -> NewLicense:
    """Issue a license as the server does, repeatably."""
    drawing = replace(context, randomness=Randomness(Drawn(f"license {number}")))
    return make_license(drawing, _ORDER, context.now(), key_of(number))


def as_json(body: dict[str, Any]) -> bytes:
    """Write a body as apps do."""
    return json.dumps(body, separators=(",", ":")).encode()
