"""Everything held on a person is exported, explained, and nothing of anybody else."""

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Integer, LargeBinary, Table, Uuid
from sqlalchemy.schema import CreateTable

from activation_server.formats import person_export
from activation_server.rules import export as rules
from activation_server.rules import personal_data as kind
from activation_server.rules.export import Export
from activation_server.rules.person import Told
from activation_server.services import (
    erasure,
    export,
    licensing,
    new_seat,
    products,
    seat_changes,
)
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.privacy import stored_data
from activation_server.store import person_rows
from activation_server.store.database import Connection
from activation_server.store.tables import metadata
from activation_server.store.tables.declaring import column
from tests.conftest import World
from tests.services.calls import PRODUCT, issue_one, make_request, reason
from tests.services.test_people import ANA, BEN, activate, check_in, people_of, told

EMAIL = str(ANA.email)


async def exported(context: Context, email: str = EMAIL) -> str:
    return json.dumps(
        person_export.document(await export.export(context, email)), ensure_ascii=False
    )


def columns(found: Export) -> set[tuple[str, str]]:
    """Every column of which something stands in an export, read or described."""
    return {
        (table.name, value.column)
        for license_ in found.licenses
        for table in license_.tables
        for row in table.rows
        for value in row
    }


def values(found: Export, table: str, column: str) -> list[object]:
    return [
        value.value
        for license_ in found.licenses
        for held in license_.tables
        if held.name == table
        for row in held.rows
        for value in row
        if value.column == column
    ]


def test_every_column_about_a_person_is_exported_or_exempt():
    for table in stored_data():
        about = [column for column in table.columns if column.kind.is_about_a_person()]
        if not about or table.name in rules.EXEMPT:
            continue
        assert person_rows.way_to(table.name), (
            f"{table.name} holds data about people, and no column leads to them: "
            "give it a way in store/person_rows.py, or exempt it in rules/export.py"
        )
        for each in about:
            stored = metadata.tables[table.name].columns[each.name].type.python_type
            place = (table.name, each.name)
            assert (
                stored is not bytes
                or place in export.OPENED
                or rules.unreadable(each.kind, b"") == rules.DIGEST
            ), f"{place} is bytes: open it in services/export.py, or name its kind a digest"


def test_what_is_exempt_is_there_and_no_more():
    assert set(rules.EXEMPT) <= set(metadata.tables)
    assert set(export.OPENED) <= {
        (table.name, column.name)
        for table in stored_data()
        for column in table.columns
        if column.kind.is_about_a_person()
    }


def test_who_is_alone_on_a_license_is_given_all_of_it(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA, order_reference="order-1")
        news = replace(told(ANA, "Please call me.", "ANA-PC"), newsletter=True)
        await activate(context, make_request(1, sold.license_key, told=news))
        world.clock.advance(seconds=1)
        await licensing.change_standing(context, sold.license_key, "suspend", "unpaid")
        await licensing.change_standing(context, sold.license_key, "reinstate", "paid")
        reason(await new_seat.activate(context, make_request(9, sold.license_key, 9)))
        found = await export.export(context, f" {EMAIL.upper()} ")
        assert values(found, "people", "name") == ["Ana Popescu"]
        assert values(found, "people", "company") == ["Exemplu SRL"]
        assert values(found, "people", "email") == [EMAIL]
        assert values(found, "person_computers", "computer_name") == ["ANA-PC"]
        assert values(found, "person_computers", "comments") == ["Please call me."]
        assert values(found, "licenses", "key_sealed") == [sold.license_key]
        assert values(found, "licenses", "order_sealed") == ["order-1"]
        assert values(found, "events", "kind")[:2] == ["issued", "activated"]
        assert {"unpaid", "paid"} <= set(values(found, "events", "words"))
        assert {"unpaid", "paid"} <= set(values(found, "audit_log", "why_sealed"))
        assert set(values(found, "audit_log", "who")) == {None}
        assert values(found, "newsletter_consents", "state") == ["unconfirmed"]
        assert len(values(found, "refusals", "evidence")) == 1
        assert not found.licenses[0].shared
        expected = {
            (table.name, column.name)
            for table in stored_data()
            for column in table.columns
            if column.kind.is_about_a_person() and table.name not in rules.EXEMPT
        }
        assert expected - columns(found) == {
            (table, column) for table, column in expected if table == "computers"
        }

    world.run(work)


