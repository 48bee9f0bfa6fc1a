"""Terms of licenses and policies."""

from typing import Annotated, Any, Final

from pydantic import AfterValidator, ConfigDict, Field

from activation_server.formats.admin_requests.base import AdminBody, string
from activation_server.rules.license import (
    MOST_DAYS,
    MOST_MINUTES,
    MOST_MONTHS,
    OnClone,
    Overage,
    TermFrom,
    Virtual,
    version_key,
)

MOST_COUNT: Final = 2**31 - 1
Count = Annotated[int, Field(ge=1, le=MOST_COUNT)]
Days = Annotated[int, Field(ge=1, le=MOST_DAYS)]


def checked_version(text: str) -> str:
    """Give a version that has numbers; raises ValueError."""
    if not version_key(text):
        msg = "must be a version with numbers in it, as 9 or 9.2"
        raise ValueError(msg)
    return text


def _without_defaults(schema: dict[str, Any]) -> None:
    """Describe no default: what is left out is not set."""
    for described in schema["properties"].values():
        described.pop("default", None)


class TermsBody(AdminBody):
    """Single terms instead of the policy's; null means unlimited, for ever or any.

    A term that is left out is the policy's, or stays as it is.
    """

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    seats: Count | None = 1
    term_days: Count | None = None
    term_from: TermFrom = TermFrom.ISSUE
    grace_days: Annotated[int, Field(ge=0, le=MOST_DAYS)] = 0
    maintenance_days: Count | None = None
    max_version: Annotated[str, string(64), AfterValidator(checked_version)] | None = None
    edition: Annotated[str, string(64)] | None = None
    features: Annotated[list[Annotated[str, string(64)]], Field(max_length=100)] = []  # noqa: RUF012 - pydantic copies it
    check_in_days: Days = 7
    certificate_days: Count | None = None
    transfers: Annotated[int, Field(ge=0, le=MOST_COUNT)] | None = None
    transfer_days: Days = 365
    floating_minutes: Annotated[int, Field(ge=1, le=MOST_MINUTES)] | None = None
    overage: Overage = Overage.NONE
    virtual: Virtual = Virtual.ALLOW
    virtual_seats: Count | None = None
    one_license_per_computer: bool = False
    trial_days: Days | None = None
    trial_again_months: Annotated[int, Field(ge=1, le=MOST_MONTHS)] | None = None
    clone: OnClone = OnClone.FLAG
    clone_certificate_hours: Annotated[int, Field(ge=1, le=8760)] = 72

    def given(self) -> dict[str, object]:
        """Give the terms that were named, as the rules have them."""
        named = {name: getattr(self, name) for name in sorted(self.model_fields_set)}
        return {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in named.items()
        }
