"""Activations by the batch: what each gets is what it would have got alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activation_server.rules.person import Person, Told
from activation_server.rules.reasons import Reason
from activation_server.services import licensing, products, releases
from activation_server.services.activation import activate_alone
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.new_seat import activate
from activation_server.services.pool import Pool
from activation_server.store import new_seats as store
from activation_server.store.database import Connection
from activation_server.store.driver import Driver
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason
from tests.services.watched import Batch, Watched

ANA = Told(Person("Ana Popescu", "Exemplu SRL", "ana@example.com"), "hello", "ANA-PC")


def watched(context: Context, around: Callable[[Batch], Awaitable[Any]] | None = None) -> Context:
    database = Watched(context.database.engine, [], [], around)
    return replace(context, database=database, new_seats=Pool())


def counts(context: Context) -> tuple[int, int]:
    """How many batches there were, and how many calls that went by themselves."""
    assert isinstance(context.database, Watched)
    return len(context.database.pooled_done), len(context.database.ordinary_done)


async def issue(context: Context, count: int, **terms: object) -> Sequence[LicenseView]:
    """Issue licenses, and let one computer activate: the first of a day moves its key's cover."""
    first = await issue_one(context, seats=1)
    await activate_alone(context, make_request(9999, first.license_key, 9999))
    order = Order(PRODUCT, products.STANDARD, {"seats": 1, **terms}, None, None, None, count)
    return await licensing.issue(context, order, lambda _done: None)


async def activate_each(context: Context, sold: Sequence[LicenseView], **values: Any) -> list[Any]:
    calls = [
        activate(context, make_request(number, each.license_key, number, **values))
        for number, each in enumerate(sold, 1)
    ]
    return await asyncio.gather(*calls)


@pytest.mark.parametrize("told", [Told(), ANA])
def test_those_that_arrive_together_are_one_unit_of_work(world: World, told: Told):
    async def work(context: Context):
        sold = await issue(context, 40)
        pooled = watched(context)
        answers = [granted(each) for each in await activate_each(pooled, sold, told=told)]
        shown = [await licensing.show(context, each.license_key) for each in sold]
        await pooled.database.dispose()
        return counts(pooled), answers, shown

    done, answers, shown = world.run(work)
    assert done == (1, 0)
    assert len({each.activation.activation_id for each in answers}) == 40
    for answer, history in zip(answers, shown, strict=True):
        assert history.view.license.seats_used == 1
        assert [each.activation_id for each in history.activations] == [
            answer.activation.activation_id
        ]
        assert history.activations[0] == answer.activation
        assert {event.kind for event in history.events} == {"activated", "issued"}


TABLES = ("licenses", "activations", "events", "people", "person_computers")
# Made by chance, or by what the two computers and licenses are.
OWN = {
    *("license_id", "activation_id", "event_id", "person_id", "hardware", "hardware_token"),
    *("hardware_salt", "key_tail", "key_sealed", "request_digest", "told_digest"),
    *("wrapped_key", "name", "company", "email", "computer_name", "comments", "tokens"),
    "of_activation_id",
}


def test_what_is_written_is_what_would_be_written_alone(world: World):
    async def work(context: Context):
        one, other = await issue(context, 2, term_days=30, term_from="activation")
        request = make_request(1, one.license_key, told=ANA)
        granted(await activate(context, request))
        granted(await activate_alone(context, replace(request, license_key=other.license_key)))
        ids = [each.license.license_id for each in (one, other)]

        async def rows(connection: Connection) -> dict[str, list[dict[str, Any]]]:
            return {
                table: [
                    dict(row)
                    for license_id in ids
                    for row in (
                        await connection.execute(
                            text(f"SELECT * FROM {table} WHERE license_id = :id ORDER BY 1, 2"),
                            {"id": license_id},
                        )
                    ).mappings()
                ]
                for table in TABLES
            }

        return await context.database.transact(rows)

    found = world.run(work)
    for table in TABLES:
        rows = found[table]
        half = len(rows) // 2
        assert half > 0
        assert len(rows) == 2 * half
        for mine, other in zip(rows[:half], rows[half:], strict=True):
            differ = {name for name in mine if mine[name] != other[name]}
            assert differ <= OWN, (table, differ)
            empty = {name for name in mine if (mine[name] is None) != (other[name] is None)}
            assert empty == set()


def test_a_known_person_is_recognised_by_itself(world: World):
    """The user of a second computer is the first one's: nobody is stored twice."""

    async def work(context: Context):
        [sold] = await issue(context, 1, seats=2)
        pooled = watched(context)
        for number in (1, 2):
            told = replace(ANA, computer_name=f"PC-{number}")
            request = make_request(number, sold.license_key, number, told=told)
            granted(await activate(pooled, request))
        shown = await licensing.show(context, sold.license_key)
        await pooled.database.dispose()
        return counts(pooled), shown

    done, shown = world.run(work)
    assert done == (2, 1)
    assert [len(person.computers) for person in shown.view.people] == [2]


