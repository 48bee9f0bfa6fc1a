"""The newsletter's addresses."""

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Id, Time
from activation_server.rules.consent import Channel, State


class ConsentAnswer(AdminAnswer):
    """A consent that a person gave with a license, and the evidence for it."""

    license_id: Id
    state: State
    wording: str = Field(description="the version of the text beside the box")
    app_version: str
    channel: Channel = Field(description="through what it was asked for")
    confirmed_by: Channel | None
    withdrawn_by: Channel | None
    asked_at: Time
    confirmed_at: Time | None
    withdrawn_at: Time | None


class AddressAnswer(AdminAnswer):
    """What holds for an address, in every license."""

    gets_newsletter: bool
    suppressed_since: Time | None = Field(description="since when the person wants none")
    consents: list[ConsentAnswer]
