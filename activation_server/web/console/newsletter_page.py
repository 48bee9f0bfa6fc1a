"""The newsletter: what holds for an address, a withdrawal or confirmation, all who get it."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from activation_server.formats import csv_export
from activation_server.rules.consent import Channel
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import newsletter
from activation_server.services.newsletter import Status
from activation_server.web.admin.newsletter import recipient_lines
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import HEADERS, page
from activation_server.web.console.person_page import SAY_WHY, email_of

CHANNELS: Final = {
    Channel.OPERATOR: "us: by letter, or on the phone",
    Channel.EMAIL: "a link in a mail",
    Channel.APP: "the app",
}
_DONE: Final = {
    "withdraw": "No newsletter goes to this address any more.",
    "confirm": "It is confirmed: the newsletter goes to this address.",
}
# Addresses in clear, so it needs a sign-in just now.
Manager = Annotated[SignedIn, Depends(requires(Permission.NEWSLETTER_MANAGE, fresh=True))]

router = APIRouter(include_in_schema=False)


@router.get(paths.NEWSLETTER)
async def ask(request: Request, me: Manager) -> Response:
    """Ask for an address, or why all are needed."""
    return _page(request, me, "", None)


@router.post(paths.NEWSLETTER)
async def look(request: Request, me: Manager) -> Response:
    """Tell what holds for an address; or withdraw or confirm its consents, once that was seen."""
    context, form, email = acting(request, me), form_of(request), email_of(request)
    wanted, reason, channel = form.text("do"), reason_of(request), form.text("channel")
    try:
        if wanted not in _DONE:
            return _page(request, me, email, await newsletter.status(context, email))
        if not reason or channel not in set(CHANNELS):
            found = await newsletter.status(context, email)
            return _page(request, me, email, found, fault=SAY_WHY)
        use_case = newsletter.withdraw if wanted == "withdraw" else newsletter.confirm
        found = await use_case(context, email, Channel(channel), reason)
    except OperatorError as error:
        return _page(request, me, email, None, fault=str(error))
    return _page(request, me, email, found, done=_DONE[wanted])


@router.post(paths.NEWSLETTER + "/csv")
async def as_csv(request: Request, me: Manager) -> Response:
    """Give every address that gets it, each once, with the evidence, as a stream."""
    reason = reason_of(request)
    if not reason:
        return _page(request, me, "", None, fault=SAY_WHY)
    named = {"Content-Disposition": 'attachment; filename="newsletter.csv"'}
    lines = recipient_lines(acting(request, me), reason)
    return StreamingResponse(lines, 200, {**HEADERS, **named}, csv_export.MEDIA_TYPE)


def _page(
    request: Request,
    me: SignedIn,
    email: str,
    found: Status | None,
    *,
    fault: str | None = None,
    done: str | None = None,
) -> Response:
    return page(
        request,
        "newsletter.html",
        422 if fault else 200,
        me=me,
        email=email,
        found=found,
        channels=CHANNELS,
        fault=fault,
        done=done,
    )
