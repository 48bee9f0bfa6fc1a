"""People, by their e-mail addresses."""

from typing import Annotated

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason, example, of_person


class EmailBody(AdminBody):
    """A person, by the e-mail address."""

    email: of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]


class WishBody(AdminBody):
    """How long a person wishes to be remembered after the last contact."""

    model_config = example({"email": "ana@example.com", "months": 6, "reason": "her letter"})

    email: of_person("email")  # type: ignore[valid-type]
    months: Annotated[int, Field(ge=1, le=24)] | None = Field(
        description="null: as long as everybody"
    )
    reason: Reason


class PersonBody(AdminBody):
    """A person, by the e-mail address, and why something is done."""

    email: of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]
    reason: Reason
