"""Floating seats: leases that a check-in renews, and that free themselves."""

import asyncio
from datetime import timedelta
from typing import Any

from activation_server.rules.license import Overage
from activation_server.rules.reasons import Notice, Reason
from activation_server.services import finding, license_list, licensing, products, seat_changes
from activation_server.services.activation import deactivate
from activation_server.services.calls import Certified
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

MINUTES = 30


async def floating(context: Context, seats: int = 1, **terms: Any) -> str:
    """The key of a license whose seats float."""
    overrides = {"seats": seats, "floating_minutes": MINUTES, **terms}
    return (await issue_one(context, overrides=overrides)).license_key


async def take(context: Context, key: str, number: int, computer: int) -> object:
    return await activate(context, make_request(number, key, computer=computer))


async def check_in(context: Context, seat: Certified, number: int, computer: int) -> object:
    request = make_request(number, computer=computer)
    return await reactivate(context, seat.activation.activation_id, seat.check_in_token, request)


async def seats_used(context: Context, key: str) -> int:
    return (await licensing.show(context, key)).view.license.seats_used


def test_a_certificate_lasts_as_long_as_the_lease(world: World):
    async def work(context: Context):
        return granted(await take(context, await floating(context), 1, 1))

    last = world.run(work).activation.last
    assert last.certificate_expires == last.at + timedelta(minutes=MINUTES)
    assert last.check_in_after == last.at + timedelta(minutes=MINUTES / 2)


def test_a_seat_frees_itself_and_a_crashed_computer_takes_it_up_again(world: World):
    async def work(context: Context):
        key = await floating(context)
        first = granted(await take(context, key, 1, 1))
        assert reason(await take(context, key, 2, 2)) is Reason.SEAT_LIMIT_REACHED
        world.clock.advance(minutes=MINUTES)
        assert await seats_used(context, key) == 0
        second = granted(await take(context, key, 3, 2))
        assert (second.seats.used, await seats_used(context, key)) == (1, 1)
        assert reason(await check_in(context, first, 4, 1)) is Reason.SEAT_LIMIT_REACHED
        world.clock.advance(minutes=MINUTES)
        back = granted(await check_in(context, first, 5, 1))
        assert (back.seats.used, await seats_used(context, key)) == (1, 1)
        assert back.activation.activation_id == first.activation.activation_id
        return await licensing.show(context, key)

    history = world.run(work)
    active = [one.is_active(world.clock.now) for one in history.activations]
    assert sorted(active) == [False, True]


def test_a_check_in_renews_the_lease(world: World):
    async def work(context: Context):
        key = await floating(context)
        seat = granted(await take(context, key, 1, 1))
        for number in range(2, 6):
            world.clock.advance(minutes=MINUTES - 1)
            seat = granted(await check_in(context, seat, number, 1))
        return await take(context, key, 9, 2)

    assert reason(world.run(work)) is Reason.SEAT_LIMIT_REACHED


def test_a_lease_that_ran_out_is_renewed_while_nobody_took_the_seat(world: World):
    async def work(context: Context):
        key = await floating(context)
        seat = granted(await take(context, key, 1, 1))
        world.clock.advance(days=40)
        again = granted(await check_in(context, seat, 2, 1))
        return again, await seats_used(context, key)

    again, used = world.run(work)
    assert (again.seats.used, used) == (1, 1)


def test_activating_takes_a_lapsed_seat_up_again(world: World):
    async def work(context: Context):
        key = await floating(context)
        first = granted(await take(context, key, 1, 1))
        world.clock.advance(hours=1)
        again = granted(await take(context, key, 2, 1))
        assert again.activation.activation_id == first.activation.activation_id
        return again, len((await licensing.show(context, key)).activations)

    again, activations = world.run(work)
    assert (again.activation.last.outcome, again.seats.used, activations) == ("activated", 1, 1)


def test_a_retry_after_the_lease_gives_the_same_answer_and_takes_no_seat(world: World):
    async def work(context: Context):
        key = await floating(context)
        first = granted(await take(context, key, 1, 1))
        world.clock.advance(hours=1)
        granted(await take(context, key, 2, 2))
        retried = granted(await take(context, key, 1, 1))
        return first, retried, await seats_used(context, key)

    first, retried, used = world.run(work)
    assert retried.certificate == first.certificate
    assert used == 1


