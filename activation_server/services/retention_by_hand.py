"""Retention run by somebody who waits for it: once, for some seconds, until nothing is left."""

import json
from datetime import timedelta
from typing import Final
from uuid import UUID

from activation_server.rules.errors import NotFoundError
from activation_server.rules.retention import Run
from activation_server.services import retention, tool_calls
from activation_server.services.context import Context
from activation_server.services.tool_calls import ToolCall
from activation_server.store import retention as store
from activation_server.store.database import Connection

AT_MOST: Final = timedelta(seconds=20)  # proxies give up after 60


async def run(context: Context, call: ToolCall, reason: str) -> tuple[Run, bool]:
    """Dispose of what is due, for some seconds; give what went, and whether it did so before.

    One that is paused left something for the next. Of the same call sent again nothing more goes;
    of a dry run nothing does. Raises OperatorError when another run is under way.
    """
    if call.dry_run:
        return await _only_counted(context), False
    if before := await tool_calls.given(context, call):
        return await _find(context, UUID(json.loads(before.answer))), True
    done = await retention.run(context, lambda *_told: None, at_most=AT_MOST, reason=reason)
    context.overview.due.forget()

    async def answer(_inner: Context) -> bytes:
        return json.dumps(str(done.run_id)).encode()

    await tool_calls.once(context, call, answer)
    return done, False


async def _only_counted(context: Context) -> Run:
    """Tell what is due, as a run of which nothing went."""
    now = context.now()
    classes = {
        each.of_class.name: {
            "due": each.due.count,
            "gone": 0,
            "held": each.due.held,
            "waiting": each.due.waiting,
            "why": each.due.why,
        }
        for each in await retention.preview(context)
    }
    return Run(context.randomness.uuid(), now, now, context.actor, classes)


async def _find(context: Context, run_id: UUID) -> Run:
    async def work(connection: Connection) -> Run | None:
        return await store.run(connection, run_id)

    found = await context.database.transact(work)
    if found is None:
        raise NotFoundError("There is no such run.")
    return found
