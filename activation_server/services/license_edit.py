"""A license changed by somebody who sees first what it does, and presses a button once.

Looking is the change itself, undone: so what is shown is what the same rules would do.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from activation_server.formats import admin_api
from activation_server.rules.license_difference import difference
from activation_server.services import tool_calls
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, require_license, view_now
from activation_server.services.tool_calls import ToolCall
from activation_server.store.database import Connection

Changes = dict[str, Any]  # by name, each `from` what `to` what, as JSON has it


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one license."""

    license_id: UUID
    key: str  # of the form: pressed twice, it is done once
    asked: bytes = field(repr=False)  # all that is asked for: the same for the same form
    do: Callable[[Context], Awaitable[object]]


async def look(context: Context, edit: Edit) -> Changes:
    """Tell what a change would do; nothing is changed or noted. Raises OperatorError."""
    call = ToolCall(edit.key, edit.asked, dry_run=True)
    answered = await tool_calls.once(context, call, _work(edit))
    changes: Changes = json.loads(answered.answer)
    return changes


async def carry_out(context: Context, edit: Edit, seen: str) -> None:
    """Change a license that is still of the version `seen`. Raises OperatorError.

    Raises ChangedMeanwhileError when somebody changed it since.
    """
    call = ToolCall(edit.key, edit.asked)
    await tool_calls.change(context, call, edit.license_id, {seen}, _work(edit))


async def current(context: Context, license_id: UUID) -> LicenseView:
    """Give a license as it is to be changed, without its people. Raises NotFoundError."""

    async def work(connection: Connection) -> LicenseView:
        stored = await require_license(context, connection, license_id)
        return await view_now(context, connection, stored)

    return await context.database.transact(work)


def _work(edit: Edit) -> tool_calls.Work:
    async def done(inner: Context) -> bytes:
        before = await current(inner, edit.license_id)
        await edit.do(inner)
        after = await current(inner, edit.license_id)
        changed = difference(before.license, after.license, inner.now())
        return json.dumps(admin_api.changes(changed)).encode()

    return done
