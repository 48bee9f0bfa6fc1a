"""Puts the console into the application: its routes, and its own answers where one is refused."""

from typing import Final, cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from activation_server.services.context import Context
from activation_server.web.console import (
    account_page,
    audit_page,
    catalogue_change_page,
    catalogue_page,
    change_page,
    correct_page,
    credentials_pages,
    find_page,
    hold_pages,
    home_page,
    import_page,
    issue_page,
    license_page,
    list_page,
    newsletter_page,
    offline_page,
    overview_page,
    passkey_pages,
    paths,
    person_page,
    privacy_page,
    refusals,
    retention_page,
    retention_run_page,
    set_up_page,
    sign_in_page,
    sso_pages,
    staff_page,
    static_files,
    step_up_page,
    token_pages,
)
from activation_server.web.console.access import AccessError

# Routes that anybody may ask for. Every other one is made with `requires`; a test sees to it.
PUBLIC: Final = frozenset(
    {
        paths.SIGN_IN,
        paths.CODE,
        paths.BY_PASSKEY,
        paths.BY_SSO,
        paths.SSO_CALLBACK,
        paths.SET_UP,
        paths.STATIC,
    }
)
# Pages that are added stand here, and in the navigation.
ROUTERS: Final = (
    home_page.router,
    sign_in_page.router,
    step_up_page.router,
    sso_pages.router,
    set_up_page.router,
    account_page.router,
    credentials_pages.router,
    passkey_pages.router,
    overview_page.router,
    find_page.router,
    list_page.router,
    issue_page.router,  # these before the page of a license, whose path is like theirs
    import_page.router,
    offline_page.router,
    license_page.router,
    change_page.make_router(),
    correct_page.router,
    privacy_page.router,
    person_page.router,
    staff_page.router,
    token_pages.router,
    hold_pages.router,
    retention_page.router,
    retention_run_page.router,
    newsletter_page.router,
    audit_page.router,
    catalogue_page.router,
    catalogue_change_page.make_router(),
    static_files.router,
)


def install(app: FastAPI, context: Context) -> None:
    """Add the console's routes, and answer where `requires` lets nobody through."""
    app.state.context = context
    for router in ROUTERS:
        app.include_router(router)

    @app.exception_handler(AccessError)
    async def no_access(request: Request, error: Exception) -> Response:
        return await refusals.no_access(request, cast("AccessError", error))