def test_of_many_for_the_last_seat_one_gets_it(world: World):
    async def work(context: Context):
        [sold] = await issue(context, 1)
        calls = [activate(context, make_request(n, sold.license_key, n)) for n in range(1, 21)]
        return await asyncio.gather(*calls), await licensing.show(context, sold.license_key)

    answers, shown = world.run(work)
    assert sum(isinstance(each, Certified) for each in answers) == 1
    refused = [each for each in answers if not isinstance(each, Certified)]
    assert {reason(each) for each in refused} == {Reason.SEAT_LIMIT_REACHED}
    assert (shown.view.license.seats_used, len(shown.activations)) == (1, 1)


@pytest.mark.parametrize(("day", "covered"), [(9, True), (11, False)])
def test_when_a_version_came_out_is_read_along(world: World, day: int, covered: bool):
    async def work(context: Context):
        [sold] = await issue(context, 1, maintenance_days=10)
        listed = world.clock.now.date() + timedelta(days=day)
        await releases.add(context, PRODUCT, "9", listed)
        await products.add_product(context, "photo", "Photo", "EdDSA")
        await releases.add(context, "photo", "9", world.clock.now.date() + timedelta(days=99))
        pooled = watched(context)
        answer = await activate(pooled, make_request(1, sold.license_key))
        await pooled.database.dispose()
        return answer, counts(pooled)

    answer, done = world.run(work)
    assert isinstance(answer, Certified) is covered
    assert covered or reason(answer) is Reason.VERSION_NOT_COVERED
    assert done == (1, 0 if covered else 1)  # a refused one goes by itself


def test_a_request_that_came_twice_takes_one_seat(world: World):
    async def work(context: Context):
        sold = await issue(context, 5, seats=3)
        requests = [make_request(n, each.license_key, n) for n, each in enumerate(sold, 1)]
        first = await asyncio.gather(*(activate(context, each) for each in [*requests, *requests]))
        pooled = watched(context)
        again = await asyncio.gather(*(activate(pooled, each) for each in requests))
        shown = [await licensing.show(context, each.license_key) for each in sold]
        await pooled.database.dispose()
        return counts(pooled), [granted(each).certificate for each in [*first, *again]], shown

    done, certificates, shown = world.run(work)
    assert certificates[:5] == certificates[5:10] == certificates[10:]
    assert [history.view.license.seats_used for history in shown] == [1] * 5
    assert done == (1, 0)


def test_bad_ones_among_good_ones_are_refused_alone(world: World):
    async def work(context: Context):
        sold = await issue(context, 3)
        await licensing.change_standing(context, sold[1].license_key, "revoke", "as the test says")
        unknown = replace(sold[0], license_key="7K3QM-XXXXX-XXXXX-XXXXX-XXXXX")
        other = make_request(77, sold[0].license_key, 77, product="another")
        calls = [activate_each(context, [*sold, unknown]), activate(context, other)]
        return await asyncio.gather(*calls)

    answers, other = world.run(work)
    assert [isinstance(each, Certified) for each in answers] == [True, False, True, False]
    assert reason(answers[1]) is Reason.LICENSE_REVOKED
    assert reason(answers[3]) is reason(other) is Reason.LICENSE_NOT_FOUND


def test_a_license_that_somebody_changed_meanwhile_is_decided_on_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    write = store.write

    async def work(context: Context):
        sold = await issue(context, 3)

        async def late(connection: Driver, seats: Sequence[Any]) -> Any:
            monkeypatch.setattr(store, "write", write)
            key = sold[1].license_key
            await licensing.change_standing(context, key, "suspend", "meanwhile")
            return await write(connection, seats)

        monkeypatch.setattr(store, "write", late)
        answers = await activate_each(context, sold, told=ANA)
        return answers, await licensing.show(context, sold[1].license_key)

    answers, shown = world.run(work)
    assert [isinstance(each, Certified) for each in answers] == [True, False, True]
    assert reason(answers[1]) is Reason.LICENSE_SUSPENDED
    assert (list(shown.activations), list(shown.view.people)) == ([], [])


@pytest.mark.parametrize("committed", [False, True])
def test_a_batch_that_fails_is_done_one_by_one(world: World, *, committed: bool):
    """Before its commit, or after it with the answer lost: one seat each, and the same answers."""

    async def fails(batch: Batch) -> Any:
        if committed:
            await batch()
        msg = "the connection is gone"
        raise ConnectionResetError(msg)

    async def work(context: Context):
        sold = await issue(context, 5, seats=3)
        pooled = watched(context, fails)
        answers = [granted(each) for each in await activate_each(pooled, sold, told=ANA)]
        shown = [await licensing.show(context, each.license_key) for each in sold]
        await pooled.database.dispose()
        return counts(pooled), answers, shown

    done, answers, shown = world.run(work)
    assert done == (0, 5)
    assert len({each.certificate for each in answers}) == 5
    assert [history.view.license.seats_used for history in shown] == [1] * 5
    assert [len(history.view.people) for history in shown] == [1] * 5
