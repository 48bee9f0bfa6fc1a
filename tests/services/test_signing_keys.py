"""Rotation and retirement, as they bear on activations and on what is published."""

import asyncio
import json
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from activation_server import base64url
from activation_server.rules.activation import Granted
from activation_server.rules.errors import OperatorError, UnavailableError
from activation_server.rules.signing_keys import FOREVER, KeyLife, Standing
from activation_server.services import keys, products, signing_keys
from activation_server.services.calls import Certified
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.store import licenses
from activation_server.store.database import Connection
from activation_server.store.license_rows import StoredLicense
from tests.conftest import START, World, note_statements
from tests.services.calls import PRODUCT, granted, issue_one, make_request

REASON = "as the test says"


def kid_of(certified: Certified) -> str:
    kid: str = json.loads(base64url.decode(certified.certificate.split(".")[0]))["kid"]
    return kid


async def kids(context: Context) -> list[str]:
    return [key.kid for key in await keys.published(context)]


async def check_in(context: Context, seat: Certified, number: int) -> Certified:
    seat_id, token = seat.activation.activation_id, seat.check_in_token
    return granted(await reactivate(context, seat_id, token, make_request(number)))


async def retire(context: Context, kid: str, *, compromised: bool = False):
    return await signing_keys.retire(context, kid, REASON, compromised=compromised)


async def standings(context: Context) -> list[Standing]:
    return [key.standing for key in await signing_keys.list_keys(context)]


