"""Offline request files."""

from typing import Annotated

from pydantic import Field

from activation_server.formats.admin_requests.base import AdminBody, Reason
from activation_server.formats.client_api import NO_NUL
from activation_server.formats.offline_file import MAX_FILE


class OfflineBody(AdminBody):
    """A request file that a tool brings for a customer."""

    file: Annotated[
        str,
        Field(
            min_length=1,
            max_length=MAX_FILE,
            pattern=NO_NUL,
            description="its text, as the app wrote it; what stands around it does no harm",
        ),
    ]
    reason: Reason
