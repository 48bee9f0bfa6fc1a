from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest

from activation_server.crypto.master_key import MasterKeyError
from activation_server.rules.errors import OperatorError
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import finding, keys, licensing, products, seat_changes
from activation_server.services.activation import deactivate
from activation_server.services.calls import Seats
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from tests.conftest import World, note_statements
from tests.services.calls import PRODUCT, granted, issue_one, make_request, reason


def test_a_license_is_found_by_all_that_a_caller_may_know(world: World):
    async def work(context: Context):
        view = await issue_one(context, order_reference="FS-2026-1")
        await issue_one(context)
        seat = granted(await activate(context, make_request(1, view.license_key)))
        ways = [
            view.license_key,
            view.license_key.lower().replace("-", " "),
            view.license_key[-5:],
            view.license_key[-5:].lower(),
            str(view.license.license_id),
            str(seat.activation.activation_id),
            "computer-00000001",
            "FS-2026-1",
        ]
        return view, [(await finding.find(context, way)).licenses for way in ways]

    view, found = world.run(work)
    for one in found:
        assert [hit.license.license_id for hit in one] == [view.license.license_id]


def test_what_is_not_there_is_not_found(world: World):
    async def work(context: Context):
        await issue_one(context)
        unknown = ("", "nobody", str(UUID(int=5)))
        found = [(await finding.find(context, text)).licenses for text in unknown]
        with pytest.raises(OperatorError, match="No license"):
            await licensing.show(context, "nobody")
        return found

    assert world.run(work) == [[], [], []]


def test_a_search_takes_the_audit_logs_head_last(world: World):
    """Everybody who notes something waits for it: people are opened before."""

    async def work(context: Context):
        view = await issue_one(context)
        asked: list[str] = []
        note_statements(context.database, asked)
        await finding.find(context, view.license_key)
        return asked

    *before, head, appended = world.run(work)
    assert "audit_head" in head
    assert "audit_log" in appended
    assert not any("audit_" in one for one in before)


def test_many_licenses_are_issued_each_with_its_own_key(world: World):
    async def work(context: Context):
        await issue_one(context)
        order = licensing.Order(PRODUCT, "standard", {}, None, None, None, 2345)
        told: list[int] = []
        issued = await licensing.issue(context, order, told.append)
        return {view.license_key for view in issued}, told

    issued, told = world.run(work)
    assert len(issued) == 2345
    assert told == [1000, 1000, 345]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        (["suspend"], "suspended", Reason.LICENSE_SUSPENDED),
        (["suspend", "suspend"], "suspended", Reason.LICENSE_SUSPENDED),
        (["suspend", "reinstate"], "active", None),
        (["revoke"], "revoked", Reason.LICENSE_REVOKED),
        (["suspend", "revoke", "reinstate"], "active", None),
    ],
)
def test_standing_changes_and_is_obeyed(
    world: World, changes: list[str], status: str, code: Reason | None
):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        seat = granted(await activate(context, make_request(1, key)))
        for change in changes:
            await licensing.change_standing(context, key, change, "a test")
        answer = await reactivate(
            context, seat.activation.activation_id, seat.check_in_token, make_request(2)
        )
        return answer, await licensing.show(context, key)

    answer, history = world.run(work)
    assert history.view.license.status == status
    assert (None if code is None else reason(answer)) is code
    changed = [event for event in history.events if "reason" in event.details]
    assert len(changed) == len(set(changes))
    assert all(event.details["reason"] == "a test" for event in changed)


