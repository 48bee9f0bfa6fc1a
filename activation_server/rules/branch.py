"""Forks and clones: which copy of an activation a check-in token comes from, and what follows.

Support may declare one of two branches the true one. Two counters then stand with the activation:
tokens below `true_from` are disowned, but for `true_tip`, which the true branch holds when it was
the one left behind; it is good for one check-in, which lifts that branch above `true_from`.
"""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum

from activation_server.rules import hardware
from activation_server.rules.errors import OperatorError
from activation_server.rules.history import Event, EventKind
from activation_server.rules.license import License, OnClone
from activation_server.rules.reasons import Notice, Reason, Refused
from activation_server.rules.seat import Activation, Call


class Branch(StrEnum):
    """What the counter in an authentic token says of the copy that presents it."""

    CURRENT = "current"
    AHEAD = "ahead"  # the server's own database was restored from an older backup
    FORK = "fork"  # an older state of the computer came back: a restored disk, or a copy
    CLONE = "clone"  # the branch that a fork left behind lives on: two copies
    DISOWNED = "disowned"  # support declared another branch the true one


class TrueBranch(StrEnum):
    """Which branch support declares the true one."""

    LATEST = "latest"  # that checked in last
    OTHER = "other"  # that the last fork left behind


BRANCH_NOTICES: Mapping[Branch, tuple[Notice, ...]] = {
    Branch.CURRENT: (),
    Branch.AHEAD: (),
    Branch.FORK: (Notice.FORK_SEEN,),
    Branch.CLONE: (Notice.CLONE_SUSPECTED,),
    Branch.DISOWNED: (),  # always refused
}
_EVENTS: Mapping[Branch, EventKind] = {
    Branch.AHEAD: EventKind.COUNTER_CAUGHT_UP,
    Branch.FORK: EventKind.FORK_SEEN,
    Branch.CLONE: EventKind.CLONE_SUSPECTED,
}


def branch_of(activation: Activation, presented: int) -> Branch:
    """Tell which branch of an activation's history a token comes from, by its counter.

    A fork leaves a branch behind, whose counter had come to `fork_tip`: a token from then on
    belongs to the branch that went on, and one up to there shows that the other is still in use.
    """
    if activation.true_from is not None and presented < activation.true_from:
        return Branch.CURRENT if presented == activation.true_tip else Branch.DISOWNED
    if presented == activation.seq:
        return Branch.CURRENT
    if presented > activation.seq:
        return Branch.AHEAD
    if activation.fork_tip is not None and presented <= activation.fork_tip:
        return Branch.CLONE
    return Branch.FORK


def last_is_disowned(activation: Activation) -> bool:
    """Whether the last answer went to a disowned branch: its retry is not to be answered."""
    return activation.true_from is not None and activation.seq < activation.true_from


def declare(activation: Activation, true: TrueBranch, reason: str) -> tuple[Activation, Event]:
    """Disown all tokens but those of one branch. Raises OperatorError."""
    if activation.removed_at is not None:
        msg = f"Activation {activation.activation_id} holds no seat any more."
        raise OperatorError(msg)
    if activation.fork_tip is None:
        msg = (
            f"No fork of activation {activation.activation_id} is on record, "
            "or its true branch was declared already."
        )
        raise OperatorError(msg)
    if true is TrueBranch.LATEST:
        counter = true_from = activation.seq
        true_tip = None
    else:
        true_from = activation.seq + 1
        counter = true_tip = activation.fork_tip
    details = {"activation_id": str(activation.activation_id), "branch": true.value}
    event = Event(EventKind.BRANCH_DECLARED, {**details, "counter": counter, "reason": reason})
    return replace(activation, fork_tip=None, true_from=true_from, true_tip=true_tip), event


def refuse(
    branch: Branch, call: Call, presented: int, activation: Activation, license_: License
) -> Refused | None:
    """Refuse what is disowned, and the stale copy of a clone where the policy says so."""
    stale = branch is Branch.CLONE and license_.terms.clone is OnClone.REFUSE
    if not stale and branch is not Branch.DISOWNED:
        return None
    told = _counters(activation, presented)
    return Refused(Reason.CLONE_DETECTED, told, noted=_seen(call, activation))


def events(branch: Branch, call: Call, presented: int, activation: Activation) -> tuple[Event, ...]:
    """What support is to see of a check-in that is let through."""
    kind = _EVENTS.get(branch)
    if kind is None:
        return ()
    known_as = {"activation_id": str(activation.activation_id)}
    seen = {} if branch is Branch.AHEAD else _seen(call, activation)
    return (Event(kind, known_as | _counters(activation, presented) | seen),)


def _counters(activation: Activation, presented: int) -> dict[str, object]:
    expected = max(activation.seq, activation.true_from or 0)
    return {"expected": expected, "presented": presented}


def _seen(call: Call, activation: Activation) -> dict[str, object]:
    """What tells support one copy from the other: where it is, and what it is made of."""
    network = {} if call.network is None else {"network": call.network}
    return network | {
        "components": hardware.compared(call.hardware, activation.hardware),
        "computer": hardware.fingerprint(call.hardware),
    }
