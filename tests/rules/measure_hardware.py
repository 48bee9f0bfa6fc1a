"""The hardware rule, measured on real computers that were seen twice (linuxhw/DMI, CC BY 4.0).

Run by itself it prints the table of docs/hardware-matching.md:
`python -m tests.rules.measure_hardware`.
"""

import gzip
import hashlib
import itertools
import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from activation_server.rules.hardware import ANCHORS, same_computer, usable
from tests.conftest import machines_file

Values = Mapping[str, str]

SERIALS = ("hardware_id", "system_uuid", "board_serial", "disk_serial", "os_machine_id")
MODELS = ("board_model", "cpu", "memory", "bios", "tpm")
# What different apps report: everything, or what they can or care to read.
PROFILES: Mapping[str, Sequence[str]] = {
    "everything": (*SERIALS, *MODELS),
    "all serials, no model": SERIALS,
    "without the rights of root": ("hardware_id", "os_machine_id", "disk_serial", *MODELS),
    "firmware and disk": ("system_uuid", "board_serial", "disk_serial", *MODELS),
    "hardware id and firmware": ("hardware_id", "system_uuid", "board_serial", *MODELS),
}
PAIRINGS = 1_000_000


@dataclass(frozen=True)
class Figures:
    """Of one profile: how many were refused or accepted, and of how many."""

    profile: str
    unchanged: float  # share of same computers refused, serials as they were
    replaced: float  # the same, one serial replaced as well: the mean over all serials
    others_accepted: int  # of PAIRINGS of different computers


def reported(machine: Mapping[str, Any], name: str) -> dict[str, str]:
    """What an app on this computer reports: its serials are made up, since they are blanked."""

    def text(*fields: str) -> str:
        return " ".join(str(machine.get(field) or "") for field in fields).strip()

    memory = sorted(json.dumps(module, sort_keys=True) for module in machine.get("memory") or [])
    models = {
        "board_model": text("board_manufacturer", "board_product", "board_version"),
        "cpu": "; ".join(machine.get("cpu") or []),
        "memory": "; ".join(memory),
        "bios": text("bios_vendor", "bios_version", "bios_date"),
        "tpm": text("tpm_vendor", "tpm_description"),
    }
    serials = {serial: _made_up(name, serial) for serial in SERIALS}
    return usable(serials.pop("hardware_id"), {**serials, **models})


def _made_up(machine: str, serial: str) -> str:
    return hashlib.sha256(f"{machine} {serial}".encode()).hexdigest()[:32]


def seen_twice() -> list[tuple[dict[str, str], dict[str, str]]]:
    """The same computers before and after what really changed in them."""
    path = machines_file().with_name("reprobes.jsonl.gz")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        pairs = [json.loads(line) for line in lines]
    return [
        (reported(pair["before"], pair["machine"]), reported(pair["after"], pair["machine"]))
        for pair in pairs
    ]


def computers() -> list[dict[str, str]]:
    """All real computers, each once."""
    with gzip.open(machines_file(), "rt", encoding="utf-8") as lines:
        machines = {machine["machine"]: machine for machine in map(json.loads, lines)}
    return [reported(machine, name) for name, machine in machines.items()]


def different_computers(of: Sequence[dict[str, str]]) -> Iterator[tuple[Values, Values]]:
    """A million pairings: first every two of the very same model, then any two."""
    models = defaultdict(list)
    for computer in of:
        models[computer.get("board_model"), computer.get("cpu")].append(computer)
    chance = random.Random(20261122)
    alike = itertools.chain.from_iterable(
        itertools.combinations(group, 2) for group in models.values()
    )
    anyone = ((one, other) for one, other in (chance.sample(of, 2) for _ in itertools.count()))
    yield from itertools.islice(itertools.chain(alike, anyone), PAIRINGS)


def measure(profile: str, pairs: Sequence[tuple[Values, Values]]) -> Figures:
    """Count the false refusals of one profile; `others_accepted` is counted apart."""
    names = PROFILES[profile]
    serials = [name for name in names if name in ANCHORS]
    unchanged = replaced = 0
    for before, after in pairs:
        stored, seen = _of(before, names), _of(after, names)
        unchanged += not same_computer(seen, stored)
        replaced += sum(
            not same_computer({**seen, serial: "another"}, stored) for serial in serials
        )
    return Figures(
        profile, unchanged / len(pairs), replaced / len(pairs) / len(serials), others_accepted=0
    )


def others_accepted(of: Sequence[dict[str, str]], pairings: int = PAIRINGS) -> int:
    """How many of so many pairings of different computers pass for the same one."""
    tried = itertools.islice(different_computers(of), pairings)
    return sum(same_computer(one, other) for one, other in tried)


def _of(values: Values, names: Sequence[str]) -> dict[str, str]:
    return {name: values[name] for name in names if name in values}


def main() -> None:
    """Print the figures."""
    pairs = seen_twice()
    sys.stdout.write(f"{len(pairs)} computers seen twice\n\n")
    sys.stdout.write("| the app reports | refused, serials unchanged | refused, one replaced |\n")
    sys.stdout.write("|---|---|---|\n")
    for profile in PROFILES:
        figures = measure(profile, pairs)
        sys.stdout.write(f"| {profile} | {figures.unchanged:.2%} | {figures.replaced:.2%} |\n")
    accepted = others_accepted(computers())
    sys.stdout.write(f"\n{accepted} of {PAIRINGS:,} pairings of different computers accepted\n")


if __name__ == "__main__":
    main()
