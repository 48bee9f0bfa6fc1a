"""What every use case is given by `bootstrap`: database, keys, clock, chance."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from activation_server.crypto.keyring import Keyring
from activation_server.gateways.archive import Archive
from activation_server.gateways.erasure_ledger import ErasureLedger
from activation_server.rules.staff import SessionTimes
from activation_server.services.identity_provider import SingleSignOn
from activation_server.services.limits import Limits, unlimited
from activation_server.services.looks import Looks
from activation_server.services.overview_memory import OverviewMemory
from activation_server.services.passwords import Passwords
from activation_server.services.pool import Pool, Unpooled
from activation_server.services.sign_in_limits import SignInLimits
from activation_server.store.database import Connection, Database, Within


@dataclass(frozen=True, slots=True)
class Randomness:
    """Where all chance comes from, so that tests can repeat it."""

    random_bytes: Callable[[int], bytes] = field(repr=False)

    def uuid(self) -> UUID:
        """Make a random UUID (version 4)."""
        return UUID(bytes=self.random_bytes(16), version=4)

    def bits(self, count: int) -> int:
        """Make a random number of `count` bits."""
        return int.from_bytes(self.random_bytes((count + 7) // 8)) >> (-count % 8)


@dataclass(frozen=True, slots=True)
class Context:
    """The server's means; `clock` gives the time in UTC."""

    database: Database
    keyring: Keyring = field(repr=False)
    clock: Callable[[], datetime]
    randomness: Randomness
    issuer: str
    ledger: ErasureLedger = field(repr=False)
    archive: Archive
    actor: str = "server"  # who acts: operators and staff by the name they are logged in with
    check_ins: Pool[Any, Any] = field(default_factory=Pool, repr=False)  # services/check_in.py
    new_seats: Pool[Any, Any] = field(default_factory=Pool, repr=False)  # services/new_seat.py
    newsletter_wording: str = "1"  # the version of the text beside the newsletter's box
    limits: Limits = field(default_factory=unlimited, repr=False)
    reveals_a_day: int | None = None  # licenses that one of those who act may show in clear
    passwords: Passwords = field(default_factory=Passwords, repr=False)
    sign_in_limits: SignInLimits = field(default_factory=SignInLimits, repr=False)
    session_times: SessionTimes = field(default_factory=SessionTimes)
    sign_on: SingleSignOn | None = None  # where an identity provider is set up
    overview: OverviewMemory = field(default_factory=OverviewMemory, repr=False)
    looks: Looks = field(default_factory=Looks, repr=False)

    def acting(self, name: str) -> "Context":
        """Give the same means to somebody of the staff, whose name the audit log gets."""
        return replace(self, actor=name)

    def now(self) -> datetime:
        """Give the time in whole seconds, as certificates and the database keep it."""
        return self.clock().replace(microsecond=0)

    def within(self, connection: Connection) -> Self:
        """Give the same means inside a transaction: what use cases do with them is part of it."""
        inside, alone = Within(self.database.engine, connection), Unpooled()
        return replace(self, database=inside, check_ins=alone, new_seats=alone)
