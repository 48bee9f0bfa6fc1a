"""People of licenses, what is held on one, and what an erasure takes."""

from typing import Any, Literal

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Day, Id, Time
from activation_server.formats.admin_answers.privacy import HoldAnswer


class ComputerNameAnswer(AdminAnswer):
    """What a person told of a computer."""

    activation_id: Id
    name: str | None
    comments: str | None
    commented: Time | None


class PersonAnswer(AdminAnswer):
    """A person of a license; masked, but where it is asked for in clear."""

    person_id: Id
    role: Literal["buyer", "user"]
    name: str | None
    company: str | None
    email: str | None
    last_contact: Time
    erased: Time | None
    version: str = Field(description="goes into `If-Match`: another one when the person is")
    computers: list[ComputerNameAnswer] = Field(description="all; in a list ten at most")
    computers_total: int = Field(description="how many the person uses")


class RevealedAnswer(AdminAnswer):
    """What of a license is hidden otherwise. Reading it is noted with the reason."""

    license_id: Id
    license_key: str
    people: list[PersonAnswer]


class PersonLicenseAnswer(AdminAnswer):
    """A license that a person is known with."""

    license_id: Id
    product: str
    roles: list[Literal["buyer", "user"]]
    computers: int
    others_too: bool = Field(description="whether others are known on it")


class KindHeldAnswer(AdminAnswer):
    """A kind of data that is held on a person."""

    kind: str
    holds: str = Field(description="what it is")
    count: int = Field(description="values that are stored")
    purpose: str
    legal_basis: str | None
    retention: str = Field(description="the class that says how long it is kept")
    kept_until: Day | None = Field(description="null where its clock was not started yet")
    goes_with_erasure: bool


class PersonDataAnswer(AdminAnswer):
    """What is held on a person, without the values."""

    held: bool
    licenses: list[PersonLicenseAnswer]
    kinds: list[KindHeldAnswer]
    holds: list[HoldAnswer] = Field(description="in force: while there is one, nobody is erased")


class ExportAnswer(AdminAnswer):
    """Everything that is held on a person, in clear; also what `privacy export --json` gives."""

    email: str
    held: bool
    issuer: str
    made_at: Time
    licenses: list[dict[str, Any]] = Field(description="each with its tables, rows and values")
    kinds: dict[str, dict[str, Any]] = Field(description="what values are, why, on what ground")
    retention: dict[str, dict[str, Any]] = Field(description="how long each class is kept")


class WishAnswer(AdminAnswer):
    """For whom a wish was noted."""

    people: int = Field(description="a person counts once for each license")
    months: int | None


class CorrectedAnswer(AdminAnswer):
    """What was put right, or would be; nothing where it was so already."""

    people: int = Field(description="a person counts once for each license")
    licenses: list[Id]
    fields: list[Literal["name", "company", "email"]]
    consents_ended: int = Field(description="to the newsletter: they were for the old address")


class ErasedAnswer(AdminAnswer):
    """What an erasure took, or would take."""

    people: int = Field(description="a person counts once for each license")
    computers: int
    licenses: int
    receipt: str | None = Field(
        description="a compact JWS that says when and how much, and names nobody; null where "
        "nothing was held, and in a dry run"
    )
