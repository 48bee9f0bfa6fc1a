"""The newsletter: asked for by apps, confirmed, withdrawn; a withdrawal outlives everything."""

import asyncio
from dataclasses import replace

import pytest

from activation_server.rules.audit import Action, Wanted
from activation_server.rules.consent import Channel, State
from activation_server.rules.errors import OperatorError
from activation_server.rules.person import Person, Told
from activation_server.services import audit_list, consents, erasure, newsletter
from activation_server.services.context import Context
from activation_server.store import newsletter as store
from tests.conftest import World
from tests.services.calls import deadlocks, issue_one, make_request
from tests.services.test_erasure import EMAIL, ignore, run
from tests.services.test_people import ANA, BEN, activate, check_in, rows

ASKS = Told(ANA, newsletter=True)
TABLES = (
    "people",
    "person_computers",
    "newsletter_consents",
    "newsletter_suppressions",
    "erasure_position",
)


async def states(context: Context, email: str = EMAIL) -> list[State]:
    found = await newsletter.status(context, email)
    return [each.consent.state for each in found.consents]


async def listed(context: Context) -> list[str]:
    return [each.email async for each in newsletter.recipients(context, "to send")]


async def back_up(context: Context) -> None:
    await run(context, *(f"CREATE TABLE old_{name} AS TABLE {name}" for name in TABLES))


async def restore(context: Context) -> None:
    await run(
        context,
        *(f"DELETE FROM {name}" for name in reversed(TABLES)),
        *(f"INSERT INTO {name} SELECT * FROM old_{name}" for name in TABLES),
    )


def test_a_wish_counts_once_it_is_confirmed_and_keeps_its_evidence(world: World):
    async def work(context: Context):
        context = replace(context, newsletter_wording="2026-11")
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=ASKS))
        asked = context.now()
        assert await states(context) == [State.UNCONFIRMED]
        assert await listed(context) == []
        world.clock.advance(hours=1)
        known = await newsletter.confirm(context, f" {EMAIL.upper()} ", Channel.EMAIL)
        assert known.gets_newsletter
        assert await newsletter.confirm(context, EMAIL) == known
        wanted = Wanted(action=Action.NEWSLETTER_CONFIRMED)
        assert len(await audit_list.newest(context, wanted, None)) == 1
        [recipient] = [each async for each in newsletter.recipients(context, "to send")]
        evidence = recipient.consent
        assert recipient.email == EMAIL
        assert (evidence.wording, evidence.app_version) == ("2026-11", "9.9")
        assert (evidence.channel, evidence.asked_at) == (Channel.APP, asked)
        assert (evidence.confirmed_by, evidence.confirmed_at) == (Channel.EMAIL, context.now())

    world.run(work)


@pytest.mark.parametrize("told", [Told(ANA), Told(Person("Ana"), newsletter=True)])
def test_no_wish_or_no_address_makes_no_consent(world: World, told: Told):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=told))
        assert await rows(context, "newsletter_consents") == 0
        with pytest.raises(OperatorError, match="newsletter: true"):
            await newsletter.confirm(context, EMAIL)

    world.run(work)


def test_a_box_that_is_ticked_later_counts_though_nothing_else_is_told(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=Told(ANA)))
        await check_in(context, seat, make_request(2, told=Told(newsletter=True)))
        assert await states(context) == [State.UNCONFIRMED]

    world.run(work)


