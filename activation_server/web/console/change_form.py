"""What a change of a license is made of: its form's inputs, what was typed, what it does."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from activation_server.rules.errors import OperatorError
from activation_server.rules.license import License
from activation_server.rules.permissions import Permission
from activation_server.services.context import Context
from activation_server.services.license_edit import ToChange


@dataclass(frozen=True, slots=True)
class Field:
    """An input of a change's form; `choices` make it a list to choose from.

    Kinds: `text`, `number`, `date`, `lines` of text, and `tick`, which is `yes` or empty.
    """

    name: str
    label: str
    hint: str = ""
    kind: str = "text"
    required: bool = True
    choices: Mapping[str, str] = field(default_factory=dict)
    value: str = ""  # what stands in it at first
    longest: int = 200  # characters
    group: str = ""  # the heading that it stands below


@dataclass(frozen=True, slots=True)
class Given:
    """What was typed into a form."""

    license_id: UUID
    fields: Mapping[str, str]
    reason: str


def no_fields(_now: ToChange) -> Sequence[Field]:
    """Give the inputs of a change that takes a reason alone."""
    return ()


@dataclass(frozen=True, slots=True)
class LicenseChange:
    """One thing that staff can do.

    `of_computer`: with one of its computers. `sparse`: only inputs that were changed are sent on.
    `rare`: offered behind the others.
    """

    name: str
    title: str
    about: str
    done: str
    permission: Permission
    offered: Callable[[License], bool]
    do: Callable[[Context, Given], Awaitable[object]]
    fields: Callable[[ToChange], Sequence[Field]] = no_fields
    undo: str | None = None  # the change that takes it back
    danger: bool = False
    of_computer: bool = False
    sparse: bool = False
    rare: bool = False


def always(_license: License) -> bool:
    """Offer a change whatever the license."""
    return True


def whole_number(given: Given, name: str, label: str, most: int) -> int:
    """Read a whole number from 1 up. Raises OperatorError."""
    text = given.fields[name]
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 12 else 0
    if not 1 <= number <= most:
        msg = f"{label}: give a whole number from 1 to {most:,}."
        raise OperatorError(msg)
    return number
