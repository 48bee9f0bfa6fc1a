"""Computers that hold a seat."""

from typing import Literal

from activation_server.formats.admin_answers.base import AdminAnswer, Id, Time


class ActivationAnswer(AdminAnswer):
    """A computer's seat; nothing in it names a person."""

    activation_id: Id
    license_id: Id
    status: Literal["active", "lapsed", "removed"]
    activated: Time
    last_check_in: Time
    check_in_after: Time
    certificate_expires: Time | None
    leased_until: Time | None
    virtual_machine: bool
    removed: Time | None
    removed_by: str | None
    app_version: str
    app_edition: str | None
    os: str
    check_ins: int
    version: str


class ActivationsAnswer(AdminAnswer):
    """The computers of a license, those that hold no seat any more too."""

    activations: list[ActivationAnswer]
