"""What a list of licenses is narrowed by: nothing of a person, so it may be kept and linked."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Self

from activation_server.rules.license import Status
from activation_server.rules.reasons import Reason

LONGEST_NAME: Final = 60  # characters of a saved search
MOST_SAVED: Final = 20  # of one member of staff
_LONGEST_VALUE: Final = 200


class Ends(StrEnum):
    """When licenses end, as seen from now."""

    ENDED_7 = "ended-7"
    ENDED_30 = "ended-30"
    ENDS_7 = "ends-7"
    ENDS_30 = "ends-30"
    ENDS_90 = "ends-90"


_DAYS: Final = {
    Ends.ENDED_7: (-7, 0),
    Ends.ENDED_30: (-30, 0),
    Ends.ENDS_7: (0, 7),
    Ends.ENDS_30: (0, 30),
    Ends.ENDS_90: (0, 90),
}


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which licenses are listed; what is not said does not matter."""

    status: Status | None = None
    product: str | None = None
    policy: str | None = None
    ends: Ends | None = None
    refused: Reason | None = None  # those with a refusal for this reason

    @classmethod
    def read(cls, given: Mapping[str, str]) -> Self:
        """Read names and values, empty ones left out. Raises ValueError for what there is not."""
        told = {name: given[name].strip() for name in NAMES if given.get(name, "").strip()}
        if any(len(value) > _LONGEST_VALUE or "\0" in value for value in told.values()):
            raise ValueError
        return cls(
            status=Status(told["status"]) if "status" in told else None,
            product=told.get("product"),
            policy=told.get("policy"),
            ends=Ends(told["ends"]) if "ends" in told else None,
            refused=Reason(told["refused"]) if "refused" in told else None,
        )

    def written(self) -> dict[str, str]:
        """Give names and values, as they are kept and linked."""
        return {name: str(value) for name in NAMES if (value := getattr(self, name)) is not None}

    def ends_between(self, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Give from when on and before when they end."""
        if self.ends is None:
            return None, None
        begin, stop = _DAYS[self.ends]
        return now + timedelta(days=begin), now + timedelta(days=stop)


NAMES: Final = tuple(each.name for each in fields(Criteria))


def name_of(typed: str) -> str:
    """Give the name of a saved search as it is kept. Raises ValueError with what is wrong."""
    name = " ".join(typed.split())
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        msg = f"Give it a name of 1 to {LONGEST_NAME} characters."
        raise ValueError(msg)
    return name
