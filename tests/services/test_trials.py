"""Trials: one per computer and product, the same while it runs, ended by a purchase."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.license import Kind, Virtual
from activation_server.rules.reasons import Reason, Refused
from activation_server.rules.seat import RemovedBy
from activation_server.services import finding, licensing, products, trials
from activation_server.services.activation import deactivate
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.services.trials import Started
from tests.conftest import START, World
from tests.services.calls import PRODUCT, deadlocks, granted, issue_one, make_request, reason


async def offer(context: Context, **terms: Any) -> None:
    await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")
    await products.add_policy(context, PRODUCT, "trial", {"trial_days": 14, **terms})


async def ask(context: Context, number: int, computer: int = 1, **values: Any) -> object:
    request = make_request(number, computer=computer, product=PRODUCT, **values)
    return await trials.start(context, request)


def started(answer: object) -> Started:
    assert isinstance(answer, Started), answer
    return answer


def test_a_trial_is_a_license_of_one_seat_with_an_end(world: World):
    async def work(context: Context):
        await offer(context)
        answer = started(await ask(context, 1))
        return answer, await licensing.show(context, answer.license_key)

    answer, history = world.run(work)
    coverage = answer.certified.activation.last.coverage
    assert (coverage.kind, coverage.expires) == (Kind.TRIAL, START + timedelta(days=14))
    assert answer.certified.activation.last.certificate_expires == START + timedelta(days=14)
    assert (answer.certified.seats.limit, answer.certified.seats.used) == (1, 1)
    assert sorted(event.kind for event in history.events) == ["activated", "trial_started"]


def test_while_it_runs_a_retry_gets_the_same_bytes_and_a_new_request_the_same_trial(world: World):
    async def work(context: Context):
        await offer(context)
        first = started(await ask(context, 1))
        world.clock.advance(days=3)
        return first, started(await ask(context, 1)), started(await ask(context, 2))

    first, retried, again = world.run(work)
    assert retried == first
    assert again.license_key == first.license_key
    assert again.certified.activation.last.outcome == "already_activated"
    assert again.certified.activation.last.coverage == first.certified.activation.last.coverage


def test_20_requests_of_one_computer_at_once_start_one_trial(world: World):
    async def work(context: Context):
        await offer(context)
        answers = await asyncio.gather(*(ask(context, number) for number in range(20)))
        return {started(answer).license_key for answer in answers}

    assert len(world.run(work)) == 1


def test_a_trial_that_is_over_is_not_given_again(world: World):
    async def work(context: Context):
        await offer(context, grace_days=1)
        first = started(await ask(context, 1))
        world.clock.advance(days=15)
        refused = await ask(context, 2)
        seat_id, token = first.certified.activation.activation_id, first.certified.check_in_token
        checked_in = await reactivate(context, seat_id, token, make_request(3))
        other = started(await ask(context, 4, computer=2))
        return refused, checked_in, other

    refused, checked_in, other = world.run(work)
    assert refused == Refused(
        Reason.TRIAL_ALREADY_USED, {"given": "2026-11-22T10:00:00Z", "again": None}
    )
    assert reason(checked_in) is Reason.LICENSE_EXPIRED
    assert other.certified.seats.used == 1


def test_after_some_months_a_computer_has_another_trial(world: World):
    async def work(context: Context):
        await offer(context, trial_again_months=6)
        first = started(await ask(context, 1))
        world.clock.now = START.replace(year=2027, month=5, day=21)
        assert reason(await ask(context, 2)) is Reason.TRIAL_ALREADY_USED
        world.clock.advance(days=1)
        again = started(await ask(context, 3))
        world.clock.advance(days=14)
        return first, again, await ask(context, 4)

    first, again, after = world.run(work)
    assert again.license_key != first.license_key
    assert again.certified.activation.last.outcome == "activated"
    assert reason(after) is Reason.TRIAL_ALREADY_USED


def test_a_product_without_a_trial_policy_offers_none(world: World):
    async def work(context: Context):
        await issue_one(context)
        none = await ask(context, 1)
        await products.add_policy(context, PRODUCT, "trial", {"trial_days": 14})
        unknown = make_request(2, product="no-such-product")
        return none, await trials.start(context, unknown)

    assert {reason(answer) for answer in world.run(work)} == {Reason.TRIAL_NOT_OFFERED}


def test_a_refused_trial_leaves_nothing_behind(world: World):
    async def work(context: Context):
        await offer(context, virtual=Virtual.REFUSE)
        refused = await ask(context, 1, virtual_machine=True)
        unusable = await ask(context, 2, hardware_id="00000000")
        found = (await finding.find(context, "computer-00000001")).licenses
        return refused, unusable, found, started(await ask(context, 3))

    refused, unusable, found, allowed = world.run(work)
    assert reason(refused) is Reason.VIRTUAL_MACHINE_REFUSED
    assert reason(unusable) is Reason.HARDWARE_ID_UNUSABLE
    assert not found
    assert allowed


def test_a_bought_key_ends_the_trial_and_keeps_the_computer_going(world: World):
    async def work(context: Context):
        await offer(context, trial_again_months=1)
        trial = started(await ask(context, 1))
        key = (await issue_one(context)).license_key
        world.clock.advance(days=3)
        bought = granted(await activate(context, make_request(2, key)))
        assert granted(await activate(context, make_request(2, key))).certificate == (
            bought.certificate
        )
        seat_id, token = trial.certified.activation.activation_id, trial.certified.check_in_token
        return (
            bought,
            await reactivate(context, seat_id, token, make_request(3)),
            await ask(context, 4),
            await licensing.show(context, trial.license_key),
            await licensing.show(context, key),
        )

    bought, checked_in, again, ended, paid = world.run(work)
    assert bought.activation.last.coverage.kind is Kind.PERPETUAL
    assert reason(checked_in) is Reason.ACTIVATION_REMOVED
    assert reason(again) is Reason.TRIAL_ALREADY_USED
    assert [one.removed_by for one in ended.activations] == [RemovedBy.PURCHASE]
    assert ended.view.license.seats_used == 0
    assert ended.view.license.is_over(world.clock.now)
    [told] = [event for event in paid.events if event.kind == "trial_converted"]
    assert told.details == {"trial_license_id": str(ended.view.license.license_id)}


def test_a_refused_key_leaves_the_trial_running(world: World):
    async def work(context: Context):
        await offer(context)
        trial = started(await ask(context, 1))
        key = (await issue_one(context)).license_key
        granted(await activate(context, make_request(2, key, computer=2)))
        refused = await activate(context, make_request(3, key))
        seat_id, token = trial.certified.activation.activation_id, trial.certified.check_in_token
        return refused, await reactivate(context, seat_id, token, make_request(4))

    refused, goes_on = world.run(work)
    assert reason(refused) is Reason.SEAT_LIMIT_REACHED
    assert granted(goes_on)


def test_a_trial_that_was_given_back_is_taken_up_again_while_it_runs(world: World):
    async def work(context: Context):
        await offer(context)
        first = started(await ask(context, 1))
        seat_id, token = first.certified.activation.activation_id, first.certified.check_in_token
        await deactivate(context, seat_id, token, make_request(2).request_id)
        assert reason(await ask(context, 1)) is Reason.ACTIVATION_REMOVED
        return first, started(await ask(context, 3))

    first, again = world.run(work)
    assert again.license_key == first.license_key
    assert again.certified.activation.last.outcome == "activated"


def test_a_trial_is_on_hold_or_revoked_as_any_license(world: World):
    async def work(context: Context):
        await offer(context)
        key = started(await ask(context, 1)).license_key
        await licensing.change_standing(context, key, "suspend", "test")
        held = await ask(context, 2)
        await licensing.change_standing(context, key, "revoke", "test")
        return held, await ask(context, 3)

    held, revoked = world.run(work)
    assert reason(held) is Reason.LICENSE_SUSPENDED
    assert reason(revoked) is Reason.LICENSE_REVOKED


def test_buying_and_asking_for_a_trial_at_once_never_deadlocks(world: World):
    async def work(context: Context):
        await offer(context)
        key = (await issue_one(context, seats=None)).license_key
        calls = [
            call
            for number in range(1, 40, 2)
            for call in (
                ask(context, number, computer=number % 3),
                activate(context, make_request(number + 1, key, computer=number % 3)),
            )
        ]
        answers = await asyncio.gather(*calls)
        return answers, await context.database.transact(deadlocks)

    answers, found = world.run(work)
    assert found == 0
    bought = answers[1::2]
    assert all(granted(answer) for answer in bought)
    refused = {reason(answer) for answer in answers[::2] if not isinstance(answer, Started)}
    assert refused <= {Reason.TRIAL_ALREADY_USED}


def test_a_product_has_one_policy_for_its_trials(world: World):
    async def work(context: Context):
        await offer(context)
        with pytest.raises(OperatorError, match="'trial'"):
            await products.add_policy(context, PRODUCT, "longer", {"trial_days": 30})
        with pytest.raises(OperatorError, match="'trial'"):
            await products.set_policy(context, PRODUCT, "standard", {"trial_days": 30})
        await products.set_policy(context, PRODUCT, "trial", {"trial_days": None})
        await products.add_policy(context, PRODUCT, "longer", {"trial_days": 30})
        return started(await ask(context, 1))

    assert world.run(work).certified.activation.last.coverage.expires == START + timedelta(days=30)


def test_the_key_of_a_trial_of_old_does_not_end_itself(world: World):
    async def work(context: Context):
        await offer(context)
        key = started(await ask(context, 1)).license_key
        await products.set_policy(context, PRODUCT, "trial", {"trial_days": None})
        granted(await activate(context, make_request(2, key)))
        return (await licensing.show(context, key)).view.license

    license_ = world.run(work)
    assert license_.seats_used == 1
    assert not license_.is_over(world.clock.now)
