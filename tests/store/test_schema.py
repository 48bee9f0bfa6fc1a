import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

from alembic import command
from sqlalchemy import Connection, Index, Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from activation_server.services import licensing
from activation_server.services.activation import reactivate_alone as reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from activation_server.store import partitions, schema, schema_version
from activation_server.store.database import Database, create_engine
from activation_server.store.packed import coverage_from_text, hardware_from_bytes
from activation_server.store.tables import activations, events, metadata
from tests.conftest import World
from tests.services.calls import granted, issue_one, make_request

Result = TypeVar("Result")


def transact(url: str, work: Callable[[AsyncConnection], Awaitable[Result]]) -> Result:
    async def run() -> Result:
        database = Database(create_engine(url))
        try:
            return await database.transact(work)
        finally:
            await database.dispose()

    return asyncio.run(run())


def test_the_migrations_give_the_tables_of_the_code(database_url: str):
    assert transact(database_url, schema.differences) == []
    assert transact(database_url, schema_version.is_current)


def test_the_migrations_give_tables_and_indexes_their_options(database_url: str):
    """Alembic compares none of them."""

    async def options(connection: AsyncConnection) -> dict[str, set[str]]:
        question = (
            "SELECT relname, reloptions FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        )
        rows = await connection.execute(text(f"{question} AND reloptions IS NOT NULL"))
        return {name: set(given) for name, given in rows}

    named = list[Table | Index](metadata.tables.values())
    named += [index for table in metadata.tables.values() for index in table.indexes]
    declared = {
        str(each.name): {f"{name}={value}" for name, value in given.items()}
        for each in named
        if (given := each.dialect_options["postgresql"]["with"])
    }
    assert transact(database_url, options) == declared


def test_upgrading_again_changes_nothing(database_url: str):
    transact(database_url, schema.upgrade)
    assert transact(database_url, schema_version.revision) == "0023"
    assert transact(database_url, schema_version.revision) == "0023"


def test_a_license_leads_every_key_of_what_belongs_to_it():
    for name in ("activations", "events", "legal_holds", "refusals"):
        table = metadata.tables[name]
        assert table.primary_key.columns.keys()[0] == "license_id"
        unique = [index for index in table.indexes if index.unique]
        assert all(index.columns.keys()[0] == "license_id" for index in unique)


def test_no_index_holds_what_a_check_in_changes(world: World):
    async def work(context: Context):
        view = await issue_one(context)
        answer = granted(await activate(context, make_request(1, view.license_key)))
        for number in range(2, 30):
            answer = granted(
                await reactivate(
                    context,
                    answer.activation.activation_id,
                    answer.check_in_token,
                    make_request(number),
                )
            )

    world.run(work)

    async def updates(connection: AsyncConnection):
        await connection.execute(text("SELECT pg_stat_force_next_flush()"))
        row = await connection.execute(
            text(
                "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables "
                "WHERE relname = 'activations'"
            )
        )
        return tuple(row.one())

    total, in_place = transact(world.url, updates)
    assert total == 28
    assert in_place >= 26  # a full page moves a row now and then
    assert activations.dialect_options["postgresql"]["with"] == {"fillfactor": "90"}


def test_months_get_their_partitions_and_nothing_is_ever_refused(world: World):
    far = datetime(2031, 5, 6, tzinfo=UTC)

    async def issue_far_away(context: Context):
        view = await issue_one(context)
        return (await licensing.show(context, view.license_key)).events

    world.clock.now = far  # no partition was made for this month
    assert [event.at for event in world.run(issue_far_away)] == [far]

    async def made(connection: AsyncConnection):
        for _ in range(2):
            await partitions.ensure(connection, far)
        names = await connection.execute(
            text("SELECT relname FROM pg_class WHERE relname LIKE 'events_203%' AND relkind = 'r'")
        )
        return sorted(names.scalars())

    # The month that has rows in the default partition keeps them there.
    assert transact(world.url, made) == [
        "events_2031_06",
        "events_2031_07",
        "events_2031_08",
    ]


def test_keys_from_before_rotation_sign_on_and_cover_what_is_known(world: World):
    async def work(context: Context):
        view = await issue_one(context)
        return granted(await activate(context, make_request(1, view.license_key)))

    expires = world.run(work).activation.last.certificate_expires

    async def down_and_up(connection: AsyncConnection):
        await connection.run_sync(lambda sync: command.downgrade(schema._config(sync), "0001"))
        await connection.run_sync(lambda sync: command.upgrade(schema._config(sync), "head"))
        row = await connection.execute(
            text("SELECT created_at = signs_since, covers_until FROM signing_keys")
        )
        return tuple(row.one())

    assert transact(world.url, down_and_up) == (True, expires)
    assert transact(world.url, schema.differences) == []


def test_activations_from_before_are_packed_as_the_code_packs_them(world: World):
    """What older rows hold comes out the same: names with a byte of their own, and others."""

    async def work(context: Context):
        view = await issue_one(
            context, overrides={"edition": "pro", "features": ("sync", "größer")}
        )
        asked = make_request(1, view.license_key)
        request = replace(asked, components={**asked.components, "größe " * 9: "42 Zoll"})
        return granted(await activate(context, request))

    async def down_and_up(connection: AsyncConnection):
        before = await connection.run_sync(_packed)
        await connection.run_sync(lambda sync: command.downgrade(schema._config(sync), "0011"))
        stored = (await connection.execute(text("SELECT hardware FROM activations"))).scalar_one()
        await connection.run_sync(lambda sync: command.upgrade(schema._config(sync), "head"))
        return before, stored, await connection.run_sync(_packed)

    answered = world.run(work).activation
    before, as_json, after = transact(world.url, down_and_up)
    assert {name: base64.b64decode(value) for name, value in as_json.items()} == answered.hardware
    assert hardware_from_bytes(after[0]) == answered.hardware
    assert coverage_from_text(after[1]) == answered.last.coverage
    assert before[0] == after[0]


def _packed(connection: Connection):
    question = select(activations.c.hardware, activations.c.coverage)
    return tuple(connection.execute(question).one())


def test_what_a_line_is_about_comes_out_of_its_details_and_back(world: World):
    async def work(context: Context):
        view = await issue_one(context)
        seat = granted(await activate(context, make_request(1, view.license_key)))
        shown = await licensing.show(context, view.license_key)
        return str(seat.activation.activation_id), shown.events

    activation_id, told = world.run(work)
    assert {each.details.get("activation_id") for each in told} == {None, activation_id}

    async def down_and_up(connection: AsyncConnection):
        before = await connection.run_sync(_lines)
        await connection.run_sync(lambda sync: command.downgrade(schema._config(sync), "0012"))
        details = await connection.execute(text("SELECT details FROM events ORDER BY at, event_id"))
        written = details.scalars().all()
        await connection.run_sync(lambda sync: command.upgrade(schema._config(sync), "head"))
        return before, written, await connection.run_sync(_lines)

    before, written, after = transact(world.url, down_and_up)
    assert before == after
    assert {each.get("activation_id") for each in written} == {None, activation_id}


def _lines(connection: Connection):
    question = select(events).order_by(events.c.at, events.c.event_id)
    return [tuple(row) for row in connection.execute(question)]
