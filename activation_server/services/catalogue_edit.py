"""The catalogue changed by somebody who sees first what that does, and for how many licenses."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from activation_server.rules.license_change import Change
from activation_server.rules.license_difference import terms_difference
from activation_server.services import products, tool_calls
from activation_server.services.context import Context
from activation_server.services.products import Policy
from activation_server.services.tool_calls import ToolCall
from activation_server.store import products as store
from activation_server.store.database import Connection
from activation_server.store.products import PolicyUse

MOST_COUNTED: Final = 100_000  # licenses of a policy; where it is so many, there may be more

Told = dict[str, Any]  # what a change makes different, as JSON has it


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """What a change of a policy makes different, and how many licenses are sold by it."""

    policy: Policy
    changes: Mapping[str, Change]
    use: PolicyUse


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of the catalogue."""

    key: str  # of the form: sent twice, it is done once
    asked: bytes = field(repr=False)  # all that is asked for: the same for the same form
    do: Callable[[Context], Awaitable[Told]]


async def look(context: Context, edit: Edit) -> Told:
    """Tell what a change would do; nothing is changed or noted. Raises OperatorError."""
    return await _once(context, edit, dry_run=True)


async def carry_out(context: Context, edit: Edit) -> None:
    """Change the catalogue, once for each form. Raises OperatorError."""
    await _once(context, edit, dry_run=False)


async def _once(context: Context, edit: Edit, *, dry_run: bool) -> Told:
    async def work(inner: Context) -> bytes:
        return json.dumps(await edit.do(inner)).encode()

    answered = await tool_calls.once(context, ToolCall(edit.key, edit.asked, dry_run), work)
    told: Told = json.loads(answered.answer)
    return told


async def change_policy(
    context: Context,
    product: str,
    name: str,
    terms: Mapping[str, object],
    *,
    reason: str | None = None,
    seen: Collection[str] | None = None,
) -> PolicyChange:
    """Change terms of a policy as `products.set_policy` does; tell what that makes different."""

    async def work(connection: Connection) -> PolicyChange:
        inner = context.within(connection)
        await products.require_product(connection, product, lock=True)
        before = await products.require_policy(connection, product, name)
        policy = await products.set_policy(inner, product, name, terms, reason=reason, seen=seen)
        changes = terms_difference(before, policy.terms)
        use = await store.use_of_policy(connection, product, name, [*changes], MOST_COUNTED)
        return PolicyChange(policy, changes, use)

    return await context.database.transact(work)
