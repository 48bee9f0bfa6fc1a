"""Forks and clones: which copy of an activation a check-in token comes from, and what follows."""

from collections.abc import Mapping
from enum import StrEnum

from activation_server.rules import hardware
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


BRANCH_NOTICES: Mapping[Branch, tuple[Notice, ...]] = {
    Branch.CURRENT: (),
    Branch.AHEAD: (),
    Branch.FORK: (Notice.FORK_SEEN,),
    Branch.CLONE: (Notice.CLONE_SUSPECTED,),
}
_EVENTS: Mapping[Branch, EventKind] = {
    Branch.AHEAD: EventKind.COUNTER_CAUGHT_UP,
    Branch.FORK: EventKind.FORK_SEEN,
    Branch.CLONE: EventKind.CLONE_SUSPECTED,
}


def branch_of(current: int, fork_tip: int | None, presented: int) -> Branch:
    """Tell which branch of an activation's history a token comes from, by its counter.

    `current` is the activation's counter. A fork leaves a branch behind, whose counter had come
    to `fork_tip`: a token from then on belongs to the branch that went on, and one up to there
    shows that the other is still in use.
    """
    if presented == current:
        return Branch.CURRENT
    if presented > current:
        return Branch.AHEAD
    if fork_tip is not None and presented <= fork_tip:
        return Branch.CLONE
    return Branch.FORK


def refuse(
    branch: Branch, call: Call, presented: int, activation: Activation, license_: License
) -> Refused | None:
    """Refuse the stale copy of a clone, where the policy says so."""
    if branch is not Branch.CLONE or license_.terms.clone is not OnClone.REFUSE:
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
    return {"expected": activation.seq, "presented": presented}


def _seen(call: Call, activation: Activation) -> dict[str, object]:
    """What tells support one copy from the other: where it is, and what it is made of."""
    network = {} if call.network is None else {"network": call.network}
    return network | {
        "components": hardware.compared(call.hardware, activation.hardware),
        "computer": hardware.fingerprint(call.hardware),
    }
