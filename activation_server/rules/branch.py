"""Forks and clones: which copy of an activation a check-in token comes from."""

from collections.abc import Mapping
from enum import StrEnum

from activation_server.rules.reasons import Notice


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
