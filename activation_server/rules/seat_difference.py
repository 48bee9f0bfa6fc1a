"""What differs of a computer's seat, for staff who look at a change before it is made."""

from collections.abc import Mapping

from activation_server.rules.branch import TrueBranch
from activation_server.rules.seat import Activation

_BRANCHES: Mapping[TrueBranch, str] = {
    TrueBranch.LATEST: "the one that checked in last",
    TrueBranch.OTHER: "the one that it left behind",
}


def difference(before: Activation, after: Activation) -> Mapping[str, tuple[str, str]]:
    """Give what is different by name: as it was, and as it is then."""
    told = {}
    if before.removed_at is None and after.removed_at is not None:
        told["its seat"] = ("taken", "free")
    if before.fork_tip is not None and after.fork_tip is None and after.removed_at is None:
        true = TrueBranch.LATEST if after.true_tip is None else TrueBranch.OTHER
        told["true copy"] = ("not declared", _BRANCHES[true])
    return told
