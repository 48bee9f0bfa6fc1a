"""Changes by somebody who sees first what they do, and then presses a button, once.

Looking is the change itself, undone: so what is shown is what the same rules would do.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from activation_server.crypto.staff_tokens import Purpose
from activation_server.rules import fact_version
from activation_server.rules.errors import ChangedMeanwhileError
from activation_server.rules.fact_version import Facts
from activation_server.services import tool_calls
from activation_server.services.context import Context
from activation_server.services.tool_calls import ToolCall

Changes = dict[str, Any]  # by name, each `from` what `to` what


@dataclass(frozen=True, slots=True)
class Change:
    """A change; `facts` gives what it is about, before and after, locked where it is there."""

    key: str  # of the form: pressed twice, it is done once
    asked: bytes = field(repr=False)  # all that is asked for: the same for the same form
    facts: Callable[[Context], Awaitable[Facts]]
    do: Callable[[Context], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a change would do, and the version of what it would change."""

    changes: Changes
    version: str


async def look(context: Context, change: Change) -> Seen:
    """Tell what a change would do; nothing is changed or noted. Raises OperatorError."""

    async def work(inner: Context) -> bytes:
        before = await change.facts(inner)
        await change.do(inner)
        after = await change.facts(inner)
        return json.dumps([_difference(before, after), fact_version.version(before)]).encode()

    call = ToolCall(change.key, change.asked, dry_run=True)
    return Seen(*json.loads((await tool_calls.once(context, call, work)).answer))


async def carry_out(context: Context, change: Change, seen: str) -> None:
    """Change what is still of the version `seen`. Raises OperatorError.

    Raises ChangedMeanwhileError when somebody changed it since.
    """

    async def work(inner: Context) -> bytes:
        if fact_version.version(await change.facts(inner)) != seen:
            raise ChangedMeanwhileError(
                "Somebody changed this since you looked at it: nothing was done. Look again."
            )
        await change.do(inner)
        return b""

    await tool_calls.once(context, ToolCall(change.key, change.asked), work)


def secret(context: Context, key: str, subject: str) -> bytes:
    """Derive what a form orders from the form: a retry gets the same, and it is kept nowhere."""
    ordered = f"{context.actor}\0{subject}\0{key}"
    return context.keyring.staff_tokens.digest(Purpose.ORDERED, ordered)


def _difference(before: Facts, after: Facts) -> Changes:
    names = dict.fromkeys([*before, *after])
    pairs = {name: {"from": before.get(name), "to": after.get(name)} for name in names}
    return {name: pair for name, pair in pairs.items() if pair["from"] != pair["to"]}
