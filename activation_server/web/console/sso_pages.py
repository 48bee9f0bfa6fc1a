"""Single sign-on: to the identity provider, and back from it.

A form's answer can't lead to another site: browsers hold its redirects to `form-action`, and those
that follow at the provider too. So a page is shown that goes there by itself.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.single_sign_on import Returned
from activation_server.rules.staff import NotLetIn, Why
from activation_server.services import single_sign_on
from activation_server.services.credentials import LetIn
from activation_server.services.identity_provider import SingleSignOn
from activation_server.services.single_sign_on import Begun, CodeDue
from activation_server.web.console import cookies, paths
from activation_server.web.console.access import (
    NotSignedInError,
    SignedIn,
    context_of,
    form_of,
    requires,
    who_is,
)
from activation_server.web.console.pages import go_to, page
from activation_server.web.console.sign_in_page import again, caller_of, public_form
from activation_server.web.console.step_up_page import answered

_LONGEST: Final = 4096  # of a code or a state

router = APIRouter(include_in_schema=False)


@router.post(paths.BY_SSO)
async def begin(request: Request) -> Response:
    """Lead to the provider."""
    sign_on, form = _set_up(request), await public_form(request)
    wanted = paths.local(form.text("next"))
    begun = await single_sign_on.begin(context_of(request), sign_on, caller_of(request))
    if isinstance(begun, NotLetIn):
        return again(request, "sign_in.html", begun, next=wanted, name="")
    return _lead_there(request, begun, wanted)


@router.post(paths.STEP_UP_BY_SSO)
async def begin_again(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """Lead to the provider, which is to ask for the password, or the like, again."""
    sign_on, wanted = _set_up(request), paths.local(form_of(request).text("next"))
    context, caller = context_of(request), caller_of(request)
    begun = await single_sign_on.begin(context, sign_on, caller, me.session)
    if isinstance(begun, NotLetIn):
        return await answered(request, me, begun, wanted)
    return _lead_there(request, begun, wanted, me)


@router.post(paths.LINK_SSO)
async def begin_linking(
    request: Request, me: Annotated[SignedIn, Depends(requires(fresh=True))]
) -> Response:
    """Lead to the provider, to show which account there is one's own."""
    sign_on, context, caller = _set_up(request), context_of(request), caller_of(request)
    begun = await single_sign_on.begin(context, sign_on, caller, me.session, link=True)
    if isinstance(begun, NotLetIn):
        return _not_linked(request, me, begun)
    return _lead_there(request, begun, paths.ACCOUNT, me)


@router.get(paths.SSO_CALLBACK)
async def come_back(request: Request) -> Response:
    """Take what a browser brings back from the provider, once."""
    sign_on, context = _set_up(request), context_of(request)
    ticket, wanted = cookies.sso_of(request)
    if single_sign_on.is_step_up(context, ticket):
        response = await _stepped_up(request, sign_on, ticket, paths.local(wanted))
    elif single_sign_on.is_link(context, ticket):
        response = await _linked(request, sign_on, ticket)
    else:
        done = await single_sign_on.sign_in(
            context, sign_on, ticket, _returned(request), caller_of(request)
        )
        response = _signed_in(request, done, paths.local(wanted))
    cookies.drop(response, cookies.SSO)
    return response


async def _stepped_up(
    request: Request, sign_on: SingleSignOn, ticket: str, wanted: str
) -> Response:
    me = await who_is(request)
    if me is None:
        raise NotSignedInError
    done = await single_sign_on.step_up(
        context_of(request), sign_on, me.session, ticket, _returned(request), caller_of(request)
    )
    return await answered(request, me, done, wanted)


async def _linked(request: Request, sign_on: SingleSignOn, ticket: str) -> Response:
    me = await who_is(request)
    if me is None:
        raise NotSignedInError
    done = await single_sign_on.link(
        context_of(request), sign_on, me.session, ticket, _returned(request)
    )
    return go_to(paths.ACCOUNT) if done is None else _not_linked(request, me, done)


def _not_linked(request: Request, me: SignedIn, done: NotLetIn) -> Response:
    return page(request, "sso_not_linked.html", 429 if done.wait else 422, me=me, wait=done.wait)


def _signed_in(request: Request, done: LetIn | CodeDue | NotLetIn, wanted: str) -> Response:
    if isinstance(done, CodeDue):
        response = go_to(paths.with_next(paths.CODE, wanted))
        cookies.put_ticket(response, done.ticket, "lax")
        return response
    if isinstance(done, LetIn):
        response = go_to(wanted)
        cookies.let_in(response, done)
        return response
    if done.why is Why.SSO_UNKNOWN:
        return page(request, "sso_unknown.html", 403)
    return again(request, "sign_in.html", done, next=wanted, name="")


def _lead_there(
    request: Request, begun: Begun, wanted: str, me: SignedIn | None = None
) -> Response:
    response = page(request, "sso_begun.html", me=me, leads_to=begun.address)
    cookies.put_sso(response, begun.ticket, wanted)
    return response


def _returned(request: Request) -> Returned:
    given = request.query_params
    state, code = given.get("state", "")[:_LONGEST], given.get("code", "")[:_LONGEST]
    return Returned(state, code, failed="error" in given, issuer=given.get("iss"))


def _set_up(request: Request) -> SingleSignOn:
    """Give the means of single sign-on; there is no such page where it is not set up."""
    sign_on = context_of(request).sign_on
    if sign_on is None:
        raise HTTPException(404)
    return sign_on
