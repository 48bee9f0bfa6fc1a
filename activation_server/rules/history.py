"""What support sees in a license's history."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class EventKind(StrEnum):
    """What happened to a license or to one of its computers."""

    ISSUED = "issued"
    IMPORTED = "imported"
    TRIAL_STARTED = "trial_started"
    TRIAL_CONVERTED = "trial_converted"
    ACTIVATED = "activated"
    OVERAGE = "overage"
    DEACTIVATED = "deactivated"
    ACTIVATION_REMOVED = "activation_removed"
    HARDWARE_CHANGED = "hardware_changed"
    FORK_SEEN = "fork_seen"
    CLONE_SUSPECTED = "clone_suspected"
    COUNTER_CAUGHT_UP = "counter_caught_up"
    BRANCH_DECLARED = "branch_declared"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"
    RENEWED = "renewed"
    TERMS_CHANGED = "terms_changed"
    TRANSFER_ALLOWED = "transfer_allowed"
    TRANSFER_WITHDRAWN = "transfer_withdrawn"
    KEY_REPLACED = "key_replaced"
    PERSON_CORRECTED = "person_corrected"
    NOTED = "noted"


@dataclass(frozen=True, slots=True)
class Event:
    """A line in a license's history; `details` hold nothing personal."""

    kind: EventKind
    details: Mapping[str, object] = field(default_factory=dict)
