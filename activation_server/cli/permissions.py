"""What each operator command would take in the console or of an API token.

Whoever is at the machine may run all of them. A test sees to it that each command stands here, and
that the console and the admin API ask the same for the same.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from activation_server.rules.permissions import Permission

_ALIKE: Final[Mapping[Permission, tuple[str, ...]]] = {
    Permission.LICENSES_READ: ("license show", "license find"),
    Permission.LICENSES_SUPPORT: (
        "license note",
        "license suspend",
        "license reinstate",
        "license new-key",
        "license allow-transfer",
        "activation remove",
        "activation declare",
    ),
    Permission.LICENSES_CHANGE: ("license renew", "license revoke", "license set"),
    Permission.LICENSES_ISSUE: ("license issue", "license import", "license convert"),
    Permission.CATALOGUE_READ: ("release list",),
    Permission.CATALOGUE_WRITE: (
        "product add",
        "policy add",
        "policy set",
        "release add",
        "release remove",
    ),
    Permission.PEOPLE_CORRECT: ("privacy correct",),
    Permission.PEOPLE_EXPORT: ("privacy export",),
    Permission.PEOPLE_ERASE: ("privacy erase",),
    Permission.NEWSLETTER_MANAGE: (
        "newsletter status",
        "newsletter confirm",
        "newsletter withdraw",
        "newsletter list",
    ),
    Permission.PRIVACY_READ: (
        "privacy map",
        "hold list",
        "retention show",
        "retention preview",
        "retention reviews",
    ),
    Permission.PRIVACY_MANAGE: (
        "privacy wish",
        "hold place",
        "hold lift",
        "retention set",
        "retention run",
    ),
    Permission.AUDIT_READ: ("audit list", "audit verify", "audit checkpoint"),
    Permission.STAFF_MANAGE: (
        "staff add",
        "staff link",
        "staff list",
        "staff role",
        "staff disable",
        "staff enable",
        "staff email",
        "staff unlink",
        "staff sessions",
        "staff sign-out",
    ),
    Permission.TOKENS_MANAGE: ("token issue", "token list", "token revoke"),
    Permission.KEYS_MANAGE: (
        "keys list",
        "keys prepare",
        "keys rotate",
        "keys retire",
        "keys signed",
    ),
    # What there is at the machine alone: processes, the database's schema, files beside it.
    Permission.SERVER_OPERATE: (
        "serve",
        "db upgrade",
        "keys make-master-key",
        "keys rotate-master-key",
        "privacy replay",
        "archive list",
        "archive verify",
        "archive read",
        "archive make-identity",
    ),
}

NEEDED: Final[Mapping[str, Permission]] = MappingProxyType(
    {command: permission for permission, commands in _ALIKE.items() for command in commands}
)

WITH_OPTION: Final[Mapping[str, Mapping[str, Permission]]] = MappingProxyType(
    {
        "license show": {"--reveal": Permission.PEOPLE_REVEAL},
        "hold list": {"--reveal": Permission.PEOPLE_REVEAL},
    }
)
"""Options that take one permission more."""

FOR_EVERYBODY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "client": "the customer's side, without the server's data",
        "schemas": "the published contract",
    }
)
"""Groups of commands that take none, and why."""
