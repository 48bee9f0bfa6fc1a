"""What operators write of a license: sealed with its key, gone with a person of it."""

from sqlalchemy import text

from activation_server.rules.audit import Wanted
from activation_server.services import audit, audit_list, erasure, licensing
from activation_server.services.calls import ERASED
from activation_server.services.context import Context
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import issue_one
from tests.services.test_people import ANA

WORDS = "Ana rang: card stolen"


async def stored(context: Context) -> str:
    async def work(connection: Connection) -> str:
        rows = await connection.execute(text("SELECT to_jsonb(events)::text FROM events"))
        more = await connection.execute(text("SELECT to_jsonb(audit_log)::text FROM audit_log"))
        return "".join([*rows.scalars(), *more.scalars()])

    return await context.database.transact(work)


async def whys(context: Context) -> list[str | None]:
    shown = await audit_list.newest(context, Wanted(), None)
    return [each.why for each in shown if each.entry.why_sealed is not None]


def test_words_on_a_license_are_sealed_and_go_with_its_people(world: World):
    async def work(context: Context):
        sold, other = await issue_one(context, buyer=ANA), await issue_one(context)
        world.clock.advance(seconds=1)
        for each in (sold, other):
            await licensing.change_standing(context, each.license_key, "suspend", WORDS)
        assert "Ana" not in await stored(context)
        shown = await licensing.show(context, sold.license_key)
        assert shown.events[0].details["reason"] == WORDS
        assert any(WORDS in sentence for sentence in shown.explanation)
        assert await whys(context) == [WORDS, WORDS]

        await erasure.erase(context, str(ANA.email))
        shown = await licensing.show(context, sold.license_key)
        assert shown.events[0].details["reason"] == ERASED
        assert not any("Ana" in sentence for sentence in shown.explanation)
        assert sorted(await whys(context), key=str) == [WORDS, None]
        assert (await audit.verify(context, lambda _done, _all: None)).broken is None

        world.clock.advance(seconds=1)
        await licensing.change_standing(context, sold.license_key, "reinstate", "Found it")
        shown = await licensing.show(context, sold.license_key)
        assert [each.details.get("reason") for each in shown.events][:2] == ["Found it", ERASED]

    world.run(work)


def test_a_note_is_a_contact_with_the_people_of_a_license(world: World):
    async def work(context: Context):
        sold, other = await issue_one(context, buyer=ANA), await issue_one(context, buyer=ANA)
        world.clock.advance(days=300)
        await licensing.note(context, sold.license_key, WORDS)
        assert "Ana" not in await stored(context)
        shown = await licensing.show(context, sold.license_key)
        assert (shown.events[0].kind, shown.events[0].details) == ("noted", {"reason": WORDS})
        [ana] = shown.view.people
        assert ana.contacted_at == context.now()
        [unheard] = (await licensing.show(context, other.license_key)).view.people
        assert unheard.contacted_at < context.now()

    world.run(work)
