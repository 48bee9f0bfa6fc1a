"""What stands in the console's header: each page for those who may open it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from activation_server.rules.permissions import Permission, Role, may
from activation_server.web.console import paths


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in the header; without a permission it is for everybody who is signed in."""

    title: str
    path: str
    permission: Permission | None = None

    def is_open(self, path: str) -> bool:
        """Tell whether a path is this page, or one below it."""
        return path == self.path or (self.path != paths.HOME and path.startswith(self.path + "/"))


NAVIGATION: Final[tuple[Entry, ...]] = (
    Entry("Home", paths.HOME),
    Entry("Overview", paths.OVERVIEW, Permission.OVERVIEW_READ),
    Entry("Licenses", paths.LICENSES, Permission.LICENSES_READ),
    Entry("Catalogue", paths.CATALOGUE, Permission.CATALOGUE_READ),
    Entry("Privacy", paths.PRIVACY, Permission.PRIVACY_READ),
    Entry("Staff", paths.STAFF, Permission.STAFF_MANAGE),
    Entry("API tokens", paths.TOKENS, Permission.TOKENS_MANAGE),
    Entry("Audit log", paths.AUDIT, Permission.AUDIT_READ),
)

# Pages below "Privacy".
PRIVACY: Final[tuple[Entry, ...]] = (
    Entry("A person's data", paths.PERSON, Permission.PEOPLE_EXPORT),
    Entry("Legal holds", paths.HOLDS, Permission.PRIVACY_READ),
    Entry("Retention", paths.RETENTION, Permission.PRIVACY_READ),
    Entry("Newsletter", paths.NEWSLETTER, Permission.NEWSLETTER_MANAGE),
)
# What is begun on the page where licenses are found.
TASKS: Final[tuple[Entry, ...]] = (
    Entry("List licenses", paths.LIST, Permission.LICENSES_READ),
    Entry("Issue licenses", paths.ISSUE, Permission.LICENSES_ISSUE),
    Entry("Import licenses", paths.IMPORT, Permission.LICENSES_ISSUE),
    Entry("Take an offline file", paths.OFFLINE, Permission.LICENSES_SUPPORT),
)


def for_role(role: Role, entries: Sequence[Entry] = NAVIGATION) -> Sequence[Entry]:
    """Give the pages that staff of a role may open."""
    return [each for each in entries if each.permission is None or may(role, each.permission)]
