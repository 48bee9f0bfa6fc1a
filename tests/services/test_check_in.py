"""Check-ins by the batch: what each gets is what it would have got alone."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from activation_server.rules.person import Person, Told
from activation_server.rules.reasons import Notice, Reason
from activation_server.rules.seat import Computer
from activation_server.services import (
    license_change,
    licensing,
    releases,
    seat_changes,
    signing_keys,
)
from activation_server.services.activation import reactivate_alone
from activation_server.services.calls import Certified, Request
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms
from activation_server.services.new_seat import activate
from activation_server.services.pool import Pool
from activation_server.store import activations
from activation_server.store import check_ins as store
from activation_server.store.database import Connection
from activation_server.store.driver import Driver
from tests.conftest import World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason
from tests.services.watched import Batch, Watched

NO_TERMS: Mapping[str, object] = {}


@dataclass
class Fleet:
    """Computers that hold a seat each, and check in."""

    context: Context
    database: Watched
    seats: list[Certified]

    def check_in(self, index: int, number: int, **values: Any) -> Awaitable[Any]:
        seat = self.seats[index]
        return reactivate(
            self.context,
            seat.activation.activation_id,
            seat.check_in_token,
            replace(make_request(number, computer=index), **values),
        )

    async def all_together(self, number: int, **values: Any) -> list[Any]:
        calls = [self.check_in(index, number + index, **values) for index in range(len(self.seats))]
        return await asyncio.gather(*calls)


async def fleet_of(
    context: Context,
    count: int,
    around: Callable[[Batch], Awaitable[Any]] | None = None,
    terms: Mapping[str, object] = NO_TERMS,
) -> Fleet:
    """Activate computers of a license, and begin to watch."""
    sold = await issue_one(context, overrides={"seats": None, **terms})
    seats = [
        granted(await activate(context, make_request(index + 1, sold.license_key, index)))
        for index in range(count)
    ]
    watched = Watched(context.database.engine, [], [], around)
    return Fleet(replace(context, database=watched, check_ins=Pool()), watched, seats)


def test_those_that_arrive_together_are_one_unit_of_work(world: World):
    async def work(context: Context):
        fleet = await fleet_of(context, 40)
        answers = [granted(each) for each in await fleet.all_together(100)]
        await fleet.database.dispose()
        return fleet, answers

    fleet, answers = world.run(work)
    assert len(fleet.database.pooled_done) == 1
    assert fleet.database.ordinary_done == []
    assert [each.activation.seq for each in answers] == [2] * 40
    assert [each.activation.last.request_id for each in answers] == [
        make_request(100 + index).request_id for index in range(40)
    ]
    assert len({each.certificate for each in answers}) == 40


def test_what_was_answered_is_stored_as_it_would_be_alone(world: World):
    """The row after a pooled check-in, and after an ordinary one that is told the same."""

    async def work(context: Context):
        fleet = await fleet_of(context, 2, terms={"maintenance_days": 10})
        app = replace(make_request(1).app, version="10.1", edition="Pro")
        values: dict[str, Any] = {"app": app, "virtual_machine": True}
        pooled = granted(await fleet.check_in(0, 100, **values))
        assert fleet.database.ordinary_done == []
        seat = fleet.seats[1]
        request = replace(make_request(100, computer=1), **values)
        ordinary = granted(
            await reactivate_alone(
                context, seat.activation.activation_id, seat.check_in_token, request
            )
        )
        rows = await context.database.transact(_rows)
        await fleet.database.dispose()
        return pooled, ordinary, rows

    pooled, ordinary, rows = world.run(work)
    assert pooled.activation.last.notices == (Notice.MAINTENANCE_ENDS_SOON,)
    mine, other = (rows[each.activation.activation_id] for each in (pooled, ordinary))
    own = {"activation_id", "hardware", "hardware_token", "request_digest"}
    assert {name for name in mine if mine[name] != other[name]} == own
    assert mine["seq"] == 2


async def _rows(connection: Connection) -> dict[UUID, dict[str, Any]]:
    found = await connection.execute(text("SELECT * FROM activations"))
    return {row["activation_id"]: dict(row) for row in found.mappings()}


APP = make_request(1).app
ELSE: Mapping[str, Mapping[str, Any]] = {
    "app version": {"app": replace(APP, version="9.10")},
    "app edition": {"app": replace(APP, edition="Pro")},
    "system": {"computer": Computer("windows", "11")},
    "system version": {"computer": Computer("linux", "13")},
    "virtual machine": {"virtual_machine": True},
}


@pytest.mark.parametrize("values", ELSE.values(), ids=ELSE)
def test_what_one_of_many_tells_anew_is_stored(world: World, values: Mapping[str, Any]):
    async def work(context: Context):
        fleet = await fleet_of(context, 3)
        calls = [fleet.check_in(0, 100), fleet.check_in(1, 101, **values), fleet.check_in(2, 102)]
        await _require_stored(fleet, await asyncio.gather(*calls))

    world.run(work)


@pytest.mark.parametrize("changed", ["coverage", "notices", "signing key"])
def test_what_the_vendor_changed_is_stored_with_the_answer(world: World, changed: str):
    async def work(context: Context):
        fleet = await fleet_of(context, 3, terms={"maintenance_days": 40})
        app = replace(APP, released=world.clock.now.date())
        if changed == "coverage":
            license_id = str(fleet.seats[0].activation.license_id)
            features = NewTerms(terms={"features": ["export"]})
            await license_change.set_terms(context, license_id, features, "sold")
        elif changed == "notices":
            world.clock.now += timedelta(days=20)  # the maintenance ends soon
        else:
            await signing_keys.rotate(context, None)
        # The first answer of a day moves until when its key is needed, by itself.
        granted(await fleet.check_in(0, 99, app=app))
        fleet.database.ordinary_done.clear()
        calls = [fleet.check_in(index, 100 + index, app=app) for index in (1, 2)]
        await _require_stored(fleet, await asyncio.gather(*calls))

    world.run(work)


@pytest.mark.parametrize(
    ("listed", "days", "covered"),
    [
        ({"9": 1}, 0, True),
        ({"9": 1, "9.9": 11}, 0, False),  # the longest one that stands for 9.9
        ({"9.9.9": 11, "9.90": 11, "99": 11}, 0, True),  # none of them does
        ({}, 0, True),  # known by nobody: covered
        ({"9": 11}, -1, True),  # it says by itself when it came out
    ],
)
def test_when_a_version_came_out_is_read_along(
    world: World, listed: Mapping[str, int], days: int, covered: bool
):
    async def work(context: Context):
        fleet = await fleet_of(context, 2, terms={"maintenance_days": 10})
        today = world.clock.now.date()
        for version, day in listed.items():
            await releases.add(context, PRODUCT, version, today + timedelta(days=day))
        app = replace(APP, released=today + timedelta(days=days) if days else None)
        answers = [await fleet.check_in(0, 100, app=app), await fleet.check_in(1, 101)]
        await fleet.database.dispose()
        return fleet, answers

    fleet, answers = world.run(work)
    assert isinstance(answers[0], Certified) is covered
    assert covered or reason(answers[0]) is Reason.VERSION_NOT_COVERED
    alone = sum(not isinstance(each, Certified) for each in answers)
    assert len(fleet.database.ordinary_done) == alone  # refused ones go by themselves


async def _require_stored(fleet: Fleet, answers: Sequence[Any]) -> None:
    """See that answers of a batch are in the database as they were given."""
    given = [granted(each).activation for each in answers]
    assert fleet.database.ordinary_done == []
    license_id = given[0].license_id
    stored = await fleet.context.database.transact(
        lambda connection: activations.of_license(connection, license_id)
    )
    for activation in given:
        [row] = [each for each in stored if each.activation_id == activation.activation_id]
        app = replace(activation.last.app, released=None)  # not stored: an answer is not made of it
        assert row == replace(activation, last=replace(activation.last, app=app))
    await fleet.database.dispose()


def test_a_computer_twice_in_a_batch_is_answered_as_one_after_the_other(world: World):
    async def work(context: Context):
        fleet = await fleet_of(context, 2)
        same = [fleet.check_in(0, 100), fleet.check_in(0, 100)]
        forking = [fleet.check_in(1, 101), fleet.check_in(1, 102)]
        answers = [granted(each) for each in await asyncio.gather(*same, *forking)]
        await fleet.database.dispose()
        return answers

    first, again, one, other = world.run(work)
    assert again.certificate == first.certificate
    assert again.check_in_token == first.check_in_token
    assert one.activation.last.notices == ()
    assert other.activation.last.notices == (Notice.FORK_SEEN,)
    assert other.activation.seq == 3


def test_bad_ones_among_good_ones_are_refused_alone(world: World):
    async def work(context: Context):
        fleet = await fleet_of(context, 3)
        suspended = await fleet_of(context, 1)
        key = str(suspended.seats[0].activation.license_id)
        await licensing.change_standing(context, key, "suspend", "as the test says")
        removed = fleet.seats[1].activation.activation_id
        await seat_changes.remove_activation(context, removed, "as the test says")
        other = replace(fleet.seats[2], check_in_token=fleet.seats[0].check_in_token)
        fleet.seats += [*suspended.seats, other]
        answers = await fleet.all_together(100)
        other_hardware = await fleet.check_in(0, 200, hardware_id="another computer")
        history = await licensing.show(context, key)
        await fleet.database.dispose()
        return answers, other_hardware, history

    answers, other_hardware, history = world.run(work)
    assert [isinstance(each, Certified) for each in answers] == [True, False, True, False, False]
    assert reason(answers[1]) is Reason.ACTIVATION_REMOVED
    assert reason(answers[3]) is Reason.LICENSE_SUSPENDED
    assert reason(answers[4]) is Reason.ACTIVATION_NOT_FOUND
    assert [each.code for each in history.refusals] == ["LICENSE_SUSPENDED"]
    assert not isinstance(other_hardware, Certified)


@pytest.mark.parametrize(
    ("terms", "values"),
    [
        ({"floating_minutes": 30}, {}),
        ({}, {"told": Told(Person(name="Ana Popescu"))}),
        ({}, {"components": {"cpu": "another one"}}),
        ({}, {"product": "backup-pro"}),
    ],
)
def test_what_is_not_plain_is_granted_by_itself(
    world: World, terms: dict[str, object], values: dict[str, Any]
):
    async def work(context: Context):
        fleet = await fleet_of(context, 2, terms=terms)
        answers = await asyncio.gather(fleet.check_in(0, 100, **values), fleet.check_in(1, 101))
        await fleet.database.dispose()
        return fleet, [granted(each) for each in answers]

    fleet, answers = world.run(work)
    assert [each.activation.seq for each in answers] == [2, 2]
    apart = 1 if values and "product" not in values else 2 if terms else 0
    assert len(fleet.database.ordinary_done) == apart


def test_a_row_that_somebody_changed_meanwhile_is_decided_on_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """A seat is taken away between the reading and the writing of its batch: it stays away."""
    write = store.write

    async def work(context: Context):
        fleet = await fleet_of(context, 3)
        removed = fleet.seats[1].activation.activation_id

        async def late(connection: Driver, answered: Sequence[Any]) -> Any:
            monkeypatch.setattr(store, "write", write)
            await seat_changes.remove_activation(context, removed, "meanwhile")
            return await write(connection, answered)

        monkeypatch.setattr(store, "write", late)
        answers = await fleet.all_together(100)
        rows = await context.database.transact(_rows)
        await fleet.database.dispose()
        return removed, answers, rows

    removed, answers, rows = world.run(work)
    assert [isinstance(each, Certified) for each in answers] == [True, False, True]
    assert reason(answers[1]) is Reason.ACTIVATION_REMOVED
    assert rows[removed]["seq"] == 1
    assert rows[removed]["removed_at"] is not None


@pytest.mark.parametrize("committed", [False, True])
def test_a_batch_that_fails_is_done_one_by_one(world: World, *, committed: bool):
    """Before its commit, or after it with the answer lost: the same answers, and no fork."""

    async def fails(batch: Batch) -> Any:
        if committed:
            await batch()
        msg = "the connection is gone"
        raise ConnectionResetError(msg)

    async def work(context: Context):
        fleet = await fleet_of(context, 5, around=fails)
        answers = [granted(each) for each in await fleet.all_together(100)]
        await fleet.database.dispose()
        return fleet, answers

    fleet, answers = world.run(work)
    assert len(fleet.database.ordinary_done) == 5
    assert [(each.activation.seq, each.activation.last.notices) for each in answers] == [
        (2, ())
    ] * 5


def test_who_goes_away_gets_the_same_answer_later(world: World):
    async def work(context: Context):
        begun = asyncio.Event()

        async def told(batch: Batch) -> Any:
            begun.set()
            return await batch()

        fleet = await fleet_of(context, 3, around=told)
        calls = [asyncio.ensure_future(fleet.check_in(index, 100 + index)) for index in range(3)]
        await begun.wait()
        calls[1].cancel()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        retried = granted(await fleet.check_in(1, 101))
        again = granted(await fleet.check_in(1, 101))
        await fleet.database.dispose()
        return answers, retried, again

    answers, retried, again = world.run(work)
    assert isinstance(answers[1], asyncio.CancelledError)
    assert isinstance(answers[0], Certified)
    assert isinstance(answers[2], Certified)
    assert (retried.activation.seq, retried.activation.last.notices) == (2, ())
    assert again.certificate == retried.certificate


def test_a_row_that_somebody_locks_holds_up_its_own_check_in_alone(world: World):
    async def work(context: Context):
        fleet = await fleet_of(context, 4)
        held = fleet.seats[2].activation.activation_id
        async with context.database.engine.begin() as other:
            question = text("SELECT FROM activations WHERE activation_id = :id FOR UPDATE")
            await other.execute(question, {"id": held})
            calls = [asyncio.ensure_future(fleet.check_in(i, 100 + i)) for i in range(4)]
            free = [granted(await calls[index]) for index in (0, 1, 3)]
            waits = not calls[2].done()
        answered = granted(await calls[2])
        await fleet.database.dispose()
        return free, waits, answered

    free, waits, answered = world.run(work)
    assert [each.activation.seq for each in [*free, answered]] == [2] * 4
    assert waits


def test_a_retry_of_many_is_answered_without_a_write(world: World):
    async def work(context: Context):
        fleet = await fleet_of(context, 10)
        first = [granted(each) for each in await fleet.all_together(100)]
        before = await context.database.transact(_rows)
        second = [granted(each) for each in await fleet.all_together(100)]
        after = await context.database.transact(_rows)
        await fleet.database.dispose()
        return fleet, first, second, before == after

    fleet, first, second, unchanged = world.run(work)
    assert [each.certificate for each in first] == [each.certificate for each in second]
    assert fleet.database.ordinary_done == []
    assert unchanged


def test_a_request_that_is_reused_is_refused_as_alone(world: World):
    async def work(context: Context):
        fleet = await fleet_of(context, 2)
        await fleet.all_together(100)
        reused: Request = make_request(100, computer=0, body=b"another body")
        seat = fleet.seats[0]
        answer = await reactivate(
            fleet.context, seat.activation.activation_id, seat.check_in_token, reused
        )
        await fleet.database.dispose()
        return answer

    assert reason(world.run(work)) is Reason.REQUEST_ID_REUSED
