"""Signing in: what is taken and what is not, races, replays, guesses; and sessions."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from activation_server.crypto import master_key
from activation_server.crypto.passwords import Argon2
from activation_server.rules import rate_limit
from activation_server.rules.audit import Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.staff import WRONG_CODES, Why
from activation_server.services import audit_list, master_key_rotation, sessions, sign_in, staff
from activation_server.services.context import Context
from activation_server.services.credentials import Caller, LetIn
from activation_server.services.passwords import Passwords
from activation_server.services.sign_in_limits import SignInLimits
from activation_server.store.database import Connection
from tests.conftest import QUICK, World
from tests.services.staff import (
    HERE,
    PASSWORD,
    Member,
    member,
    session_of,
    set_up_by,
    signed_in,
    token_of,
    why,
)

ELSEWHERE = Caller("198.51.100.0/24")


async def ticket_of(context: Context, me: Member, caller: Caller = HERE) -> str:
    ticket = await sign_in.check_password(context, me.name, me.password, caller)
    assert isinstance(ticket, str), ticket
    return ticket


async def failures(context: Context) -> list[tuple[str | None, Any]]:
    """Whose sign-ins failed and why, oldest first."""
    found = await audit_list.newest(context, Wanted(), None)
    return [
        (each.entry.subject, each.entry.details["why"])
        for each in reversed(found)
        if each.entry.action == "sign_in_failed"
    ]


def limited(context: Context, world: World, network: int = 60, name: int = 10) -> Context:
    """Give the context limits that go by the world's clock."""
    limits = SignInLimits(
        network, name, lambda: int(world.clock.now.timestamp() * rate_limit.SECOND)
    )
    return replace(context, sign_in_limits=limits)


def test_password_and_code_begin_a_session(world: World):
    async def work(context: Context):
        me = await member(context)
        done = await signed_in(context, me)
        session = await session_of(context, done.session)
        assert (session.name, session.role) == ("ana", Role.SUPPORT)
        assert done.codes_left is None
        assert done.session != me.session
        assert done.session not in repr(done)
        last = (await audit_list.newest(context, Wanted(limit=1), None))[0].entry
        assert (last.who, last.action, last.subject) == ("ana", "signed_in", "ana")

    world.run(work)


@pytest.mark.parametrize(
    ("name", "password"),
    [("ana", "wrong"), ("ana", ""), ("nobody", PASSWORD), ("", ""), ("ana", PASSWORD + "x" * 300)],
)
def test_what_is_wrong_is_not_told_apart(world: World, name: str, password: str):
    async def work(context: Context):
        await member(context)
        done = await sign_in.check_password(context, name, password, HERE)
        assert (why(done), done) == (Why.WRONG, type(done)(Why.WRONG))
        assert await failures(context) == [("ana" if name == "ana" else None, "wrong")]

    world.run(work)


def test_who_is_disabled_or_only_invited_is_nobody(world: World):
    async def work(context: Context):
        await member(context, "root", Role.ADMINISTRATOR)
        await staff.add(context, "new", Role.VIEWER)
        me = await member(context)
        ticket = await ticket_of(context, me)
        await staff.disable(context, "ana")
        for name in ("ana", "new"):
            assert why(await sign_in.check_password(context, name, PASSWORD, HERE)) is Why.WRONG
        done = await sign_in.check_code(context, ticket, me.code(context), HERE)
        assert why(done) is Why.TOO_LATE

    world.run(work)


class Counting(Argon2):
    """Counts what is compared."""

    compared: list[str]

    def matches(self, digest: str, password: str) -> bool:
        self.compared.append(digest)
        return QUICK.matches(digest, password)

    def digest(self, password: str, salt: bytes) -> str:
        return QUICK.digest(password, salt)


def test_an_unknown_name_costs_one_comparison_as_a_known_one_does(world: World):
    async def work(context: Context):
        await member(context)
        await staff.add(context, "new", Role.VIEWER)
        argon2 = Counting()
        object.__setattr__(argon2, "compared", [])
        context = replace(context, passwords=Passwords(argon2))
        for name in ("ana", "nobody", "new", "", "x" * 10_000):
            before = len(argon2.compared)
            assert why(await sign_in.check_password(context, name, "wrong", HERE)) is Why.WRONG
            assert len(argon2.compared) == before + 1
        known, *others = argon2.compared
        assert {other.split("$")[:4] == known.split("$")[:4] for other in others} == {True}
        assert len(set(others)) == 1  # nobody's

    world.run(work)


