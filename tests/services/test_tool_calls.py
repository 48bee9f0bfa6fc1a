"""A tool's change is done once, also where the answer to a commit was lost."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TypeVar

import pytest

from activation_server.rules.errors import ChangedMeanwhileError, KeyReusedError
from activation_server.rules.renewal import Renewal
from activation_server.services import license_change, licensing, tool_calls
from activation_server.services.context import Context
from activation_server.services.tool_calls import ToolCall
from activation_server.store.database import Connection, Database
from tests.conftest import World
from tests.services.calls import issue_one

Result = TypeVar("Result")


@dataclass(frozen=True)
class LosesTheFirstAnswer(Database):
    """A database whose first commit goes through, and is not heard of."""

    async def transact(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        await super().transact(work)
        return await super().transact(work)


def test_a_lost_commit_is_found_done(world: World):
    async def work(context: Context):
        view = await issue_one(context, overrides={"term_days": 30})
        license_id = view.license.license_id
        tool = replace(
            context, actor="token:shop", database=LosesTheFirstAnswer(context.database.engine)
        )

        async def renew(inner: Context) -> bytes:
            after = await license_change.renew(inner, license_id, Renewal(days=10), "order")
            return str(after.view.license.expires_at).encode()

        call = ToolCall("key", b"renew")
        answered = await tool_calls.change(tool, call, license_id, [view.version], renew)
        assert answered.repeated
        history = await licensing.show(context, license_id)
        assert str(history.view.license.expires_at).encode() == answered.answer
        assert [event.kind for event in history.events].count("renewed") == 1

    world.run(work)


def test_versions_and_keys_are_compared(world: World):
    async def work(context: Context):
        view = await issue_one(context)
        license_id = view.license.license_id

        async def nothing(_inner: Context) -> bytes:
            return b"done"

        call = ToolCall("key", b"a")
        with pytest.raises(ChangedMeanwhileError):
            await tool_calls.change(context, call, license_id, [], nothing)
        seen = [view.version]
        first = await tool_calls.change(context, call, license_id, seen, nothing)
        assert (first.answer, first.repeated) == (b"done", False)
        # A repeated request is answered, whatever the license is by now.
        await licensing.change_standing(context, license_id, "suspend", "unpaid")
        again = await tool_calls.change(context, call, license_id, seen, nothing)
        assert (again.answer, again.repeated) == (b"done", True)
        with pytest.raises(KeyReusedError):
            await tool_calls.once(context, ToolCall("key", b"b"), nothing)

    world.run(work)
