"""Computers that hold a seat."""

from typing import Annotated

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason
from activation_server.rules.branch import TrueBranch


class DeclarationBody(AdminBody):
    """Which of two copies is the true one."""

    true: Annotated[
        TrueBranch,
        Field(description="the copy that checked in last, or the other, which a fork left behind"),
    ]
    reason: Reason
