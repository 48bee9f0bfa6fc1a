"""Passkeys: made, used once each time, never by or for somebody else."""

import asyncio
import json
from dataclasses import replace

import pytest

from activation_server.rules.audit import Wanted
from activation_server.rules.permissions import Role
from activation_server.rules.staff import MOST_PASSKEYS, Why
from activation_server.services import audit_list, passkeys, sessions, staff
from activation_server.services.context import Context
from activation_server.services.credentials import Caller, LetIn
from activation_server.services.passkeys import Offer
from activation_server.services.sign_in_limits import SignInLimits
from tests.conftest import World
from tests.services.authenticator import PRESENT, Device
from tests.services.staff import (
    HERE,
    Member,
    member,
    session_of,
    set_up_by,
    signed_in,
    token_of,
    why,
)


def offered(context: Context) -> Offer:
    offer = passkeys.offer_use(context)
    assert offer is not None
    return offer


async def device_of(context: Context, me: Member, device: Device | None = None) -> Device:
    """Add a passkey of a new device."""
    session = await session_of(context, me.session)
    offer = await passkeys.offer_new(context, session)
    assert offer is not None
    device = device or Device()
    assert await passkeys.add(context, session, offer.ticket, device.make(offer.options))
    return device


async def sign_in(context: Context, device: Device, offer: Offer | None = None) -> object:
    offer = offer or offered(context)
    return await passkeys.sign_in(context, offer.ticket, device.use(offer.options), HERE)


def test_a_passkey_lets_in_by_itself(world: World):
    async def work(context: Context):
        me = await member(context)
        device = await device_of(context, me)
        world.clock.advance(minutes=1)
        done = await sign_in(context, device)
        assert isinstance(done, LetIn)
        session = await session_of(context, done.session)
        assert (session.name, session.is_fresh(context.now(), context.session_times)) == (
            "ana",
            True,
        )
        [kept] = await passkeys.of_session(context, session)
        assert kept.used_at == context.now()
        entries = [each.entry for each in await audit_list.newest(context, Wanted(), None)]
        assert (entries[0].who, entries[0].action, entries[0].details) == (
            "ana",
            "signed_in",
            {"by": "passkey"},
        )
        assert (entries[1].who, entries[1].action) == ("ana", "passkey_added")

    world.run(work)


def test_an_answer_is_good_for_one_use_also_at_the_same_moment(world: World):
    async def work(context: Context):
        device = await device_of(context, await member(context))
        offer = offered(context)
        answer = device.use(offer.options)
        done = await asyncio.gather(
            *(passkeys.sign_in(context, offer.ticket, answer, HERE) for _ in range(3))
        )
        assert [isinstance(each, LetIn) for each in done].count(True) == 1
        assert why(await sign_in(context, device, offer)) is Why.WRONG_PASSKEY
        world.clock.advance(seconds=1)
        assert isinstance(await sign_in(context, device), LetIn)
        assert why(await sign_in(context, device, offer)) is Why.WRONG_PASSKEY

    world.run(work)


def test_many_of_one_office_sign_in_at_once_and_a_flood_is_slowed_down(world: World):
    async def work(context: Context):
        limits = SignInLimits(30, 1, lambda: 10**18)
        device = await device_of(context, await member(context))
        context = replace(context, sign_in_limits=limits)
        for _ in range(30):
            world.clock.advance(seconds=1)
            assert isinstance(await sign_in(context, device), LetIn)
        assert why(await sign_in(context, device)) is Why.TOO_MANY
        world.clock.advance(seconds=1)
        offer, elsewhere = offered(context), Caller("198.51.100.0/24")
        done = await passkeys.sign_in(context, offer.ticket, device.use(offer.options), elsewhere)
        assert isinstance(done, LetIn)

    world.run(work)


def test_a_device_that_was_copied_is_noticed_by_its_count(world: World):
    async def work(context: Context):
        device = await device_of(context, await member(context), Device(count=5))
        copied = replace(device)
        for seconds in range(3):
            world.clock.advance(seconds=seconds + 1)
            assert isinstance(await sign_in(context, device), LetIn)
        world.clock.advance(seconds=1)
        assert why(await sign_in(context, copied)) is Why.WRONG_PASSKEY

    world.run(work)


