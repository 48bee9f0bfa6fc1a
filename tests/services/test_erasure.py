"""Erased on a person's word: nothing is left, nothing comes back, the license goes on."""

import asyncio
import fcntl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from activation_server.formats import erasure_receipt
from activation_server.rules import erasure as rules
from activation_server.rules.audit import Action, Wanted
from activation_server.rules.errors import KeyReusedError, OperatorError
from activation_server.rules.person import Person
from activation_server.services import audit_list, erasure, licensing
from activation_server.services.context import Context
from activation_server.services.erasure import Counts, Done
from activation_server.services.privacy import stored_data
from activation_server.services.tool_calls import ToolCall
from activation_server.store.database import Connection
from tests.conftest import World
from tests.services.calls import issue_one, make_request
from tests.services.test_people import ANA, BEN, activate, check_in, found, people_of, told

EMAIL = str(ANA.email)


def ignore(_done: int) -> None:
    """Nobody watches."""


async def run(context: Context, *statements: str) -> None:
    async def work(connection: Connection) -> None:
        for statement in statements:
            await connection.execute(text(statement))

    await context.database.transact(work)


async def back_up(context: Context) -> None:
    """Keep what an older backup would hold."""
    tables = ("people", "person_computers", "activations", "erasure_position")
    await run(context, *(f"CREATE TABLE old_{name} AS TABLE {name}" for name in tables))


async def restore(context: Context) -> None:
    """Put an older backup's people in place of those of now."""
    await run(
        context,
        "DELETE FROM person_computers",
        "DELETE FROM people",
        "DELETE FROM erasure_position",
        "INSERT INTO people SELECT * FROM old_people",
        "INSERT INTO person_computers SELECT * FROM old_person_computers",
        "INSERT INTO erasure_position SELECT * FROM old_erasure_position",
        "UPDATE activations SET told_digest = old.told_digest FROM old_activations AS old"
        " WHERE old.activation_id = activations.activation_id",
    )


def test_an_erased_person_is_gone_and_the_license_goes_on(world: World):
    async def work(context: Context):
        sold = await issue_one(context, seats=2, buyer=ANA)
        other = await issue_one(context, buyer=Person("Ana P.", None, EMAIL.upper()))
        news = told(ANA, "Hello", "ANA-PC")
        seat = await activate(context, make_request(1, sold.license_key, told=news))
        await activate(context, make_request(2, sold.license_key, 2, told=told(BEN)))
        assert await erasure.erase(context, EMAIL, dry_run=True) == Done(Counts(2, 1, 2))
        assert len(await found(context, EMAIL)) == 2
        done = await erasure.erase(context, f" {EMAIL.title()} ")
        assert done.counts == Counts(2, 1, 2)
        [key] = context.keyring.signing.values()
        assert key.opened(str(done.receipt), erasure_receipt.TYPE) == {
            "iss": context.issuer,
            "iat": int(context.now().timestamp()),
            "ledger": 3,
            "people": 2,
            "computers": 1,
        }
        for wanted in (EMAIL, "popescu", "ana-pc"):
            assert await found(context, wanted) == set()
        erased, ben = await people_of(context, sold)
        assert (erased.person, erased.computers, erased.erased_at) == (
            Person(),
            {},
            context.now(),
        )
        assert ben.person == BEN
        [one] = await people_of(context, other)
        assert one.erased_at is not None
        await check_in(context, seat, make_request(3))
        assert await erasure.erase(context, EMAIL) == Done(Counts())

    world.run(work)


