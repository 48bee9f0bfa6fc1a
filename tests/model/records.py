"""What the model keeps and says: requests, seats, licenses, its yes and its no."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from activation_server.rules.license import App
from activation_server.rules.reasons import Notice, Reason


@dataclass(frozen=True)
class Asked:
    """What an app sends, at activation and at check-in."""

    request_id: UUID
    nonce: bytes
    body: bytes
    hardware: dict[str, str]
    app: App
    product: str | None = None
    license_key: str | None = None


@dataclass(frozen=True)
class Token:
    """What a check-in token of a seat stands for; a forged one is of no seat."""

    activation_id: UUID | None
    counter: int = 0


@dataclass
class Last:
    """The last answer of a seat, and the request that it answered."""

    outcome: str
    request_id: UUID
    body: bytes
    app: str
    claims: dict[str, Any]
    end: datetime | None
    kid: str
    notices: list[Notice] = field(default_factory=list)
    signed: tuple[str, str] | None = None  # certificate and token, as the server gave them


@dataclass
class Seat:
    """A computer's seat. Its id is the server's: the model takes it from the first answer."""

    made_by: UUID
    activated: datetime
    hardware: dict[str, str]
    last: Last
    counter: int = 1
    left_behind: set[int] = field(default_factory=set)  # counters of branches that were left
    lease: datetime | None = None  # until when it holds a seat that floats
    removed: datetime | None = None
    removed_by: str | None = None
    activation_id: UUID | None = None


@dataclass
class License:
    """A license as sold, with all that happened to it."""

    key: str
    license_id: UUID
    product: str
    policy: str
    overrides: dict[str, Any]
    issued: datetime
    expires: datetime | None = None
    maintenance_until: datetime | None = None
    status: str = "active"
    started: datetime | None = None
    seats: list[Seat] = field(default_factory=list)
    events: list[tuple[datetime, str]] = field(default_factory=list)
    refusals: dict[Reason, "Noted"] = field(default_factory=dict)
    old_keys: dict[str, datetime] = field(default_factory=dict)  # and when each was replaced
    transfer_allowed: bool = False  # one more than the terms allow
    bought: bool = False  # it was a trial

    def is_key(self, typed: str | None) -> bool:
        """Whether a key was typed that it has or had, in whatever case."""
        return typed is not None and typed.upper() in {self.key, *self.old_keys}


@dataclass(frozen=True)
class Refusal:
    """The model's no."""

    reason: Reason
    evidence: dict[str, Any] = field(default_factory=dict)


@dataclass
class Noted:
    """The last refusal of a code, and how many there were."""

    at: datetime
    evidence: dict[str, Any]
    times: int


@dataclass(frozen=True)
class Answer:
    """The model's yes."""

    seat: Seat
    limit: int | None
    allowed: int | None  # the limit, and what may be used beyond it
    used: int
    notices: list[Notice]
    repeated: bool
