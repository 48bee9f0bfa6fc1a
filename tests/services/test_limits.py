"""Limits that not every license has: virtual machines, one license per computer."""

import asyncio
from typing import Any

import pytest

from activation_server.rules.license import Virtual
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import licensing, products, seat_changes
from activation_server.services.activation import deactivate
from activation_server.services.calls import Certified
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

REPORTED: dict[str, Any] = {"virtual_machine": True}
GIVEN_AWAY: dict[str, Any] = {"components": {"board_model": "VMware Virtual Platform"}}


async def issued(context: Context, **terms: Any) -> str:
    return (await issue_one(context, overrides={"seats": 3, **terms})).license_key


@pytest.mark.parametrize(
    "machine", [REPORTED, GIVEN_AWAY, {**GIVEN_AWAY, "virtual_machine": False}]
)
def test_a_virtual_machine_is_refused(world: World, machine: dict[str, Any]):
    async def work(context: Context):
        key = await issued(context, virtual=Virtual.REFUSE)
        granted(await activate(context, make_request(1, key, computer=1)))
        return await activate(context, make_request(2, key, computer=2, **machine))

    assert reason(world.run(work)) is Reason.VIRTUAL_MACHINE_REFUSED


def test_a_virtual_machine_is_welcome_where_nothing_is_said(world: World):
    async def work(context: Context):
        key = await issued(context)
        granted(await activate(context, make_request(1, key, **REPORTED)))
        return await licensing.show(context, key)

    assert [one.virtual for one in world.run(work).activations] == [True]


def test_a_policy_that_refuses_counts_from_the_next_check_in(world: World):
    async def work(context: Context):
        await issue_one(context)
        key = (await issue_one(context, overrides={})).license_key
        seat = granted(await activate(context, make_request(1, key, **REPORTED)))
        await products.set_policy(context, PRODUCT, "standard", {"virtual": Virtual.REFUSE})
        silent = make_request(2)  # an app that does not tell changes nothing of what is known
        seat_id, token = seat.activation.activation_id, seat.check_in_token
        refusal = await reactivate(context, seat_id, token, silent)
        moved = make_request(3, virtual_machine=False)
        return refusal, await reactivate(context, seat_id, token, moved)

    refusal, moved = world.run(work)
    assert reason(refusal) is Reason.VIRTUAL_MACHINE_REFUSED
    assert not granted(moved).activation.virtual


def test_virtual_machines_have_a_limit_of_their_own(world: World):
    async def work(context: Context):
        key = await issued(context, virtual_seats=1)
        first = granted(await activate(context, make_request(1, key, computer=1, **REPORTED)))
        refusal = await activate(context, make_request(2, key, computer=2, **REPORTED))
        granted(await activate(context, make_request(3, key, computer=3)))
        seat_id, token = first.activation.activation_id, first.check_in_token
        granted(await reactivate(context, seat_id, token, make_request(4, **REPORTED)))
        await seat_changes.remove_activation(context, seat_id, "moved")
        granted(await activate(context, make_request(5, key, computer=2, **REPORTED)))
        return refusal

    assert world.run(work) == Refused(
        Reason.SEAT_LIMIT_REACHED, {"limit": 1, "used": 1, "per": "virtual machines"}
    )


def test_a_lapsed_virtual_machine_needs_a_virtual_seat_again(world: World):
    async def work(context: Context):
        key = await issued(context, virtual_seats=1, floating_minutes=10)
        first = granted(await activate(context, make_request(1, key, computer=1, **REPORTED)))
        world.clock.advance(minutes=10)
        granted(await activate(context, make_request(2, key, computer=2, **REPORTED)))
        again = make_request(3, computer=1, **REPORTED)
        return await reactivate(
            context, first.activation.activation_id, first.check_in_token, again
        )

    assert reason(world.run(work)) is Reason.SEAT_LIMIT_REACHED


def test_a_lease_that_ran_out_counts_no_more_when_the_policy_stopped_floating(world: World):
    async def work(context: Context):
        await issue_one(context)
        terms = {"seats": 3, "virtual_seats": 1, "floating_minutes": 10}
        await products.add_policy(context, PRODUCT, "pool", terms)
        key = (await issue_one(context, policy="pool", overrides={})).license_key
        granted(await activate(context, make_request(1, key, computer=1, **REPORTED)))
        await products.set_policy(context, PRODUCT, "pool", {"floating_minutes": None})
        world.clock.advance(minutes=10)
        return await activate(context, make_request(2, key, computer=2, **REPORTED))

    assert granted(world.run(work))


ONE = {"one_license_per_computer": True}


def test_one_computer_holds_a_seat_of_one_license(world: World):
    async def work(context: Context):
        first, second = await issued(context, **ONE), await issued(context, **ONE)
        seat = granted(await activate(context, make_request(1, first)))
        refusal = await activate(context, make_request(2, second))
        granted(await activate(context, make_request(3, second, computer=2)))
        granted(await activate(context, make_request(4, first)))
        seat_id, token = (
            seat.activation.activation_id,
            granted(
                await reactivate(
                    context, seat.activation.activation_id, seat.check_in_token, make_request(5)
                )
            ).check_in_token,
        )
        await deactivate(context, seat_id, token, make_request(6).request_id)
        return seat, refusal, await activate(context, make_request(7, second))

    seat, refusal, after = world.run(work)
    license_id = str(seat.activation.license_id)
    assert refusal == Refused(
        Reason.SEAT_LIMIT_REACHED,
        {"limit": 1, "used": 1, "per": "computer", "license_id": license_id},
    )
    assert granted(after)


def test_a_license_that_ended_does_not_stand_in_the_way(world: World):
    async def work(context: Context):
        first = await issued(context, **ONE, term_days=10)
        granted(await activate(context, make_request(1, first)))
        second = await issued(context, **ONE)
        assert reason(await activate(context, make_request(2, second))) is Reason.SEAT_LIMIT_REACHED
        world.clock.advance(days=10)
        return await activate(context, make_request(3, second))

    assert granted(world.run(work))


def test_without_the_rule_a_computer_may_hold_several(world: World):
    async def work(context: Context):
        keys = [await issued(context) for _ in range(2)]
        return [await activate(context, make_request(n, key)) for n, key in enumerate(keys)]

    assert all(granted(answer) for answer in world.run(work))


def test_a_computer_that_asks_for_20_licenses_at_once_gets_one(world: World):
    async def work(context: Context):
        keys = [await issued(context, **ONE) for _ in range(20)]
        requests = [make_request(number, key) for number, key in enumerate(keys)]
        return await asyncio.gather(*(activate(context, request) for request in requests))

    answers = world.run(work)
    assert sum(isinstance(answer, Certified) for answer in answers) == 1
