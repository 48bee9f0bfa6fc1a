"""API tokens of the vendor's own tools: what one is called, what it may do, until when."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import NOT_FOR_TOKENS, Permission

DAYS: Final = 90  # that a token lasts, unless it is said otherwise
MOST_DAYS: Final = 366
SCOPES: Final = tuple(each for each in Permission if each not in NOT_FOR_TOKENS)

# What a name may be, as it stands in the audit log and in what operators type.
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Standing(StrEnum):
    """Whether a token is taken."""

    VALID = "valid"
    EXPIRED = "expired"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class TokenOrder:
    """A token that is to be made."""

    name: str
    scopes: Collection[Permission]
    days: int = DAYS


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token that was made, without what it is known by."""

    name: str
    scopes: frozenset[Permission]
    made_by: str
    made_at: datetime
    expires_at: datetime
    last_used: date | None = None
    revoked_at: datetime | None = None

    @property
    def actor(self) -> str:
        """Who acts when a tool acts with it, as the audit log has it."""
        return f"token:{self.name}"

    def standing(self, now: datetime) -> Standing:
        """Tell whether it is taken at `now`."""
        if self.revoked_at is not None:
            return Standing.REVOKED
        return Standing.EXPIRED if now >= self.expires_at else Standing.VALID


def check(order: TokenOrder) -> None:
    """See that such a token may be made. Raises OperatorError."""
    if not _NAME.fullmatch(order.name):
        msg = (
            "Name a token by up to 64 small letters, digits, dots, dashes and underscores; it "
            "begins with a letter or a digit."
        )
        raise OperatorError(msg)
    if not order.scopes or not set(order.scopes) <= set(SCOPES):
        raise OperatorError(f"Give the token at least one of the scopes {', '.join(SCOPES)}.")
    if not 1 <= order.days <= MOST_DAYS:
        raise OperatorError(f"A token lasts 1 to {MOST_DAYS} days.")


def made(order: TokenOrder, made_by: str, now: datetime) -> ApiToken:
    """Give the token of an order."""
    expires_at = now + timedelta(days=order.days)
    return ApiToken(order.name, frozenset(order.scopes), made_by, now, expires_at)
