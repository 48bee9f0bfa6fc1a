"""Signing in again, for what needs it just now; and signing out."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.staff import NotLetIn, Why
from activation_server.services import passkeys, sessions, sign_in, single_sign_on
from activation_server.services.credentials import LetIn
from activation_server.web.console import cookies, paths
from activation_server.web.console.access import SignedIn, acting, context_of, form_of, requires
from activation_server.web.console.pages import go_to, page
from activation_server.web.console.sign_in_page import again, caller_of

router = APIRouter(include_in_schema=False)


@router.get(paths.STEP_UP)
async def empty_step_up(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """Ask for password and code."""
    wanted = paths.local(request.query_params.get("next"))
    passkey = passkeys.offer_use(context_of(request))
    ways = await single_sign_on.ways(context_of(request), me.session)
    return page(request, "step_up.html", me=me, next=wanted, fault=None, passkey=passkey, ways=ways)


@router.post(paths.STEP_UP)
async def step_up(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """Take password and code, and go on to where one came from."""
    form = form_of(request)
    wanted = paths.local(form.text("next"))
    done = await sign_in.step_up(
        context_of(request),
        me.session,
        form.text("password"),
        form.text("code"),
        caller_of(request),
    )
    return await answered(request, me, done, wanted)


@router.post(paths.STEP_UP_BY_PASSKEY)
async def step_up_by_passkey(
    request: Request, me: Annotated[SignedIn, Depends(requires())]
) -> Response:
    """Take a passkey, and go on to where one came from."""
    form = form_of(request)
    done = await passkeys.step_up(
        context_of(request),
        me.session,
        form.text("ticket"),
        form.text("answer"),
        caller_of(request),
    )
    return await answered(request, me, done, paths.local(form.text("next")))


@router.post(paths.SIGN_OUT)
async def sign_out(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """End the session."""
    await sessions.sign_out(acting(request, me), me.session)
    response = page(request, "signed_out.html")
    cookies.drop(response, cookies.SESSION)
    return response


async def answered(request: Request, me: SignedIn, done: LetIn | NotLetIn, wanted: str) -> Response:
    """Go on to where one came from, or show the form again."""
    if isinstance(done, NotLetIn) and done.why is Why.TOO_LATE:
        return go_to(paths.with_next(paths.SIGN_IN, wanted))
    if isinstance(done, NotLetIn):
        ways = await single_sign_on.ways(context_of(request), me.session)
        return again(request, "step_up.html", done, me=me, next=wanted, ways=ways)
    response = go_to(wanted)
    cookies.let_in(response, done)
    return response
