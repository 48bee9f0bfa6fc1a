"""What licenses hold and what happened to them, in words that support reads."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

NONE: Final = "none"
SHORT_ID: Final = 6  # the end of an activation's id; its beginning is the license's
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def details(given: Mapping[str, Any]) -> str:
    """Write the details of an event, or the evidence of a refusal; a reason comes last."""
    ordered = sorted(given.items(), key=lambda pair: (pair[0] == "reason", pair[0]))
    return ", ".join(_SPELT.get(name, _named)(name, each) for name, each in ordered)


def value(given: Any) -> str:  # noqa: ANN401 - any JSON value
    """Write a value as JSON has it: times to the minute, lists with commas."""
    if isinstance(given, bool):
        return "yes" if given else "no"
    if isinstance(given, dict):  # names in groups: the parts of a computer
        groups = (f"{name} {' '.join(names)}" for name, names in given.items() if names)
        return f"({'; '.join(groups)})"
    if isinstance(given, list):
        return ", ".join(map(value, given)) or NONE
    if given is None:
        return NONE
    text = str(given)
    return minute(text) if _TIME.fullmatch(text) else text


def minute(rfc3339: str) -> str:
    """Write a time, which is in UTC, to the minute."""
    return rfc3339[:16].replace("T", " ")


def day(rfc3339: str) -> str:
    """Write the day of a time."""
    return rfc3339[:10]


def name(given: str) -> str:
    """Write the name of a term, a kind of event or the like as words."""
    return given.replace("_", " ")


def short(activation_id: str) -> str:
    """Write an activation's id as it is told from others of its license."""
    return f"…{activation_id[-SHORT_ID:]}"


def _named(name_: str, given: Any) -> str:  # noqa: ANN401 - any JSON value
    return f"{name(name_)}: {value(given)}"


def _activation(_name: str, given: str) -> str:
    return f"activation {short(given)}"


def _changes(_name: str, changes: Mapping[str, Mapping[str, Any]]) -> str:
    return ", ".join(
        f"{name(each)}: {value(change['from'])} → {value(change['to'])}"
        for each, change in changes.items()
    )


_SPELT: Final[Mapping[str, Callable[[str, Any], str]]] = {
    "activation_id": _activation,
    "changes": _changes,
}
