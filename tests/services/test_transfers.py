"""One more transfer than the terms allow: used once, counted as none, taken back."""

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.reasons import Reason
from activation_server.services import licensing, transfers
from activation_server.services.activation import deactivate
from activation_server.services.calls import Certified, Seats
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from tests.conftest import World
from tests.services.calls import granted, issue_one, make_request, reason

WHY = "new laptop"


async def seat(context: Context, key: str, number: int) -> Certified:
    return granted(await activate(context, make_request(number, key, computer=number)))


async def give_back(context: Context, held: Certified, number: int):
    id_ = held.activation.activation_id
    request_id = make_request(number).request_id
    return await deactivate(context, id_, held.check_in_token, request_id)


def test_one_more_transfer_is_used_once_and_counts_as_none(world: World):
    async def work(context: Context):
        terms = {"seats": 4, "transfers": 1, "transfer_days": 30}
        key = (await issue_one(context, overrides=terms)).license_key
        held = [await seat(context, key, number) for number in range(1, 5)]
        for _ in range(2):  # pressed again: it is one all the same
            await transfers.allow_one_more(context, key, WHY)
        answers = [await give_back(context, each, 10) for each in held[:3]]
        retry = await give_back(context, held[1], 10)
        shown = await licensing.show(context, key)
        world.clock.advance(days=31)
        return answers, retry, await give_back(context, held[3], 11), shown

    answers, retry, later, shown = world.run(work)
    assert [isinstance(each, Seats) for each in answers] == [True, True, False]
    assert reason(answers[2]) is Reason.TRANSFER_LIMIT_REACHED
    assert retry == Seats(4, 2)
    assert isinstance(later, Seats)
    kinds = [event.kind for event in shown.events]
    assert kinds.count("transfer_allowed") == 1
    [used] = [event for event in shown.events if "allowed_by" in event.details]
    assert used.kind == "deactivated"


def test_it_is_taken_back_while_it_is_not_used(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides={"seats": 1, "transfers": 0})).license_key
        held = await seat(context, key, 1)
        allowed = await transfers.allow_one_more(context, key, WHY)
        told = (await licensing.show(context, key)).explanation
        await transfers.withdraw(context, key, "not needed")
        return allowed, told, await give_back(context, held, 2)

    allowed, told, answer = world.run(work)
    assert allowed.license.transfer_allowed
    assert "Apps may not give a seat back; support may. Support allowed one more." in told
    assert reason(answer) is Reason.TRANSFER_LIMIT_REACHED


def test_what_is_not_limited_needs_no_more(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        with pytest.raises(OperatorError, match="not limited"):
            await transfers.allow_one_more(context, key, WHY)

    world.run(work)
