"""The console's words for what the code has names for."""

from collections.abc import Mapping
from typing import Final

from activation_server.rules import api_token
from activation_server.rules.license import Status
from activation_server.rules.license_criteria import Ends
from activation_server.rules.permissions import Permission, Role
from activation_server.rules.staff import SingleSignOn, Standing, Why

ROLES: Final[Mapping[Role, str]] = {
    Role.VIEWER: "Viewer",
    Role.SUPPORT: "Support",
    Role.MANAGER: "Manager",
    Role.PRIVACY_OFFICER: "Privacy officer",
    Role.ADMINISTRATOR: "Administrator",
}

ABOUT_ROLES: Final[Mapping[Role, str]] = {
    Role.VIEWER: "finds and sees licenses, changes nothing",
    Role.SUPPORT: "puts a license right while the customer is on the phone",
    Role.MANAGER: "sells and changes licenses, keeps the catalogue",
    Role.PRIVACY_OFFICER: "exports and erases people, keeps lifetimes, holds and the audit log",
    Role.ADMINISTRATOR: "may do everything, staff and keys included",
}

STANDINGS: Final[Mapping[str, str]] = {
    Standing.INVITED: "Invited",
    Standing.ACTIVE: "Active",
    Standing.DISABLED: "Disabled",
    api_token.Standing.VALID: "Valid",
    api_token.Standing.EXPIRED: "Over",
    api_token.Standing.REVOKED: "Revoked",
}

SINGLE_SIGN_ON: Final[Mapping[str, str]] = {
    SingleSignOn.EXPECTED: "with their first sign-in",
    SingleSignOn.LINKED: "linked",
}

PERMISSIONS: Final[Mapping[Permission, str]] = {
    Permission.LICENSES_READ: "Find and see licenses, with personal values masked",
    Permission.LICENSES_SUPPORT: "Suspend and reinstate licenses, free computers, write notes",
    Permission.LICENSES_CHANGE: "Change ends, seats, policies and editions; revoke licenses",
    Permission.LICENSES_ISSUE: "Issue and import licenses, turn a trial into one",
    Permission.OVERVIEW_READ: "See the numbers, with nobody's name",
    Permission.CATALOGUE_READ: "See products, policies and releases",
    Permission.CATALOGUE_WRITE: "Change products, policies and releases",
    Permission.PEOPLE_REVEAL: "See personal values in clear, one license at a time",
    Permission.PEOPLE_CORRECT: "Put a person's name, company or e-mail address right",
    Permission.PEOPLE_EXPORT: "Export everything that is held on a person",
    Permission.PEOPLE_ERASE: "Erase a person",
    Permission.NEWSLETTER_MANAGE: "Manage the newsletter's addresses and their evidence",
    Permission.PRIVACY_READ: "See what is stored, until when, what is due, and legal holds",
    Permission.PRIVACY_MANAGE: "Set lifetimes, run retention, place and lift legal holds",
    Permission.AUDIT_READ: "Read the audit log",
    Permission.STAFF_MANAGE: "Manage staff and their roles",
    Permission.TOKENS_MANAGE: "Manage tokens of the API",
    Permission.KEYS_MANAGE: "Manage signing keys",
    Permission.SERVER_OPERATE: "Operate the server",
}

NOT_LET_IN: Final[Mapping[Why, str]] = {
    Why.WRONG: "Name and password do not fit. Check both for typing errors.",
    Why.WRONG_CODE: "This code is not right, or was used already. Take the one that is shown now.",
    Why.WRONG_PASSKEY: "This passkey was not taken. Try it once more, or sign in with name and "
    "password.",
    Why.TOO_MANY: "There were too many attempts. Try again in {wait} seconds.",
    Why.CODES_USED_UP: "Too many wrong codes were typed for this name. Sign in with a browser that "
    "you used before, or ask an operator for a new link.",
    Why.SSO_DUE: "Sign in with {provider}: your role may not do it with a password or a passkey "
    "alone.",
    Why.SSO_AWAY: "{provider} does not answer. Try it once more in a moment, or sign in with name "
    "and password.",
    Why.SSO_FAILED: "{provider} did not sign you in. Try it once more, or sign in with name and "
    "password.",
    Why.SSO_UNKNOWN: "The account that {provider} signed in is not the one that is yours here.",
    Why.SSO_ONE_FACTOR: "{provider} did not ask for a second factor, and this needs two: sign in "
    "with name and password. Who has none asks whoever runs the server for a link.",
    Why.TOO_LATE: "That took too long. Sign in again.",
}

STATUSES: Final[Mapping[Status, str]] = {
    Status.ACTIVE: "Active",
    Status.SUSPENDED: "On hold",
    Status.REVOKED: "Revoked",
}
ENDS: Final[Mapping[Ends, str]] = {
    Ends.ENDED_7: "ended within the last 7 days",
    Ends.ENDED_30: "ended within the last 30 days",
    Ends.ENDS_7: "ends within 7 days",
    Ends.ENDS_30: "ends within 30 days",
    Ends.ENDS_90: "ends within 90 days",
}
CRITERIA: Final[Mapping[str, str]] = {
    "status": "Status",
    "product": "Product",
    "policy": "Policy",
    "ends": "Ends",
    "refused": "Was refused",
}
