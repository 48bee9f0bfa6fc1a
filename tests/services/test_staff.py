"""The vendor's staff: added, invited, with roles; the last administrator stays."""

import asyncio
from datetime import timedelta

import pytest

from activation_server.rules.audit import Wanted
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role
from activation_server.rules.staff import Standing
from activation_server.services import audit_list, retention, sessions, set_up, staff
from activation_server.services.context import Context
from tests.conftest import World
from tests.services.staff import invited, member, session_of, set_up_by, signed_in, token_of


async def actions(context: Context) -> list[tuple[str, str, str | None]]:
    """Who did what to whom, oldest first."""
    found = await audit_list.newest(context, Wanted(), None)
    return [(each.entry.who, str(each.entry.action), each.entry.subject) for each in found][::-1]


def test_somebody_is_added_with_a_link(world: World):
    async def work(context: Context):
        link = await staff.add(context, " Ana ", Role.ADMINISTRATOR)
        assert link.url.startswith("https://licenses.example.com/console/set-up/")
        assert len(token_of(link.url)) == 43
        assert link.until == context.now() + timedelta(hours=24)
        assert token_of(link.url) not in repr(link)
        [ana] = await staff.list_all(context)
        assert (ana.name, ana.role, ana.standing) == ("ana", Role.ADMINISTRATOR, Standing.INVITED)
        assert ana.link_until == link.until
        with pytest.raises(OperatorError, match="already"):
            await staff.add(context, "ANA", Role.VIEWER)
        assert await actions(context) == [("server", "staff_added", "ana")]

    world.run(work)


def test_a_password_is_chosen_and_the_link_is_used_up(world: World):
    async def work(context: Context):
        token = await invited(context)
        me = await set_up_by(context, token)
        assert len(set(me.codes)) == 10
        [ana] = await staff.list_all(context)
        assert (ana.standing, ana.link_until) == (Standing.ACTIVE, None)
        assert (await session_of(context, me.session)).name == "ana"
        assert await set_up.offered(context, token) is None
        code = me.code(context)
        assert await set_up.complete(context, token, "x" * 3, "x", code) is None
        assert await actions(context) == [
            ("server", "staff_added", "ana"),
            ("ana", "staff_set_up", "ana"),
        ]

    world.run(work)


def test_a_link_ends_after_a_day(world: World):
    async def work(context: Context):
        token = await invited(context)
        world.clock.advance(hours=24, seconds=-1)
        assert await set_up.offered(context, token) is not None
        world.clock.advance(seconds=1)
        assert await set_up.offered(context, token) is None
        assert await set_up.complete(context, token, "x", "x", "000000") is None
        [ana] = await staff.list_all(context)
        assert ana.link_until is None

    world.run(work)


@pytest.mark.parametrize("token", ["", "x", "é", "A" * 43, "../admin", "a\r\nb"])
def test_what_is_no_link_offers_nothing(world: World, token: str):
    async def work(context: Context):
        await invited(context)
        assert await set_up.offered(context, token) is None

    world.run(work)


def test_of_two_uses_of_a_link_at_the_same_moment_one_counts(world: World):
    async def work(context: Context):
        token = await invited(context)
        offer = await set_up.offered(context, token)
        assert offer is not None
        from activation_server.rules import totp  # noqa: PLC0415

        code = totp.code_at(offer.secret, totp.step_at(context.clock().timestamp()))
        done = await asyncio.gather(
            *(
                set_up.complete(context, token, password, password, code)
                for password in ("mine, and a long one", "yours, and longer")
            )
        )
        assert [isinstance(each, set_up.SetUp) for each in done].count(True) == 1
        assert done.count(None) == 1
        assert len(await staff.sessions(context, "ana")) == 1

    world.run(work)


def test_what_is_wrong_is_said_by_field_and_the_link_stays(world: World):
    async def work(context: Context):
        token = await invited(context)
        faults = await set_up.complete(context, token, "short", "other", "123456")
        assert isinstance(faults, set_up.NotSetUp)
        assert "at least 12" in (faults.password or "")
        assert faults.repeated == "This is not the same password."
        assert faults.code is not None
        await set_up_by(context, token)  # the same secret as before

    world.run(work)


def test_a_new_link_voids_the_one_before_and_ends_sessions_when_used(world: World):
    async def work(context: Context):
        first = await invited(context)
        second = token_of((await staff.make_link(context, "ana")).url)
        assert await set_up.offered(context, first) is None
        me = await set_up_by(context, second)
        again = token_of((await staff.make_link(context, "ana")).url)
        await signed_in(context, me)  # the password holds until another one is chosen
        held = await session_of(context, me.session)
        now = await set_up_by(context, again, "another long password")
        assert now.secret != me.secret
        assert await sessions.find(context, me.session) is None
        assert (await session_of(context, now.session)).session_id != held.session_id
        assert len(await staff.sessions(context, "ana")) == 1

    world.run(work)


