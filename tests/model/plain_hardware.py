"""The model's way to tell computers apart, written from docs/hardware-matching.md."""

from collections.abc import Mapping

Values = Mapping[str, str]

WEIGHTS = {
    "hardware_id": 25,
    "system_uuid": 25,
    "board_serial": 20,
    "disk_serial": 15,
    "os_machine_id": 10,
    "cpu": 6,
    "mac": 3,
    "memory": 2,
}
ANCHORS = ("hardware_id", "system_uuid", "board_serial", "disk_serial", "os_machine_id")
PLACEHOLDERS = ("Default string", "00000000", "To Be Filled By O.E.M.")


def usable(values: Values) -> dict[str, str]:
    return {name: value for name, value in values.items() if value not in PLACEHOLDERS}


def identifies(values: Values) -> bool:
    return any(name in ANCHORS for name in values)


def shares_an_anchor(one: Values, other: Values) -> bool:
    return any(name in other and one[name] == other[name] for name in one if name in ANCHORS)


def is_same(now: Values, before: Values) -> bool:
    """An anchor matches, and what matches weighs half of what both sides have, or more."""
    whole = matching = 0
    for name, value in before.items():
        if name in now:
            whole += WEIGHTS[name]
            matching += WEIGHTS[name] if now[name] == value else 0
    return shares_an_anchor(now, before) and 2 * matching >= whole


def differing(now: Values, before: Values) -> list[str]:
    """The components that both sides have, with other values."""
    return sorted(name for name in before if name in now and now[name] != before[name])


def need(values: Values) -> int:
    """The weight that an app asks for offline: half of the whole, rounded up."""
    whole = sum(WEIGHTS[name] for name in values)
    return whole // 2 + whole % 2
