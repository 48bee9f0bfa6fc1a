"""Licenses: found, shown, issued and changed."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from activation_server.formats.admin_answers.activations import ActivationAnswer
from activation_server.formats.admin_answers.base import AdminAnswer, ChangeAnswer, Id, Time, open_
from activation_server.formats.admin_answers.people import PersonAnswer
from activation_server.formats.admin_answers.privacy import HoldAnswer
from activation_server.rules.license import Kind, Status


class LicenseAnswer(AdminAnswer):
    """A license with the terms that hold for it now; null means unlimited, for ever or any."""

    license_id: Id
    key_tail: str = Field(description="the last five characters of its key")
    product: str
    policy: str
    status: Status
    kind: Kind
    edition: str | None
    features: list[str]
    seats: int | None
    seats_used: int
    issued: Time
    started: Time | None = Field(description="its first activation")
    expires: Time | None
    accepted_until: Time | None = Field(description="its end with its days of grace")
    maintenance_until: Time | None
    order: str | None


class IssuedAnswer(LicenseAnswer):
    """A new license, with its key: keep it secret. In a dry run there is no key, and no id."""

    license_id: Id | None  # type: ignore[assignment] # of none that was made
    key_tail: str | None  # type: ignore[assignment] # the same
    license_key: str | None


class NewKeyAnswer(LicenseAnswer):
    """A license with its new key: keep it secret. In a dry run there is none."""

    key_tail: str | None  # type: ignore[assignment] # of none that was made
    license_key: str | None


class ChangedAnswer(LicenseAnswer):
    """A license after a change, or as it would be."""

    changes: dict[str, ChangeAnswer] = Field(description="the terms that hold differently")


class FoundAnswer(LicenseAnswer):
    """A license in a list, with its people masked."""

    people: list[PersonAnswer] = Field(
        description="the buyers first; in a list ten at most, of one license all"
    )
    people_total: int = Field(description="how many it has; who was erased does not count")
    holds: list[HoldAnswer]


class LicensesAnswer(AdminAnswer):
    """A page of licenses, by their ids."""

    licenses: list[FoundAnswer]
    complete: bool = Field(description="false where `q` finds more than it gives: say more")
    next: str | None = Field(
        description="the `cursor` of the next page; null on the last one. A page may have fewer "
        "licenses than `limit`, or none, and a next one all the same"
    )


class TermAnswer(AdminAnswer):
    """A term that holds, and who sets it."""

    value: Any
    from_: Literal["license", "policy"] = Field(alias="from")


class EventAnswer(BaseModel):
    """A line of a license's history, with details by its kind."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_extra=open_)

    at: Time
    kind: str


class EventsAnswer(AdminAnswer):
    """A license's history, newest first."""

    events: list[EventAnswer]
    total: int = Field(description="lines that there are; the newest 200 are given")


class RefusalAnswer(AdminAnswer):
    """The last refusal of a kind, in plain words."""

    at: Time
    code: str
    times: int
    evidence: dict[str, Any]
    title: str
    meaning: str = Field(description="why it was refused")
    customer: str = Field(description="what the person at the computer can do")
    support: str = Field(description="what support can do")


class RefusalsAnswer(AdminAnswer):
    """What a license's computers were refused for, newest first."""

    refusals: list[RefusalAnswer]


class LicenseShownAnswer(FoundAnswer):
    """All of a license."""

    explanation: list[str] = Field(description="what holds and why, in sentences")
    terms: dict[str, TermAnswer]
    activations: list[ActivationAnswer]
    events: list[EventAnswer]
    events_total: int
    refusals: list[RefusalAnswer]
