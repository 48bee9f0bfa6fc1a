"""Offline request files, answered."""

from typing import Any

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Id


class OfflineAnswer(AdminAnswer):
    """What a request file is answered. In a dry run there is no file, nor what is in it."""

    purpose: str = Field(description="`activate`, `reactivate` or `deactivate`")
    license_id: Id | None
    file: str | None = Field(description="the answer file, for the app")
    answer: dict[str, Any] | None = Field(description="what is in it, as the app gets it online")
