"""Licenses: issued, changed, noted on."""

from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from activation_server.formats.admin_requests.base import (
    AdminBody,
    Moment,
    Reason,
    example,
    of_person,
    string,
)
from activation_server.formats.admin_requests.terms import Days, TermsBody
from activation_server.rules import license_change
from activation_server.rules.license import Terms
from activation_server.rules.person import Person
from activation_server.rules.renewal import Start

TermName = StrEnum("TermName", {each.name.upper(): each.name for each in fields(Terms)})  # type: ignore[misc]
_ENDS: Final = (license_change.EXPIRES, license_change.MAINTENANCE_UNTIL)


class BuyerBody(AdminBody):
    """Who bought a license; stored sealed."""

    name: of_person("name") | None = None  # type: ignore[valid-type]
    company: of_person("company") | None = None  # type: ignore[valid-type]
    email: of_person("email") | None = None  # type: ignore[valid-type]

    def person(self) -> Person:
        """Give the person."""
        return Person(self.name, self.company, self.email)


class IssueBody(AdminBody):
    """A license that is to be issued."""

    model_config = example(
        {
            "product": "backup-pro",
            "order": "FS-1001",
            "terms": {"seats": 3, "term_days": 365},
            "buyer": {"name": "Ana Popescu", "email": "ana@example.com"},
        }
    )

    product: Annotated[str, string(64), Field(examples=["backup-pro"])]
    policy: Annotated[str, string(200)] = "standard"
    terms: TermsBody = TermsBody()
    expires: Moment | None = None
    maintenance_until: Moment | None = None
    order: Annotated[of_person("order"), Field(examples=["FS-1001"])] | None = None  # type: ignore[valid-type]
    buyer: BuyerBody = BuyerBody()
    reason: Reason | None = None


class ConvertBody(AdminBody):
    """What a trial becomes."""

    model_config = example(
        {"reason": "order FS-1005", "policy": "yearly", "order": "FS-1005", "terms": {"seats": 3}}
    )

    reason: Reason
    policy: Annotated[str, string(200)] = "standard"
    terms: TermsBody = TermsBody()
    expires: Moment | None = Field(
        default=None, description="its end; null for the one by its term, counted from now"
    )
    order: Annotated[of_person("order"), Field(examples=["FS-1005"])] | None = None  # type: ignore[valid-type]
    buyer: BuyerBody = BuyerBody()


class RenewBody(AdminBody):
    """By how many days to renew; with neither given, by the license's own term."""

    model_config = example({"reason": "order FS-1002", "days": 365, "from": "end-or-now"})

    reason: Reason
    days: Days | None = None
    maintenance_days: Days | None = None
    start: Annotated[
        Start,
        Field(
            alias="from",
            description="count from its end, from now, or from its end unless that is over",
        ),
    ] = Start.END_OR_NOW


class ChangeBody(AdminBody):
    """What shall hold for a license; what is not named stays as it is."""

    model_config = example({"reason": "order FS-1003", "terms": {"seats": 5}, "reset": ["edition"]})

    reason: Reason
    policy: Annotated[str, string(200)] | None = None
    terms: TermsBody = TermsBody()
    reset: Annotated[
        list[TermName],
        Field(description="terms whose value in the policy holds again", max_length=30),
    ] = []  # noqa: RUF012 - pydantic copies it
    expires: Moment | None = Field(
        default=None, description="its own end; null for the one by its terms"
    )
    maintenance_until: Moment | None = None

    @model_validator(mode="after")
    def _says_something_once(self) -> Self:
        if not self.model_fields_set & {"policy", "terms", "reset", *_ENDS}:
            msg = "names nothing that shall hold"
            raise ValueError(msg)
        both = self.terms.model_fields_set & set(self.reset)
        if both:
            msg = f"{', '.join(sorted(both))}: set it, or reset it, not both"
            raise ValueError(msg)
        return self

    def ends(self) -> dict[str, datetime | None]:
        """Give the ends that were named."""
        return {name: getattr(self, name) for name in _ENDS if name in self.model_fields_set}


class NoteBody(AdminBody):
    """What support was told; it counts as a contact with the license's people."""

    text: Annotated[
        str,
        string(2000),
        Field(description="sealed; it goes with the people", examples=["Moved to Cluj."]),
    ]
