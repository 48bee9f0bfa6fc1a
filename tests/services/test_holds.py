"""A legal hold stops retention and erasure: whoever is first wins, and its end ends it."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activation_server.crypto.sealed import SealBrokenError
from activation_server.rules.errors import OperatorError
from activation_server.rules.hold import Hold, HoldOrder, HoldStatus
from activation_server.rules.person import Person
from activation_server.services import erasure, holds
from activation_server.services.context import Context
from activation_server.services.erasure import Counts
from activation_server.services.licensing import LicenseView
from activation_server.store.database import Connection
from activation_server.store.erasure import erase_person
from activation_server.store.holds import held
from activation_server.store.people import lock_license
from activation_server.store.tables import licenses, people
from tests.conftest import START, World
from tests.services.calls import deadlocks, issue_one, make_request
from tests.services.test_erasure import EMAIL, back_up, ignore, restore, run
from tests.services.test_people import ANA, BEN, activate, check_in, found, people_of, told

TODAY = START.date()
ORDER = HoldOrder("Ana P. sues us", "Dr. Law", TODAY + timedelta(days=30))


def names(some: Sequence[Hold]) -> set[tuple[UUID, UUID | None]]:
    return {(hold.license_id, hold.person_id) for hold in some}


def id_of(sold: LicenseView) -> UUID:
    return sold.license.license_id


async def kept(context: Context, on: date = TODAY) -> tuple[set[UUID], set[UUID]]:
    """Which licenses a run must leave, and which people."""

    async def work(connection: Connection) -> tuple[set[UUID], set[UUID]]:
        of, who = licenses.c.license_id, people.c
        of_licenses = licenses.select().where(held(of, on))
        of_people = people.select().where(held(who.license_id, on, who.person_id))
        return (
            {row.license_id for row in await connection.execute(of_licenses)},
            {row.person_id for row in await connection.execute(of_people)},
        )

    return await context.database.transact(work)


def test_a_hold_on_a_license_holds_all_of_it(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await issue_one(context, buyer=BEN)
        [ana] = await people_of(context, sold)
        [hold] = await holds.place_on_license(context, sold.license_key, ORDER)
        assert names([hold]) == {(id_of(sold), None)}
        assert await kept(context) == ({id_of(sold)}, {ana.person_id})
        assert await holds.list_holds(context) == [hold]

    world.run(work)


def test_a_hold_on_a_person_holds_them_in_every_license_and_nobody_else(world: World):
    async def work(context: Context):
        one = await issue_one(context, seats=2, buyer=ANA)
        other = await issue_one(context, buyer=replace(ANA, email=EMAIL.upper()))
        await issue_one(context, buyer=BEN)
        await activate(context, make_request(1, one.license_key, told=told(BEN)))
        placed = await holds.place_on_person(context, f" {EMAIL.title()}", ORDER)
        ana = (await people_of(context, one))[0].person_id
        [again] = await people_of(context, other)
        assert names(placed) == {(id_of(one), ana), (id_of(other), again.person_id)}
        assert await kept(context) == ({id_of(one), id_of(other)}, {ana, again.person_id})
        assert (await erasure.erase(context, str(BEN.email))).counts == Counts(2, 1, 2)

    world.run(work)


def test_an_end_ends_a_hold_and_a_lift_ends_it_before(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        [hold] = await holds.place_on_license(context, sold.license_key, ORDER)
        [ben] = await holds.place_on_license(context, sold.license_key, ORDER)
        assert (await kept(context, ORDER.until))[0] == {id_of(sold)}
        assert await kept(context, ORDER.until + timedelta(days=1)) == (set(), set())
        lifted = await holds.lift(context, hold.hold_id, "settled")
        assert (lifted.lifted_at, lifted.lifted_reason) == (context.now(), "settled")
        assert await holds.list_holds(context) == [ben]
        context.clock.advance(days=31)  # type: ignore[attr-defined] # the tests' own
        assert await holds.lift(context, hold.hold_id, "again") == lifted
        with pytest.raises(OperatorError, match="ended on 2026-12-22"):
            await holds.lift(context, ben.hold_id, "too late")
        assert await holds.list_holds(context) == []
        everything = await holds.list_holds(context, ended_too=True)
        standing = {one.hold_id: one.status(context.now().date()) for one in everything}
        assert standing == {hold.hold_id: HoldStatus.LIFTED, ben.hold_id: HoldStatus.ENDED}

    world.run(work)


def test_what_can_not_be_held_or_lifted_is_told(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        with pytest.raises(OperatorError, match="No license has this key"):
            await holds.place_on_license(context, "nothing", ORDER)
        with pytest.raises(OperatorError, match="Nobody has this address"):
            await holds.place_on_person(context, str(BEN.email), ORDER)
        with pytest.raises(OperatorError, match="in the future"):
            await holds.place_on_license(context, sold.license_key, replace(ORDER, until=TODAY))
        with pytest.raises(OperatorError, match="in the future"):
            await holds.place_on_person(context, EMAIL, replace(ORDER, until=TODAY))
        with pytest.raises(OperatorError, match="There is no hold"):
            await holds.lift(context, UUID(int=1), "settled")
        with pytest.raises(OperatorError, match="Say why"):
            await holds.lift(context, UUID(int=1), " ")
        assert await holds.list_holds(context, ended_too=True) == []

    world.run(work)


@pytest.mark.parametrize("on_license", [True, False])
def test_an_erasure_is_refused_as_a_whole_until_the_hold_ends(world: World, on_license: bool):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await issue_one(context, buyer=ANA)
        [hold, *rest] = await (
            holds.place_on_license(context, sold.license_key, ORDER)
            if on_license
            else holds.place_on_person(context, EMAIL, ORDER)
        )
        for dry_run in (True, False):
            with pytest.raises(OperatorError, match=f"{hold.hold_id} .until 2026-12-22") as told_:
                await erasure.erase(context, EMAIL, dry_run=dry_run)
            assert "ana" not in str(told_.value).lower()
        assert world.ledger.read_bytes() == b""
        assert len(await found(context, EMAIL)) == 2
        for one in (hold, *rest):
            await holds.lift(context, one.hold_id, "settled")
        assert (await erasure.erase(context, EMAIL)).counts == Counts(2, 0, 2)

    world.run(work)


def test_a_hold_past_its_end_does_not_stop_an_erasure(world: World):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)
        await holds.place_on_person(context, EMAIL, ORDER)
        context.clock.advance(days=30)  # type: ignore[attr-defined] # the tests' own
        with pytest.raises(OperatorError, match="legal hold"):
            await erasure.erase(context, EMAIL)
        context.clock.advance(days=1)  # type: ignore[attr-defined] # the tests' own
        assert (await erasure.erase(context, EMAIL)).counts == Counts(1, 0, 1)

    world.run(work)


def test_what_was_erased_before_a_hold_stays_erased(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await back_up(context)
        await erasure.erase(context, EMAIL)
        await holds.place_on_license(context, sold.license_key, ORDER)
        await restore(context)
        with pytest.raises(OperatorError, match="privacy replay"):
            await holds.place_on_person(context, EMAIL, ORDER)
        assert await erasure.replay(context, ignore) == 1
        with pytest.raises(OperatorError, match="Nobody has this address"):
            await holds.place_on_person(context, EMAIL, ORDER)

    world.run(work)


@pytest.mark.parametrize("erase_first", [True, False])
def test_of_an_erasure_and_a_hold_at_once_the_first_wins(world: World, erase_first: bool):
    async def work(context: Context):
        for number in range(8):
            who = replace(ANA, email=f"ana{number}@example.com")
            sold = await issue_one(context, seats=2, buyer=who)
            first = make_request(number * 9 + 1, sold.license_key, told=told(who))
            seat, news = await activate(context, first), told(who, "Hello", "ANA-PC")
            calls = [
                erasure.erase(context, str(who.email)),
                holds.place_on_person(context, str(who.email), ORDER),
                check_in(context, seat, make_request(number * 9 + 2, told=news)),
            ]
            ordered = calls if erase_first else [calls[1], calls[0], calls[2]]
            done = await asyncio.gather(*ordered, return_exceptions=True)
            erased, placed = done[:2] if erase_first else (done[1], done[0])
            assert {isinstance(one, OperatorError) for one in (erased, placed)} == {True, False}
            assert not isinstance(done[2], BaseException), done[2]
            [known, *_] = await people_of(context, sold)
            assert (known.erased_at is None) is isinstance(erased, OperatorError)
        assert await context.database.transact(deadlocks) == 0
        await erasure.check(context)

    world.run(work)


async def until_somebody_waits(connection: Connection) -> None:
    waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype = 'advisory'")
    while not await connection.scalar(waiting):
        pass


def test_a_hold_that_waited_for_an_erasure_finds_nobody(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        [ana] = await people_of(context, sold)

        async def erased_meanwhile(connection: Connection) -> asyncio.Task[Sequence[Hold]]:
            await lock_license(connection, ana.license_id)
            placing = asyncio.create_task(holds.place_on_person(context, EMAIL, ORDER))
            await until_somebody_waits(connection)
            await erase_person(connection, ana.license_id, ana.person_id, context.now(), b"")
            return placing

        placing = await context.database.transact(erased_meanwhile)
        with pytest.raises(OperatorError, match="Nobody has this address"):
            await placing
        assert await holds.list_holds(context) == []

    world.run(work)


@pytest.mark.parametrize("news", [BEN, Person("Carl", "Andere AG", "carl@example.com")])
def test_a_held_person_is_not_lost_when_the_computer_changes_hands(world: World, news: Person):
    async def work(context: Context):
        sold = await issue_one(context, seats=2)
        seat = await activate(context, make_request(1, sold.license_key, told=told()))
        await activate(context, make_request(2, sold.license_key, 2, told=told(BEN)))
        [hold] = await holds.place_on_person(context, EMAIL, ORDER)
        seat = await check_in(context, seat, make_request(3, told=told(news)))
        known = {each.person_id: each for each in await people_of(context, sold)}
        assert hold.person_id is not None
        assert known[hold.person_id].person == ANA
        assert {each.person for each in known.values()} == {ANA, BEN, news}
        [user] = [
            each.person
            for each in known.values()
            if seat.activation.activation_id in each.computers
        ]
        assert user == news

    world.run(work)


def test_a_license_with_a_hold_can_not_be_deleted(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        await holds.place_on_license(context, sold.license_key, ORDER)
        with pytest.raises(IntegrityError, match="legal_holds"):
            await run(context, "DELETE FROM licenses")
        assert len(await holds.list_holds(context)) == 1

    world.run(work)


def test_the_words_of_a_hold_are_sealed_each_for_its_place(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        [hold] = await holds.place_on_license(context, sold.license_key, ORDER)
        await holds.lift(context, hold.hold_id, "settled")

        async def row(connection: Connection) -> str:
            question = text("SELECT encode(reason || ordered_by || lifted_reason, 'escape') FROM ")
            return str(await connection.scalar(text(f"{question} legal_holds")))

        stored = await context.database.transact(row)
        for word in ("Ana", "Law", "settled"):
            assert word not in stored
        await run(context, "UPDATE legal_holds SET ordered_by = reason")
        with pytest.raises(SealBrokenError):
            await holds.list_holds(context, ended_too=True)

    world.run(work)
