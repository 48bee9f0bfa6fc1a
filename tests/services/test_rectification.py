"""Put right on the person's word: found anew, not undone by what apps repeat, noted, no contact."""

from dataclasses import replace
from datetime import date

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.consent import Channel, State
from activation_server.rules.errors import NotFoundError, OperatorError
from activation_server.rules.hold import HoldOrder
from activation_server.rules.person import Person, Told
from activation_server.services import (
    audit_list,
    erasure,
    export,
    holds,
    licensing,
    newsletter,
    rectification,
)
from activation_server.services.context import Context
from activation_server.services.rectification import Corrected, Correction
from tests.conftest import World
from tests.services.calls import issue_one, make_request
from tests.services.test_newsletter import listed
from tests.services.test_people import ANA, BEN, activate, check_in, found, people_of, told

EMAIL, NEW = str(ANA.email), "ana@new.example"


def to(**values: str | None) -> Correction:
    return Correction(values, "she rang")


async def correct(context: Context, **values: str | None) -> Corrected:
    return await rectification.correct(context, EMAIL, to(**values))


def test_a_person_is_put_right_in_every_license_and_nobody_else(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2, buyer=ANA)
        other = await issue_one(context, buyer=Person("Ana P.", None, EMAIL.upper()))
        await activate(context, make_request(1, sold.license_key, told=told(BEN)))
        before = [each.contacted_at for each in await people_of(context, sold)]
        world.clock.advance(days=10)
        done = await correct(context, name=" Ana Pop ", email=NEW)
        ids = tuple(sorted(view.license.license_id for view in (sold, other)))
        assert done == Corrected(2, ids, ("name", "email"))
        [ana, ben] = await people_of(context, sold)
        assert (ana.person, ben.person) == (Person("Ana Pop", ANA.company, NEW), BEN)
        assert [ana.contacted_at, ben.contacted_at] == before  # no contact: no clock is set
        assert await found(context, NEW) == await found(context, "pop ana") == set(ids)
        assert await found(context, EMAIL) == await found(context, "popescu") == set()
        assert await rectification.correct(context, NEW, to(name="Ana Pop")) == Corrected()
        assert await correct(context, name="Nobody") == Corrected()

        shown = await licensing.show(context, sold.license.license_id)
        event = shown.events[0]
        assert event.kind == "person_corrected"
        assert dict(event.details) == {"fields": ["name", "email"], "reason": "she rang"}
        entries = await audit_list.newest(context, Wanted(action=Action.PERSON_CORRECTED), None)
        assert {each.entry.license_id for each in entries} == set(ids)
        assert {each.why for each in entries} == {"she rang"}
        assert dict(entries[0].entry.details) == {"fields": ["name", "email"]}

    world.run(work)


@pytest.mark.parametrize(
    ("right", "again"),
    [
        ({"email": NEW}, {"email": EMAIL}),
        ({"email": NEW}, {"email": EMAIL.upper()}),
        ({"name": "Ana Pópescu"}, {"name": "Ana Popescu"}),  # alike when folded
        ({"company": None}, {"company": "Exemplu SRL"}),
        ({"company": "Exemplu SA", "email": NEW}, {}),
    ],
)
def test_what_was_put_right_stays_though_apps_repeat_it(
    world: World, right: dict[str, str | None], again: dict[str, str]
):
    async def work(context: Context):
        sold = await issue_one(context, seats=2)
        seat = await activate(context, make_request(1, sold.license_key, told=told(ANA)))
        await correct(context, **right)
        is_right, repeated = replace(ANA, **right), replace(ANA, **again)
        seat = await check_in(context, seat, make_request(2, told=told(ANA)))
        await check_in(context, seat, make_request(3, told=told(repeated, "A comment", "PC")))
        await activate(context, make_request(4, sold.license_key, 2, told=told(repeated)))
        [ana] = await people_of(context, sold)
        assert (ana.person, len(ana.computers)) == (is_right, 2)

    world.run(work)


