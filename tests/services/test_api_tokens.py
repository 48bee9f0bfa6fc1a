"""API tokens in the database: as digests, known by what is presented, taken back at once."""

import asyncio
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import text

from activation_server.formats import api_token
from activation_server.rules import api_token as api_token_rules
from activation_server.rules.api_token import Standing, TokenOrder
from activation_server.rules.errors import NotGivenError, OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import api_tokens
from activation_server.services.api_tokens import Issued
from activation_server.services.context import Context
from activation_server.store.database import Connection
from tests.conftest import World, note_statements

SHOP = TokenOrder("shop", [Permission.LICENSES_READ, Permission.LICENSES_ISSUE], 30)


async def rows(context: Context) -> str:
    async def work(connection: Connection) -> str:
        found = await connection.execute(text("SELECT * FROM api_tokens"))
        return " ".join(str([*row]) for row in found)

    return await context.database.transact(work)


def test_a_token_is_known_by_its_text_and_kept_as_a_digest(world: World):
    async def work(context: Context):
        issued = await api_tokens.issue(context, SHOP)
        assert issued.text not in repr(issued)
        secret = api_token.read(issued.text)
        assert secret is not None
        stored = await rows(context)
        assert issued.text not in stored
        assert repr(secret)[2:-1] not in stored
        token = await api_tokens.presented(context, issued.text)
        assert token is not None
        assert token.scopes == set(SHOP.scopes)
        assert token.standing(context.now()) is Standing.VALID
        assert await api_tokens.presented(context, api_token.write(bytes(32))) is None

    world.run(work)


def test_a_mistyped_token_asks_nobody(world: World):
    async def work(context: Context):
        text_ = (await api_tokens.issue(context, SHOP)).text
        asked: list[str] = []
        note_statements(context.database, asked)
        assert await api_tokens.presented(context, text_[:-1] + "!") is None
        assert asked == []

    world.run(work)


def test_the_day_of_its_use_is_written_once_a_day(world: World):
    async def work(context: Context):
        issued = await api_tokens.issue(context, SHOP)
        asked: list[str] = []
        note_statements(context.database, asked)
        for _ in range(3):
            await api_tokens.presented(context, issued.text)
        assert sum("UPDATE" in each for each in asked) == 1
        world.clock.advance(days=1)
        await api_tokens.presented(context, issued.text)
        assert sum("UPDATE" in each for each in asked) == 2
        [token] = await api_tokens.list_all(context)
        assert token.last_used == date(2026, 11, 23)

    world.run(work)


def test_a_revoked_token_is_over_and_its_name_is_given_to_no_other(world: World):
    async def work(context: Context):
        issued = await api_tokens.issue(context, SHOP)
        first = await api_tokens.revoke(context, "shop")
        world.clock.advance(days=1)
        assert (await api_tokens.revoke(context, "shop")).token == first.token
        token = await api_tokens.presented(context, issued.text)
        assert token is not None
        assert token.standing(context.now()) is Standing.REVOKED
        with pytest.raises(OperatorError, match="There is or was"):
            await api_tokens.issue(context, SHOP)
        with pytest.raises(OperatorError, match="no token 'crm'"):
            await api_tokens.revoke(context, "crm")

    world.run(work)


def test_a_scope_that_there_is_no_more_is_left_out(world: World):
    async def work(context: Context):
        issued = await api_tokens.issue(context, replace(SHOP, name="old"))

        async def change(connection: Connection) -> None:
            await connection.execute(
                text("UPDATE api_tokens SET scopes = '{gone:read,audit:read}'")
            )

        await context.database.transact(change)
        token = await api_tokens.presented(context, issued.text)
        assert token is not None
        assert token.scopes == {Permission.AUDIT_READ}

    world.run(work)


def test_no_token_outlives_the_revocation_of_the_one_that_gives_it(world: World):
    """Given and revoked at the same moment: either it is not given, or it goes too."""

    async def work(context: Context):
        for count in range(8):
            giver = TokenOrder(f"giver-{count}", [Permission.TOKENS_MANAGE, *SHOP.scopes], 30)
            await api_tokens.issue(context, giver)
            order = replace(SHOP, name=f"given-{count}")
            acting = context.acting(api_token_rules.actor_of(giver.name))
            given, _ = await asyncio.gather(
                api_tokens.issue(acting, order, giver=giver.name),
                api_tokens.revoke(context, giver.name),
                return_exceptions=True,
            )
            valid = [
                each.name
                for each in await api_tokens.list_all(context)
                if each.standing(context.now()) is Standing.VALID
            ]
            assert valid == []
            assert isinstance(given, Issued | NotGivenError)

    world.run(work)