@pytest.mark.parametrize(
    "bent",
    [
        {"origin": "https://evil.example"},
        {"origin": "https://licenses.example.com.evil.example"},
        {"origin": "http://licenses.example.com"},
        {"flags": PRESENT},
        {"flags": 0},
        {"key": Device().key},
        {"credential_id": b"another"},
    ],
)
def test_what_is_not_from_that_device_on_our_page_is_not_taken(
    world: World, bent: dict[str, object]
):
    async def work(context: Context):
        device = await device_of(context, await member(context))
        forged = replace(device, **bent)  # type: ignore[arg-type]
        assert why(await sign_in(context, forged)) is Why.WRONG_PASSKEY
        assert isinstance(await sign_in(context, device), LetIn)

    world.run(work)


@pytest.mark.parametrize("bent", [{"origin": "https://evil.example"}, {"flags": PRESENT}])
def test_a_passkey_is_made_on_our_page_by_who_unlocked_the_device(
    world: World, bent: dict[str, object]
):
    async def work(context: Context):
        session = await session_of(context, (await member(context)).session)
        offer = await passkeys.offer_new(context, session)
        assert offer is not None
        answer = replace(Device(), **bent).make(offer.options)  # type: ignore[arg-type]
        assert not await passkeys.add(context, session, offer.ticket, answer)
        assert await passkeys.of_session(context, session) == []

    world.run(work)


