"""What apps and orders tell of people: stored sealed, once, found again in any script, masked."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import text

from activation_server.crypto.sealed import SealBrokenError
from activation_server.rules.errors import UnavailableError
from activation_server.rules.person import Person, Profile, Search, Told
from activation_server.services import finding, licensing, new_seat, people_search
from activation_server.services.calls import Certified, Request
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.finding import Asked
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.products import STANDARD
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request

ANA = Person("Ana Popescu", "Exemplu SRL", "ana@example.com")
BEN = Person("Ben Żółty", "Exemplu SRL", "ben@example.com")


def told(person: Person = ANA, comments: str | None = None, computer: str | None = None) -> Told:
    return Told(person, comments, computer)


async def activate(context: Context, request: Request) -> Certified:
    return granted(await new_seat.activate(context, request))


async def check_in(context: Context, seat: Certified, request: Request) -> Certified:
    return granted(
        await reactivate(context, seat.activation.activation_id, seat.check_in_token, request)
    )


async def people_of(context: Context, sold: LicenseView) -> list[Profile]:
    history = await licensing.show(context, str(sold.license.license_id), "to compare")
    return list(history.view.people)


async def found(context: Context, wanted: str) -> set[UUID]:
    return {
        view.license.license_id
        for view in (await finding.find(context, wanted, more=True)).licenses
    }


async def rows(context: Context, table: str) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)

    return await context.database.transact(work)


def test_what_an_app_tells_is_shown_and_found(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        news = told(ANA, "Please call me.", "ANA-PC")
        seat = await activate(context, make_request(1, sold.license_key, told=news))
        [ana] = await people_of(context, sold)
        assert ana.person == ANA
        computer = ana.computers[seat.activation.activation_id]
        assert (computer.name, computer.comments) == ("ANA-PC", "Please call me.")
        everything = ("ana", "POP", "popescu ana", "exemplu", "ana@example.com", "@EXAMPLE.com")
        for wanted in (*everything, "ana-pc", "popescu exemplu pc"):
            assert await found(context, wanted) == {sold.license.license_id}, wanted
        for other in ("anb", "popescu ben", "ana@example.org", "@example.org", "opescu", "ana@"):
            assert await found(context, other) == set(), other

    world.run(work)


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("Ελένη Παπαδοπούλου", "παπαδοπουλου"),
        ("山田 太郎", "太郎"),
        ("山田太郎", "山田"),
        ("김민준", "민준"),
        ("محمد عبد الله", "عبد"),
        ("Łukasz Żółć", "lukasz zolc"),
        ("Nguyễn Thị Ánh", "nguyen thi anh"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER J}ohn", "john"),
        ("Jürgen Groß", "GROSS"),
        ("Li Wei", "li"),
    ],
)
def test_a_person_is_found_in_any_script(world: World, name: str, wanted: str):
    async def work(context: Context):
        sold = await issue_one(context, buyer=Person(name))
        await issue_one(context, buyer=Person("Somebody Else"))
        assert await found(context, wanted) == {sold.license.license_id}

    world.run(work)


def test_of_very_many_some_are_given_and_more_when_they_are_asked_for(world: World):
    async def work(context: Context):
        await issue_one(context)
        order = Order(PRODUCT, STANDARD, {}, None, None, None, 150, Person("Ana Popescu"))
        await licensing.issue(context, order, lambda _done: None)
        for more, count in ((False, 25), (True, 100)):
            many = await finding.find(context, "popescu", more=more)
            assert (len(many.licenses), many.complete, many.has_more()) == (count, False, True)
        await issue_one(context, buyer=Person("Ana Popa"))
        for wanted, count in (("popa", 1), ("popa ana", 1), ("popescus", 0)):
            few = await finding.find(context, wanted)
            assert (len(few.licenses), few.complete) == (count, True)

    world.run(work)


def test_a_name_that_many_have_hides_no_license_of_that_key(world: World):
    async def work(context: Context):
        wanted = await issue_one(context)
        buyer = Person(f"Ana {wanted.key_tail}")
        order = Order(PRODUCT, STANDARD, {}, None, None, None, 30, buyer)
        world.clock.advance(minutes=1)
        await licensing.issue(context, order, lambda _done: None)

        async def search(connection: Connection):
            asked = Asked(wanted.key_tail, most=finding.SHOWN_WHILE_TYPING)
            return await finding.matching(context, connection, asked)

        found, complete = await context.database.transact(search)
        assert (len(found), complete) == (20, False)
        assert found[0].license.license_id == wanted.license.license_id

    world.run(work)


@pytest.mark.parametrize("most", [1, 2, 3])
def test_licenses_are_counted_not_their_people(world: World, most: int):
    """So many are wanted: none is left out because a license has several people who match."""

    async def work(context: Context):
        sold = [await issue_one(context, seats=5) for _ in range(2)]
        for number in range(8):
            told = Told(Person(f"Ana Popescu {number}"))
            request = make_request(number, sold[number // 4].license_key, number, told=told)
            granted(await new_seat.activate(context, request))

        async def search(connection: Connection):
            wanted = Search.parse("popescu")
            return await people_search.find(context, connection, wanted, most)

        given = await context.database.transact(search)
        assert len(set(given.license_ids)) == len(given.license_ids) == min(most, len(sold))
        assert given.complete == (most > len(sold))

    world.run(work)


def test_a_search_that_leads_to_too_many_ends_and_tells_it(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def work(context: Context):
        await issue_one(context)
        order = Order(PRODUCT, STANDARD, {}, None, None, None, 300, Person("Ana Softwaremann"))
        await licensing.issue(context, order, lambda _done: None)
        monkeypatch.setattr(people_search, "OPENED_LIMIT", 100)
        few = await finding.find(context, "softwarehaus")
        assert (few.licenses, few.complete) == ([], False)

    world.run(work)


def test_a_search_that_waits_too_long_is_told_as_unavailable(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def impatient(connection: Connection) -> None:
        await connection.execute(text("SET LOCAL lock_timeout = 50"))

    async def work(context: Context):
        monkeypatch.setattr(people_search, "trust_index", impatient)
        async with context.database.engine.begin() as other:
            await other.execute(text("LOCK TABLE people"))
            with pytest.raises(UnavailableError):
                await finding.find(context, str(ANA.email))

    world.run(work)


@pytest.mark.parametrize("count", [0, 1, 40])
def test_an_address_is_found_in_every_drawer(world: World, count: int):
    async def work(context: Context):
        sold = [await issue_one(context, buyer=ANA) for _ in range(count)]
        await issue_one(context, buyer=BEN)
        everywhere = {view.license.license_id for view in sold}
        for wanted in (str(ANA.email), "ana exemplu"):
            assert await found(context, wanted) == everywhere

    world.run(work)


def test_a_user_who_bought_the_license_is_not_stored_twice(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=3, buyer=Person(ANA.name, None, ANA.email))
        for number in (1, 2):
            request = make_request(number, sold.license_key, number, told=told(ANA))
            await activate(context, request)
        [ana] = await people_of(context, sold)
        assert (ana.role, ana.person, len(ana.computers)) == ("buyer", ANA, 2)
        await activate(context, make_request(3, sold.license_key, 3, told=told(BEN)))
        assert [each.person for each in await people_of(context, sold)] == [ANA, BEN]

    world.run(work)


def test_a_check_in_changes_what_it_tells_and_nothing_else(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        first = told(ANA, "Hello", "ANA-PC")
        seat = await activate(context, make_request(1, sold.license_key, told=first))
        seat = await check_in(context, seat, make_request(2))
        moved = told(Person(email="ana@example.org"), None, "ANA-2")
        seat = await check_in(context, seat, make_request(3, told=moved))
        [ana] = await people_of(context, sold)
        assert ana.person == Person(ANA.name, ANA.company, "ana@example.org")
        computer = ana.computers[seat.activation.activation_id]
        assert (computer.name, computer.comments) == ("ANA-2", "Hello")
        assert await found(context, "ana@example.com") == set()
        assert await found(context, "ana@example.org") == {sold.license.license_id}

    world.run(work)


def test_a_computer_that_changes_hands_leaves_nobody_behind(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2)
        seat = await activate(
            context, make_request(1, sold.license_key, told=told(ANA, None, "PC-1"))
        )
        await activate(context, make_request(2, sold.license_key, 2, told=told(BEN)))
        await check_in(context, seat, make_request(3, told=told(BEN)))
        [ben] = await people_of(context, sold)
        assert (ben.person, len(ben.computers)) == (BEN, 2)
        assert await found(context, "pc-1 ben") == {sold.license.license_id}
        assert await found(context, "ana") == set()

    world.run(work)


def test_a_check_in_that_tells_the_same_writes_nothing_of_the_person(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=told()))

        async def version(connection: Connection) -> object:
            question = text("SELECT xmin::text, ctid::text FROM people")
            return (await connection.execute(question)).one()

        before = await context.database.transact(version)
        await check_in(context, seat, make_request(2, told=told()))
        assert await context.database.transact(version) == before

    world.run(work)


def test_a_refused_activation_stores_nothing_of_a_person(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key))
        await new_seat.activate(context, make_request(2, sold.license_key, 2, told=told()))
        assert await rows(context, "people") == 0

    world.run(work)


def test_two_computers_of_one_person_at_once_make_one_person(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=None)
        seats = [await activate(context, make_request(n, sold.license_key, n)) for n in range(1, 9)]
        news = [
            check_in(context, seat, make_request(n + 100, computer=n, told=told()))
            for n, seat in enumerate(seats, 1)
        ]
        await asyncio.gather(*news)
        [ana] = await people_of(context, sold)
        assert len(ana.computers) == 8

    world.run(work)


@pytest.mark.parametrize("column", ["wrapped_key", "name", "email"])
def test_a_value_that_is_put_into_another_row_does_not_open(world: World, column: str):
    async def work(context: Context):
        one = await issue_one(context, buyer=ANA)
        other = await issue_one(context, buyer=BEN)

        async def swap(connection: Connection):
            await connection.execute(
                text(
                    f"UPDATE people SET {column} = (SELECT {column} FROM people AS theirs"
                    " WHERE license_id = :other) WHERE license_id = :one"
                ),
                {"one": one.license.license_id, "other": other.license.license_id},
            )

        await context.database.transact(swap)
        with pytest.raises(SealBrokenError):
            await people_of(context, one)
        assert [each.person for each in await people_of(context, other)] == [BEN]

    world.run(work)
