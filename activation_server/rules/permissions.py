"""Who of the vendor's staff may do what: one table, for console, admin API and operator commands.

A permission is also a scope: an API token has the ones that it was made with.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Role(StrEnum):
    """What a member of staff is there for."""

    VIEWER = "viewer"
    SUPPORT = "support"
    MANAGER = "manager"
    PRIVACY_OFFICER = "privacy_officer"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """What somebody may do; the values are the scopes of API tokens."""

    LICENSES_READ = "licenses:read"  # find, see, why refused; personal values masked
    LICENSES_SUPPORT = "licenses:support"  # suspend, reinstate, computers, notes, a new key
    LICENSES_CHANGE = "licenses:change"  # ends, seats, policy and edition; revoke
    LICENSES_ISSUE = "licenses:issue"  # issue, import, turn a trial into a license
    OVERVIEW_READ = "overview:read"  # numbers and plots, with nobody's name
    CATALOGUE_READ = "catalogue:read"  # products, policies, releases
    CATALOGUE_WRITE = "catalogue:write"
    PEOPLE_REVEAL = "people:reveal"  # personal values in clear, one license at a time
    PEOPLE_CORRECT = "people:correct"  # put right what is known of one, seen or not
    PEOPLE_EXPORT = "people:export"  # everything held on a person
    PEOPLE_ERASE = "people:erase"
    NEWSLETTER_MANAGE = "newsletter:manage"  # addresses with consent, their evidence
    PRIVACY_READ = "privacy:read"  # what is stored and until when, what is due, holds
    PRIVACY_MANAGE = "privacy:manage"  # lifetimes, retention runs, holds
    AUDIT_READ = "audit:read"
    STAFF_MANAGE = "staff:manage"
    TOKENS_MANAGE = "tokens:manage"
    KEYS_MANAGE = "keys:manage"
    SERVER_OPERATE = "server:operate"  # the machine: serve, database, archive


_VIEWER: Final = frozenset(
    {Permission.LICENSES_READ, Permission.OVERVIEW_READ, Permission.CATALOGUE_READ}
)
_SUPPORT: Final = _VIEWER | {
    Permission.LICENSES_SUPPORT,
    Permission.PEOPLE_REVEAL,
    Permission.PEOPLE_CORRECT,
}
_MANAGER: Final = _SUPPORT | {
    Permission.LICENSES_CHANGE,
    Permission.LICENSES_ISSUE,
    Permission.CATALOGUE_WRITE,
    Permission.PRIVACY_READ,
}
_PRIVACY_OFFICER: Final = _VIEWER | {
    Permission.PEOPLE_REVEAL,
    Permission.PEOPLE_CORRECT,
    Permission.PEOPLE_EXPORT,
    Permission.PEOPLE_ERASE,
    Permission.NEWSLETTER_MANAGE,
    Permission.PRIVACY_READ,
    Permission.PRIVACY_MANAGE,
    Permission.AUDIT_READ,
}

MAY: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.VIEWER: _VIEWER,
        Role.SUPPORT: _SUPPORT,
        Role.MANAGER: _MANAGER,
        Role.PRIVACY_OFFICER: _PRIVACY_OFFICER,
        Role.ADMINISTRATOR: frozenset(Permission),
    }
)

STEP_UP: Final = frozenset(
    {
        Permission.PEOPLE_REVEAL,
        Permission.PEOPLE_EXPORT,
        Permission.PEOPLE_ERASE,
        Permission.STAFF_MANAGE,
        Permission.TOKENS_MANAGE,
        Permission.KEYS_MANAGE,
    }
)
"""What a person must have signed in for only just now, not this morning."""

NOT_FOR_TOKENS: Final = frozenset({Permission.SERVER_OPERATE})
"""What no API token may have: it is done at the machine."""


def may(role: Role, permission: Permission) -> bool:
    """Tell whether staff of this role may do that."""
    return permission in MAY[role]
