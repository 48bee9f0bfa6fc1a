"""Support says which of two copies is the true one: it goes on, the other is refused."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from activation_server.rules.activation import Granted, Repeated
from activation_server.rules.branch import TrueBranch, branch_of, declare
from activation_server.rules.errors import OperatorError
from activation_server.rules.history import EventKind
from activation_server.rules.license import OnClone, Terms
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.rules.seat import Activation, RemovedBy
from tests.factories import ACTIVATION_ID, DAY, NOW, make_activation
from tests.rules.test_clones import Copy, Server

LATEST, OTHER = TrueBranch.LATEST, TrueBranch.OTHER
FORKED = make_activation(seq=7, fork_tip=4)  # one copy holds token 7, the other 4


def declared(true: TrueBranch, activation: Activation = FORKED) -> Activation:
    return declare(activation, true, "as the test says")[0]


@pytest.mark.parametrize(
    ("true", "branches"),
    [
        (LATEST, {1: "disowned", 4: "disowned", 6: "disowned", 7: "current", 8: "ahead"}),
        (OTHER, {1: "disowned", 4: "current", 6: "disowned", 7: "disowned", 8: "ahead"}),
    ],
)
def test_which_tokens_are_disowned(true: TrueBranch, branches: dict[int, str]):
    seat = declared(true)
    assert {presented: branch_of(seat, presented).value for presented in branches} == branches


@pytest.mark.parametrize(("true", "token"), [(LATEST, 7), (OTHER, 4)])
def test_the_true_branch_forks_as_before(true: TrueBranch, token: int):
    server = Server(declared(true), Terms())
    here = Copy(server, token)
    assert here.check_in() == set()
    there = here.copied()
    here.check_in()
    assert there.check_in() == {Notice.FORK_SEEN}
    assert here.check_in() == {Notice.CLONE_SUSPECTED}
    server.seat = declared(OTHER, server.seat)  # and is declared anew
    assert there.check_in() == set()
    assert here.decision().reason is Reason.CLONE_DETECTED  # type: ignore[union-attr] # refused


def test_the_token_of_the_branch_left_behind_is_good_once():
    server = Server(declared(OTHER), Terms())
    here, backup = Copy(server, 4), Copy(server, 4)
    assert here.check_in() == set()
    assert here.token == 8
    assert isinstance(backup.decision(), Refused)


@pytest.mark.parametrize("true", TrueBranch)
def test_a_declared_activation_says_so(true: TrueBranch):
    _, event = declare(FORKED, true, "called from the new laptop")
    assert event.kind is EventKind.BRANCH_DECLARED
    assert event.details == {
        "activation_id": str(ACTIVATION_ID),
        "branch": true.value,
        "counter": {LATEST: 7, OTHER: 4}[true],
        "reason": "called from the new laptop",
    }


@pytest.mark.parametrize(
    ("seat", "told"),
    [
        (make_activation(seq=7), "No fork"),
        (declared(OTHER), "No fork"),
        (make_activation(fork_tip=4, removed_at=NOW, removed_by=RemovedBy.APP), "no seat"),
    ],
)
@pytest.mark.parametrize("true", TrueBranch)
def test_there_must_be_two_branches(seat: Activation, told: str, true: TrueBranch):
    with pytest.raises(OperatorError, match=told):
        declare(seat, true, "as the test says")


@pytest.mark.parametrize("clone", OnClone)
def test_a_disowned_copy_is_refused_with_evidence_whatever_the_policy_says(clone: OnClone):
    for true, stale in ((LATEST, 4), (OTHER, 7)):
        refused = Server(declared(true), Terms(clone=clone)).check_in(stale)
        assert isinstance(refused, Refused)
        assert refused.reason is Reason.CLONE_DETECTED
        assert refused.evidence == {"expected": {LATEST: 7, OTHER: 8}[true], "presented": stale}
        assert set(refused.noted) == {"components", "computer"}


@pytest.mark.parametrize(("true", "stale"), [(LATEST, 4), (OTHER, 7)])
def test_a_disowned_copy_gets_out_by_activating_anew(true: TrueBranch, stale: int):
    server = Server(declared(true), Terms())
    copy = Copy(server, stale)
    assert isinstance(copy.decision(), Refused)
    copy.activate()
    assert (copy.token, server.seat.true_tip) == (8, None)
    assert copy.check_in() == set()


@dataclass
class Copies:
    """Two copies on one server, with who sent the last answered request."""

    server: Server
    both: list[Copy]
    last: tuple[int, int, int] = field(default=(0, 0, 0))  # who, its request, its token then

    def check_in(self, who: int) -> Granted | Repeated | Refused:
        presented = self.both[who].token
        decision = self.both[who].decision()
        if isinstance(decision, Granted):
            self.last = who, self.server.calls, presented
        return decision

    def repeat(self) -> Granted | Repeated | Refused:
        """The last answered request once more, word for word."""
        _, call, presented = self.last
        return self.server.check_in(presented, call=call)

    def holding(self, token: int) -> int:
        [who] = [who for who, copy in enumerate(self.both) if copy.token == token]
        return who


@given(
    clone=st.sampled_from(OnClone),
    true=st.sampled_from(TrueBranch),
    first=st.integers(0, 1),
    before=st.lists(st.integers(0, 1), max_size=12),
    after=st.lists(st.sampled_from(["true", "untrue", "repeat"]), max_size=12),
)
def test_from_the_declaration_on_only_the_true_branch_goes_on(
    clone: OnClone, true: TrueBranch, first: int, before: list[int], after: list[str]
):
    server = Server(make_activation(), Terms(clone=clone))
    copies = Copies(server, [Copy(server, 1), Copy(server, 1)])
    for who in (first, 1 - first, *before):
        copies.check_in(who)
    seat = server.seat
    assert seat.fork_tip is not None
    it = copies.holding(seat.seq if true is LATEST else seat.fork_tip)
    server.seat = declared(true, seat)
    for step in after:
        if step == "repeat":
            answer = copies.repeat()
            assert isinstance(answer, Repeated if copies.last[0] == it else Refused)
        elif step == "true":
            answer = copies.check_in(it)
            assert isinstance(answer, Granted)
            assert (answer.activation.last.notices, answer.events) == ((), ())
            assert answer.activation.last.certificate_expires == NOW + 30 * DAY
        else:
            answer = copies.check_in(1 - it)
            assert isinstance(answer, Refused)
        assert not isinstance(answer, Refused) or answer.reason is Reason.CLONE_DETECTED
    copies.both[1 - it].activate()
    assert isinstance(copies.check_in(1 - it), Granted)
