import asyncio
import json
from dataclasses import replace

from activation_server import base64url
from activation_server.formats.certificate import VERSION
from activation_server.rules.license import OnClone
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.services import licensing, products
from activation_server.services.activation import activate_alone as activate
from activation_server.services.activation import deactivate
from activation_server.services.activation import reactivate_alone as reactivate
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from tests.conftest import START, World
from tests.services.calls import PRODUCT, deadlocks, granted, issue_one, make_request, reason


def test_200_computers_at_once_on_5_seats_get_exactly_5(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=5)).license_key
        requests = [make_request(number, key, computer=number) for number in range(200)]
        answers = await asyncio.gather(*(activate(context, request) for request in requests))
        return answers, await licensing.show(context, key)

    answers, history = world.run(work)
    assert sum(isinstance(answer, Certified) for answer in answers) == 5
    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert {answer.reason for answer in refused} == {Reason.SEAT_LIMIT_REACHED}
    assert len(history.activations) == history.view.license.seats_used == 5


def test_20_copies_of_one_request_get_one_seat_and_the_same_bytes(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=5)).license_key
        request = make_request(1, key)
        answers = await asyncio.gather(*(activate(context, request) for _ in range(20)))
        return answers, await licensing.show(context, key)

    answers, history = world.run(work)
    assert len({granted(answer).certificate for answer in answers}) == 1
    assert len({granted(answer).check_in_token for answer in answers}) == 1
    assert {granted(answer).activation.last.outcome for answer in answers} == {"activated"}
    assert history.view.license.seats_used == len(history.activations) == 1


def test_one_computer_with_20_requests_at_once_gets_one_seat(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=5)).license_key
        requests = [make_request(number, key) for number in range(20)]
        answers = await asyncio.gather(*(activate(context, request) for request in requests))
        return answers, await licensing.show(context, key)

    answers, history = world.run(work)
    assert history.view.license.seats_used == len(history.activations) == 1
    assert sorted(granted(answer).activation.seq for answer in answers) == list(range(1, 21))


def test_20_copies_of_one_check_in_advance_the_counter_once(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        first = granted(await activate(context, make_request(1, key)))
        seat, token = first.activation.activation_id, first.check_in_token
        return await asyncio.gather(
            *(reactivate(context, seat, token, make_request(2)) for _ in range(20))
        )

    answers = [granted(answer) for answer in world.run(work)]
    assert {answer.activation.seq for answer in answers} == {2}
    assert len({answer.certificate for answer in answers}) == 1


def test_giving_back_and_activating_at_once_keeps_the_count(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=3)).license_key
        seats = [
            granted(await activate(context, make_request(number, key, computer=number)))
            for number in range(3)
        ]
        await asyncio.gather(
            *(
                deactivate(
                    context,
                    seat.activation.activation_id,
                    seat.check_in_token,
                    make_request(50).request_id,
                )
                for seat in seats
                for _ in range(3)
            ),
            *(
                activate(context, make_request(100 + number, key, computer=100 + number))
                for number in range(30)
            ),
        )
        return await licensing.show(context, key)

    history = world.run(work)
    active = [seat for seat in history.activations if seat.removed_at is None]
    assert len(active) == history.view.license.seats_used <= 3
    assert len(history.activations) - len(active) == 3


def test_a_retry_is_the_same_whatever_changed_since(world: World):
    """The policy, the time and a later start of the server change nothing in a retried answer."""

    async def first(context: Context):
        key = (await issue_one(context, seats=3)).license_key
        return key, granted(await activate(context, make_request(1, key)))

    key, answer = world.run(first)
    world.clock.advance(days=3, seconds=7)

    async def again(context: Context):
        await activate(context, make_request(9, key, computer=9))
        return granted(await activate(context, make_request(1, key)))

    repeated = world.run(again)
    assert repeated.certificate == answer.certificate
    assert repeated.check_in_token == answer.check_in_token
    assert repeated.seats.used == 2  # of now


def test_a_retry_is_told_what_the_lost_answer_told(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides={"term_days": 31})).license_key
        first = granted(await activate(context, make_request(1, key)))
        seat = first.activation.activation_id
        granted(await reactivate(context, seat, first.check_in_token, make_request(2)))
        fork = await reactivate(context, seat, first.check_in_token, make_request(3))
        world.clock.advance(days=2)
        retried = await reactivate(context, seat, first.check_in_token, make_request(3))
        return granted(fork), granted(retried)

    fork, retried = world.run(work)
    assert retried.notices == fork.notices == (Notice.FORK_SEEN,)


