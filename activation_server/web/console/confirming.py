"""Forms that ask why, show what they would do, and are then carried out, once."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from starlette.requests import Request

from activation_server.rules.errors import OperatorError
from activation_server.services import confirmed
from activation_server.services.confirmed import Change, Changes
from activation_server.services.context import Context
from activation_server.web.console.access import form_of
from activation_server.web.console.forms import Form

LONGEST: Final = 200  # characters of a field
LONGEST_REASON: Final = 2000
_SAY_WHY: Final = "Say why: it stands, sealed, in the audit log."


@dataclass(frozen=True, slots=True)
class Asked:
    """What a form holds: typed, or as it is offered at first."""

    values: Mapping[str, str]
    key: str  # which names this form, so that it is carried out once
    reason: str = ""
    seen: str = ""  # the version of what somebody looked at
    changes: Changes | None = None  # what it would do; none before somebody looked
    fault: str | None = None

    @property
    def status(self) -> int:
        """Give the status of the page that shows it."""
        return 422 if self.fault else 200

    def all(self, what: str) -> bytes:
        """Give all that is asked for, as bytes that are the same for the same form."""
        return "\0".join((what, self.reason, *map(str, self.values.items()))).encode()


def offered(context: Context, values: Mapping[str, str]) -> Asked:
    """Give a form that nobody filled in yet."""
    return Asked(values, context.randomness.uuid().hex)


def sent(request: Request, names: Collection[str]) -> Asked:
    """Give a form with fields of these names as it was filled in."""
    form = form_of(request)
    values = {name: _text(form, name) for name in names}
    reason = _text(form, "reason", LONGEST_REASON)
    return Asked(values, _text(form, "key"), reason, _text(form, "seen"))


async def take(
    request: Request, context: Context, asked: Asked, make: Callable[[Asked], Change]
) -> Asked | None:
    """Carry a form out that was confirmed, and give nothing; or give it with what it would do.

    `make` makes the change of it, and raises OperatorError for what can't be one.
    """
    if not asked.reason:
        return replace(asked, fault=_SAY_WHY)
    try:
        change = make(asked)
        if "confirmed" in form_of(request):
            await confirmed.carry_out(context, change, asked.seen)
            return None
        seen = await confirmed.look(context, change)
    except OperatorError as error:
        return replace(asked, fault=str(error))
    return replace(asked, changes=seen.changes, seen=seen.version)


def _text(form: Form, name: str, longest: int = LONGEST) -> str:
    return form.text(name).replace("\0", "").strip()[:longest]
