"""Signing in, in two steps: name and password, then a code."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.staff import NotLetIn, Why
from activation_server.services import passkeys, sign_in
from activation_server.services.credentials import Caller
from activation_server.web.console import cookies, forms, paths
from activation_server.web.console.access import (
    ForgedError,
    SignedIn,
    context_of,
    who_is,
)
from activation_server.web.console.pages import go_to, page, provider_of
from activation_server.web.console.wording import NOT_LET_IN
from activation_server.web.requests import network_of

router = APIRouter(include_in_schema=False)


@router.get(paths.SIGN_IN)
async def empty(request: Request) -> Response:
    """Ask for name and password."""
    wanted = paths.local(request.query_params.get("next"))
    if await who_is(request) is not None:
        return go_to(wanted)
    passkey = passkeys.offer_use(context_of(request))
    return page(request, "sign_in.html", next=wanted, name="", fault=None, passkey=passkey)


@router.post(paths.SIGN_IN)
async def with_password(request: Request) -> Response:
    """Take name and password."""
    form = await public_form(request)
    wanted, name = paths.local(form.text("next")), form.text("name")
    done = await sign_in.check_password(
        context_of(request), name, form.text("password"), caller_of(request)
    )
    if isinstance(done, NotLetIn):
        return again(request, "sign_in.html", done, next=wanted, name=name)
    response = go_to(paths.with_next(paths.CODE, wanted))
    cookies.put_ticket(response, done)
    return response


@router.get(paths.CODE)
async def empty_code(request: Request) -> Response:
    """Ask for the code."""
    wanted = paths.local(request.query_params.get("next"))
    if cookies.of(request, cookies.TICKET) is None:
        return go_to(paths.with_next(paths.SIGN_IN, wanted))
    passkey = passkeys.offer_use(context_of(request))
    return page(request, "code.html", next=wanted, fault=None, passkey=passkey)


@router.post(paths.CODE)
async def with_code(request: Request) -> Response:
    """Take the code, and let in."""
    form = await public_form(request)
    wanted, ticket = paths.local(form.text("next")), cookies.of(request, cookies.TICKET)
    done = await sign_in.check_code(
        context_of(request), ticket or "", form.text("code"), caller_of(request)
    )
    if isinstance(done, NotLetIn) and done.why is Why.TOO_LATE:
        response = again(request, "sign_in.html", done, next=wanted, name="")
        cookies.drop(response, cookies.TICKET)
        return response
    if isinstance(done, NotLetIn):
        return again(request, "code.html", done, next=wanted)
    response = go_to(wanted)
    cookies.let_in(response, done)
    return response


@router.post(paths.BY_PASSKEY)
async def with_passkey(request: Request) -> Response:
    """Take a passkey, and let in."""
    form = await public_form(request)
    wanted = paths.local(form.text("next"))
    done = await passkeys.sign_in(
        context_of(request),
        form.text("ticket"),
        form.text("answer"),
        caller_of(request),
        cookies.of(request, cookies.TICKET),
    )
    if isinstance(done, NotLetIn):
        return again(request, "sign_in.html", done, next=wanted, name="")
    response = go_to(wanted)
    cookies.let_in(response, done)
    return response


async def public_form(request: Request) -> forms.Form:
    """Read a form of who is not signed in. Raises ForgedError where no page of ours sent it."""
    if not forms.is_from_here(request, context_of(request)):
        raise ForgedError
    return await forms.read(request)


def caller_of(request: Request) -> Caller:
    """Give where a request comes from."""
    return Caller(network_of(request.scope), cookies.of(request, cookies.BROWSER))


def again(
    request: Request, template: str, done: NotLetIn, *, me: SignedIn | None = None, **values: object
) -> Response:
    """Show the form again, with why nobody was let in."""
    fault = NOT_LET_IN[done.why].format(wait=done.wait, provider=provider_of(request))
    status = {Why.TOO_MANY: 429, Why.SSO_AWAY: 503}.get(done.why, 422)
    passkey = passkeys.offer_use(context_of(request))
    response = page(request, template, status, me=me, fault=fault, passkey=passkey, **values)
    if done.wait:
        response.headers["Retry-After"] = str(done.wait)
    return response