def test_a_forged_token_is_refused_without_the_database(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        seat = granted(await activate(context, make_request(1, key)))
        away = replace(context, database=None)  # type: ignore[arg-type] # must not be touched
        forged = seat.check_in_token[:-2] + ("AA" if seat.check_in_token[-2:] != "AA" else "AQ")
        return await reactivate(away, seat.activation.activation_id, forged, make_request(2))

    assert reason(world.run(work)) is Reason.ACTIVATION_NOT_FOUND


def test_a_restored_database_catches_up(world: World):
    """The apps' tokens are ahead of a database that was restored from an older backup."""

    async def work(context: Context):
        view = await issue_one(context)
        seat = granted(await activate(context, make_request(1, view.license_key)))
        ahead = context.keyring.tokens.make(
            view.license.license_id, seat.activation.activation_id, 41
        )
        answer = await reactivate(context, seat.activation.activation_id, ahead, make_request(2))
        return granted(answer), await licensing.show(context, view.license_key)

    answer, history = world.run(work)
    assert answer.activation.seq == 42
    assert answer.notices == ()
    assert "counter_caught_up" in [event.kind for event in history.events]


def test_refusals_are_kept_for_support_one_of_each(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        await activate(context, make_request(1, key))
        for number in range(2, 5):
            await activate(context, make_request(number, key, computer=number))
        return await licensing.show(context, key)

    [refusal] = world.run(work).refusals
    assert (refusal.code, refusal.times) == ("SEAT_LIMIT_REACHED", 3)
    assert refusal.evidence == {"limit": 1, "used": 1}


def test_the_certificate_has_every_claim(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        return context, granted(await activate(context, make_request(1, key)))

    context, answer = world.run(work)
    claims = _claims(answer.certificate)
    assert claims["v"] == VERSION
    assert claims["iss"] == context.issuer
    assert claims["iat"] == START.timestamp()
    assert claims["exp"] - claims["iat"] == 30 * 86400
    assert claims["check_in_after"] - claims["iat"] == 7 * 86400
    assert claims["sub"] == str(answer.activation.activation_id)
    assert claims["lic"]["seats"] == 1


def _claims(token: str):
    return json.loads(base64url.decode(token.split(".")[1]))


def test_forks_and_activations_of_one_computer_at_once_never_deadlock(world: World):
    """A fork writes an event, whose foreign key locks the license that an activation holds."""

    async def work(context: Context):
        key = (await issue_one(context, seats=5)).license_key
        seat = granted(await activate(context, make_request(1, key)))
        seat_id, stale = seat.activation.activation_id, seat.check_in_token
        calls = [
            call
            for number in range(2, 60, 2)
            for call in (
                reactivate(context, seat_id, stale, make_request(number)),
                activate(context, make_request(number + 1, key)),
            )
        ]
        answers = await asyncio.gather(*calls)
        return answers, await context.database.transact(deadlocks)

    answers, found = world.run(work)
    assert all(granted(answer) for answer in answers)
    assert found == 0


def test_a_clone_is_refused_and_support_sees_it(world: World):
    async def work(context: Context):
        await issue_one(context)
        await products.add_policy(context, PRODUCT, "strict", {"clone": OnClone.REFUSE})
        key = (await issue_one(context, policy="strict", overrides={})).license_key
        first = granted(await activate(context, make_request(1, key)))
        seat = first.activation.activation_id
        second = granted(await reactivate(context, seat, first.check_in_token, make_request(2)))
        clone = granted(await reactivate(context, seat, first.check_in_token, make_request(3)))
        stale = await reactivate(context, seat, second.check_in_token, make_request(4))
        other = await reactivate(context, seat, clone.check_in_token, make_request(5))
        return clone, stale, other, await licensing.show(context, key)

    clone, stale, other, history = world.run(work)
    assert clone.notices == (Notice.FORK_SEEN,)
    assert reason(stale) is Reason.CLONE_DETECTED
    assert granted(other).notices == ()
    assert [refusal.code for refusal in history.refusals] == ["CLONE_DETECTED"]
    assert "fork_seen" in [event.kind for event in history.events]