def test_a_trial_is_found_by_the_computer(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        one_each = {"one_license_per_computer": True}
        await products.add_policy(context, PRODUCT, "single", one_each)
        single = await issue_one(context, policy="single", buyer=ANA)
        await activate(context, make_request(1, single.license_key))
        found = await export.export(context, EMAIL)
        assert {each.license_id for each in found.licenses} == {
            sold.license.license_id,
            single.license.license_id,
        }
        assert values(found, "computers", "product") == [PRODUCT]

    world.run(work)


@pytest.mark.parametrize("seed", range(3))
def test_of_two_people_on_a_license_each_is_given_their_own(world: World, seed: int):
    chance = random.Random(seed)

    async def work(context: Context):
        buyer = chance.choice([ANA, BEN, None])
        sold = await issue_one(context, seats=None, buyer=buyer, order_reference="order-1")
        theirs: dict[str, set[str]] = {"ana": set(), "ben": set(), "nobody": set()}
        for number in range(1, 9):
            who = (
                chance.choice(["ana", "ben", "nobody"])
                if number > 2
                else ("ana", "ben")[number - 1]
            )
            seat = await use(context, number, sold.license_key, who, chance)
            theirs[who] |= {str(seat), *MARKS[who]}
        await licensing.change_standing(context, sold.license_key, "suspend", "unpaid")
        for who, person in (("ana", ANA), ("ben", BEN)):
            text = await exported(context, str(person.email))
            others = {"ana": "ben", "ben": "ana"}[who]
            has_nobodys = {theirs["nobody"] <= set_of(text, theirs["nobody"])}
            assert set_of(text, theirs[who]) == theirs[who]
            assert not set_of(text, theirs[others] - theirs[who])
            assert has_nobodys == {person == buyer or not theirs["nobody"]}
            assert (sold.license_key in text) == (person == buyer)
            assert ("order-1" in text) == (person == buyer)
            assert "unpaid" not in text  # it may be about the other one
            assert '"others_left_out": true' in text

    world.run(work)


MARKS = {
    "ana": {"Ana Popescu", "ana@example.com", "ana-pc", "ana says"},
    "ben": {"Ben Żółty", "ben@example.com", "ben-pc", "ben says"},
    "nobody": set(),
}


def set_of(text: str, wanted: set[str]) -> set[str]:
    return {each for each in wanted if each in text}


async def use(context: Context, number: int, key: str, who: str, chance: random.Random) -> UUID:
    """A computer of somebody comes, and does what computers do."""
    person = {"ana": ANA, "ben": BEN}.get(who)
    news = Told() if person is None else told(person, f"{who} says", f"{who}-pc")
    seat = await activate(context, make_request(number, key, number, told=news))
    activation_id = seat.activation.activation_id
    if chance.random() < 0.5:
        checked = await check_in(context, seat, make_request(100 + number, computer=number))
        copy = make_request(200 + number, computer=number, network=f"198.51.{number}.0/24")
        if chance.random() < 0.5:
            await check_in(context, seat, copy)
        assert checked.activation.activation_id == activation_id
    if chance.random() < 0.3:
        await seat_changes.remove_activation(context, activation_id, f"{who} asked")
    return activation_id


def test_of_a_shared_license_a_refusal_does_not_tell_what_it_was_about(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2, buyer=ANA)
        seat = await activate(context, make_request(1, sold.license_key, told=told(BEN)))
        other = make_request(2, computer=2)
        activation_id, token = seat.activation.activation_id, seat.check_in_token
        reason(await reactivate(context, activation_id, token, other))
        bens, anas = [await export.export(context, str(each.email)) for each in (BEN, ANA)]
        assert values(anas, "refusals", "code") == ["HARDWARE_MISMATCH"]
        assert values(anas, "refusals", "evidence") == [None]
        assert values(bens, "refusals", "code") == []

    world.run(work)


def test_what_an_erased_person_used_is_not_the_buyers_to_see(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2, buyer=ANA)
        seat = await activate(context, make_request(1, sold.license_key, told=told(BEN)))
        await erasure.erase(context, str(BEN.email))
        assert str(seat.activation.activation_id) not in await exported(context)
        assert (await export.export(context, str(BEN.email))).licenses == []

    world.run(work)


@pytest.fixture
def notes() -> Iterator[Table]:
    """A table as it may be added: of persons, and of licenses as a whole."""
    added = Table(
        "notes",
        metadata,
        column("license_id", Uuid, kind.LICENSE_ID, primary_key=True),
        column("number", Integer, kind.PERSON_FACT, primary_key=True),
        column("person_id", Uuid, kind.PERSON_ID, nullable=True),
        column("sealed", LargeBinary, kind.COMMENT),
        info={"about": "What support noted."},
    )
    yield added
    metadata.remove(added)


def test_a_table_that_is_added_is_exported_by_itself(world: World, notes: Table):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await activate(context, make_request(1, sold.license_key, told=told(BEN)))
        ana, ben = await people_of(context, sold)
        license_id = sold.license.license_id

        async def note(connection: Connection) -> None:
            await connection.execute(CreateTable(notes))
            for number, person_id in enumerate((ana.person_id, ben.person_id, None)):
                row = (license_id, number, person_id, b"secret")
                await connection.execute(notes.insert().values(row))

        await context.database.transact(note)
        for person, numbers in ((ANA, [0, 2]), (BEN, [1])):
            found = await export.export(context, str(person.email))
            assert values(found, "notes", "number") == numbers
            assert set(values(found, "notes", "sealed")) == {None}

    world.run(work)


def test_keys_and_ciphertexts_are_never_there(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await activate(context, make_request(1, sold.license_key, told=told(ANA, "Hi", "ANA-PC")))
        found = await export.export(context, EMAIL)
        secret = {
            (table.name, column.name)
            for table in stored_data()
            for column in table.columns
            if not column.kind.is_about_a_person()
        }
        assert ("people", "wrapped_key") in secret
        assert not columns(found) & secret
        assert not [
            value
            for license_ in found.licenses
            for table in license_.tables
            for row in table.rows
            for value in row
            if isinstance(value.value, bytes)
        ]

    world.run(work)


def test_nobody_of_an_address_gives_an_empty_export(world: World):
    async def work(context: Context):
        await issue_one(context, buyer=BEN)
        found = await export.export(context, EMAIL)
        assert (found.email, found.licenses, found.kinds()) == (EMAIL, [], [])

    world.run(work)
