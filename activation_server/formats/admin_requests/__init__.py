"""What the admin API takes: bodies, by what they are about."""

from typing import Final

from activation_server.formats.admin_requests.activations import DeclarationBody
from activation_server.formats.admin_requests.base import AdminBody, ReasonBody
from activation_server.formats.admin_requests.catalogue import (
    PolicyBody,
    ProductBody,
    ProductNameBody,
    ReleaseBody,
    ReleaseNamedBody,
)
from activation_server.formats.admin_requests.licenses import (
    ChangeBody,
    ConvertBody,
    IssueBody,
    NoteBody,
    RenewBody,
)
from activation_server.formats.admin_requests.people import EmailBody, PersonBody
from activation_server.formats.admin_requests.privacy import HoldBody

REQUESTS: Final[tuple[type[AdminBody], ...]] = (
    ReasonBody,
    EmailBody,
    PersonBody,
    HoldBody,
    NoteBody,
    DeclarationBody,
    IssueBody,
    ConvertBody,
    RenewBody,
    ChangeBody,
    ProductBody,
    ProductNameBody,
    PolicyBody,
    ReleaseBody,
    ReleaseNamedBody,
)
