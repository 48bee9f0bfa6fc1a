"""The newsletter's addresses."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason, example, of_person
from activation_server.rules.consent import Channel


class SaidBy(StrEnum):
    """Through what a person said so."""

    APP = Channel.APP.value
    EMAIL = Channel.EMAIL.value
    OPERATOR = Channel.OPERATOR.value


class ConsentBody(AdminBody):
    """An address whose consents are to be confirmed or withdrawn."""

    model_config = example(
        {"email": "ana@example.com", "channel": "email", "reason": "the link in our mail"}
    )

    email: of_person("email")  # type: ignore[valid-type]
    channel: Annotated[
        SaidBy, Field(description="through what the person said so: it is kept as evidence")
    ]
    reason: Reason
