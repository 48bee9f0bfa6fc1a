"""The form that licenses are issued by: its inputs, and how they are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, TypeVar
from urllib.parse import quote, unquote

from activation_server.formats import person
from activation_server.formats.times import parse_end
from activation_server.rules.person import PERSON, Person
from activation_server.services.licensing import Order
from activation_server.services.products import STANDARD, Offered

MOST: Final = 1000  # at once; more by a file, or by the operator's command
MOST_SEATS: Final = 2**31 - 1
UNLIMITED: Final = "unlimited"
EDITION_LIMIT: Final = 64
INPUTS: Final = (
    *("policy", "count", "seats", "edition", "expires", "maintenance_until"),
    *person.LIMITS,
)
Value = TypeVar("Value")


@dataclass(slots=True)
class Reading:
    """Reads the inputs of a form, and gathers what is wrong with them."""

    typed: Mapping[str, str] = field(repr=False)
    faults: dict[str, str] = field(default_factory=dict)

    def take(self, name: str, read: Callable[[str], Value], otherwise: Value) -> Value:
        """Give an input as it is read; `otherwise` where that can't be."""
        try:
            return read(self.typed[name])
        except ValueError as error:
            self.faults[name] = str(error)
            return otherwise


def at_first(offered: Sequence[Offered]) -> Mapping[str, str]:
    """Give what stands in the inputs of a form that is opened."""
    standard = option(offered[0].code, STANDARD) if offered else ""
    return {**dict.fromkeys(INPUTS, ""), "policy": standard, "count": "1"}


def option(product: str, policy: str) -> str:
    """Write a policy of a product as one choice."""
    return f"{quote(product, safe='')}/{quote(policy, safe='')}"


def order_of(typed: Mapping[str, str], reason: str) -> Order | Mapping[str, str]:
    """Read what was typed; give what is wrong by the names of inputs where something is."""
    reading = Reading(typed)
    product, policy = reading.take("policy", _policy, ("", ""))
    own: dict[str, object] = {}
    order = Order(
        product=product,
        policy=policy,
        overrides=reading.take("seats", _seats, own) | reading.take("edition", _edition, own),
        expires_at=reading.take("expires", _end, None),
        maintenance_until=reading.take("maintenance_until", _end, None),
        order_reference=reading.take("order", _person("order"), None),
        count=reading.take("count", _count, 1),
        buyer=Person(*(reading.take(name, _person(name), None) for name in PERSON)),
        reason=reason,
    )
    if not reason:
        reading.faults["reason"] = "Say why: it stands in the audit log."
    return reading.faults or order


def _policy(text: str) -> tuple[str, str]:
    product, _, policy = text.partition("/")
    if not product or not policy:
        raise ValueError("Choose one.")
    return unquote(product), unquote(policy)


def _count(text: str) -> int:
    number = _whole(text)
    if not 1 <= number <= MOST:
        msg = f"Give a whole number from 1 to {MOST:,}; for more, import a file."
        raise ValueError(msg)
    return number


def _seats(text: str) -> dict[str, object]:
    if not text:
        return {}
    if text.casefold() == UNLIMITED:
        return {"seats": None}
    if not 1 <= _whole(text) <= MOST_SEATS:
        msg = f"Give a whole number from 1 up, or {UNLIMITED}."
        raise ValueError(msg)
    return {"seats": _whole(text)}


def _whole(text: str) -> int:
    """Read a whole number; 0 for what is none."""
    return int(text) if text.isascii() and text.isdecimal() else 0


def _edition(text: str) -> dict[str, object]:
    if len(text) > EDITION_LIMIT:
        msg = f"Give at most {EDITION_LIMIT} characters."
        raise ValueError(msg)
    return {"edition": text} if text else {}


def _end(text: str) -> datetime | None:
    return parse_end(text) if text else None


def _person(name: str) -> Callable[[str], str | None]:
    def read(text: str) -> str | None:
        if fault := person.fault(name, text):
            msg = f"This is {fault}."
            raise ValueError(msg)
        return text or None

    return read
