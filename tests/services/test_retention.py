"""What is due goes, what is not stays; killed, resumed, beside check-ins, one run at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import text

from activation_server.gateways.archive import Archive
from activation_server.rules.api_token import TokenOrder
from activation_server.rules.errors import ChangedMeanwhileError, OperatorError
from activation_server.rules.hold import HoldOrder
from activation_server.rules.permissions import Permission
from activation_server.rules.person import Person, Told
from activation_server.rules.reasons import Reason
from activation_server.rules.retention import Due, Lifetime, Unit
from activation_server.services import (
    api_tokens,
    holds,
    licensing,
    new_seat,
    over_licenses,
    people,
    retention,
    seat_changes,
    trials,
)
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.store import contacts, disposal
from activation_server.store import over_licenses as over_licenses_store
from activation_server.store import retention as store
from activation_server.store.database import Connection
from activation_server.store.disposal import Moment
from activation_server.store.people import lock_license
from tests.conftest import Clock, World
from tests.services.calls import issue_one, make_request, reason
from tests.services.test_people import ANA, BEN, activate, check_in, people_of, told

LOOKED_UP = {"activations", "person_computers", "people"}
Step = Callable[[Connection], Awaitable[int]]
WALKED = "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0"
TWO_YEARS = timedelta(days=731)  # from November 2026 on
SECOND = timedelta(seconds=1)


def ignore(_name: str, _done: int, _total: int) -> None:
    """Nobody watches."""


async def ask(context: Context, question: str) -> int:
    async def work(connection: Connection) -> int:
        return int(await connection.scalar(text(question)) or 0)

    return await context.database.transact(work)


async def gone(context: Context) -> dict[str, int]:
    done = await retention.run(context, ignore)
    return {name: each["gone"] for name, each in done.classes.items() if each["gone"]}


async def due(context: Context) -> dict[str, int]:
    kept = await retention.preview(context)
    return {each.of_class.name: each.due.count for each in kept if each.due.count}


async def seat_of(
    context: Context, number: int = 1, **values: Told
) -> tuple[LicenseView, Certified]:
    sold = await issue_one(context)
    return sold, await activate(context, make_request(number, sold.license_key, number, **values))


async def a_person(context: Context) -> None:
    await issue_one(context, buyer=ANA)


async def a_comment(context: Context) -> None:
    """Of somebody who goes on checking in."""
    _, seat = await seat_of(context, told=told(ANA, "Hello"))
    clock = context.clock
    assert isinstance(clock, Clock)
    began = clock.now
    clock.now = began + TWO_YEARS - timedelta(days=9)
    await check_in(context, seat, make_request(2))
    clock.now = began


async def a_removed_seat(context: Context) -> None:
    _, seat = await seat_of(context)
    await seat_changes.remove_activation(context, seat.activation.activation_id, "moved")


async def a_trial(context: Context) -> None:
    await context.database.transact(_trial_policy)
    await trials.start(context, make_request(1, product="backup-pro"))


async def _trial_policy(connection: Connection) -> None:
    await connection.execute(
        text("INSERT INTO products VALUES ('backup-pro', 'Backup', 'EdDSA', now());")
    )
    await connection.execute(
        text("INSERT INTO policies SELECT 'backup-pro', 'trial', '{\"trial_days\": 30}', now()")
    )


async def a_refusal(context: Context) -> None:
    sold, _ = await seat_of(context)
    answer = await new_seat.activate(context, make_request(3, sold.license_key, 3))
    assert reason(answer) is Reason.SEAT_LIMIT_REACHED


async def a_token(context: Context) -> None:
    await api_tokens.issue(context, TokenOrder("shop", [Permission.LICENSES_READ], 90))


CASES = [
    ("contact", a_person, "SELECT count(*) FROM people", TWO_YEARS),
    (
        "comments",
        a_comment,
        "SELECT count(*) FROM person_computers WHERE comments IS NOT NULL",
        TWO_YEARS,
    ),
    ("seat", a_removed_seat, "SELECT count(*) FROM activations", TWO_YEARS),
    ("trial", a_trial, "SELECT count(*) FROM computers", TWO_YEARS),
    ("refusals", a_refusal, "SELECT count(*) FROM refusals", TWO_YEARS),
    ("tokens", a_token, "SELECT count(*) FROM api_tokens", TWO_YEARS + timedelta(days=90)),
    (
        "last request",
        seat_of,
        "SELECT count(*) FROM activations WHERE request_digest <> ''",
        timedelta(days=30),
    ),
]


@pytest.mark.parametrize(
    ("name", "make", "count", "lifetime"), CASES, ids=[case[0] for case in CASES]
)
def test_what_is_due_goes_and_a_second_before_it_stays(
    world: World,
    name: str,
    make: Callable[[Context], Awaitable[object]],
    count: str,
    lifetime: timedelta,
):
    async def work(context: Context):
        await make(context)
        world.clock.now += lifetime
        assert name not in await due(context)
        assert name not in await gone(context)
        assert await ask(context, count) == 1
        world.clock.now += SECOND
        assert (await due(context))[name] == 1
        assert (await gone(context))[name] == 1
        assert await ask(context, count) == 0
        assert name not in await due(context)
        assert name not in await gone(context)

    world.run(work)


def test_history_goes_by_whole_months(world: World):
    async def work(context: Context):
        await issue_one(context)  # in November 2026
        world.clock.now = world.clock.now.replace(year=2028, month=11, day=30)
        assert "history" not in await gone(context)
        world.clock.now += timedelta(days=1)
        assert (await gone(context))["history"] == 1
        assert await ask(context, "SELECT count(*) FROM events") == 0
        assert await ask(context, "SELECT count(to_regclass('events_2026_11'))") == 0

    world.run(work)


async def hold(context: Context, sold: LicenseView, days: int) -> None:
    until = (context.now() + timedelta(days=days)).date()
    order = HoldOrder("Ana P. sues us", "Dr. Law", until)
    await holds.place_on_license(context, str(sold.license.license_id), order)


def test_a_hold_on_record_waits_for_holds_on_its_own_license_only(world: World):
    async def work(context: Context):
        one, other = await issue_one(context), await issue_one(context)
        await hold(context, one, 1)
        world.clock.now += TWO_YEARS + timedelta(days=2)
        await hold(context, other, 30)
        assert (await gone(context))["hold"] == 1
        await hold(context, one, 1)
        world.clock.now += TWO_YEARS + timedelta(days=2)
        await hold(context, one, 30)
        assert "hold" not in await gone(context)

    world.run(work)


def test_a_network_is_taken_out_of_what_stays(world: World):
    async def work(context: Context):
        sold, seat = await seat_of(context)
        old = seat
        for number in (2, 3):
            seat = await check_in(context, seat, make_request(number))
        await check_in(context, old, make_request(4, network="203.0.113.0/24"))
        question = "SELECT count(*) FROM events WHERE details::text LIKE '%203.0.113%'"
        assert await ask(context, question) == 1
        lines = await ask(context, "SELECT count(*) FROM events")
        world.clock.now += timedelta(days=30)
        assert "network" not in await gone(context)
        world.clock.now += SECOND
        assert (await gone(context))["network"] == 1
        assert await ask(context, question) == 0
        assert await ask(context, "SELECT count(*) FROM events") == lines
        assert sold.license.license_id

    world.run(work)


def test_a_check_in_is_a_contact_and_is_found_when_it_matters(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2, buyer=ANA)
        _, seat = sold, await activate(context, make_request(1, sold.license_key, told=told(BEN)))
        for _ in range(4):
            world.clock.now += timedelta(days=365)
            seat = await check_in(context, seat, make_request(world.clock.now.year))
            assert "contact" not in await gone(context)
        assert [each.person for each in await people_of(context, sold)] == [ANA, BEN]
        world.clock.now += TWO_YEARS
        assert "contact" not in await gone(context)
        world.clock.now += timedelta(days=1, seconds=1)  # the years 2030 to 2032 hold a 29 February
        assert (await gone(context))["contact"] == 2
        assert await people_of(context, sold) == []

    world.run(work)


@pytest.mark.parametrize("others", [0, 1])
def test_a_clock_that_lags_behind_is_set_whether_others_are_due_or_not(world: World, others: int):
    async def work(context: Context):
        for _ in range(others):
            await issue_one(context, buyer=BEN)
        sold = await issue_one(context, buyer=ANA)
        seat = await activate(context, make_request(1, sold.license_key))
        world.clock.now += TWO_YEARS
        await check_in(context, seat, make_request(2))
        checked_in = context.now()
        world.clock.now += SECOND
        assert (await gone(context)).get("contact", 0) == others
        [ana] = await people_of(context, sold)
        assert ana.contacted_at == checked_in

    world.run(work)


def test_who_is_due_is_looked_up_by_indexes_however_small_a_table_is(world: World):
    """A statement that walks a table for each person never ends where check-ins make it grow."""

    async def work(context: Context):
        for number in range(3):
            sold = await issue_one(context, buyer=ANA, seats=2)
            request = make_request(number, sold.license_key, number, told=told(BEN))
            seat = await activate(context, request)
        await seat_changes.remove_activation(context, seat.activation.activation_id, "moved")
        moment = Moment(context.now() + SECOND, context.now())

        async def seats(connection: Connection) -> int:
            return (await contacts.Seats().dispose(connection, moment, ())).gone

        async def due(connection: Connection) -> int:
            count = (await contacts.Contacts().due(connection, moment)).count
            assert await connection.scalar(text("SHOW enable_seqscan")) == "on"  # for what follows
            return count

        async def people(connection: Connection) -> int:
            return (await contacts.Contacts().dispose(connection, moment, ())).gone

        for step, count in ((seats, 1), (due, 6), (people, 6)):

            async def walked(connection: Connection, step: Step = step, count: int = count):
                await connection.execute(text("ANALYZE"))
                before = set(await connection.scalars(text(WALKED)))
                assert await step(connection) == count
                return set(await connection.scalars(text(WALKED))) - before

            assert not LOOKED_UP & await context.database.transact(walked)

    world.run(work)


def test_a_batch_that_others_hold_at_the_moment_does_not_keep_the_next_ones(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(contacts, "AT_ONCE", 2)

    async def work(context: Context):
        held = []
        for _ in range(2):
            held.append((await issue_one(context, buyer=ANA)).license.license_id)
            world.clock.now += SECOND
        await issue_one(context, buyer=BEN)
        world.clock.now += TWO_YEARS + SECOND
        async with context.database.engine.begin() as connection:
            for license_id in held:
                await lock_license(connection, license_id)
            assert await gone(context) == {"contact": 1}
        assert await gone(context) == {"contact": 2}

    world.run(work)


def test_a_comment_that_an_app_repeats_for_years_does_not_come_in_anew(world: World):
    async def work(context: Context):
        sold, seat = await seat_of(context, told=told(ANA, "Hello"))
        await issue_one(context, buyer=BEN)  # goes after two years, in the same batch
        for number in range(2, 6):
            world.clock.now += TWO_YEARS / 2
            seat = await check_in(context, seat, make_request(number, told=told(ANA, "Hello")))
            world.clock.now += SECOND
            await gone(context)
        question = "SELECT count(*) FROM person_computers WHERE comments IS NOT NULL"
        assert await ask(context, question) == 0
        assert [each.person for each in await people_of(context, sold)] == [ANA]

    world.run(work)


def test_who_comes_back_after_the_time_is_stored_anew(world: World):
    async def work(context: Context):
        sold, seat = await seat_of(context, told=told(ANA))
        world.clock.now += TWO_YEARS + SECOND
        assert (await gone(context))["contact"] == 1
        await check_in(context, seat, make_request(2, told=told(ANA)))
        assert [each.person for each in await people_of(context, sold)] == [ANA]

    world.run(work)


def test_a_check_in_after_the_request_was_forgotten_is_an_ordinary_one(world: World):
    async def work(context: Context):
        _, first = await seat_of(context)
        second = await check_in(context, first, make_request(2))
        world.clock.now += timedelta(days=31)
        assert (await gone(context))["last request"] == 1
        third = await check_in(context, second, make_request(3))
        assert (third.activation.seq, third.notices) == (second.activation.seq + 1, ())
        world.clock.now += timedelta(days=31)
        await gone(context)
        fork = await check_in(context, second, make_request(3))  # told by its counter as before
        assert "FORK_SEEN" in fork.notices

    world.run(work)


def test_a_run_that_is_killed_is_recorded_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(disposal, "BATCH", 2)
    monkeypatch.setattr("activation_server.store.contacts.AT_ONCE", 2)

    async def work(context: Context):
        for number in range(7):
            await issue_one(context, buyer=Person(f"Person {number}"))
        world.clock.now += TWO_YEARS + SECOND

        def kill(_name: str, done: int, _total: int) -> None:
            if done >= 4:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            await retention.run(context, kill)
        [cut] = await retention.reviews(context)
        assert cut.ended_at is None
        assert (cut.classes["contact"]["due"], cut.classes["contact"]["gone"]) == (7, 4)
        assert await ask(context, "SELECT count(*) FROM people") == 3
        assert (await gone(context))["contact"] == 3
        world.clock.now += SECOND
        assert "contact" not in await gone(context)

    world.run(work)


def test_a_run_takes_its_time_to_count_and_whoever_waits_is_not_kept_waiting(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Among millions a count takes longer than a statement may that somebody waits for."""
    allowed: list[str] = []

    async def due(_part: object, connection: Connection, _moment: object) -> Due:
        allowed.append(str(await connection.scalar(text("SHOW statement_timeout"))))
        return Due()

    async def work(context: Context):
        monkeypatch.setattr(contacts.Contacts, "due", due)
        for ask in (
            retention.run(context, ignore),
            retention.preview(context, patient=True),
            retention.preview(context),
            retention.run(context, ignore, at_most=timedelta(minutes=1)),
        ):
            allowed.clear()
            await ask
            yield set(allowed)

    async def told(context: Context) -> list[set[str]]:
        return [each async for each in work(context)]

    assert world.run(told) == [{"10min"}, {"10min"}, {"15s"}, {"15s"}]


