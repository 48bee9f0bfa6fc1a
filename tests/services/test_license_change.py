"""Licenses that are renewed or changed after they were sold."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.reasons import Reason
from activation_server.rules.renewal import Renewal, Start
from activation_server.services import licensing
from activation_server.services.activation import activate, reactivate
from activation_server.services.calls import Certified
from activation_server.services.context import Context
from activation_server.services.license_change import renew
from activation_server.store.database import Connection, Database
from tests.conftest import START, World
from tests.services.calls import granted, issue_one, make_request, reason

YEAR = {"term_days": 365}
DAY = timedelta(days=1)


async def check_in(context: Context, last: Certified, number: int, **values: Any):
    """The next check-in of a computer."""
    request = make_request(number, **values)
    return await reactivate(context, last.activation.activation_id, last.check_in_token, request)


def test_a_renewal_is_seen_at_the_next_check_in(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides=YEAR)).license_key
        seat = granted(await activate(context, make_request(1, key)))
        world.clock.advance(days=400)
        refused = await check_in(context, seat, 2)
        renewed = await renew(context, key, Renewal(), "order FS-2")
        answer = await check_in(context, seat, 3)
        return refused, renewed, answer, await licensing.show(context, key)

    refused, renewed, answer, history = world.run(work)
    assert reason(refused) is Reason.LICENSE_EXPIRED
    end = START + (400 + 365) * DAY
    assert renewed.view.license.expires_at == history.view.license.expires_at == end
    assert granted(answer).activation.last.coverage.expires == end
    [event] = [event for event in history.events if event.kind == "renewed"]
    assert event.details == {
        "reason": "order FS-2",
        "changes": {"expires": {"from": "2027-11-22T10:00:00Z", "to": "2028-12-26T10:00:00Z"}},
    }


def test_a_renewal_of_the_maintenance_covers_newer_versions(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides={"maintenance_days": 100})).license_key
        changed = await renew(context, key, Renewal(maintenance_days=365), "order FS-3")
        return changed, await licensing.show(context, key)

    changed, history = world.run(work)
    license_ = history.view.license
    assert (license_.maintenance_until, license_.expires_at) == (START + 465 * DAY, None)
    assert set(changed.changes) == {"maintenance_until"}


def test_a_dry_run_tells_and_changes_nothing(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides=YEAR)).license_key
        before = await licensing.show(context, key)
        wanted = Renewal(days=30, start=Start.NOW)
        told = await renew(context, key, wanted, "a question", dry_run=True)
        return before, told, await licensing.show(context, key)

    before, told, after = world.run(work)
    assert told.view.license.expires_at == START + 30 * DAY
    assert after == before


@pytest.mark.parametrize(
    ("overrides", "told"),
    [
        ({}, "never ends"),
        ({"term_days": 9, "term_from": "activation"}, "has not begun"),
    ],
)
def test_what_can_not_be_renewed_is_told(world: World, overrides: dict[str, object], told: str):
    async def work(context: Context):
        key = (await issue_one(context, overrides=overrides)).license_key
        await renew(context, key, Renewal(), "a mistake")

    with pytest.raises(OperatorError, match=told):
        world.run(work)


@dataclass(frozen=True, slots=True)
class LosingAnswers(Database):
    """A database whose every commit is made, and whose answer is lost: the work is run again."""

    async def transact(self, work: Callable[[Connection], Awaitable[Any]]) -> Any:
        await Database.transact(self, work)
        return await Database.transact(self, work)


def test_a_commit_whose_answer_was_lost_renews_once(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides=YEAR)).license_key
        losing = replace(context, database=LosingAnswers(context.database.engine))
        changed = await renew(losing, key, Renewal(days=30), "order FS-4")
        return changed, await licensing.show(context, key)

    changed, history = world.run(work)
    assert history.view.license.expires_at == START + 395 * DAY
    assert changed.view == history.view
    assert set(changed.changes) == {"expires"}
    assert [event.kind for event in history.events].count("renewed") == 1