def test_to_say_no_more_is_no_withdrawal(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.confirm(context, EMAIL)
        await check_in(context, seat, make_request(2, told=Told(ANA, "No tick any more")))
        assert await listed(context) == [EMAIL]

    world.run(work)


def test_check_ins_do_not_undo_a_withdrawal_but_a_new_activation_asks_anew(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.confirm(context, EMAIL)
        withdrawn = await newsletter.withdraw(context, EMAIL)
        assert withdrawn.suppressed_since == context.now()
        assert await newsletter.withdraw(context, EMAIL) == withdrawn
        for number, comment in ((2, None), (3, "Something new")):
            news = replace(ASKS, comments=comment)
            seat = await check_in(context, seat, make_request(number, told=news))
            assert await states(context) == [State.WITHDRAWN]
        with pytest.raises(OperatorError):
            await newsletter.confirm(context, EMAIL)
        await activate(context, make_request(4, sold.license_key, told=news))
        known = await newsletter.status(context, EMAIL)
        assert known.in_force == {State.UNCONFIRMED}
        assert not known.gets_newsletter
        assert known.suppressed_since is not None
        assert (await newsletter.confirm(context, EMAIL)).suppressed_since is None
        assert await listed(context) == [EMAIL]
        assert world.ledger.read_text().count("\n") == 2

    world.run(work)


def test_a_consent_ends_when_the_address_changes(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.confirm(context, EMAIL)
        moved = replace(ANA, email="ana@example.org")
        seat = await check_in(context, seat, make_request(2, told=Told(moved)))
        [old] = (await newsletter.status(context, EMAIL)).consents
        assert old.consent.withdrawn_by is Channel.ADDRESS_CHANGED
        assert await listed(context) == []
        news = Told(moved, newsletter=True)
        await check_in(context, seat, make_request(3, told=news))
        assert await states(context, "ana@example.org") == [State.UNCONFIRMED]
        assert await states(context) == []

    world.run(work)


def test_a_consent_goes_on_when_its_person_turns_out_to_be_another(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2)
        short = Person("Ana", None, EMAIL)
        first = make_request(1, sold.license_key, told=Told(short, newsletter=True))
        seat = await activate(context, first)
        await newsletter.confirm(context, EMAIL)
        await activate(context, make_request(2, sold.license_key, 2, told=Told(ANA)))
        await check_in(context, seat, make_request(3, told=Told(ANA)))
        assert await rows(context, "people") == 1
        assert await listed(context) == [EMAIL]

    world.run(work)


def test_one_word_holds_for_an_address_in_every_license(world: World):
    async def work(context: Context):
        for number in (1, 2):
            sold = await issue_one(context)
            await activate(context, make_request(number, sold.license_key, number, told=ASKS))
        ben = make_request(3, (await issue_one(context)).license_key, 3)
        await activate(context, replace(ben, told=Told(BEN, newsletter=True)))
        await newsletter.confirm(context, EMAIL)
        await newsletter.confirm(context, str(BEN.email))
        assert sorted(await listed(context)) == [EMAIL, BEN.email]
        await newsletter.withdraw(context, EMAIL)
        assert await states(context) == [State.WITHDRAWN] * 2
        assert await listed(context) == [BEN.email]

    world.run(work)


def test_all_recipients_are_given_page_by_page(world: World, monkeypatch: pytest.MonkeyPatch):
    async def work(context: Context):
        sold = await issue_one(context, seats=None)
        addresses = [f"person-{number}@example.com" for number in range(5)]
        for number, email in enumerate(addresses, 1):
            news = Told(Person(email=email), newsletter=True)
            request = make_request(number, sold.license_key, number, told=news)
            await activate(context, request)
            await newsletter.confirm(context, email)
        monkeypatch.setattr(store, "PAGE", 2)
        assert sorted(await listed(context)) == addresses

    world.run(work)


def test_two_check_ins_and_a_withdrawal_at_once(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=None)
        seats = [await activate(context, make_request(n, sold.license_key, n)) for n in (1, 2)]
        news = [
            check_in(context, seat, make_request(n + 100, computer=n, told=ASKS))
            for n, seat in enumerate(seats, 1)
        ]
        await asyncio.gather(*news, newsletter.withdraw(context, EMAIL))
        assert len(await states(context)) <= 1
        assert not (await newsletter.status(context, EMAIL)).in_force
        assert await context.database.transact(deadlocks) == 0

    world.run(work)


def test_two_check_ins_at_once_make_one_consent(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=None)
        seats = [await activate(context, make_request(n, sold.license_key, n)) for n in range(1, 6)]
        news = [
            check_in(context, seat, make_request(n + 100, computer=n, told=ASKS))
            for n, seat in enumerate(seats, 1)
        ]
        await asyncio.gather(*news)
        assert await states(context) == [State.UNCONFIRMED]
        assert await context.database.transact(deadlocks) == 0

    world.run(work)


def test_an_erasure_takes_the_consent_and_leaves_the_withdrawal(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.withdraw(context, EMAIL)
        await erasure.erase(context, EMAIL)
        known = await newsletter.status(context, EMAIL)
        assert (known.consents, known.suppressed_since) == ([], context.now())
        await check_in(context, seat, make_request(2, told=ASKS))
        assert await states(context) == []
        await activate(context, make_request(3, sold.license_key, told=ASKS))
        assert await states(context) == [State.UNCONFIRMED]
        await erasure.erase(context, EMAIL)
        assert await rows(context, "newsletter_consents") == 0
        assert world.ledger.read_text().count('"suppressed"') == 1

    world.run(work)


def test_a_withdrawal_outlives_the_restore_of_an_older_backup(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.confirm(context, EMAIL)
        await back_up(context)
        world.clock.advance(days=1)
        await newsletter.withdraw(context, EMAIL)
        world.clock.advance(days=1)
        await restore(context)
        assert await listed(context) == [EMAIL]
        with pytest.raises(OperatorError, match="privacy replay"):
            await newsletter.confirm(context, EMAIL)
        await erasure.replay(context, ignore)
        await erasure.check(context)
        known = await newsletter.status(context, EMAIL)
        assert [each.consent.withdrawn_by for each in known.consents] == [Channel.LEDGER]
        assert (context.now() - known.suppressed_since).days == 1  # type: ignore[operator] # it is
        assert await listed(context) == []

    world.run(work)


def test_who_confirmed_after_a_withdrawal_is_not_suppressed_by_a_replay(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.withdraw(context, EMAIL)
        world.clock.advance(days=1)
        await activate(context, make_request(2, sold.license_key, told=ASKS))
        await back_up(context)
        await newsletter.confirm(context, EMAIL)
        await restore(context)
        assert await listed(context) == []
        await erasure.replay(context, ignore)
        assert await listed(context) == [EMAIL]
        assert await states(context) == [State.CONFIRMED]

    world.run(work)


@pytest.mark.parametrize("confirms", [False, True])
def test_a_replay_keeps_the_order_of_the_ledger(
    world: World,
    confirms: bool,
):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=ASKS))
        await back_up(context)
        for number in (2, 3):
            await newsletter.withdraw(context, EMAIL)
            await activate(context, make_request(number, sold.license_key, told=ASKS))
            if confirms or number == 2:
                await newsletter.confirm(context, EMAIL)
        await restore(context)
        await erasure.replay(context, ignore)
        known = await newsletter.status(context, EMAIL)
        assert (known.suppressed_since is None) is confirms
        assert known.in_force == set()

    world.run(work)


def test_a_withdrawal_that_was_cut_off_is_done_by_a_replay(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.confirm(context, EMAIL)

        async def crash(*_given: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(consents, "withdrawn", crash)
            with pytest.raises(KeyboardInterrupt):
                await newsletter.withdraw(context, EMAIL)
        with pytest.raises(OperatorError, match="privacy replay"):
            await erasure.check(context)
        await erasure.replay(context, ignore)
        assert await states(context) == [State.WITHDRAWN]

    world.run(work)


def test_the_ledger_and_the_tables_name_no_address(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=ASKS))
        await newsletter.withdraw(context, EMAIL)
        shown = repr(await newsletter.status(context, EMAIL))
        for text in (world.ledger.read_text(), shown):
            assert "example.com" not in text.lower()
            assert "ana" not in text.lower()

    world.run(work)
