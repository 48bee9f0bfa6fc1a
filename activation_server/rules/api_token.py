"""API tokens of the vendor's own tools: what one is called, what it may do, until when."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final

from activation_server.rules.errors import NotGivenError, OperatorError
from activation_server.rules.permissions import MAY, NOT_FOR_TOKENS, Permission, Role

DAYS: Final = 90  # that a token lasts, unless it is said otherwise
MOST_DAYS: Final = 366
SCOPES: Final = tuple(each for each in Permission if each not in NOT_FOR_TOKENS)

_ACTOR: Final = "token:"  # a colon is in nobody's name
# What a name may be, as it stands in the audit log and in what operators type.
NAME: Final = "[a-z0-9][a-z0-9._-]{0,63}"


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
        return actor_of(self.name)

    def standing(self, now: datetime) -> Standing:
        """Tell whether it is taken at `now`."""
        if self.revoked_at is not None:
            return Standing.REVOKED
        return Standing.EXPIRED if now >= self.expires_at else Standing.VALID


def actor_of(name: str) -> str:
    """Give who acts by a token's name."""
    return f"{_ACTOR}{name}"


def name_in(actor: str) -> str | None:
    """Give the name of the token that acts, if one does."""
    return actor.removeprefix(_ACTOR) if actor.startswith(_ACTOR) else None


def check(order: TokenOrder) -> None:
    """See that such a token may be made. Raises OperatorError."""
    if not re.fullmatch(NAME, order.name):
        msg = (
            "Name a token by up to 64 small letters, digits, dots, dashes and underscores; it "
            "begins with a letter or a digit."
        )
        raise OperatorError(msg)
    if not order.scopes or not set(order.scopes) <= set(SCOPES):
        raise OperatorError(f"Give the token at least one of the scopes {', '.join(SCOPES)}.")
    if not 1 <= order.days <= MOST_DAYS:
        raise OperatorError(f"A token lasts 1 to {MOST_DAYS} days.")


def made(order: TokenOrder, made_by: str, now: datetime, giver: ApiToken | None = None) -> ApiToken:
    """Give the token of an order; one that a token gives ends with that at the latest."""
    expires_at = now + timedelta(days=order.days)
    if giver is not None:
        expires_at = min(expires_at, giver.expires_at)
    return ApiToken(order.name, frozenset(order.scopes), made_by, now, expires_at)


def check_gives_token(giver: ApiToken, order: TokenOrder, now: datetime) -> None:
    """See that a token gives another one no more than it has. Raises NotGivenError.

    It gives none that gives tokens: those end with the one that gave them, and that is one step.
    """
    if giver.standing(now) is not Standing.VALID:
        raise NotGivenError("The token that gives another one is not taken any more.")
    if Permission.TOKENS_MANAGE in order.scopes:
        raise NotGivenError("Only people give the scope tokens:manage, not a token.")
    _check_has(giver, order.scopes)


def check_gives_role(giver: ApiToken, role: Role) -> None:
    """See that a token lets nobody in who may do more than the token. Raises NotGivenError."""
    _check_has(giver, MAY[role] - NOT_FOR_TOKENS)


def _check_has(giver: ApiToken, wanted: Collection[Permission]) -> None:
    missing = sorted(set(wanted) - giver.scopes)
    if missing:
        raise NotGivenError(
            f"A token gives no more than it has itself; this one lacks {', '.join(missing)}."
        )