@pytest.mark.parametrize(("patient", "allows"), [(True, "10min"), (False, "15s")])
def test_licenses_that_are_over_are_looked_for_as_long_as_nobody_waits(
    world: World, monkeypatch: pytest.MonkeyPatch, *, patient: bool, allows: str
):
    allowed: list[str] = []

    async def page(connection: Connection, *_asked: object) -> list[object]:
        allowed.append(str(await connection.scalar(text("SHOW statement_timeout"))))
        return []

    async def work(context: Context):
        monkeypatch.setattr(over_licenses_store, "page", page)
        moment = disposal.Moment(context.now(), context.now())
        assert [
            gone async for gone in over_licenses.dispose(context, moment, patient=patient)
        ] == []

    world.run(work)
    assert allowed == [allows]


def test_one_run_at_a_time_and_one_a_day_by_itself(world: World):
    async def work(context: Context):
        async with context.database.alone(store.ALONE_LOCK):
            with pytest.raises(OperatorError, match="under way"):
                await retention.run(context, ignore)
            assert await retention.run_daily(context) is None
        assert await retention.run_daily(context) is not None
        world.clock.now += timedelta(hours=21)
        assert await retention.run_daily(context) is None
        world.clock.now += timedelta(hours=1)
        both = await asyncio.gather(retention.run_daily(context), retention.run_daily(context))
        assert sum(done is not None for done in both) == 1

    world.run(work)


