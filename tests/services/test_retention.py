"""What is due goes, and what is not stays."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import text

from activation_server.gateways.archive import Archive
from activation_server.rules.api_token import TokenOrder
from activation_server.rules.hold import HoldOrder
from activation_server.rules.permissions import Permission
from activation_server.rules.reasons import Reason
from activation_server.rules.retention import Lifetime, Unit
from activation_server.services import (
    api_tokens,
    holds,
    licensing,
    new_seat,
    people,
    retention,
    seat_changes,
    trials,
)
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import issue_one, make_request, reason
from tests.services.kept import SECOND, TWO_YEARS, a_comment, ask, due, gone, ignore, seat_of
from tests.services.test_people import ANA, BEN, activate, check_in, people_of, told


async def a_person(context: Context) -> None:
    await issue_one(context, buyer=ANA)


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
