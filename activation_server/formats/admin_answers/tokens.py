"""Tokens of this API."""

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Day, Time
from activation_server.rules.api_token import Standing


class TokenAnswer(AdminAnswer):
    """A token, without what it is known by."""

    name: str
    scopes: list[str]
    status: Standing
    made_by: str = Field(description="an operator's name, or `token:NAME` of the one that gave it")
    made: Time
    expires: Time
    last_used: Day | None
    revoked: Time | None


class TokensAnswer(AdminAnswer):
    """All tokens by their names, those that are taken no more too."""

    tokens: list[TokenAnswer]


class TokenIssuedAnswer(TokenAnswer):
    """A new token, shown this once: keep it secret. In a dry run there is none."""

    token: str | None


class TokenRevokedAnswer(TokenAnswer):
    """A token that is taken no more."""

    revoked_too: list[str] = Field(description="the names of tokens that it gave")