def test_check_ins_go_on_beside_a_run(world: World, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(disposal, "BATCH", 3)
    monkeypatch.setattr("activation_server.store.contacts.AT_ONCE", 3)

    async def work(context: Context):
        sold = await issue_one(context, seats=None)
        news = [told(Person(f"Person {n}"), "Hello", f"PC-{n}") for n in range(20)]
        seats = [
            await activate(context, make_request(n + 1, sold.license_key, n, told=news[n]))
            for n in range(20)
        ]
        world.clock.now += TWO_YEARS + SECOND
        calls = [
            check_in(context, seat, make_request(n + 101, computer=n, told=told(Person(f"P {n}"))))
            for n, seat in enumerate(seats)
            if n % 2
        ]
        await asyncio.gather(retention.run(context, ignore), *calls)
        await retention.run(context, ignore)
        names = {each.person.name for each in await people_of(context, sold)}
        assert names == {f"P {n}" for n in range(20) if n % 2}

    world.run(work)


@pytest.mark.parametrize(
    ("name", "lifetime", "told_as"),
    [
        ("contact", Lifetime(23, Unit.MONTHS), "24 months at least"),
        ("contact", Lifetime(730, Unit.DAYS), "24 months at least"),
        ("comments", Lifetime(0, Unit.DAYS), "1 to"),
        ("keys", Lifetime(2, Unit.DAYS), "no such class"),
    ],
)
def test_a_lifetime_that_cant_be_is_refused(
    world: World, name: str, lifetime: Lifetime, told_as: str
):
    async def work(context: Context):
        with pytest.raises(OperatorError, match=told_as):
            await retention.choose(context, name, lifetime)

    world.run(work)


def test_a_chosen_lifetime_holds_until_it_is_taken_back(world: World):
    async def work(context: Context):
        await a_comment(context)
        await retention.choose(context, "comments", Lifetime(3, Unit.MONTHS))
        world.clock.now += timedelta(days=93)
        assert (await due(context))["comments"] == 1
        await retention.choose(context, "comments", None)
        assert "comments" not in await due(context)

    world.run(work)


def test_of_two_who_set_a_lifetime_as_they_saw_it_one_does(world: World):
    async def work(context: Context):
        before = await retention.preview_of(context, "comments")
        tried = await asyncio.gather(
            *(
                retention.set_as_seen(
                    context, "comments", Lifetime(n, Unit.MONTHS), reason="", seen=[before.version]
                )
                for n in range(3, 9)
            ),
            return_exceptions=True,
        )
        refused = [each for each in tried if isinstance(each, BaseException)]
        assert [type(each) for each in refused] == [ChangedMeanwhileError] * 5
        [(was, now)] = [each for each in tried if not isinstance(each, BaseException)]
        assert was == before
        assert await retention.preview_of(context, "comments") == now

    world.run(work)


def test_a_person_who_wishes_it_goes_sooner(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        other = await issue_one(context, buyer=BEN)
        assert await people.wish(context, str(ANA.email), 3) == 1
        assert await people.wish(context, "nobody@example.com", 3) == 0
        world.clock.now += timedelta(days=92)  # to 22 February, on the minute
        assert "contact" not in await gone(context)
        world.clock.now += SECOND
        assert (await gone(context))["contact"] == 1
        assert await people_of(context, sold) == []
        assert [each.person for each in await people_of(context, other)] == [BEN]

    world.run(work)


def test_a_license_that_is_over_is_archived_and_then_gone(world: World, tmp_path: Path):
    identity = pyrage.x25519.Identity.generate()

    async def work(context: Context):
        ends = world.clock.now + timedelta(days=30)
        over = await issue_one(context, expires_at=ends)
        await activate(context, make_request(1, over.license_key))
        revoked = await issue_one(context)
        await licensing.change_standing(context, revoked.license_key, "revoke", "refunded")
        held = await issue_one(context, expires_at=ends)
        until = HoldOrder("case 1", "Court", date(2030, 1, 1))
        await holds.place_on_license(context, held.license_key, until)
        staying = await issue_one(context)
        ids = {"SELECT count(*) FROM licenses": 4}
        world.clock.now += TWO_YEARS
        assert "license" not in await gone(context)
        world.clock.now += SECOND
        [waiting] = [
            each.due for each in await retention.preview(context) if each.of_class.name == "license"
        ]
        assert (waiting.count, waiting.waiting, waiting.held) == (0, 1, 0)
        assert "ARCHIVE_RECIPIENTS" in waiting.why
        assert "license" not in await gone(context)
        safe = replace(context, archive=Archive(tmp_path / "a", [str(identity.to_public())]))
        assert (await gone(safe))["license"] == 1  # the revoked one
        world.clock.now += timedelta(days=31)
        done = await retention.run(safe, ignore)
        assert (done.classes["license"]["gone"], done.classes["license"]["held"]) == (1, 1)
        question = "SELECT count(*) FROM licenses"
        assert await ask(context, question) == ids[question] - 2
        assert await ask(context, "SELECT count(*) FROM activations") == 0
        files = sorted((tmp_path / "a").glob("*.age"))
        clear = b"".join(pyrage.decrypt(each.read_bytes(), [identity]) for each in files).decode()
        assert over.license_key in clear
        assert revoked.license_key in clear
        assert held.license_key not in clear
        assert staying.license_key not in clear

    world.run(work)


def test_a_contact_outlives_the_seat_that_it_came_from(world: World):
    async def work(context: Context):
        await retention.choose(context, "seat", Lifetime(1, Unit.MONTHS))
        sold, seat = await seat_of(context, told=told(ANA))
        world.clock.now += TWO_YEARS / 2
        last = await check_in(context, seat, make_request(2))
        await seat_changes.remove_activation(context, last.activation.activation_id, "moved")
        world.clock.now += timedelta(days=32)
        assert (await gone(context))["seat"] == 1
        world.clock.now += TWO_YEARS / 2
        assert "contact" not in await gone(context)
        assert [each.person for each in await people_of(context, sold)] == [ANA]

    world.run(work)


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def work(context: Context):
        for number in range(3):
            await issue_one(context, buyer=replace(ANA, email=f"{number}@example.com"))
        world.clock.now += TWO_YEARS + SECOND
        monkeypatch.setattr(contacts, "AT_ONCE", 1)
        monkeypatch.setattr(retention, "REST", timedelta())

        def tell(_name: str, _done: int, _total: int) -> None:
            world.clock.now += SECOND

        first = await retention.run(context, tell, at_most=2 * SECOND)
        assert (first.classes["contact"]["gone"], first.is_paused()) == (2, True)
        assert await retention.run_daily(context) is not None  # the day's run is still due
        assert await retention.run_daily(context) is None
        assert await ask(context, "SELECT count(*) FROM people") == 0

    world.run(work)
