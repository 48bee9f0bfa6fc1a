"""How long what is kept may be, as an operator sets it."""

import asyncio
from datetime import timedelta

import pytest

from activation_server.rules.errors import ChangedMeanwhileError, OperatorError
from activation_server.rules.retention import Lifetime, Unit
from activation_server.services import retention
from activation_server.services.context import Context
from tests.conftest import World
from tests.services.kept import a_comment, due


@pytest.mark.parametrize(
    ("name", "lifetime", "told_as"),
    [
        ("contact", Lifetime(23, Unit.MONTHS), "24 months at least"),
        ("contact", Lifetime(730, Unit.DAYS), "24 months at least"),
        ("comments", Lifetime(0, Unit.DAYS), "1 to"),
        ("keys", Lifetime(2, Unit.DAYS), "no such class"),
    ],
)
def test_a_lifetime_that_cant_be_is_refused(
    world: World, name: str, lifetime: Lifetime, told_as: str
):
    async def work(context: Context):
        with pytest.raises(OperatorError, match=told_as):
            await retention.choose(context, name, lifetime)

    world.run(work)


def test_a_chosen_lifetime_holds_until_it_is_taken_back(world: World):
    async def work(context: Context):
        await a_comment(context)
        await retention.choose(context, "comments", Lifetime(3, Unit.MONTHS))
        world.clock.now += timedelta(days=93)
        assert (await due(context))["comments"] == 1
        await retention.choose(context, "comments", None)
        assert "comments" not in await due(context)

    world.run(work)


def test_of_two_who_set_a_lifetime_as_they_saw_it_one_does(world: World):
    async def work(context: Context):
        before = await retention.preview_of(context, "comments")
        tried = await asyncio.gather(
            *(
                retention.set_as_seen(
                    context, "comments", Lifetime(n, Unit.MONTHS), reason="", seen=[before.version]
                )
                for n in range(3, 9)
            ),
            return_exceptions=True,
        )
        refused = [each for each in tried if isinstance(each, BaseException)]
        assert [type(each) for each in refused] == [ChangedMeanwhileError] * 5
        [(was, now)] = [each for each in tried if not isinstance(each, BaseException)]
        assert was == before
        assert await retention.preview_of(context, "comments") == now

    world.run(work)
