"""How the vendor's staff get into the console: names, passwords, recovery codes, sessions."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Role

LINK_VALID: Final = timedelta(hours=24)
CODE_WITHIN: Final = timedelta(minutes=5)  # after the password
BROWSER_KNOWN: Final = timedelta(days=365)
PASSKEY_WITHIN: Final = timedelta(hours=1)  # after the page was opened
MOST_PASSKEYS: Final = 10
SEEN_EVERY: Final = timedelta(minutes=1)  # a session's last use is no finer
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 256
RECOVERY_CODES: Final = 10
RECOVERY_BYTES: Final = 10
# Whoever types wrong codes knows the password. Of this many guesses one in 17,000 is right.
WRONG_CODES: Final = 20

_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9._@-]{0,62}[a-z0-9])?")
_NOT_FOR_STAFF: Final = frozenset({"server", "unknown"})  # who acts without anybody
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's: no i, l, o, u
_LOOK_ALIKE: Final = str.maketrans({"i": "1", "l": "1", "o": "0"})


class Standing(StrEnum):
    """Whether somebody gets in."""

    INVITED = "invited"  # has not chosen a password yet
    ACTIVE = "active"
    DISABLED = "disabled"


class SingleSignOn(StrEnum):
    """How far somebody is with the identity provider."""

    EXPECTED = "expected"  # with a verified address
    LINKED = "linked"


class Why(StrEnum):
    """Why somebody was not let in."""

    WRONG = "wrong"  # name or password, or that there is no such name: which of these is not told
    WRONG_CODE = "wrong_code"
    WRONG_PASSKEY = "wrong_passkey"
    TOO_MANY = "too_many"  # attempts: wait
    CODES_USED_UP = "codes_used_up"  # too many wrong codes from browsers that are not known
    TOO_LATE = "too_late"  # the password was typed too long ago
    SSO_DUE = "sso_due"  # single sign-on is required of them
    SSO_AWAY = "sso_away"  # the identity provider does not answer
    SSO_FAILED = "sso_failed"  # it signed nobody in, or what came back proves nothing
    SSO_UNKNOWN = "sso_unknown"  # whom it signed in is nobody here, or may not come in
    SSO_ONE_FACTOR = "sso_one_factor"  # it counts as one, and there is no other


@dataclass(frozen=True, slots=True)
class NotLetIn:
    """Why not, and after how many seconds another attempt may be made."""

    why: Why
    wait: int = 0


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a session lasts: unused, at all, and for what needs a sign-in just now."""

    idle: timedelta = timedelta(minutes=30)
    longest: timedelta = timedelta(hours=12)
    fresh: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in that holds."""

    session_id: UUID
    staff_id: UUID
    name: str
    role: Role
    began_at: datetime
    seen_at: datetime
    signed_in_at: datetime  # the last time with password and code
    ends_at: datetime

    def holds(self, now: datetime, times: SessionTimes) -> bool:
        """Tell whether it goes on: neither over nor left alone for too long."""
        return now < self.ends_at and now - self.seen_at < times.idle + SEEN_EVERY

    def is_fresh(self, now: datetime, times: SessionTimes) -> bool:
        """Tell whether its owner has signed in only just now."""
        return now - self.signed_in_at < times.fresh

    def is_to_be_noted(self, now: datetime) -> bool:
        """Tell whether its use is to be written down: once a minute is enough."""
        return now - self.seen_at >= SEEN_EVERY


def standing(*, disabled: bool, set_up: bool) -> Standing:
    """Tell whether somebody gets in."""
    if disabled:
        return Standing.DISABLED
    return Standing.ACTIVE if set_up else Standing.INVITED


def is_last(who: UUID, administrators: Mapping[UUID, bool]) -> bool:
    """Tell whether no administrator would be left without this one.

    `administrators` says of each that is not disabled whether they have used their link: who only
    has one does not stand in for somebody who can sign in.
    """
    others = [set_up for each, set_up in administrators.items() if each != who]
    return who in administrators and not (any(others) or (others and not administrators[who]))


def name_of(typed: str) -> str:
    """Give a sign-in name as it is stored, whatever its case and the spaces around it."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def is_name(name: str) -> bool:
    """Tell whether somebody could have this name."""
    return _NAME.fullmatch(name) is not None


def checked_name(typed: str) -> str:
    """Give a sign-in name that may be used. Raises OperatorError."""
    name = name_of(typed)
    if name in _NOT_FOR_STAFF:
        raise OperatorError(f"Choose another name: in the audit log {name} is nobody's.")
    if not is_name(name):
        raise OperatorError(
            "A sign-in name has 1 to 64 characters: letters a to z, digits, and . _ @ - between "
            "them."
        )
    return name


def password_of(typed: str) -> str:
    """Give a password's one spelling (NFKC), however a keyboard writes its letters."""
    return unicodedata.normalize("NFKC", typed)


def password_fault(typed: str, name: str) -> str | None:
    """Tell what is wrong with a new password, if anything is (NIST SP 800-63B, 3.1.1)."""
    password = password_of(typed)
    if len(password) < SHORTEST_PASSWORD:
        return f"Choose at least {SHORTEST_PASSWORD} characters; a few words are fine."
    if len(password) > LONGEST_PASSWORD:
        return f"Choose at most {LONGEST_PASSWORD} characters."
    if name in password.casefold() and len(password) - len(name) < SHORTEST_PASSWORD:
        return "Choose another one: your name is no password."
    if len(set(password.casefold())) < 4:
        return "Choose another one, with more different characters."
    return None


def recovery_code(random_bytes: bytes) -> str:
    """Write 10 random bytes as a code to be copied by hand: four groups of four characters."""
    number = int.from_bytes(random_bytes)
    letters = [_ALPHABET[number >> shift & 31] for shift in range(75, -1, -5)]
    return "-".join("".join(letters[at : at + 4]) for at in range(0, 16, 4))


def recovery_form(typed: str) -> str:
    """Give a recovery code as it is compared, however it is typed."""
    text = "".join(unicodedata.normalize("NFKC", typed).split()).replace("-", "")
    return text.lower().translate(_LOOK_ALIKE)