def test_a_revoked_license_is_not_suspended(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        await licensing.change_standing(context, key, "revoke", "refund")
        await licensing.change_standing(context, key, "suspend", "mistake")

    with pytest.raises(OperatorError, match="revoked can't be made suspended"):
        world.run(work)


def test_support_frees_a_seat_and_the_computer_is_told(world: World):
    async def work(context: Context):
        key = (await issue_one(context)).license_key
        seat = granted(await activate(context, make_request(1, key)))
        seat_id = seat.activation.activation_id
        for _ in range(2):  # repeated, nothing changes
            removed = await seat_changes.remove_activation(context, seat_id, "lost laptop")
        told = await reactivate(context, seat_id, seat.check_in_token, make_request(2))
        other = await activate(context, make_request(3, key, computer=2))
        return removed, told, other, await licensing.show(context, key)

    removed, told, other, history = world.run(work)
    assert removed.removed_by == "support"
    assert reason(told) is Reason.ACTIVATION_REMOVED
    assert granted(other).seats.used == 1
    assert [refusal.code for refusal in history.refusals] == ["ACTIVATION_REMOVED"]


def test_a_policy_change_counts_from_the_next_check_in(world: World):
    async def work(context: Context):
        view = await issue_one(context, overrides={})
        seat = granted(await activate(context, make_request(1, view.license_key)))
        await products.set_policy(
            context, PRODUCT, "standard", {"seats": 9, "features": ("sync",), "check_in_days": 1}
        )
        seat_id = seat.activation.activation_id
        return seat, granted(
            await reactivate(context, seat_id, seat.check_in_token, make_request(2))
        )

    before, after = world.run(work)
    assert (before.seats.limit, after.seats.limit) == (1, 9)
    assert after.activation.last.coverage.features == ("sync",)
    assert (after.activation.last.check_in_after - after.activation.last.at).days == 1


WrongUse = Callable[[Context], Awaitable[object]]


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (lambda c: products.add_product(c, PRODUCT, "again", "EdDSA"), "already"),
        (lambda c: products.add_policy(c, "nope", "p", {}), "no product 'nope'"),
        (lambda c: products.add_policy(c, PRODUCT, "standard", {}), "policy set"),
        (lambda c: products.set_policy(c, PRODUCT, "gold", {}), "it has: standard"),
        (lambda c: seat_changes.remove_activation(c, UUID(int=3), "r"), "no activation"),
    ],
)
def test_wrong_use_is_told_in_a_sentence(world: World, wrong: WrongUse, told: str):
    async def work(context: Context):
        await issue_one(context)
        await wrong(context)

    with pytest.raises(OperatorError, match=told):
        world.run(work)


def test_another_master_key_does_not_open_the_database(world: World):
    world.run(issue_one)
    world.master = bytes(32)
    with pytest.raises(MasterKeyError, match=r"^The master key is not the one .*\.$"):
        world.run(issue_one)


def test_the_keys_are_made_once_and_stay(world: World):
    async def kids(context: Context):
        return [key.kid for key in await keys.published(context)]

    first = world.run(kids)
    assert len(first) == 1
    assert world.run(kids) == first


def test_a_seat_moves_as_often_as_the_policy_lets_it(world: World):
    async def work(context: Context):
        await issue_one(context)
        await products.add_policy(context, PRODUCT, "t", {"transfers": 2, "transfer_days": 30})
        key = (await issue_one(context, policy="t", overrides={})).license_key

        async def move(number: int):
            seat = granted(await activate(context, make_request(number, key, computer=number)))
            seat_id, token = seat.activation.activation_id, seat.check_in_token
            answer = await deactivate(
                context, seat_id, token, make_request(900 + number).request_id
            )
            return seat_id, token, answer

        first_id, first_token, _ = await move(1)
        world.clock.advance(days=20)
        await move(2)
        seat_id, token, third = await move(3)
        still = await licensing.show(context, key)
        world.clock.advance(days=11)  # the first move is 31 days ago
        later = await deactivate(context, seat_id, token, make_request(950).request_id)
        # What was given back is answered alike whenever it is repeated.
        repeated = await deactivate(context, first_id, first_token, make_request(901).request_id)
        return third, still, later, repeated, await licensing.show(context, key)

    third, still, later, repeated, history = world.run(work)
    assert third == Refused(Reason.TRANSFER_LIMIT_REACHED, {"limit": 2, "used": 2, "days": 30})
    assert still.view.license.seats_used == 1  # it stays with its computer
    assert later == repeated == Seats(1, 0)
    assert history.refusals[0].code == "TRANSFER_LIMIT_REACHED"


def test_support_moves_a_seat_whatever_the_policy(world: World):
    async def work(context: Context):
        await issue_one(context)
        await products.add_policy(context, PRODUCT, "t", {"transfers": 0})
        key = (await issue_one(context, policy="t", overrides={})).license_key
        seat = granted(await activate(context, make_request(1, key)))
        await seat_changes.remove_activation(context, seat.activation.activation_id, "new laptop")
        return granted(await activate(context, make_request(2, key, computer=2)))

    assert world.run(work).seats.used == 1
