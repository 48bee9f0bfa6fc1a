"""Choosing a password and an authenticator app, by a link."""

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules import totp
from activation_server.rules.staff import SHORTEST_PASSWORD
from activation_server.services import set_up
from activation_server.services.set_up import NotSetUp, Offer
from activation_server.web.console import cookies, paths
from activation_server.web.console.access import context_of
from activation_server.web.console.pages import page
from activation_server.web.console.sign_in_page import public_form
from activation_server.web.offline_page import qr_code

router = APIRouter(include_in_schema=False)


@router.get(paths.SET_UP)
async def offered(request: Request, token: str) -> Response:
    """Show what a link offers."""
    offer = await set_up.offered(context_of(request), token)
    return _void(request) if offer is None else await _form(request, offer, NotSetUp(), 200)


@router.post(paths.SET_UP)
async def chosen(request: Request, token: str) -> Response:
    """Take what was chosen; show the recovery codes."""
    form, context = await public_form(request), context_of(request)
    done = await set_up.complete(
        context, token, form.text("password"), form.text("repeated"), form.text("code")
    )
    if isinstance(done, NotSetUp):
        offer = await set_up.offered(context, token)
        return _void(request) if offer is None else await _form(request, offer, done, 422)
    if done is None:
        return _void(request)
    response = page(request, "recovery_codes.html", codes=done.codes, first=True)
    cookies.let_in(response, done.let_in)
    return response


async def _form(request: Request, offer: Offer, faults: NotSetUp, status: int) -> Response:
    return page(
        request,
        "set_up.html",
        status,
        name=offer.name,
        secret=totp.written(offer.secret),
        qr=await run_in_threadpool(qr_code, offer.uri),
        least=SHORTEST_PASSWORD,
        faults=faults,
    )


def _void(request: Request) -> Response:
    title = "This link is not good any more"
    text = "It was used, it is older than a day, or a newer one was made. Ask for another one."
    return page(request, "refusal.html", 410, title=title, text=text)
