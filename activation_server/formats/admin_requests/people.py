"""People, by their e-mail addresses."""

from typing import Annotated, Self

from pydantic import Field, model_validator

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


class RightBody(AdminBody):
    """What is right of a person: null takes a field away, one that is left out stays."""

    model_config = example({"name": "Ana Popa", "email": "ana@example.org"})

    name: of_person("name") | None = None  # type: ignore[valid-type]
    company: of_person("company") | None = None  # type: ignore[valid-type]
    email: of_person("email") | None = None  # type: ignore[valid-type]

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            msg = "names nothing that is to be put right"
            raise ValueError(msg)
        return self

    def given(self) -> dict[str, str | None]:
        """Give the fields that were named."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class CorrectBody(AdminBody):
    """A person, by the e-mail address so far, and what is right."""

    email: of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]
    right: RightBody
    reason: Reason


class CorrectOneBody(AdminBody):
    """What is right of a person of a license."""

    right: RightBody
    everywhere: Annotated[
        bool, Field(description="also of everybody who has the same e-mail address so far")
    ] = False
    reason: Reason
