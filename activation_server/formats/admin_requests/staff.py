"""Accounts of the vendor's staff."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason, example, string
from activation_server.rules.permissions import Role

StaffEmail = Annotated[
    str,
    string(254),
    Field(description="whom the identity provider knows by it; kept as a keyed digest"),
]


class MemberBody(AdminBody):
    """Somebody who is to be added."""

    model_config = example({"name": "ben", "role": "support", "reason": "begins on Monday"})

    name: Annotated[str, string(64), Field(description="what they sign in with")]
    role: Role
    email: StaffEmail | None = None
    reason: Reason


class RoleBody(AdminBody):
    """Another role for somebody."""

    model_config = example({"role": "manager", "reason": "leads the team now"})

    role: Role
    reason: Reason


class StaffEmailBody(AdminBody):
    """The address of somebody's account at the identity provider."""

    model_config = example({"email": "ben@example.com", "reason": "single sign-on"})

    email: StaffEmail
    reason: Reason


class SignOutBody(AdminBody):
    """Which sessions are to end."""

    model_config = example({"reason": "laptop stolen"})

    session_id: UUID | None = Field(default=None, description="this one alone")
    reason: Reason