def test_a_ticket_is_of_its_purpose_its_owner_and_its_hour(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        device = await device_of(context, me)
        mine = await session_of(context, me.session)
        theirs = await session_of(context, other.session)
        for_me = await passkeys.offer_new(context, mine)
        assert for_me is not None
        made = Device(credential_id=b"second").make(for_me.options)
        assert not await passkeys.add(context, theirs, for_me.ticket, made)
        offer = offered(context)
        used = device.use(offer.options)
        assert why(await passkeys.sign_in(context, for_me.ticket, used, HERE)) is Why.TOO_LATE
        assert not await passkeys.add(context, mine, offer.ticket, made)
        another = offered(context)
        done = await passkeys.sign_in(context, another.ticket, used, HERE)
        assert why(done) is Why.WRONG_PASSKEY
        world.clock.advance(hours=1)
        assert why(await passkeys.sign_in(context, offer.ticket, used, HERE)) is Why.TOO_LATE
        assert not await passkeys.add(context, mine, for_me.ticket, made)

    world.run(work)


def test_a_step_up_is_by_the_owner_alone(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        device = await device_of(context, me)
        stranger = await device_of(context, other, Device(credential_id=b"of ben"))
        world.clock.advance(minutes=20)
        session = await session_of(context, me.session)
        offer = offered(context)
        by_ben = stranger.use(offer.options)
        done = await passkeys.step_up(context, session, offer.ticket, by_ben, HERE)
        assert why(done) is Why.WRONG_PASSKEY
        mine = device.use(offer.options)
        done = await passkeys.step_up(context, session, offer.ticket, mine, HERE)
        assert isinstance(done, LetIn)
        assert await sessions.find(context, me.session) is None
        again = await session_of(context, done.session)
        assert again.is_fresh(context.now(), context.session_times)

    world.run(work)


def test_who_is_disabled_does_not_get_in(world: World):
    async def work(context: Context):
        await member(context, "root", Role.ADMINISTRATOR)
        device = await device_of(context, await member(context))
        await staff.disable(context, "ana")
        assert why(await sign_in(context, device)) is Why.WRONG_PASSKEY
        await staff.enable(context, "ana")
        assert isinstance(await sign_in(context, device), LetIn)

    world.run(work)


def test_a_passkey_is_removed_by_its_owner_and_by_a_new_link(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        device = await device_of(context, me)
        theirs = await session_of(context, other.session)
        assert not await passkeys.remove(context, theirs, device.credential_id)
        mine = await session_of(context, me.session)
        assert await passkeys.remove(context, mine, device.credential_id)
        assert not await passkeys.remove(context, mine, device.credential_id)
        assert why(await sign_in(context, device)) is Why.WRONG_PASSKEY
        device = await device_of(context, me)
        await set_up_by(context, token_of((await staff.make_link(context, "ana")).url))
        assert why(await sign_in(context, device)) is Why.WRONG_PASSKEY

    world.run(work)


def test_a_passkey_is_of_one_and_there_are_not_too_many(world: World):
    async def work(context: Context):
        me, other = await member(context), await member(context, "ben")
        device = await device_of(context, me)
        for session in (
            await session_of(context, me.session),
            await session_of(context, other.session),
        ):
            offer = await passkeys.offer_new(context, session)
            assert offer is not None
            again = device.make(offer.options)
            assert not await passkeys.add(context, session, offer.ticket, again)
        for number in range(1, MOST_PASSKEYS):
            await device_of(context, me, Device(credential_id=b"number %d" % number))
        mine = await session_of(context, me.session)
        offer = await passkeys.offer_new(context, mine)
        assert offer is not None
        assert len(json.loads(offer.options)["excludeCredentials"]) == MOST_PASSKEYS
        more = Device(credential_id=b"one more").make(offer.options)
        assert not await passkeys.add(context, mine, offer.ticket, more)

    world.run(work)


HOSTILE = [
    "",
    "null",
    "[]",
    "{}",
    "1",
    '"x"',
    "{",
    '{"id": 1}',
    '{"id": "é"}',
    '{"id": "A"}',
    '{"id": null, "rawId": [], "type": {}, "response": "x"}',
    "\x00",
    "[" * 15_000,
    "x" * 20_000,
]


@pytest.mark.parametrize("answer", HOSTILE, ids=range(len(HOSTILE)))
def test_what_is_no_answer_is_not_taken(world: World, answer: str):
    async def work(context: Context):
        me = await member(context)
        session = await session_of(context, me.session)
        offer, new = offered(context), await passkeys.offer_new(context, session)
        assert new is not None
        done = await passkeys.sign_in(context, offer.ticket, answer, HERE)
        assert why(done) is Why.WRONG_PASSKEY
        assert not await passkeys.add(context, session, new.ticket, answer)

    world.run(work)


def test_a_damaged_answer_of_a_real_device_is_not_taken(world: World):
    async def work(context: Context):
        me = await member(context)
        device = await device_of(context, me)
        session = await session_of(context, me.session)
        new = await passkeys.offer_new(context, session)
        assert new is not None
        offer = offered(context)
        answers = (device.use(offer.options), Device(credential_id=b"n").make(new.options))
        for answer in answers:
            whole = json.loads(answer)
            for name in whole["response"]:
                for value in ("", "AAAA", "!", None, 7, whole["response"][name][:-8] + "AAAAAAAA"):
                    bent = json.dumps({**whole, "response": {**whole["response"], name: value}})
                    done = await passkeys.sign_in(context, offer.ticket, bent, HERE)
                    assert why(done) is Why.WRONG_PASSKEY
                    if value != whole["response"][name] and name == "clientDataJSON":
                        assert not await passkeys.add(context, session, new.ticket, bent)

    world.run(work)


@pytest.mark.parametrize(
    ("issuer", "domain"),
    [
        ("https://licenses.example.com", "licenses.example.com"),
        ("https://licenses.example.com:8443/x", "licenses.example.com"),
        ("http://localhost:8080", "localhost"),
        ("http://licenses.example.com", None),
        ("http://127.0.0.1:8080", None),
        ("https://[::1]:8080", None),
    ],
)
def test_passkeys_need_a_name_with_https(world: World, issuer: str, domain: str | None):
    world.issuer = issuer

    async def work(context: Context):
        site = passkeys.site_of(context)
        assert (site and site.domain) == domain
        assert (passkeys.offer_use(context) is None) == (domain is None)
        me = await member(context)
        await signed_in(context, me)

    world.run(work)