def test_a_code_works_once(world: World):
    async def work(context: Context):
        me = await member(context)
        code = me.code(context)
        tickets = [await ticket_of(context, me) for _ in range(3)]
        done = await asyncio.gather(
            *(sign_in.check_code(context, ticket, code, HERE) for ticket in tickets)
        )
        assert [isinstance(each, LetIn) for each in done].count(True) == 1
        again = await sign_in.check_code(context, tickets[0], code, HERE)
        assert why(again) is Why.WRONG_CODE

    world.run(work)


def test_the_code_that_set_it_up_is_used_already(world: World):
    async def work(context: Context):
        me = await member(context)
        done = await sign_in.check_code(
            context, await ticket_of(context, me), me.code_now(context), HERE
        )
        assert why(done) is Why.WRONG_CODE

    world.run(work)


def test_a_recovery_code_works_once_also_at_the_same_moment(world: World):
    async def work(context: Context):
        me = await member(context)
        tickets = [await ticket_of(context, me) for _ in range(2)]
        typed = me.codes[3].upper().replace("-", " ")
        done = await asyncio.gather(
            *(sign_in.check_code(context, ticket, typed, HERE) for ticket in tickets)
        )
        [let_in] = [each for each in done if isinstance(each, LetIn)]
        assert let_in.codes_left == 9
        assert (await sessions.account(context, await session_of(context, let_in.session))) == (
            sessions.Account(
                (await sessions.account(context, await session_of(context, me.session))).sessions, 9
            )
        )

    world.run(work)


