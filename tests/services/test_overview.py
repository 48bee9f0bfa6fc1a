"""The overview's numbers, on worlds that are small enough to count by hand."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from activation_server.formats import overview as sheets
from activation_server.rules import overview as rules
from activation_server.rules.errors import UnavailableError
from activation_server.rules.history import Event, EventKind
from activation_server.rules.license import App, License
from activation_server.rules.overview import Numbers
from activation_server.rules.reasons import Reason
from activation_server.rules.seat import Computer
from activation_server.services import licensing, overview, products, seat_changes
from activation_server.services.activation import reactivate_alone
from activation_server.services.calls import Certified, add_event
from activation_server.services.context import Context
from activation_server.services.licensing import LicenseView
from activation_server.services.new_seat import activate
from activation_server.store import overview as store
from activation_server.store.database import Connection
from tests.conftest import START, World, note_statements
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

HOSTILE = "=1+1<script>\u202e" + "x" * 51
NOW = START + timedelta(days=20)


async def seat(
    context: Context, license_: LicenseView, number: int, app: str = "9.9", system: str = "linux"
) -> Certified:
    request = make_request(number, license_.license_key, number, app=App(app))
    return granted(await activate(context, replace(request, computer=Computer(system, "1"))))


def at(context: Context, moment: datetime) -> None:
    context.clock.now = moment  # type: ignore[attr-defined]


async def used(context: Context) -> None:
    """Three computers of two licenses; one gave its seat back last month, one is hostile."""
    three = await issue_one(context, seats=3)
    first = await seat(context, three, 1)
    second = await seat(context, three, 2)
    at(context, START + timedelta(days=5))
    await seat_changes.remove_activation(context, second.activation.activation_id, "moved")
    any_number = await issue_one(context, seats=None)
    await seat(context, any_number, 3, HOSTILE, "windows")
    await seat(context, any_number, 4)
    at(context, NOW)
    again = make_request(9, computer=1, app=App("10.0"))
    granted(
        await reactivate_alone(context, first.activation.activation_id, first.check_in_token, again)
    )


async def numbers_of(context: Context) -> Numbers:
    return await overview.numbers(context)


def rows(numbers: Numbers, name: str) -> list[tuple[Any, ...]]:
    found = sheets.sheets(numbers)[name].rows
    assert found is not None
    return [tuple(row) for row in found]


def counted(numbers: Numbers, name: str) -> dict[Any, Any]:
    """What of a table of two columns is not zero."""
    return {row[0]: row[1] for row in rows(numbers, name) if row[1]}


def test_computers_are_counted_by_everything(world: World):
    async def work(context: Context) -> Numbers:
        await used(context)
        return await numbers_of(context)

    numbers = world.run(work)
    assert numbers.made_at == NOW
    assert numbers.computers is not None
    assert numbers.computers.active == 3
    assert counted(numbers, "active") == {"2026-11": 3, "2026-12": 3}
    assert counted(numbers, "activations") == {"2026-11-22": 2, "2026-11-27": 2}
    assert counted(numbers, "last-check-ins") == {"2026-11-27": 2, "2026-12-12": 1}
    assert counted(numbers, "versions") == {"10.0": 1, "9.9": 1, HOSTILE: 1}
    assert rows(numbers, "systems") == [("Linux", 2), ("Windows", 1)]
    assert rows(numbers, "seats") == [(PRODUCT, 1, 3, 1, 2, 1)]


def test_a_computer_that_left_was_there_before(world: World):
    async def work(context: Context) -> Numbers:
        license_ = await issue_one(context, seats=2)
        first, _ = await seat(context, license_, 1), await seat(context, license_, 2)
        at(context, datetime(2027, 1, 15, tzinfo=START.tzinfo))
        await seat_changes.remove_activation(context, first.activation.activation_id, "moved")
        at(context, datetime(2027, 2, 1, tzinfo=START.tzinfo))
        return await numbers_of(context)

    months = counted(world.run(work), "active")
    assert months == {"2026-11": 2, "2026-12": 2, "2027-01": 1, "2027-02": 1}


def test_what_was_before_the_first_month_counts_from_there(world: World):
    async def work(context: Context) -> Numbers:
        license_ = await issue_one(context, seats=2)
        first, _ = await seat(context, license_, 1), await seat(context, license_, 2)
        at(context, START + timedelta(days=3))
        await seat_changes.remove_activation(context, first.activation.activation_id, "moved")
        at(context, START + timedelta(days=600))
        return await numbers_of(context)

    numbers = world.run(work)
    assert [count for _, count in rows(numbers, "active")] == [1] * rules.MONTHS
    assert counted(numbers, "last-check-ins") == {sheets.EARLIER: 1}
    assert counted(numbers, "activations") == {}


def test_a_lease_that_ran_out_is_no_active_computer(world: World):
    async def work(context: Context) -> Numbers:
        floating = await issue_one(context, overrides={"seats": 2, "floating_minutes": 30})
        await seat(context, floating, 1)
        at(context, START + timedelta(days=20))
        await seat(context, floating, 2)
        return await numbers_of(context)

    numbers = world.run(work)
    assert numbers.computers is not None
    assert numbers.computers.active == 1
    assert counted(numbers, "active") == {"2026-12": 1}


def test_versions_beyond_the_first_ten_are_added_up(world: World):
    async def work(context: Context) -> Numbers:
        license_ = await issue_one(context, seats=None)
        for number in range(1, 14):
            await seat(context, license_, number, f"{min(number, 12):02}")
        return await numbers_of(context)

    versions = rows(world.run(work), "versions")
    assert versions[0] == ("12", 2)
    assert versions[1:-1] == [(f"{number:02}", 1) for number in range(1, 10)]
    assert versions[-1] == (sheets.OTHERS, 2)


TERMS: Mapping[str, Mapping[str, Any]] = {
    "never": {},
    "from issue, soon": {"term_days": 45},
    "from issue, now": {"term_days": 20},
    "from issue, gone": {"term_days": 19},
    "from issue, on the last day": {"term_days": 49},
    "from issue, later": {"term_days": 50},
    "from activation, not yet": {"term_days": 25, "term_from": "activation"},
    "a trial": {"trial_days": 30},
    "gone, in grace": {"term_days": 19, "grace_days": 2},
    "gone with its grace": {"term_days": 18, "grace_days": 2},
}


@pytest.mark.parametrize("name", TERMS)
def test_ends_are_those_of_the_rule(world: World, name: str):
    async def work(context: Context) -> tuple[License, Numbers]:
        license_ = await issue_one(context, overrides=TERMS[name])
        at(context, NOW)
        return license_.license, await numbers_of(context)

    license_, numbers = world.run(work)
    is_sold = license_.terms.trial_days is None
    end, stop = license_.ends_at(NOW), license_.stops_at(NOW)
    assert numbers.sold is not None
    assert numbers.ending is not None
    assert len(numbers.sold) == (is_sold and (stop is None or stop > NOW))
    soon = end is not None and NOW <= end < NOW + rules.ENDING and not license_.awaits_activation()
    assert numbers.ending.count == (is_sold and soon)
    if numbers.ending.count:
        [listed] = numbers.ending.first
        assert (listed.license_id, listed.at) == (license_.license_id, end)


def test_a_term_counts_from_the_first_activation_and_an_end_of_its_own_goes_before(world: World):
    async def work(context: Context) -> Numbers:
        at(context, START)
        starts = await issue_one(
            context, overrides={"term_days": 40, "term_from": "activation", "seats": 1}
        )
        own = START + timedelta(days=22)
        await issue_one(context, overrides={"term_days": 500}, expires_at=own)
        held = await issue_one(context, overrides={"term_days": 22})
        await licensing.change_standing(context, held.license.license_id, "suspend", "case 1")
        at(context, START + timedelta(days=2))
        await seat(context, starts, 1)
        at(context, NOW)
        return await numbers_of(context)

    numbers = world.run(work)
    assert [row[1:] for row in rows(numbers, "ending")] == [
        (PRODUCT, "2026-12-14"),
        (PRODUCT, "2027-01-03"),
    ]
    assert rows(numbers, "seats") == [(PRODUCT, 1, 2, 2, 0, 0)]


def test_a_policy_says_what_a_license_does_not(world: World):
    async def work(context: Context) -> Numbers:
        await products.add_product(context, PRODUCT, "Backup Pro", "EdDSA")
        await products.set_policy(context, PRODUCT, "standard", {"seats": 7, "term_days": 30})
        await issue_one(context, overrides={})
        await issue_one(context, overrides={"term_days": None, "seats": None})
        at(context, NOW)
        return await numbers_of(context)

    numbers = world.run(work)
    assert rows(numbers, "seats") == [(PRODUCT, 0, 7, 1, 0, 1)]
    assert [row[2] for row in rows(numbers, "ending")] == ["2026-12-22"]


def test_a_key_that_goes_round_looks_leaked_and_one_of_many_seats_does_not(world: World):
    async def work(context: Context) -> tuple[LicenseView, Numbers]:
        round_, large = await issue_one(context, seats=1), await issue_one(context, seats=40)
        for number in range(1, 11):
            made = await seat(context, round_, number)
            await seat_changes.remove_activation(context, made.activation.activation_id, "x")
            await seat(context, large, 100 + number)
        at(context, START + timedelta(days=6))
        return round_, await numbers_of(context)

    license_, numbers = world.run(work)
    assert rows(numbers, "leaked") == [(f"…{license_.key_tail}", PRODUCT, 10, 1)]
    assert sheets.sheets(numbers)["leaked"].licenses == [license_.license.license_id]


def test_a_seat_that_very_many_want_is_told_with_the_reason_in_plain_words(world: World):
    async def work(context: Context) -> tuple[LicenseView, Numbers]:
        wanted, other = await issue_one(context, seats=1), await issue_one(context, seats=1)
        for license_, times in ((wanted, 20), (other, 19)):
            await seat(context, license_, 1)
            for number in range(2, times + 2):
                request = make_request(number, license_.license_key, number)
                assert reason(await activate(context, request)) is Reason.SEAT_LIMIT_REACHED
        at(context, START + timedelta(days=6))
        return wanted, await numbers_of(context)

    license_, numbers = world.run(work)
    tail = f"…{license_.key_tail}"
    assert rows(numbers, "refused-seats") == [(tail, PRODUCT, 20, 1, "2026-11-22")]
    assert rows(numbers, "refusals") == [("All seats are taken", 2, 39)]


def test_clones_are_those_of_the_last_days(world: World):
    async def work(context: Context) -> tuple[LicenseView, Numbers]:
        old, new = await issue_one(context), await issue_one(context)
        for license_, moments in ((old, [START]), (new, [START, NOW, NOW + timedelta(days=20)])):
            for moment in moments:
                await context.database.transact(
                    lambda on, license_=license_, moment=moment: add_event(  # type: ignore[misc]
                        context,
                        on,
                        license_.license.license_id,
                        Event(EventKind.CLONE_SUSPECTED),
                        at=moment,
                    )
                )
        at(context, START + timedelta(days=40))
        return new, await numbers_of(context)

    license_, numbers = world.run(work)
    assert rows(numbers, "clones") == [(f"…{license_.key_tail}", PRODUCT, 2, "2027-01-01")]


def test_a_list_that_goes_on_tells_how_long_it_is(world: World):
    async def work(context: Context) -> Numbers:
        await issue_one(context, overrides={"term_days": 10}, count=1)
        order = licensing.Order(PRODUCT, "standard", {"term_days": 9}, None, None, None, 24)
        await licensing.issue(context, order, lambda _: None)
        return await numbers_of(context)

    numbers = world.run(work)
    assert numbers.ending is not None
    assert (numbers.ending.count, len(numbers.ending.first)) == (25, rules.LISTED)


def test_an_empty_database_has_nothing(world: World):
    numbers = world.run(numbers_of)
    for name, sheet in sheets.sheets(numbers).items():
        assert sheet.rows is not None, name
        assert not any(row[1] for row in sheet.rows), name
        assert not sheet.has_plot, name


def test_what_is_due_is_counted(world: World):
    async def work(context: Context) -> Mapping[str, int]:
        license_ = await issue_one(context)
        await seat(context, license_, 1)
        at(context, START + timedelta(days=31))
        kept = (await overview.due(context)).value
        assert kept is not None
        return {each.of_class.name: each.due.count for each in kept if each.due.count}

    assert world.run(work) == {"last request": 1}


def test_numbers_are_kept_for_minutes_and_made_by_one_for_all(world: World):
    async def work(context: Context) -> None:
        asked: list[str] = []
        note_statements(context.database, asked)
        first, second = await asyncio.gather(*(overview.numbers(context) for _ in range(2)))
        assert first is second
        once = len(asked)
        assert await overview.numbers(context.acting("ana"), anew=True) is first
        at(context, START + timedelta(seconds=61))
        assert await overview.numbers(context) is first
        assert len(asked) == once
        anew = await overview.numbers(context, anew=True)
        assert anew.made_at == START + timedelta(seconds=61)
        at(context, START + timedelta(minutes=7))
        assert (await overview.numbers(context)).made_at == START + timedelta(minutes=7)

    world.run(work)


def test_a_picture_is_drawn_once_for_the_same_numbers(world: World):
    async def work(context: Context) -> list[int]:
        drawn: list[int] = []

        def draw() -> int:
            drawn.append(len(drawn))
            return drawn[-1]

        later = START + timedelta(minutes=5)
        asked = [(START, "a"), (START, "a"), (START, "b"), (later, "a"), (later, "b")]
        return list(
            await asyncio.gather(*(context.overview.pictures.get(*each, draw) for each in asked))
        )

    assert world.run(work) == [0, 0, 1, 2, 3]


def test_what_is_locked_is_left_out_and_all_else_is_told(world: World):
    async def work(context: Context) -> Numbers:
        await used(context)

        async def locked(connection: Connection) -> Numbers:
            await connection.execute(text("LOCK TABLE events"))
            return await numbers_of(context)

        return await context.database.transact(locked)

    numbers = world.run(work)
    assert (numbers.activations, numbers.much_activated, numbers.cloned) == (None, None, None)
    assert counted(numbers, "versions") == {"10.0": 1, "9.9": 1, HOSTILE: 1}
    assert sheets.sheets(numbers)["activations"].rows is None


def test_a_question_is_stopped_and_changes_nothing(world: World):
    async def work(context: Context) -> None:
        async def slow(connection: Connection) -> int:
            await connection.execute(text("SELECT pg_sleep(60)"))
            return 1

        async def quick(connection: Connection) -> str:
            return str(await connection.scalar(text("SHOW transaction_read_only")))

        async def write(connection: Connection) -> None:
            await connection.execute(text("DELETE FROM refusals"))

        async def both(connection: Connection) -> tuple[int | None, str | None]:
            return (
                await store.bounded(connection, slow, longest=20),
                await store.bounded(connection, quick),
            )

        assert await context.database.transact(both) == (None, "on")
        with pytest.raises(UnavailableError):
            await context.database.transact(lambda on: store.bounded(on, write))

    world.run(work)


def test_of_very_many_computers_some_are_looked_at(world: World):
    async def work(context: Context) -> Numbers:
        license_ = await issue_one(context, seats=None)
        for number in range(1, 41):
            await seat(context, license_, number)

        async def sampled(connection: Connection) -> rules.Computers:
            await connection.execute(text("ANALYZE activations"))
            month, day = rules.months(START)[0], rules.beginning(rules.days(START)[0])
            whole = await store.computers(connection, START, month, day, most=40)
            assert (whole.one_in, whole.active) == (1, 40)
            return await store.computers(connection, START, month, day, most=14)

        found = await context.database.transact(sampled)
        return replace(await numbers_of(context), computers=found)

    numbers = world.run(work)
    found = numbers.computers
    assert found is not None
    assert found.one_in == 3
    assert found.active % 3 == 0
    assert found.active == sum(found.versions.values()) == sum(found.last_seen.values())
    for name, sheet in sheets.sheets(numbers).items():
        is_estimated = "Estimated: one of 3 computers was looked at." in sheet.about
        assert is_estimated == (name in {"active", "last-check-ins", "versions", "systems"})


def test_names_in_the_sheets_are_told_apart():
    nothing = Numbers(START, *[None] * 8)
    all_ = sheets.sheets(nothing)
    assert all(name == sheet.name for name, sheet in all_.items())
    assert all(sheet.rows is None for sheet in all_.values())
    assert len({sheet.title for sheet in all_.values()}) == len(all_)
