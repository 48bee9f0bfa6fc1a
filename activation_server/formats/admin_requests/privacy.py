"""Legal holds."""

from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from activation_server.formats.admin_requests.base import (
    AdminBody,
    Reason,
    example,
    of_person,
    string,
)


class HoldBody(AdminBody):
    """A legal hold on a license, or on a person in every license that they have now."""

    model_config = example(
        {
            "email": "ana@example.com",
            "reason": "case 4711",
            "ordered_by": "Dr. Law",
            "until": "2027-12-31",
        }
    )

    license: Annotated[str, string(300), Field(description="a license's key or id")] | None = None
    email: of_person("email") | None = None  # type: ignore[valid-type]
    reason: Reason
    ordered_by: Annotated[str, string(300), Field(description="kept sealed")]
    until: Annotated[date, Field(description="its last day, at most 10 years ahead")]

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.license is None) == (self.email is None):
            msg = "name what is to be held: either license or email"
            raise ValueError(msg)
        return self