def test_giving_back_a_lapsed_seat_frees_no_second_one(world: World):
    async def work(context: Context):
        key = await floating(context, seats=2)
        first = granted(await take(context, key, 1, 1))
        second = granted(await take(context, key, 2, 2))
        world.clock.advance(hours=1)
        third = granted(await take(context, key, 3, 3))
        for number, seat in enumerate((first, second), 4):
            given = await deactivate(
                context,
                seat.activation.activation_id,
                seat.check_in_token,
                make_request(number).request_id,
            )
            assert given == third.seats
        return await seats_used(context, key)

    assert world.run(work) == 1


def test_support_removes_a_lapsed_seat_without_freeing_another(world: World):
    async def work(context: Context):
        key = await floating(context)
        first = granted(await take(context, key, 1, 1))
        world.clock.advance(hours=1)
        granted(await take(context, key, 2, 2))
        await seat_changes.remove_activation(context, first.activation.activation_id, "test")
        return await seats_used(context, key)

    assert world.run(work) == 1


def test_overage_is_told_of_seats_that_are_in_use_only(world: World):
    async def work(context: Context):
        key = await floating(context, overage=Overage.TWICE)
        first = granted(await take(context, key, 1, 1))
        second = granted(await take(context, key, 2, 2))
        world.clock.advance(minutes=MINUTES)
        return second, granted(await check_in(context, first, 3, 1))

    second, later = world.run(work)
    assert second.notices == (Notice.OVERAGE,)
    assert (later.notices, later.seats.used) == ((), 1)


def test_many_computers_at_once_on_one_lapsed_seat_get_it_once(world: World):
    async def work(context: Context):
        key = await floating(context, seats=2)
        seats = []
        for computer in range(12):
            world.clock.advance(minutes=MINUTES)
            seats.append(granted(await take(context, key, computer, computer)))
        world.clock.advance(minutes=MINUTES)
        answers = await asyncio.gather(
            *(check_in(context, seat, 50 + number, number) for number, seat in enumerate(seats)),
            *(take(context, key, 100 + number, 100 + number) for number in range(12)),
        )
        return answers, await licensing.show(context, key)

    answers, history = world.run(work)
    assert sum(isinstance(answer, Certified) for answer in answers) == 2
    active = [one for one in history.activations if one.is_active(world.clock.now)]
    assert len(active) == history.view.license.seats_used == 2


def test_lists_count_the_seats_that_are_in_use_now(world: World):
    async def work(context: Context):
        key = await floating(context, seats=2)
        other = await floating(context)
        granted(await take(context, key, 1, 1))
        world.clock.advance(minutes=MINUTES / 2)
        granted(await take(context, key, 2, 2))
        granted(await take(context, other, 3, 3))
        counts = []
        for _ in range(3):
            found = await finding.find(context, key)
            listed = await license_list.page(context, license_list.Wanted(), None, 10)
            counts.append([each.license.seats_used for each in (*found.licenses, *listed.licenses)])
            world.clock.advance(minutes=MINUTES / 2)
        return counts

    first, second, third = world.run(work)
    assert (first[0], sorted(first[1:])) == (2, [1, 2])
    assert (second[0], sorted(second[1:])) == (1, [1, 1])
    assert third == [0, 0, 0]


def test_a_policy_may_stop_floating_and_start_again(world: World):
    async def work(context: Context):
        await issue_one(context)
        await products.add_policy(context, PRODUCT, "pool", {"floating_minutes": MINUTES})
        key = (await issue_one(context, policy="pool", overrides={})).license_key
        first = granted(await take(context, key, 1, 1))
        await products.set_policy(context, PRODUCT, "pool", {"floating_minutes": None})
        seat = granted(await check_in(context, first, 2, 1))
        world.clock.advance(days=60)
        assert reason(await take(context, key, 3, 2)) is Reason.SEAT_LIMIT_REACHED
        await products.set_policy(context, PRODUCT, "pool", {"floating_minutes": MINUTES})
        assert reason(await take(context, key, 4, 2)) is Reason.SEAT_LIMIT_REACHED
        granted(await check_in(context, seat, 5, 1))
        world.clock.advance(minutes=MINUTES)
        return await take(context, key, 6, 2)

    assert granted(world.run(work)).seats.used == 1
