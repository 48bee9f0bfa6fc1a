"""Paths of the console, and where somebody goes on to: on this server only."""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode, urlsplit
from uuid import UUID

from starlette.requests import Request

HOME: Final = "/console"
OVERVIEW: Final = "/console/overview"
LICENSES: Final = "/console/licenses"
CATALOGUE: Final = "/console/catalogue"
PRODUCT: Final = "/console/catalogue/product"
ISSUE: Final = "/console/licenses/issue"
LIST: Final = "/console/licenses/list"
LIST_CSV: Final = "/console/licenses/list.csv"
LISTS: Final = "/console/licenses/saved-lists"
LICENSES_TYPED: Final = "/console/licenses/typed"
IMPORT: Final = "/console/licenses/import"
OFFLINE: Final = "/console/licenses/offline"
LICENSE: Final = "/console/licenses/{license_id}"
CORRECT: Final = "/console/licenses/{license_id}/people/{person_id}/correct"
PRIVACY: Final = "/console/privacy"
PERSON: Final = "/console/privacy/person"
HOLDS: Final = "/console/privacy/holds"
NEWSLETTER: Final = "/console/privacy/newsletter"
RETENTION: Final = "/console/privacy/retention"
RETENTION_RUN: Final = "/console/privacy/retention/run"
AUDIT: Final = "/console/audit"
SIGN_IN: Final = "/console/sign-in"
CODE: Final = "/console/sign-in/code"
BY_PASSKEY: Final = "/console/sign-in/passkey"
BY_SSO: Final = "/console/sign-in/sso"
SSO_CALLBACK: Final = "/console/sign-in/sso/callback"  # as registered at the identity provider
SIGN_OUT: Final = "/console/sign-out"
STEP_UP: Final = "/console/step-up"
STEP_UP_BY_PASSKEY: Final = "/console/step-up/passkey"
STEP_UP_BY_SSO: Final = "/console/step-up/sso"
ACCOUNT: Final = "/console/account"
PASSWORD: Final = "/console/account/password"  # noqa: S105 - a path
APP: Final = "/console/account/app"
PASSKEYS: Final = "/console/account/passkeys"
LINK_SSO: Final = "/console/account/sso"
STAFF: Final = "/console/staff"
NEW_MEMBER: Final = "/console/staff/new"
MEMBER: Final = "/console/staff/{staff_id}"
TOKENS: Final = "/console/tokens"
NEW_TOKEN: Final = "/console/tokens/new"  # noqa: S105 - a path
REVOKE_TOKEN: Final = "/console/tokens/{name}/revoke"  # noqa: S105 - a path
SET_UP: Final = "/console/set-up/{token}"
STATIC: Final = "/console/static/{name}"

# What may follow is what a browser writes into an address: no host, no control character.
_PATH: Final = re.compile(
    r"/console(?:/[\w.~%:@!$&'()*+,;=-]*)*(?:\?[\w.~%:@!$&'()*+,;=/?-]*)?", re.ASCII
)
_LONGEST: Final = 1000


def is_console(request: Request) -> bool:
    """Tell whether a request is for the console, for a page that there is or not."""
    path: str = request.scope["path"]
    return path == HOME or path.startswith(HOME + "/")


def local(wanted: str | None) -> str:
    """Give the page of the console to go on to; its first page in place of anything else."""
    if wanted is None or len(wanted) > _LONGEST or "/.." in wanted:
        return HOME
    return wanted if _PATH.fullmatch(wanted) else HOME


def asked(request: Request) -> str:
    """Give the page that a request is about: for a form, the page that it stands on."""
    if request.method in {"GET", "HEAD"}:
        path, query = (
            quote(request.scope["path"], safe="/"),
            request.scope["query_string"].decode("latin-1"),
        )
        return local(f"{path}?{query}" if query else path)
    try:
        referer = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return HOME
    return local(f"{referer.path}?{referer.query}" if referer.query else referer.path)


def of_license(license_id: UUID) -> str:
    """Give where a license is shown."""
    return LICENSE.format(license_id=license_id)


def with_query(path: str, query: Mapping[str, str]) -> str:
    """Give a path with names and values, of which none is personal."""
    return f"{path}?{urlencode(query)}" if query else path


def of_product(code: str) -> str:
    """Give where a product is shown."""
    return f"{PRODUCT}?code={quote(code, safe='')}"


def with_next(path: str, wanted: str) -> str:
    """Give a path that leads on to a page later."""
    return path if wanted == HOME else f"{path}?next={quote(wanted, safe='/')}"