def test_what_an_app_tells_anew_counts_again(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=told(ANA)))
        await correct(context, name="Ana Pop", email=NEW)
        for number, email in ((2, "ana@third.example"), (3, EMAIL)):
            news = told(replace(ANA, email=email))
            seat = await check_in(context, seat, make_request(number, told=news))
            [ana] = await people_of(context, sold)
            assert ana.person == Person("Ana Pop", ANA.company, email)
        await correct(context, name="Ana Popescu")  # back: it is no mistake any more
        await rectification.correct(context, EMAIL, to(name="Ana P."))
        [ana] = await people_of(context, sold)
        assert ana.person.name == "Ana P."

    world.run(work)


def test_a_consent_is_not_carried_over_nor_made_by_what_apps_repeat(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2)
        asks = Told(ANA, newsletter=True)
        seat = await activate(context, make_request(1, sold.license_key, told=asks))
        await newsletter.confirm(context, EMAIL)
        assert (await correct(context, name="Ana Pop")).consents_ended == 0
        assert await listed(context) == [EMAIL]
        assert (await correct(context, email=NEW)).consents_ended == 1
        [old] = (await newsletter.status(context, EMAIL)).consents
        assert old.consent.withdrawn_by is Channel.ADDRESS_CHANGED
        news = replace(asks, comments="Hello")
        seat = await check_in(context, seat, make_request(2, told=news))
        await activate(context, make_request(3, sold.license_key, 2, told=asks))
        assert (await newsletter.status(context, NEW)).in_force == set()
        wishes = Told(replace(ANA, email=NEW), newsletter=True)
        await check_in(context, seat, make_request(4, told=wishes))
        assert (await newsletter.status(context, NEW)).in_force == {State.UNCONFIRMED}
        assert await listed(context) == []

    world.run(work)


def test_one_person_of_a_license_or_the_same_everywhere(world: World):
    async def work(context: Context):
        sold, other = [await issue_one(context, buyer=ANA) for _ in range(2)]
        [ana] = await people_of(context, sold)
        named = sold.license.license_id, ana.person_id
        one = await rectification.correct_one(context, *named, to(company="Exemplu SA"))
        assert one.licenses == (sold.license.license_id,)
        after = await rectification.find(context, *named)
        assert (after.person.company, after.version != ana.version) == ("Exemplu SA", True)
        both = await rectification.correct_one(context, *named, to(email=NEW), everywhere=True)
        assert (both.people, both.fields) == (2, ("email",))
        for wrong in ((other.license.license_id, ana.person_id), (ana.person_id, ana.person_id)):
            with pytest.raises(NotFoundError):
                await rectification.correct_one(context, *wrong, to(name="X"))

    world.run(work)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"email": "no address"},
        {"name": "x" * 201},
        {"name": "a\x00b"},
        {"name": None, "company": " ", "email": ""},
    ],
)
def test_what_can_not_be_right_is_refused(world: World, wrong: dict[str, str | None]):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        with pytest.raises(OperatorError):
            await correct(context, **wrong)
        with pytest.raises(OperatorError, match="why"):
            await rectification.correct(context, EMAIL, Correction({"name": "Ana"}, " "))
        [ana] = await people_of(context, sold)
        assert ana.person == ANA

    world.run(work)


def test_a_hold_keeps_what_a_dispute_is_about(world: World):
    async def work(context: Context):
        sold, other = [await issue_one(context, buyer=ANA) for _ in range(2)]
        order = HoldOrder("case 1", "Dr. Law", date(2027, 12, 31))
        await holds.place_on_license(context, str(sold.license.license_id), order)
        with pytest.raises(OperatorError, match="legal hold"):
            await correct(context, name="Ana Pop")
        for view in (sold, other):
            assert [each.person for each in await people_of(context, view)] == [ANA]

    world.run(work)


def test_erased_with_what_was_before(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=told(ANA)))
        await correct(context, email=NEW)
        [held] = (await export.export(context, NEW)).licenses
        [values] = [each.rows for each in held.tables if each.name == "people"]
        [superseded] = [each for each in values[0] if each.column == "superseded"]
        assert (superseded.value, bool(superseded.note)) == (None, True)
        await erasure.erase(context, NEW)
        await check_in(context, seat, make_request(2, told=told(ANA, "Hello")))
        [ana] = await people_of(context, sold)
        assert ana.erased_at is not None
        named = sold.license.license_id, ana.person_id
        with pytest.raises(OperatorError, match="erased"):
            await rectification.correct_one(context, *named, to(name="Ana"))

    world.run(work)
