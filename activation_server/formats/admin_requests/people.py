"""People, by their e-mail addresses."""

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason, of_person


class EmailBody(AdminBody):
    """A person, by the e-mail address."""

    email: of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]


class PersonBody(AdminBody):
    """A person, by the e-mail address, and why something is done."""

    email: of_person("email") = Field(examples=["ana@example.com"])  # type: ignore[valid-type]
    reason: Reason
