"""Legal holds: what must not be disposed of meanwhile, whatever its time or a person's wish."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from activation_server.rules.errors import OperatorError

MOST_YEARS = 10


class HoldStatus(StrEnum):
    """How a hold stands."""

    IN_FORCE = "in force"
    LIFTED = "lifted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class HoldOrder:
    """A hold that is to be placed: why, by whose order, and its last day."""

    reason: str = field(repr=False)
    ordered_by: str = field(repr=False)
    until: date


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on a license, or on one of its people."""

    hold_id: UUID
    license_id: UUID
    person_id: UUID | None  # none: the whole license
    until: date  # its last day, in UTC
    placed_at: datetime
    reason: str = field(repr=False)
    ordered_by: str = field(repr=False)
    lifted_at: datetime | None = None
    lifted_reason: str | None = field(default=None, repr=False)

    def status(self, today: date) -> HoldStatus:
        """Say how the hold stands; what was lifted stays so after its end."""
        if self.lifted_at is not None:
            return HoldStatus.LIFTED
        return HoldStatus.IN_FORCE if today <= self.until else HoldStatus.ENDED

    def is_in_force(self, today: date) -> bool:
        """Whether the hold stops retention and erasure."""
        return self.status(today) is HoldStatus.IN_FORCE


def check_order(order: HoldOrder, today: date) -> None:
    """See that a hold has a reason, somebody who ordered it, and an end. Raises OperatorError."""
    if not (order.reason.strip() and order.ordered_by.strip()):
        raise OperatorError("A legal hold needs a reason, and the name of who ordered it.")
    if order.until <= today:
        msg = f"A legal hold ends in the future; {order.until} does not lie there."
        raise OperatorError(msg)
    if order.until > _latest_end(today):
        msg = (
            f"A legal hold ends within {MOST_YEARS} years, by {_latest_end(today)}; "
            "place another one when it is to go on."
        )
        raise OperatorError(msg)


def _latest_end(today: date) -> date:
    year = today.year + MOST_YEARS
    is_leap_day = (today.month, today.day) == (2, 29)
    return date(year, 3, 1) if is_leap_day else today.replace(year=year)
