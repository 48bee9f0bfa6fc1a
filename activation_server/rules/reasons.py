"""The closed set of refusals and notices of the client protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final


class Reason(StrEnum):
    """Why a call is refused. When several apply, the first in this order answers."""

    OVERLOADED = "OVERLOADED"
    RATE_LIMITED = "RATE_LIMITED"
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"
    REQUEST_INVALID = "REQUEST_INVALID"
    OFFLINE_FILE_INVALID = "OFFLINE_FILE_INVALID"
    ACTIVATION_NOT_FOUND = "ACTIVATION_NOT_FOUND"
    LICENSE_NOT_FOUND = "LICENSE_NOT_FOUND"
    TRIAL_NOT_OFFERED = "TRIAL_NOT_OFFERED"
    ACTIVATION_REMOVED = "ACTIVATION_REMOVED"
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED"
    LICENSE_REVOKED = "LICENSE_REVOKED"
    LICENSE_SUSPENDED = "LICENSE_SUSPENDED"
    LICENSE_EXPIRED = "LICENSE_EXPIRED"
    EDITION_NOT_COVERED = "EDITION_NOT_COVERED"
    VERSION_NOT_COVERED = "VERSION_NOT_COVERED"
    HARDWARE_ID_UNUSABLE = "HARDWARE_ID_UNUSABLE"
    VIRTUAL_MACHINE_REFUSED = "VIRTUAL_MACHINE_REFUSED"
    CLONE_DETECTED = "CLONE_DETECTED"
    HARDWARE_MISMATCH = "HARDWARE_MISMATCH"
    TRIAL_ALREADY_USED = "TRIAL_ALREADY_USED"
    TRANSFER_LIMIT_REACHED = "TRANSFER_LIMIT_REACHED"
    SEAT_LIMIT_REACHED = "SEAT_LIMIT_REACHED"


KEY_REPLACED: Final = "key_replaced"  # evidence of a revocation: of the key alone, and when


class Notice(StrEnum):
    """What an answer tells the app beside the answer itself."""

    LICENSE_ENDS_SOON = "LICENSE_ENDS_SOON"
    LICENSE_IN_GRACE = "LICENSE_IN_GRACE"
    MAINTENANCE_ENDS_SOON = "MAINTENANCE_ENDS_SOON"
    MAINTENANCE_ENDED = "MAINTENANCE_ENDED"
    UPGRADE_AVAILABLE = "UPGRADE_AVAILABLE"
    OVERAGE = "OVERAGE"
    HARDWARE_CHANGED = "HARDWARE_CHANGED"
    FORK_SEEN = "FORK_SEEN"
    CLONE_SUSPECTED = "CLONE_SUSPECTED"
    TRIAL_ENDS_SOON = "TRIAL_ENDS_SOON"


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal, with the facts that let a person or an app act on it (never personal ones).

    What is `noted` beside them is for support alone: no answer has it.
    """

    reason: Reason
    evidence: Mapping[str, object] = field(default_factory=dict)
    noted: Mapping[str, object] = field(default_factory=dict)
    retry_after: int | None = None  # seconds until the same request may be granted
