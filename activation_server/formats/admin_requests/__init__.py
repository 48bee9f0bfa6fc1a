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
from activation_server.formats.admin_requests.newsletter import ConsentBody
from activation_server.formats.admin_requests.offline import OfflineBody
from activation_server.formats.admin_requests.people import (
    CorrectBody,
    CorrectOneBody,
    EmailBody,
    PersonBody,
    WishBody,
)
from activation_server.formats.admin_requests.privacy import HoldBody
from activation_server.formats.admin_requests.retention import LifetimeBody, RetentionBody
from activation_server.formats.admin_requests.staff import (
    MemberBody,
    RoleBody,
    SignOutBody,
    StaffEmailBody,
)
from activation_server.formats.admin_requests.tokens import TokenBody

REQUESTS: Final[tuple[type[AdminBody], ...]] = (
    ReasonBody,
    EmailBody,
    WishBody,
    PersonBody,
    CorrectBody,
    CorrectOneBody,
    HoldBody,
    IssueBody,
    ConvertBody,
    RenewBody,
    ChangeBody,
    NoteBody,
    DeclarationBody,
    ProductBody,
    ProductNameBody,
    PolicyBody,
    ReleaseBody,
    ReleaseNamedBody,
    MemberBody,
    RoleBody,
    StaffEmailBody,
    SignOutBody,
    TokenBody,
    ConsentBody,
    LifetimeBody,
    RetentionBody,
    OfflineBody,
)
