"""What members of staff see of their own, and change there: sessions and recovery codes."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.services import passkeys, sessions, single_sign_on
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, context_of, form_of, requires
from activation_server.web.console.pages import go_to, page

END: Final = paths.ACCOUNT + "/sessions/end"
CODES: Final = paths.ACCOUNT + "/recovery-codes"
_DONE: Final = {
    "password": "Your password is changed. Wherever else you were signed in, that ended.",
    "app": "The new app is taken. Wherever else you were signed in, that ended.",
}

router = APIRouter(include_in_schema=False)


@router.get(paths.ACCOUNT)
async def account(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """Show one's own sessions."""
    mine = await sessions.account(acting(request, me), me.session)
    keys = await passkeys.of_session(context_of(request), me.session)
    can_add = passkeys.site_of(context_of(request)) is not None
    done = _DONE.get(request.query_params.get("done", ""))
    since = await single_sign_on.linked_since(context_of(request), me.session)
    return page(
        request,
        "account.html",
        me=me,
        mine=mine,
        passkeys=keys,
        can_add=can_add,
        done=done,
        linked=since,
    )


@router.post(END)
async def end(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """End one of them, or all others."""
    context, form = acting(request, me), form_of(request)
    if "others" in form:
        await sessions.end_others(context, me.session)
    elif (session_id := _id(form.text("session"))) is not None:
        await sessions.end_one(context, me.session, session_id)
    return go_to(paths.ACCOUNT)


@router.post(CODES)
async def codes(
    request: Request, me: Annotated[SignedIn, Depends(requires(fresh=True))]
) -> Response:
    """Make new recovery codes, and show them."""
    new = await sessions.renew_recovery_codes(acting(request, me), me.session)
    return page(request, "recovery_codes.html", me=me, codes=new, first=False)


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
