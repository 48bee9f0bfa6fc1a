"""Support declares one of two copies the true one, on the real database."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import pytest

from activation_server.rules.branch import TrueBranch
from activation_server.rules.errors import OperatorError
from activation_server.rules.reasons import Reason, Refused
from activation_server.services import licensing, seat_changes
from activation_server.services.calls import Certified
from activation_server.services.check_in import reactivate
from activation_server.services.context import Context
from activation_server.services.new_seat import activate
from tests.conftest import World
from tests.services.calls import granted, issue_one, make_request, reason

REASON = "as the test says"


@dataclass
class Forked:
    """An activation on two computers: what is theirs to check in with."""

    context: Context
    key: str
    seat: UUID
    here: str  # the token of the copy that was left behind
    there: str  # … and of the one that checked in last
    asked: int = 10

    async def check_in(self, token: str, number: int | None = None) -> Certified | Refused:
        """A check-in with a token; with a `number` of before, a retry."""
        self.asked += number is None
        request = make_request(self.asked if number is None else number)
        return await reactivate(self.context, self.seat, token, request)

    async def declare(self, true: TrueBranch) -> None:
        await seat_changes.declare_branch(self.context, self.seat, true, REASON)


async def forked(context: Context) -> tuple[Forked, str]:
    """Give a forked activation, and the token that both copies began with."""
    key = (await issue_one(context)).license_key
    first = granted(await activate(context, make_request(1, key)))
    two = Forked(context, key, first.activation.activation_id, "", "")
    two.here = granted(await two.check_in(first.check_in_token)).check_in_token
    two.there = granted(await two.check_in(first.check_in_token)).check_in_token
    return two, first.check_in_token


@pytest.mark.parametrize("true", TrueBranch)
def test_the_declared_branch_goes_on_and_the_other_is_refused(world: World, true: TrueBranch):
    async def work(context: Context):
        two, first = await forked(context)
        last = two.asked
        await two.declare(true)
        repeated = await two.check_in(first, number=last)
        good, stale = two.there, two.here
        if true is TrueBranch.OTHER:
            good, stale = two.here, two.there
        refused = [await two.check_in(stale)]
        answers = []
        for _ in range(3):
            answers.append(granted(await two.check_in(good)))
            good = answers[-1].check_in_token
            refused.append(await two.check_in(stale))
        return repeated, refused, answers, await licensing.show(context, two.key)

    repeated, refused, answers, history = world.run(work)
    assert {reason(one) for one in refused} == {Reason.CLONE_DETECTED}
    assert all(answer.notices == () for answer in answers)
    assert isinstance(repeated, Certified if true is TrueBranch.LATEST else Refused)
    [declared] = [one for one in history.events if one.kind == "branch_declared"]
    assert declared.details["branch"] == true
    assert declared.details["reason"] == REASON
    [noted] = history.refusals
    assert noted.times == len(refused) + isinstance(repeated, Refused)
    assert noted.evidence["components"] == {"same": ["hardware_id"], "changed": [], "missing": []}


@pytest.mark.parametrize("true", TrueBranch)
def test_the_disowned_copy_activates_anew_and_takes_no_second_seat(world: World, true: TrueBranch):
    async def work(context: Context):
        two, _ = await forked(context)
        await two.declare(true)
        anew = granted(await activate(context, make_request(50, two.key)))
        return anew, granted(await two.check_in(anew.check_in_token))

    anew, after = world.run(work)
    assert anew.activation.last.outcome == "already_activated"
    assert after.notices == ()
    assert after.seats.used == 1


def test_a_declaration_and_check_ins_at_once_leave_one_branch(world: World):
    """Whichever comes first: the copy left behind goes on, and the latest has nothing to go on."""

    async def raced(two: Forked) -> Sequence[object]:
        answer, _ = await asyncio.gather(two.check_in(two.there), two.declare(TrueBranch.OTHER))
        held = answer.check_in_token if isinstance(answer, Certified) else two.there
        return [await two.check_in(held), await two.check_in(two.here)]

    async def work(context: Context):
        return [await raced((await forked(context))[0]) for _ in range(10)]

    for stale, good in world.run(work):
        assert reason(stale) is Reason.CLONE_DETECTED
        assert granted(good).notices == ()


def test_what_can_not_be_declared_is_told(world: World):
    async def told(context: Context, seat: UUID) -> str:
        with pytest.raises(OperatorError) as refused:
            await seat_changes.declare_branch(context, seat, TrueBranch.OTHER, REASON)
        return str(refused.value)

    async def work(context: Context):
        key = (await issue_one(context)).license_key
        seat = granted(await activate(context, make_request(1, key))).activation.activation_id
        unforked = await told(context, seat)
        await seat_changes.remove_activation(context, seat, REASON)
        return await told(context, UUID(int=3)), unforked, await told(context, seat)

    unknown, unforked, removed = world.run(work)
    assert "no activation" in unknown
    assert "No fork" in unforked
    assert "no seat" in removed
