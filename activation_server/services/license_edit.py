"""A license changed by somebody who sees first what it does, and presses a button once.

Looking is the change itself, undone: so what is shown is what the same rules would do.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from activation_server.formats import admin_api
from activation_server.rules import license_change, seat_difference
from activation_server.rules.license import Terms
from activation_server.rules.license_difference import difference
from activation_server.rules.seat import Activation
from activation_server.services import products, tool_calls
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, require_license, view_now
from activation_server.services.seat_changes import lock_activation
from activation_server.services.tool_calls import ToolCall
from activation_server.store.database import Connection

# By name, each `from` what `to` what, as JSON has it, and whether the license sets it itself.
Changes = dict[str, Any]
_CHANGES, _NEW_KEY = "changes", "new_key"  # in what is answered, which is kept sealed


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one license."""

    license_id: UUID
    key: str  # of the form: pressed twice, it is done once
    asked: bytes = field(repr=False)  # all that is asked for: the same for the same form
    do: Callable[[Context], Awaitable[object]]
    activation_id: UUID | None = None  # of the computer whose seat is changed


@dataclass(frozen=True, slots=True)
class ToChange:
    """A license as it is to be changed, with the policies that it may have."""

    view: LicenseView
    policies: Mapping[str, Terms]
    at: datetime


async def look(context: Context, edit: Edit) -> Changes:
    """Tell what a change would do; nothing is changed or noted. Raises OperatorError."""
    call = ToolCall(edit.key, edit.asked, dry_run=True)
    answered = await tool_calls.once(context, call, _work(edit))
    changes: Changes = json.loads(answered.answer)[_CHANGES]
    return changes


async def carry_out(context: Context, edit: Edit, seen: str) -> str | None:
    """Change a license that is still of the version `seen`; give its key if it got a new one.

    Raises OperatorError.

    Raises ChangedMeanwhileError when somebody changed it since.
    """
    call = ToolCall(edit.key, edit.asked)
    answered = await tool_calls.change(context, call, edit.license_id, {seen}, _work(edit))
    key: str | None = json.loads(answered.answer)[_NEW_KEY]
    return key


async def current(context: Context, license_id: UUID) -> LicenseView:
    """Give a license as it is to be changed, without its people. Raises NotFoundError."""

    async def work(connection: Connection) -> LicenseView:
        stored = await require_license(context, connection, license_id)
        return await view_now(context, connection, stored)

    return await context.database.transact(work)


async def to_change(context: Context, license_id: UUID) -> ToChange:
    """Give a license with its product's policies. Raises NotFoundError."""
    view = await current(context, license_id)
    policies = await products.list_policies(context, view.license.product)
    return ToChange(view, {each.name: each.terms for each in policies}, context.now())


def _work(edit: Edit) -> tool_calls.Work:
    async def done(inner: Context) -> bytes:
        before, seat = await current(inner, edit.license_id), await _seat(inner, edit)
        await edit.do(inner)
        after = await current(inner, edit.license_id)
        new = after.license_key if after.key_tail != before.key_tail else None
        changes = _told(before, after, inner.now()) | _told_of(seat, await _seat(inner, edit))
        return json.dumps({_CHANGES: changes, _NEW_KEY: new}).encode()

    return done


async def _seat(context: Context, edit: Edit) -> Activation | None:
    """Give the seat that is changed, if one is. Raises OperatorError."""
    of = edit.activation_id
    if of is None:
        return None
    return await context.database.transact(lambda connection: lock_activation(connection, of))


def _told_of(before: Activation | None, after: Activation | None) -> Changes:
    if before is None or after is None:
        return {}
    changed = seat_difference.difference(before, after)
    return {name: {"from": was, "to": then, "own": True} for name, (was, then) in changed.items()}


def _told(before: LicenseView, after: LicenseView, now: datetime) -> Changes:
    """Tell what holds differently, and what holds as before by another's word."""
    own = after.own_terms
    pinned = license_change.pinned(after.license, before.own_terms ^ own, now)
    changed = {**pinned, **difference(before.license, after.license, now)}
    written = admin_api.changes(changed)
    told = {name: {**written[name], "own": name in own} for name in written}
    if before.key_tail != after.key_tail:  # what stands there is another one when it is done
        told["key"] = {"from": f"…{before.key_tail}", "to": "a new one", "own": True}
    return told
