"""Pages of the console: templates, with headers that let nothing else in."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from activation_server.formats import words
from activation_server.formats.times import rfc3339
from activation_server.rules.permissions import Permission, Role
from activation_server.web.console import paths, static_files, wording
from activation_server.web.console.access import SignedIn, context_of
from activation_server.web.console.navigation import for_role
from activation_server.web.pages import with_code

HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; "
    "script-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_templates: Final = Environment(
    loader=PackageLoader("activation_server.web.console"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.filters.update(
    at=lambda time: f"{time:%Y-%m-%d %H:%M} UTC",
    with_code=with_code,
    day=words.day,
    minute=words.minute,
    words=words.name,
    value=words.value,
    details=words.details,
    short=words.short,
    role=lambda name: wording.ROLES[Role(name)],
    permission=lambda name: wording.PERMISSIONS[Permission(name)],
    event_details=lambda event: words.details(
        {name: each for name, each in event.items() if name not in {"at", "kind"}}
    ),
)
_templates.globals.update(
    address=static_files.address,
    paths=paths,
    ROLES=wording.ROLES,
    ABOUT_ROLES=wording.ABOUT_ROLES,
    STANDINGS=wording.STANDINGS,
    SINGLE_SIGN_ON=wording.SINGLE_SIGN_ON,
)


def page(
    request: Request,
    template: str,
    status: int = 200,
    *,
    me: SignedIn | None = None,
    **values: object,
) -> HTMLResponse:
    """Write a page, for whoever is signed in; every value is escaped."""
    text = _templates.get_template(template).render(
        me=me,
        provider=provider_of(request),
        here=request.scope["path"],
        navigation=[] if me is None else for_role(me.role),
        now=rfc3339(context_of(request).now()),
        **values,
    )
    return HTMLResponse(text, status, HEADERS)


def provider_of(request: Request) -> str | None:
    """Give the name of the identity provider, where one is set up."""
    sign_on = context_of(request).sign_on
    return None if sign_on is None else sign_on.rules.provider


def go_to(path: str) -> Response:
    """Lead on to a page of the console, by GET."""
    return RedirectResponse(path, 303, HEADERS)