def test_a_check_in_brings_nothing_back_but_a_new_activation_does(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        seat = await activate(context, make_request(1, sold.license_key, told=told()))
        await erasure.erase(context, EMAIL)
        for number, news in ((2, told()), (3, told(BEN)), (4, told(ANA, "I am back"))):
            seat = await check_in(context, seat, make_request(number, told=news))
        assert [each.person for each in await people_of(context, sold)] == [Person()]
        await activate(context, make_request(5, sold.license_key, told=told()))
        assert {each.person for each in await people_of(context, sold)} == {Person(), ANA}

    world.run(work)


def test_a_restored_backup_is_not_served_until_the_ledger_is_replayed(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await issue_one(context, buyer=BEN)
        await erasure.erase(context, str(BEN.email))
        await back_up(context)
        seat = await activate(context, make_request(1, sold.license_key, told=told()))
        await erasure.erase(context, EMAIL)
        await erasure.check(context)
        await restore(context)
        with pytest.raises(OperatorError, match=r"privacy replay"):
            await erasure.check(context)
        with pytest.raises(OperatorError, match=r"privacy replay"):
            await erasure.erase(context, EMAIL)
        assert await found(context, EMAIL) == {sold.license.license_id}
        assert await erasure.replay(context, ignore) == 1
        await erasure.check(context)
        assert await found(context, EMAIL) == set()
        assert await erasure.replay(context, ignore) == 0
        [entry] = await audit_list.newest(context, Wanted(action=Action.LEDGER_REPLAYED), None)
        assert entry.entry.details == {"entries": 2, "people": 1}
        assert seat.activation.license_id == sold.license.license_id

    world.run(work)


def test_a_row_that_moved_since_the_backup_is_erased_by_its_address(world: World):
    async def work(context: Context):
        sold = await issue_one(context)
        await activate(context, make_request(1, sold.license_key, told=told()))
        await back_up(context)
        await run(context, "DELETE FROM people")
        context.clock.advance(days=1)  # type: ignore[attr-defined] # the tests' own
        again = make_request(2, sold.license_key, told=told(ANA, None, "OTHER-PC"))
        await activate(context, again)
        await erasure.erase(context, EMAIL)
        await restore(context)
        assert await erasure.replay(context, ignore) == 1
        assert await found(context, "popescu") == set()

    world.run(work)


def test_an_erasure_that_was_cut_off_before_the_commit_is_done_by_a_replay(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)

        async def crash(*_given: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(erasure, "_erase", crash)
            with pytest.raises(KeyboardInterrupt):
                await erasure.erase(context, EMAIL)
        assert len(await found(context, EMAIL)) == 1
        with pytest.raises(OperatorError, match=r"privacy replay"):
            await erasure.check(context)
        assert await erasure.replay(context, ignore) == 1
        await erasure.check(context)

    world.run(work)


def test_erasures_at_once_wait_for_one_another_and_hold_nobody_up(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        await issue_one(context, buyer=BEN)
        with world.ledger.open("ab") as another_process:
            fcntl.flock(another_process, fcntl.LOCK_EX)
            given_up, *erasing = [
                asyncio.create_task(erasure.erase(context, email))
                for email in (EMAIL, EMAIL, str(BEN.email))
            ]
            await activate(context, make_request(1, sold.license_key))
            given_up.cancel()
            assert not any(each.done() for each in erasing)
        done = await asyncio.gather(*erasing)
        assert [each.counts.people for each in done] == [1, 1]
        assert given_up.cancelled()
        await erasure.check(context)

    world.run(work)


def test_an_erasure_that_is_asked_for_again_tells_what_was_done(world: World):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)
        await issue_one(context, buyer=BEN)
        call = ToolCall("form-1", b"ana")
        seen = await erasure.erase(context, EMAIL, dry_run=True, call=call)
        again = [erasure.erase(context, EMAIL, reason="case 12", call=call) for _ in range(3)]
        first, *others = await asyncio.gather(*again)
        assert first.receipt
        assert first.counts == seen.counts
        assert others == [replace(first, repeated=True)] * 2
        with pytest.raises(KeyReusedError):
            await erasure.erase(context, str(BEN.email), call=ToolCall("form-1", b"ben"))
        assert len(await found(context, str(BEN.email))) == 1
        [entry] = await audit_list.newest(context, Wanted(action=Action.ERASED), None)
        assert entry.why == "case 12"

    world.run(work)


async def everything(context: Context, license_id: UUID) -> dict[tuple[str, str], list[object]]:
    """All values that belong to a license, by table and column."""

    async def work(connection: Connection) -> dict[tuple[str, str], list[object]]:
        found: dict[tuple[str, str], list[object]] = {}
        for table in stored_data():
            if "license_id" not in {each.name for each in table.columns}:
                continue
            question = text(f"SELECT * FROM {table.name} WHERE license_id = :id ORDER BY 1, 2")
            for row in await connection.execute(question, {"id": license_id}):
                for name, value in row._mapping.items():
                    found.setdefault((table.name, name), []).append(value)
        return found

    return await context.database.transact(work)


def test_what_is_said_to_go_is_what_goes(world: World):
    """Every kind of data that changes with an erasure is said to go, and no other."""

    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        news = replace(told(ANA, "Hello", "ANA-PC"), newsletter=True)
        await activate(context, make_request(1, sold.license_key, told=news))
        license_id = sold.license.license_id
        await licensing.note(context, license_id, "She called.")
        kinds = {
            (table.name, each.name): each.kind for table in stored_data() for each in table.columns
        }
        before = await everything(context, license_id)
        await erasure.erase(context, EMAIL)
        after = await everything(context, license_id)
        changed = {place for place, values in before.items() if after.get(place) != values}
        # Rows that go have ids of what stays; words can't be read any more, without their key.
        ids = {"license_id", "activation_id", "person_id"}
        changed = {place for place in changed if place[1] not in ids} - {("people", "erased_at")}
        unreadable = {("events", "words"), ("audit_log", "why_sealed")}
        assert changed == {place for place in before if rules.goes(kinds[place])} - unreadable
        assert ("note_keys", "wrapped_key") in changed

    world.run(work)


def cut(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes()[:-5])


def remove(ledger: Path) -> None:
    ledger.unlink()


def change(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes().replace(b'"person"', b'"email"'))


@pytest.mark.parametrize(
    ("harm", "told_as"),
    [(cut, "lacks entries"), (remove, "lacks entries"), (change, "Line 2 .* is not as it was")],
)
def test_a_ledger_that_is_not_as_it_was_is_told(
    world: World, harm: Callable[[Path], None], told_as: str
):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)
        await erasure.erase(context, EMAIL)
        harm(world.ledger)
        with pytest.raises(OperatorError, match=told_as):
            await erasure.check(context)

    world.run(work)


def test_a_lost_ledger_is_begun_anew_when_the_operator_says_so(world: World):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)
        await issue_one(context, buyer=BEN)
        await erasure.erase(context, EMAIL)
        world.ledger.unlink()
        with pytest.raises(OperatorError, match=r"--ledger-is-lost"):
            await erasure.replay(context, ignore)
        assert await erasure.replay(context, ignore, ledger_is_lost=True) == 0
        await erasure.erase(context, str(BEN.email))
        await erasure.check(context)

    world.run(work)


def test_the_ledger_names_nobody(world: World):
    async def work(context: Context):
        sold = await issue_one(context, buyer=ANA)
        [ana] = await people_of(context, sold)
        await erasure.erase(context, EMAIL)
        content = world.ledger.read_text().lower()
        assert content.count("\n") == 2
        for personal in (EMAIL, "popescu", str(ana.person_id), str(ana.license_id)):
            assert personal not in content
        assert world.ledger.stat().st_mode & 0o777 == 0o600

    world.run(work)


@pytest.mark.parametrize("email", ["", " ", "@", "@example.com", "ana@", "ana"])
def test_what_is_no_whole_address_erases_nobody(world: World, email: str):
    async def work(context: Context):
        await issue_one(context, buyer=ANA)
        with pytest.raises(OperatorError, match="whole e-mail address"):
            await erasure.erase(context, email)
        assert len(await found(context, EMAIL)) == 1

    world.run(work)
