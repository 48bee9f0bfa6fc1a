"""Which version of what is told as facts somebody has seen: an account, a token."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

Facts = Mapping[str, Any]  # as JSON has them

BY_ITSELF: Final = frozenset({"signed_in_browsers"})
"""Facts that go on changing without anybody's decision: they make no other version."""


def version(facts: Facts) -> str:
    """Give the version of facts: the same until somebody changes one."""
    lasting = {name: value for name, value in facts.items() if name not in BY_ITSELF}
    return hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()[:32]
