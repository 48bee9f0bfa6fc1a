"""Entries of the audit log."""

from typing import Any

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Id, Time
from activation_server.rules.audit import Action


class EntryAnswer(AdminAnswer):
    """An entry of the audit log."""

    seq: int
    at: Time
    who: str = Field(description="an operator's name, `token:NAME`, or `server`")
    action: str = Field(examples=[*map(str, Action)])
    license_id: Id | None
    subject: str | None
    details: dict[str, Any]
    why: str | None = Field(description="the reason; null where none was given or its key is gone")
    why_sealed: bool = Field(description="whether a reason was given")


class EntriesAnswer(AdminAnswer):
    """Entries of the audit log, newest first."""

    entries: list[EntryAnswer]
    next: str | None = Field(description="the `cursor` of the next page; null on the last one")
