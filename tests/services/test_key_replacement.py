"""A key that leaked is replaced: by itself, in a rush, and while computers use the license."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import text

from activation_server.rules.reasons import Reason, Refused
from activation_server.services import licensing
from activation_server.services.activation import activate_alone
from activation_server.services.calls import Certified, Request
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.key_replacement import replace_key
from activation_server.services.new_seat import activate
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import granted, issue_one, make_request, reason

Activate = Callable[[Context, Request], Coroutine[Any, Any, Certified | Refused]]
WHY = "stood in a forum"


def check_in(context: Context, seat: Certified, number: int, **values: Any):
    request = make_request(number, **values)
    return reactivate(context, seat.activation.activation_id, seat.check_in_token, request)


def test_the_old_key_is_refused_and_says_why_whichever_way_it_comes(world: World):
    async def work(context: Context):
        sold = await issue_one(context, overrides={"seats": 3})
        old = sold.license_key
        first = make_request(1, old, computer=1)
        granted(await activate(context, first))
        view = await replace_key(context, old, WHY)
        refusals = [
            await activate(context, make_request(2, old, computer=2)),
            await activate_alone(context, make_request(3, old.lower(), computer=3)),
            await activate(context, make_request(4, old, computer=1)),
            await activate(context, first),  # a retry never revives
        ]
        same = granted(await activate(context, make_request(5, view.license_key, computer=1)))
        other = granted(await activate(context, make_request(6, view.license_key, computer=2)))
        return sold, view, refusals, (same, other), await licensing.show(context, old)

    sold, view, refusals, seats, shown = world.run(work)
    for refused in refusals:
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.LICENSE_REVOKED
        assert refused.evidence == {"key_replaced": "2026-11-22T10:00:00Z"}
    assert view.license_key != sold.license_key
    assert view.version != sold.version
    assert [seat.seats.used for seat in seats] == [1, 2]
    assert shown.view.license.license_id == sold.license.license_id  # found by the old one, too
    assert shown.view.license_key == view.license_key
    [event] = [event for event in shown.events if event.kind == "key_replaced"]
    assert event.details == {
        "old_key": f"…{sold.key_tail}",
        "new_key": f"…{view.key_tail}",
        "reason": WHY,
    }


def test_an_activated_computer_goes_on_whatever_key_it_names(world: World):
    async def work(context: Context):
        sold = await issue_one(context, overrides={"seats": 1})
        seat = granted(await activate(context, make_request(1, sold.license_key)))
        view = await replace_key(context, sold.license.license_id, WHY)
        for number, key in enumerate((None, sold.license_key, view.license_key), 2):
            seat = granted(await check_in(context, seat, number, license_key=key))

    world.run(work)


def test_a_revoked_license_answers_alike_and_each_key_is_replaced_once_more(world: World):
    async def work(context: Context):
        keys = [(await issue_one(context)).license_key]
        for _ in range(2):
            keys.append((await replace_key(context, keys[-1], WHY)).license_key)
        answers = [
            await activate(context, make_request(number, key, computer=number))
            for number, key in enumerate(keys, 1)
        ]
        return keys, answers

    keys, answers = world.run(work)
    assert len(set(keys)) == 3
    assert [reason(each) for each in answers[:2]] == [Reason.LICENSE_REVOKED] * 2
    granted(answers[2])


@pytest.mark.parametrize("by", [activate, activate_alone])
def test_an_activation_that_waits_for_the_license_sees_the_new_key(world: World, by: Activate):
    """Its key is looked up, the license is locked by whoever replaces it, and then it is late."""
    waiting = text(
        "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        " WHERE datname = current_database() AND locktype = 'tuple'"
    )

    async def work(context: Context):
        sold = await issue_one(context, overrides={"seats": 5})
        calls: list[asyncio.Task[Certified | Refused]] = []

        async def replaced(connection: Connection) -> None:
            await replace_key(context.within(connection), sold.license.license_id, WHY)
            request = make_request(1, sold.license_key)
            calls.append(asyncio.create_task(by(context, request)))
            while not await connection.scalar(waiting):
                pass

        await context.database.transact(replaced)
        return await calls[0]

    answer = world.run(work)
    assert reason(answer) is Reason.LICENSE_REVOKED
