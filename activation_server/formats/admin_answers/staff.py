"""Accounts of the vendor's staff."""

from pydantic import Field

from activation_server.formats.admin_answers.base import AdminAnswer, Day, Id, Time
from activation_server.rules.permissions import Role
from activation_server.rules.staff import SingleSignOn, Standing


class AccountAnswer(AdminAnswer):
    """The account of a member of staff."""

    staff_id: Id
    name: str = Field(description="what they sign in with, and the audit log has")
    role: Role
    standing: Standing
    added: Time
    link_until: Time | None = Field(description="until when a link is open, if one is")
    last_seen: Day | None = Field(description="the last day in the console")
    disabled: Time | None
    single_sign_on: SingleSignOn | None = Field(
        description="whether an account at the identity provider is theirs, or is expected"
    )
    has_password: bool
    passkeys: int
    recovery_codes_left: int
    signed_in_browsers: int
    version: str = Field(description="in quotation marks, what `If-Match` takes")


class StaffAnswer(AdminAnswer):
    """Everybody, by name."""

    staff: list[AccountAnswer]


class SessionAnswer(AdminAnswer):
    """A browser that is signed in."""

    session_id: Id
    name: str
    role: Role
    since: Time
    used: Time
    signed_in: Time = Field(description="the last time with password and code, or as good")
    ends: Time


class AccountShownAnswer(AccountAnswer):
    """An account, and the browsers that are signed in."""

    sessions: list[SessionAnswer]


class LinkAnswer(AccountAnswer):
    """An account with a link for one use: keep it secret. In a dry run there is no link, nor id."""

    staff_id: Id | None  # type: ignore[assignment] # of nobody who was added
    link: str | None


class SignedOutAnswer(AccountAnswer):
    """An account whose sessions were ended."""

    sessions_ended: int