def test_recovery_codes_are_of_their_owner(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        ticket = await ticket_of(context, me)
        done = await sign_in.check_code(context, ticket, other.codes[0], HERE)
        assert why(done) is Why.WRONG_CODE

    world.run(work)


def test_new_recovery_codes_void_the_old_ones(world: World):
    async def work(context: Context):
        me = await member(context)
        session = await session_of(context, me.session)
        new = await sessions.renew_recovery_codes(context, session)
        assert not set(new) & set(me.codes)
        old = await sign_in.check_code(context, await ticket_of(context, me), me.codes[0], HERE)
        assert why(old) is Why.WRONG_CODE
        done = await sign_in.check_code(context, await ticket_of(context, me), new[0], HERE)
        assert isinstance(done, LetIn)

    world.run(work)


def test_a_ticket_is_good_for_five_minutes_and_for_these_credentials(world: World):
    async def work(context: Context):
        me = await member(context)
        ticket = await ticket_of(context, me)
        world.clock.advance(minutes=5)
        done = await sign_in.check_code(context, ticket, me.code_now(context), HERE)
        assert why(done) is Why.TOO_LATE
        ticket = await ticket_of(context, me)
        world.clock.advance(seconds=30)
        now = await set_up_by(context, token_of((await staff.make_link(context, "ana")).url))
        done = await sign_in.check_code(context, ticket, now.code(context), HERE)
        assert why(done) is Why.TOO_LATE
        for forged in ("", "x", ticket[:-1] + ("A" if ticket[-1] != "A" else "B"), now.browser):
            done = await sign_in.check_code(context, forged, now.code(context), HERE)
            assert why(done) is Why.TOO_LATE

    world.run(work)


def test_wrong_codes_close_the_way_but_not_for_a_known_browser(world: World):
    async def work(context: Context):
        me = await member(context)
        ticket = await ticket_of(context, me)
        for _ in range(WRONG_CODES):
            done = await sign_in.check_code(context, ticket, "000000", ELSEWHERE)
            assert why(done) is Why.WRONG_CODE
        done = await sign_in.check_code(context, ticket, me.code(context), ELSEWHERE)
        assert why(done) is Why.CODES_USED_UP
        done = await sign_in.check_code(context, ticket, me.codes[0], ELSEWHERE)
        assert why(done) is Why.CODES_USED_UP
        await signed_in(context, me, Caller("198.51.100.0/24", me.browser))
        await signed_in(context, me, ELSEWHERE)  # that one was no guess: the count begins anew

    world.run(work)


def test_guesses_are_slowed_down_by_name_and_network_and_nobody_else_is(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        context = limited(context, world)
        for _ in range(10):
            assert why(await sign_in.check_password(context, "ana", "guess", HERE)) is Why.WRONG
        done = await sign_in.check_password(context, "ana", me.password, HERE)
        assert why(done) is Why.TOO_MANY
        assert getattr(done, "wait", 0) == 6
        await ticket_of(context, other)
        await ticket_of(context, me, ELSEWHERE)
        stolen = Caller(HERE.network, other.browser)  # known, but as somebody else's
        assert why(await sign_in.check_password(context, "ana", "guess", stolen)) is Why.TOO_MANY
        await ticket_of(context, me, Caller(HERE.network, me.browser))
        assert why(await sign_in.check_password(context, "ana", "guess", HERE)) is Why.TOO_MANY
        world.clock.advance(seconds=6)
        await ticket_of(context, me)

    world.run(work)


def test_a_network_is_slowed_down_whatever_the_names(world: World):
    async def work(context: Context):
        me = await member(context)
        context = limited(context, world, network=5)
        for number in range(5):
            done = await sign_in.check_password(context, f"guess-{number}", "guess", HERE)
            assert why(done) is Why.WRONG
        assert why(await sign_in.check_password(context, "ana", PASSWORD, HERE)) is Why.TOO_MANY
        await ticket_of(context, me, Caller(HERE.network, me.browser))

    world.run(work)


def test_a_known_browser_may_not_guess_for_ever_either(world: World):
    async def work(context: Context):
        me = await member(context)
        context, known = limited(context, world), Caller(None, me.browser)
        for _ in range(10):
            assert why(await sign_in.check_password(context, "ana", "guess", known)) is Why.WRONG
        assert why(await sign_in.check_password(context, "ana", "guess", known)) is Why.TOO_MANY
        world.clock.advance(minutes=2)
        ticket = await ticket_of(context, me, known)
        for _ in range(10):
            assert why(await sign_in.check_code(context, ticket, "1", known)) is Why.WRONG_CODE
        assert why(await sign_in.check_code(context, ticket, "1", known)) is Why.TOO_MANY

    world.run(work)


def test_a_browser_is_known_for_a_year_and_for_these_credentials(world: World):
    async def work(context: Context):
        me = await member(context)
        context, known = limited(context, world, name=1), Caller(HERE.network, me.browser)

        async def is_known() -> bool:
            await sign_in.check_password(context, "ana", "guess", HERE)
            return why(await sign_in.check_password(context, "ana", "guess", known)) is Why.WRONG

        assert await is_known()
        world.clock.advance(days=364)
        assert await is_known()
        world.clock.advance(days=1)
        assert not await is_known()
        world.clock.advance(minutes=5)
        token = token_of((await staff.make_link(context, "ana")).url)
        known = Caller(HERE.network, (await set_up_by(context, token)).browser)
        assert await is_known()
        world.clock.advance(minutes=5)
        await set_up_by(context, token_of((await staff.make_link(context, "ana")).url))
        assert not await is_known()

    world.run(work)


def test_failures_are_noted_once_a_minute_of_a_name_and_network(world: World):
    async def work(context: Context):
        await member(context)
        context = limited(context, world, 1000, 1000)
        for caller in (HERE, ELSEWHERE):
            for name in ("ana", "nobody", "somebody", "ana"):
                await sign_in.check_password(context, name, "guess", caller)
        noted = [("ana", "wrong"), (None, "wrong"), (None, "wrong")] * 2
        assert await failures(context) == noted
        world.clock.advance(minutes=1)
        await sign_in.check_password(context, "ana", "guess", HERE)
        assert len(await failures(context)) == 7
        for number in range(100):
            await sign_in.check_password(context, "x", "guess", Caller(str(number)))
        assert len(await failures(context)) <= 7 + 60

    world.run(work)


def test_a_step_up_needs_both_and_gives_another_token(world: World):
    async def work(context: Context):
        me = await member(context)
        world.clock.advance(minutes=20)
        session = await session_of(context, me.session)
        assert not session.is_fresh(context.now(), context.session_times)
        for password, code, is_ in (
            ("guess", me.code(context), Why.WRONG),
            (PASSWORD, "000000", Why.WRONG_CODE),
        ):
            done = await sign_in.step_up(context, session, password, code, HERE)
            assert why(done) is is_
        code = me.code(context)
        done = await sign_in.step_up(context, session, PASSWORD, code, HERE)
        assert isinstance(done, LetIn)
        assert await sessions.find(context, me.session) is None
        again = await session_of(context, done.session)
        assert again.is_fresh(context.now(), context.session_times)
        assert (again.session_id, again.began_at) == (session.session_id, session.began_at)
        assert again.ends_at == session.ends_at
        replayed = await sign_in.step_up(context, again, PASSWORD, code, HERE)
        assert why(replayed) is Why.WRONG_CODE
        last = (await audit_list.newest(context, Wanted(limit=1), None))[0].entry
        assert (last.who, last.action, last.subject) == ("ana", "stepped_up", "ana")

    world.run(work)


def test_a_session_that_was_ended_is_not_stepped_up(world: World):
    async def work(context: Context):
        me = await member(context)
        session = await session_of(context, me.session)
        await sessions.sign_out(context, session)
        done = await sign_in.step_up(context, session, PASSWORD, me.code(context), HERE)
        assert why(done) is Why.TOO_LATE

    world.run(work)


def test_a_session_ends_unused_and_after_its_hours(world: World):
    async def work(context: Context):
        me = await member(context)
        world.clock.advance(minutes=31)
        assert await sessions.find(context, me.session) is None
        token = (await signed_in(context, me)).session
        for _ in range(25):
            world.clock.advance(minutes=28)
            assert await sessions.find(context, token) is not None
        world.clock.advance(minutes=20)
        assert await sessions.find(context, token) is None

    world.run(work)


def test_whoever_is_signed_in_ends_their_own_sessions_and_nobody_elses(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        mine = await session_of(context, me.session)
        second = await session_of(context, (await signed_in(context, me)).session)
        third = await session_of(context, (await signed_in(context, me)).session)
        bens = await session_of(context, other.session)
        assert len((await sessions.account(context, mine)).sessions) == 3
        assert not await sessions.end_one(context, mine, bens.session_id)
        assert await sessions.end_one(context, mine, second.session_id)
        assert await sessions.end_others(context, mine) == 1
        left = (await sessions.account(context, mine)).sessions
        assert [each.session_id for each in left] == [mine.session_id]
        assert third.session_id not in left
        await sessions.sign_out(context, mine)
        assert await sessions.find(context, me.session) is None
        assert await sessions.find(context, other.session) is not None

    world.run(work)


def test_nothing_that_opens_anything_is_in_the_database(world: World):
    async def work(context: Context):
        me = await member(context)
        link = token_of((await staff.make_link(context, "ana")).url)

        async def dump(connection: Connection) -> str:
            tables = ("staff", "staff_recovery_codes", "staff_sessions", "audit_log")
            rows = [
                str([bytes(each) if isinstance(each, memoryview) else each for each in row])
                for table in tables
                for row in await connection.execute(text(f"SELECT * FROM {table}"))
            ]
            return "\n".join(rows)

        stored = await context.database.transact(dump)
        assert "ana" in stored
        for secret in (me.session, me.browser, link, *me.codes, PASSWORD, "argon2"):
            assert secret not in stored
        assert repr(me.secret)[2:-1] not in stored

    world.run(work)


def test_credentials_open_after_the_master_key_is_replaced(world: World, tmp_path: Path):
    path = tmp_path / "master.key"
    master_key.make(path, world.master)
    world.master_key_file = path

    async def before(context: Context):
        me = await member(context)
        await master_key_rotation.rotate(context, lambda _done, _total: None)
        return me

    async def after(context: Context, me: Member):
        await signed_in(context, me)
        assert await sessions.find(context, me.session) is not None

    me = world.run(before)
    assert master_key.load(path) != [world.master]
    world.run(lambda context: after(context, me))


def test_a_lost_answer_leaves_a_session_that_ends_by_itself(world: World):
    """The commit is done, the answer never comes: whoever signs in again is not held up."""

    async def work(context: Context):
        me = await member(context)
        await signed_in(context, me)
        await signed_in(context, me)
        world.clock.now += timedelta(minutes=32)
        assert await staff.sessions(context, "ana") == []

    world.run(work)
