"""What an activation stores as few bytes: its hardware's digests, and what its answer covered.

There are millions of these rows, and each check-in writes one anew.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from activation_server.rules.license import Coverage, Kind

DIGEST_BYTES = 16
# Components by the byte that stands for them: the list only grows, at its end. 0: the name follows.
_NAMED = (
    "",
    "hardware_id",
    "machine_key",
    "system_uuid",
    "board_serial",
    "disk_serial",
    "os_machine_id",
    "board_model",
    "cpu",
    "memory",
    "bios",
    "tpm",
    "mac",
)
_CODES: Mapping[str, bytes] = {name: bytes([code]) for code, name in enumerate(_NAMED) if name}
_KINDS: Mapping[Kind, str] = {Kind.PERPETUAL: "p", Kind.SUBSCRIPTION: "s", Kind.TRIAL: "t"}
_KIND_OF: Mapping[str, Kind] = {letter: kind for kind, letter in _KINDS.items()}


def hardware_to_bytes(digests: Mapping[str, bytes]) -> bytes:
    """Write digests of 16 bytes by component: the same bytes for the same digests."""
    return b"".join(_name(name) + digest for name, digest in sorted(digests.items()))


def hardware_from_bytes(stored: bytes) -> dict[str, bytes]:
    """Read what `hardware_to_bytes` wrote."""
    digests, at, end = {}, 0, len(stored)
    while at < end:
        name, at = _NAMED[stored[at]], at + 1
        if not name:
            end_of_name = at + 2 + int.from_bytes(stored[at : at + 2])
            name, at = stored[at + 2 : end_of_name].decode(), end_of_name
        digests[name] = stored[at : at + DIGEST_BYTES]
        at += DIGEST_BYTES
    return digests


def _name(name: str) -> bytes:
    code = _CODES.get(name)
    if code is not None:
        return code
    spelt = name.encode()
    return b"\x00" + len(spelt).to_bytes(2) + spelt


def coverage_to_text(coverage: Coverage) -> str:
    """Write what a license covers as a JSON array, times in seconds since the epoch."""
    values = [
        coverage.edition,
        _KINDS[coverage.kind],
        coverage.seats,
        _seconds(coverage.expires),
        _seconds(coverage.maintenance_until),
        *coverage.features,
    ]
    return json.dumps(values, separators=(",", ":"), ensure_ascii=False)


@lru_cache(maxsize=4096)  # the same for most licenses of a policy
def coverage_from_text(stored: str) -> Coverage:
    """Read what `coverage_to_text` wrote."""
    edition, kind, seats, expires, maintenance_until, *features = json.loads(stored)
    return Coverage(
        edition=edition,
        kind=_KIND_OF[kind],
        seats=seats,
        expires=_moment(expires),
        maintenance_until=_moment(maintenance_until),
        features=tuple(features),
    )


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
