"""Which version of a computer's seat somebody has seen: the same until what is decided on changes.

Check-ins don't count, but for those of a copy: which of two was the latest is what one decides on.
"""

import hashlib
import json
from typing import Final

from activation_server.rules.seat import Activation

_FORM: Final = "activation version 1"


def version(activation: Activation) -> str:
    """Digest whether it was taken back, and which of its copies went on."""
    values = (
        _FORM,
        str(activation.activation_id),
        activation.removed_at is not None,
        activation.fork_tip,
        activation.true_from,
        activation.true_tip,
    )
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:32]
