"""Tokens of this API."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason, example, string
from activation_server.rules.api_token import DAYS, MOST_DAYS, SCOPES

Scope = StrEnum("Scope", {each.name: each.value for each in SCOPES})  # type: ignore[misc]


class TokenBody(AdminBody):
    """A token that is to be issued."""

    model_config = example(
        {"name": "crm", "scopes": ["licenses:read"], "days": 30, "reason": "the new CRM"}
    )

    name: Annotated[
        str,
        string(64),
        Field(description="small letters, digits, dots, dashes; given once, to no other"),
    ]
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=len(SCOPES))]
    days: Annotated[
        int,
        Field(
            ge=1,
            le=MOST_DAYS,
            description="how long it lasts: at most as long as the token that gives it",
        ),
    ] = DAYS
    reason: Reason
