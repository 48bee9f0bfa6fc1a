"""Licenses that are renewed or changed after they were sold."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from activation_server.rules.errors import OperatorError
from activation_server.rules.license import App, Overage
from activation_server.rules.reasons import Reason
from activation_server.rules.renewal import Renewal, Start
from activation_server.services import licensing, products
from activation_server.services.calls import Certified, Seats
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.license_change import NewTerms, renew, set_terms
from activation_server.services.new_seat import activate
from activation_server.store.database import Connection, Database
from tests.conftest import START, World
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason

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


async def history_of(context: Context, key: str, kind: str) -> list[Mapping[str, Any]]:
    """The details of a license's events of a kind, oldest first."""
    events = (await licensing.show(context, key)).events
    return [event.details for event in reversed(events) if event.kind == kind]


def test_a_term_that_is_set_counts_at_the_next_check_in(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        seat = granted(await activate(context, make_request(1, key)))
        new = NewTerms(terms={"edition": "home", "features": ("sync",), "check_in_days": 1})
        await set_terms(context, key, new, "a downgrade")
        answer = granted(await check_in(context, seat, 2))
        professional = App("9.9", edition="professional")
        refused = await check_in(context, answer, 3, app=professional)
        return answer, refused, await history_of(context, key, "terms_changed")

    answer, refused, told = world.run(work)
    last = answer.activation.last
    assert (last.coverage.edition, last.coverage.features) == ("home", ("sync",))
    assert last.check_in_after == START + DAY
    assert reason(refused) is Reason.EDITION_NOT_COVERED
    changes = {
        "edition": {"from": None, "to": "home"},
        "features": {"from": [], "to": ["sync"]},
        "check_in_days": {"from": 7, "to": 1},
    }
    assert told == [{"changes": changes, "reason": "a downgrade"}]


def test_fewer_seats_than_in_use_keep_the_running_computers(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=3)).license_key
        seats = [
            granted(await activate(context, make_request(number, key, computer=number)))
            for number in range(3)
        ]
        await set_terms(context, key, NewTerms(terms={"seats": 1}), "a downgrade")
        running = [
            await check_in(context, seat, 10 + number, computer=number)
            for number, seat in enumerate(seats)
        ]
        return running, await activate(context, make_request(20, key, computer=20))

    running, refused = world.run(work)
    assert [granted(answer).seats for answer in running] == [Seats(1, 3)] * 3
    assert reason(refused) is Reason.SEAT_LIMIT_REACHED


def test_a_reset_term_follows_the_policy_again(world: World):
    async def work(context: Context):
        overrides = {"seats": 5, "overage": Overage.TWICE}
        key = (await issue_one(context, overrides=overrides)).license_key
        await products.set_policy(context, PRODUCT, products.STANDARD, {"seats": 2})
        reset = await set_terms(context, key, NewTerms(reset=["seats"]), "a mistake")
        await products.set_policy(context, PRODUCT, products.STANDARD, {"seats": 4})
        return reset, await licensing.show(context, key)

    reset, history = world.run(work)
    assert reset.view.license.terms.seats == 2
    terms = history.view.license.terms
    assert (terms.seats, terms.overage) == (4, Overage.TWICE)


def test_a_license_moves_to_another_policy_and_keeps_its_own_terms(world: World):
    async def work(context: Context):
        key = (await issue_one(context, seats=5)).license_key
        await products.add_policy(context, PRODUCT, "team", {"seats": 9, "term_days": 365})
        moved = await set_terms(context, key, NewTerms(policy="team"), "an upgrade")
        with pytest.raises(OperatorError, match="has no policy 'gold'; it has: standard, team"):
            await set_terms(context, key, NewTerms(policy="gold"), "a mistake")
        return moved, await history_of(context, key, "terms_changed")

    moved, told = world.run(work)
    license_ = moved.view.license
    assert (license_.policy, license_.terms.seats, license_.terms.term_days) == ("team", 5, 365)
    assert told[0]["changes"] == {
        "policy": {"from": "standard", "to": "team"},
        "term_days": {"from": None, "to": 365},
        "expires": {"from": None, "to": "2027-11-22T10:00:00Z"},
    }


def test_an_end_is_set_and_taken_away(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides=YEAR)).license_key
        ends = {"expires": START - DAY, "maintenance_until": START}
        ended = await set_terms(context, key, NewTerms(ends=ends), "a refund in part")
        refused = await activate(context, make_request(1, key))
        by_term = await set_terms(context, key, NewTerms(ends={"expires": None}), "a mistake")
        return ended, refused, by_term

    ended, refused, by_term = world.run(work)
    assert (ended.view.license.expires_at, ended.view.license.maintenance_until) == (
        START - DAY,
        START,
    )
    assert reason(refused) is Reason.LICENSE_EXPIRED
    assert by_term.view.license.ends_at(START) == START + 365 * DAY
    assert by_term.view.license.maintenance_until == START


def test_repeated_nothing_changes_and_the_history_says_it_once(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        new = NewTerms(terms={"seats": 4, "check_in_days": 7}, ends={"expires": START + DAY})
        for _ in range(2):
            changed = await set_terms(context, key, new, "a test")
        return changed, await history_of(context, key, "terms_changed")

    changed, told = world.run(work)
    assert changed.changes == {}
    [once] = told
    # The term that was as its policy says all the same: from now on it stays so.
    assert once["changes"]["check_in_days"] == {"from": 7, "to": 7}
    assert once["changes"].keys() == {"seats", "check_in_days", "expires"}


def test_changes_at_once_all_count(world: World):
    async def work(context: Context):
        key = (await issue_one(context, overrides=YEAR)).license_key
        terms: list[dict[str, object]] = [{"seats": 7}, {"edition": "home"}, {"grace_days": 9}]
        await asyncio.gather(
            *(renew(context, key, Renewal(days=30), "a race") for _ in range(5)),
            *(set_terms(context, key, NewTerms(terms=one), "a race") for one in terms),
        )
        return await licensing.show(context, key)

    license_ = world.run(work).view.license
    assert license_.expires_at == START + (365 + 5 * 30) * DAY
    terms = license_.terms
    assert (terms.seats, terms.edition, terms.grace_days) == (7, "home", 9)