def test_a_role_counts_from_the_next_question_on(world: World):
    async def work(context: Context):
        me = await member(context, role=Role.MANAGER)
        assert (await session_of(context, me.session)).role is Role.MANAGER
        assert (await staff.set_role(context, "ana", Role.VIEWER)).role is Role.VIEWER
        assert (await session_of(context, me.session)).role is Role.VIEWER
        await staff.set_role(context, "ana", Role.VIEWER)  # nothing to do: nothing to note
        assert [each[1] for each in await actions(context)] == [
            "staff_added",
            "staff_set_up",
            "staff_role_set",
        ]

    world.run(work)


def test_who_is_disabled_is_out_at_once_and_comes_back_with_the_old_password(world: World):
    async def work(context: Context):
        await invited(context, "root", Role.ADMINISTRATOR)
        me = await member(context)
        open_link = token_of((await staff.make_link(context, "ana")).url)
        assert (await staff.disable(context, "ana")).standing is Standing.DISABLED
        await staff.disable(context, "ana")
        assert await sessions.find(context, me.session) is None
        assert await set_up.offered(context, open_link) is None
        with pytest.raises(OperatorError, match="disabled"):
            await staff.make_link(context, "ana")
        assert (await staff.enable(context, "ana")).standing is Standing.ACTIVE
        assert await sessions.find(context, me.session) is None
        await signed_in(context, me)

    world.run(work)


@pytest.mark.parametrize("change", ["disable", "lower"])
def test_the_last_administrator_stays(world: World, change: str):
    async def work(context: Context):
        await invited(context, "root", Role.ADMINISTRATOR)
        await invited(context, "old", Role.ADMINISTRATOR)
        await invited(context, "ana")
        await staff.disable(context, "old")
        with pytest.raises(OperatorError, match="last administrator"):
            await (
                staff.disable(context, "root")
                if change == "disable"
                else staff.set_role(context, "root", Role.MANAGER)
            )
        await staff.set_role(context, "ana", Role.ADMINISTRATOR)
        await staff.disable(context, "root")

    world.run(work)


def test_of_two_administrators_that_disable_each_other_one_stays(world: World):
    async def work(context: Context):
        for name in ("root", "other"):
            await invited(context, name, Role.ADMINISTRATOR)
        for _ in range(5):
            done = await asyncio.gather(
                staff.disable(context, "root"),
                staff.set_role(context, "other", Role.VIEWER),
                return_exceptions=True,
            )
            assert [isinstance(each, OperatorError) for each in done].count(True) == 1
            await staff.enable(context, "root")
            await staff.set_role(context, "other", Role.ADMINISTRATOR)

    world.run(work)


def test_nobody_of_a_name(world: World):
    async def work(context: Context):
        for change in (staff.disable, staff.enable, staff.make_link, staff.sign_out):
            with pytest.raises(OperatorError, match="nobody of this name"):
                await change(context, "nobody")
        with pytest.raises(OperatorError, match="nobody of this name"):
            await staff.sessions(context, "nobody")

    world.run(work)


def test_an_operator_sees_and_ends_sessions(world: World):
    async def work(context: Context):
        me = await member(context)
        await member(context, "ben")
        await signed_in(context, me)
        assert len(await staff.sessions(context, "ana")) == 2
        everybodys = [each.name for each in await staff.sessions(context, None)]
        assert sorted(everybodys) == ["ana", "ana", "ben"]
        assert await staff.sign_out(context, "ana") == 2
        assert await staff.sign_out(context, "ana") == 0
        assert await sessions.find(context, me.session) is None
        assert [each.name for each in await staff.sessions(context, None)] == ["ben"]
        assert [each[1] for each in await actions(context)].count("signed_out") == 1

    world.run(work)


def test_accounts_and_sessions_go_when_due(world: World):
    async def work(context: Context):
        await invited(context, "root", Role.ADMINISTRATOR)
        await member(context)
        await member(context, "ben")
        await staff.disable(context, "ana")

        async def gone() -> dict[str, int]:
            run = await retention.run(context, lambda *_: None)
            return {name: each["gone"] for name, each in run.classes.items() if each["gone"]}

        world.clock.advance(hours=36)
        assert await gone() == {}
        world.clock.advance(seconds=1)
        assert await gone() == {"session": 1}
        world.clock.now += timedelta(days=731)
        assert (await gone())["staff"] == 1
        assert [each.name for each in await staff.list_all(context)] == ["ben", "root"]

    world.run(work)
