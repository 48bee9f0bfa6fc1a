"""One's own password, and another authenticator app."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules import totp
from activation_server.rules.staff import SHORTEST_PASSWORD, NotLetIn, Why
from activation_server.services import own_credentials
from activation_server.services.credentials import LetIn
from activation_server.services.own_credentials import NewApp, NewPassword, NotChanged
from activation_server.web.console import cookies, paths
from activation_server.web.console.access import SignedIn, context_of, form_of, requires
from activation_server.web.console.pages import go_to, page
from activation_server.web.console.sign_in_page import caller_of
from activation_server.web.console.wording import NOT_LET_IN
from activation_server.web.offline_page import qr_code

router = APIRouter(include_in_schema=False)
Fresh = Annotated[SignedIn, Depends(requires(fresh=True))]
_WRONG_OLD = "This is not your password."
_WRONG_CODE = "This is not the code that the app shows now."


@router.get(paths.PASSWORD)
async def empty_form(request: Request, me: Fresh) -> Response:
    """Ask for the old and the new password."""
    return _password(request, me, NotChanged(), None, 200)


@router.post(paths.PASSWORD)
async def change_password(request: Request, me: Fresh) -> Response:
    """Change the password."""
    form = form_of(request)
    typed = NewPassword(form.text("old"), form.text("password"), form.text("repeated"))
    context = context_of(request)
    done = await own_credentials.change_password(context, me.session, typed, caller_of(request))
    if isinstance(done, LetIn):
        return _changed(done, "password")
    if isinstance(done, NotChanged):
        return _password(request, me, done, None, 422)
    if done.why is Why.TOO_LATE:
        return go_to(paths.with_next(paths.SIGN_IN, paths.ACCOUNT))
    return _refused(request, me, done)


@router.get(paths.APP)
async def offer_app(request: Request, me: Fresh) -> Response:
    """Show the secret for another app."""
    offer = own_credentials.offer_app(context_of(request), me.session)
    return await _app(request, me, offer, None)


@router.post(paths.APP)
async def change_app(request: Request, me: Fresh) -> Response:
    """Take another app by its code."""
    form, context = form_of(request), context_of(request)
    key = form.text("key")[:100]
    done = await own_credentials.change_app(context, me.session, key, form.text("code"))
    if done is not None:
        return _changed(done, "app")
    return await _app(request, me, own_credentials.offer_app(context, me.session, key), _WRONG_CODE)


def _changed(done: LetIn, what: str) -> Response:
    response = go_to(f"{paths.ACCOUNT}?done={what}")
    cookies.let_in(response, done)
    return response


def _refused(request: Request, me: SignedIn, done: NotLetIn) -> Response:
    if done.why is not Why.TOO_MANY:
        return _password(request, me, NotChanged(), _WRONG_OLD, 422)
    fault = NOT_LET_IN[done.why].format(wait=done.wait)
    response = _password(request, me, NotChanged(), fault, 429)
    response.headers["Retry-After"] = str(done.wait)
    return response


def _password(
    request: Request, me: SignedIn, faults: NotChanged, old_fault: str | None, status: int
) -> Response:
    return page(
        request,
        "password.html",
        status,
        me=me,
        faults=faults,
        old_fault=old_fault,
        least=SHORTEST_PASSWORD,
    )


async def _app(request: Request, me: SignedIn, offer: NewApp, fault: str | None) -> Response:
    return page(
        request,
        "new_app.html",
        422 if fault else 200,
        me=me,
        key=offer.key,
        secret=totp.written(offer.secret),
        qr=await run_in_threadpool(qr_code, offer.uri),
        fault=fault,
    )