def test_rotations_under_load_are_noticed_by_nobody(world: World):
    """Three processes, 60 computers that check in without a pause, 3 rotations in between.

    A rotation comes as soon as 20 computers have met the key before it.
    """
    computers, rotations = 60, 3

    async def work(context: Context):
        async with AsyncExitStack() as stack:
            processes = [context]
            processes += [await stack.enter_async_context(world.open()) for _ in range(2)]
            key = (await issue_one(context, seats=None)).license_key
            met = [asyncio.Semaphore(0) for _ in range(rotations)]
            rotated = [asyncio.Event() for _ in range(rotations)]

            async def computer(number: int) -> list[Certified]:
                first = make_request(number, key, computer=number)
                seats = [granted(await activate(processes[number % 3], first))]
                for turn in range(rotations):
                    for busy in range(3):
                        seats.append(await call(number, 1000 * turn + 100 * busy, seats[-1]))
                    met[turn].release()
                    await rotated[turn].wait()
                seats.append(await call(number, 9000, seats[-1]))
                return seats

            async def call(number: int, base: int, seat: Certified) -> Certified:
                process = processes[(number + base // 100) % 3]
                request = make_request(1000 + base + number, computer=number)
                id_, token = seat.activation.activation_id, seat.check_in_token
                return granted(await reactivate(process, id_, token, request))

            async def operator(process: Context) -> None:
                for before, after in zip(met, rotated, strict=True):
                    for _ in range(20):
                        await before.acquire()
                    await signing_keys.rotate(process, None)
                    after.set()

            running = [computer(number) for number in range(computers)]
            *answers, _ = await asyncio.gather(*running, operator(processes[2]))
            return answers, await keys.published(processes[1])

    answers, published = world.run(work)
    by_kid = {key.kid: Ed25519PublicKey.from_public_bytes(key.raw) for key in published}
    certificates = [certified for seats in answers for certified in seats]
    for certified in certificates:
        signed, _, signature = certified.certificate.rpartition(".")
        by_kid[kid_of(certified)].verify(base64url.decode(signature), signed.encode())
    assert len(certificates) == computers * (2 + 3 * rotations)
    assert {kid_of(certified) for certified in certificates} == set(by_kid)
    assert {kid_of(seats[-1]) for seats in answers} == {published[-1].kid}


def test_a_rotation_holds_at_once_in_another_process_and_costs_no_question(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        asked: list[str] = []
        note_statements(context.database, asked)
        seat = await check_in(context, granted(await activate(context, make_request(1, key))), 2)
        asked.clear()
        seat = await check_in(context, seat, 3)
        usual = list(asked)
        async with world.open() as other:
            rotated = await signing_keys.rotate(other, None)
        seat = await check_in(context, seat, 4)  # fetches the key, and begins its cover
        assert kid_of(seat) == rotated.life.kid
        asked.clear()
        await check_in(context, seat, 5)
        assert asked == usual
        return asked

    asked = world.run(work)
    assert sum("signing_keys" in question for question in asked) == 1
    assert not any(question.startswith("UPDATE signing_keys") for question in asked)


def test_a_retry_after_a_rotation_is_the_same_in_every_process(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        first = granted(await activate(context, make_request(1, key)))
        async with world.open() as other:
            await signing_keys.rotate(other, None)
            again = granted(await activate(other, make_request(1, key)))
        return first.certificate, again.certificate

    first, again = world.run(work)
    assert first == again


def test_the_old_key_stays_for_the_longest_certificate_also_one_that_was_replaced(world: World):
    async def work(context: Context):
        long = (await issue_one(context, overrides={"certificate_days": 90})).license_key
        seat = granted(await activate(context, make_request(1, long)))
        await products.set_policy(context, PRODUCT, products.STANDARD, {"certificate_days": 5})
        short = (await issue_one(context)).license_key
        await activate(context, make_request(2, short, computer=2))
        old = kid_of(seat)
        new = (await signing_keys.rotate(context, None)).life.kid
        assert kid_of(await check_in(context, seat, 3)) == new  # nobody's newest has 90 days now
        with pytest.raises(OperatorError, match="valid until 2027-02-2"):
            await retire(context, old)
        world.clock.now = START + timedelta(days=90)
        assert await kids(context) == [old, new]
        world.clock.advance(days=1, seconds=1)  # covers move in steps of a day
        assert await kids(context) == [new]
        done = await retire(context, old)
        return done, await standings(context)

    done, now = world.run(work)
    assert (done.successor, done.key.standing) == (None, Standing.RETIRED)
    assert done.signed == {PRODUCT: 1}  # of the computer that did not come again
    assert now == [Standing.RETIRED, Standing.SIGNING]


def test_a_certificate_without_end_keeps_its_key_for_ever(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides={"certificate_days": None})).license_key
        old = kid_of(granted(await activate(context, make_request(1, key))))
        await signing_keys.rotate(context, None)
        world.clock.advance(days=50_000)
        assert old in await kids(context)
        with pytest.raises(OperatorError, match="have no end"):
            await retire(context, old)
        return (await signing_keys.list_keys(context))[0].life

    assert world.run(work).covers_until == FOREVER


def test_a_compromised_key_goes_at_once_and_what_it_signed_is_reported(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=3)).license_key
        seats = [
            granted(await activate(context, make_request(number, key, computer=number)))
            for number in (1, 2)
        ]
        stolen = kid_of(seats[0])
        tried = await signing_keys.retire(context, stolen, REASON, compromised=True, dry_run=True)
        assert (tried.key.standing, tried.signed) == (Standing.SIGNING, {PRODUCT: 2})
        assert await kids(context) == [stolen]
        async with world.open() as other:
            done = await retire(other, stolen, compromised=True)
        assert done.successor is not None
        assert done.key.standing is Standing.COMPROMISED
        assert await kids(context) == [done.successor.life.kid]
        again = [granted(await activate(context, make_request(1, key))) for _ in range(2)]
        assert again[0].certificate == again[1].certificate != seats[0].certificate
        assert kid_of(again[0]) == done.successor.life.kid
        assert again[0].check_in_token == seats[0].check_in_token
        report = await signing_keys.signed(context, stolen, limit=10)
        successor = (await signing_keys.list_keys(context))[1].life
        return done, seats, report, successor

    done, seats, report, successor = world.run(work)
    assert done.signed == {PRODUCT: 2}
    assert report.counts == {PRODUCT: 1}  # the retry has a certificate of the new key
    assert [one.activation_id for one in report.activations] == [seats[1].activation.activation_id]
    expires = seats[0].activation.last.certificate_expires
    assert expires is not None
    assert successor.covers_until is not None
    assert successor.covers_until >= expires  # of the retry that was signed anew


def test_a_prepared_key_is_published_and_signs_after_the_rotation(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        waiting = (await signing_keys.prepare(context, None)).life.kid
        seat = granted(await activate(context, make_request(1, key)))
        assert waiting in await kids(context)
        assert kid_of(seat) != waiting
        with pytest.raises(OperatorError, match=f"waits already: {waiting}"):
            await signing_keys.prepare(context, None)
        assert (await signing_keys.rotate(context, None)).life.kid == waiting
        assert kid_of(await check_in(context, seat, 2)) == waiting
        following = (await signing_keys.prepare(context, None)).life.kid
        done = await retire(context, waiting, compromised=True)
        assert done.successor is not None
        assert done.successor.life.kid == following  # apps ship it already
        return await standings(context)

    assert world.run(work) == [Standing.OVERLAPPING, Standing.COMPROMISED, Standing.SIGNING]


def test_a_product_may_have_a_key_of_its_own(world: World):
    async def work(context: Context):
        mine = (await issue_one(context, seats=5)).license_key
        await products.add_product(context, "other", "Other", "EdDSA")
        other = (await issue_one(context, product="other", seats=5)).license_key
        own = (await signing_keys.rotate(context, PRODUCT)).life.kid
        common = (await signing_keys.rotate(context, None)).life.kid
        here = granted(await activate(context, make_request(1, mine)))
        there = granted(await activate(context, make_request(2, other, product="other")))
        assert (kid_of(here), kid_of(there)) == (own, common)
        assert set(await kids(context)) == {own, common}
        done = await retire(context, own, compromised=True)
        assert done.successor is not None
        assert (done.successor.life.product, done.signed) == (PRODUCT, {PRODUCT: 1})
        seat = await check_in(context, here, 3)
        assert kid_of(seat) == done.successor.life.kid
        with pytest.raises(OperatorError, match="no product 'nope'"):
            await signing_keys.rotate(context, "nope")

    world.run(work)


@pytest.mark.parametrize(
    ("kid", "told"), [("", "No signing key"), ("nope", "No signing key"), (None, "signs; let")]
)
def test_what_is_no_old_key_is_not_retired(world: World, kid: str | None, told: str):
    async def work(context: Context):
        [current] = await kids(context)
        with pytest.raises(OperatorError, match=told):
            await retire(context, current if kid is None else kid)
        assert await kids(context) == [current]

    world.run(work)


def test_a_key_is_found_by_its_beginning_and_retired_once(world: World):
    async def work(context: Context):
        [old] = await kids(context)
        await signing_keys.rotate(context, None)  # it signed nothing: over at once
        assert (await retire(context, old[:8])).key.life.kid == old
        with pytest.raises(OperatorError, match="retired already"):
            await retire(context, old)
        assert (await retire(context, old, compromised=True)).successor is None  # learnt later
        with pytest.raises(OperatorError, match="retired already"):
            await retire(context, old, compromised=True)

    world.run(work)


def test_rotations_at_once_make_a_key_each(world: World):
    async def work(context: Context):
        await asyncio.gather(*(signing_keys.rotate(context, None) for _ in range(5)))
        return [(key.life.number, key.standing) for key in await signing_keys.list_keys(context)]

    listed = world.run(work)
    assert [number for number, _ in listed] == [1, 2, 3, 4, 5, 6]
    assert [standing for _, standing in listed] == [Standing.OVER] * 5 + [Standing.SIGNING]


def test_a_key_that_was_retired_between_decision_and_commit_signs_nothing(world: World):
    """An activation that still meant to sign with it is told to come again."""

    async def work(context: Context):
        view = await issue_one(context)
        seat = granted(await activate(context, make_request(1, view.license_key)))
        old = kid_of(seat)

        async def late(connection: Connection) -> None:
            stored = await licenses.get(connection, view.license.license_id)
            assert isinstance(stored, StoredLicense)
            await retire(context, old, compromised=True)
            later = seat.activation.last.certificate_expires
            assert later is not None
            last = replace(seat.activation.last, certificate_expires=later + timedelta(days=9))
            seat_later = replace(seat.activation, last=last)
            await keys.sign_for(connection, stored, Granted(seat_later))

        with pytest.raises(UnavailableError):
            await context.database.transact(late)

    world.run(work)


def test_no_key_id_looks_like_an_option(world: World):
    """One in 64 would."""

    async def work(context: Context):
        master, chance = context.keyring.master, context.randomness.random_bytes
        life = KeyLife(2, "", None, START)
        return [keys.make_key(life, master, chance).life.kid for _ in range(1000)]

    made = world.run(work)
    assert len(set(made)) == 1000
    assert not any(kid.startswith("-") for kid in made)
