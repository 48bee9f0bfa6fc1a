"""Adding and removing one's own passkeys."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.services import passkeys
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, context_of, form_of, requires
from activation_server.web.console.pages import go_to, page

NEW: Final = paths.PASSKEYS + "/new"
REMOVE: Final = paths.PASSKEYS + "/remove"
_NOT_TAKEN: Final = (
    "This passkey was not taken. Try it once more; whoever has ten of them removes one first."
)

router = APIRouter(include_in_schema=False)
Fresh = Annotated[SignedIn, Depends(requires(fresh=True))]


@router.get(NEW)
async def new(request: Request, me: Fresh) -> Response:
    """Offer to make a passkey."""
    return await _form(request, me, 200, None)


@router.post(paths.PASSKEYS)
async def add(request: Request, me: Fresh) -> Response:
    """Keep a passkey that was made."""
    form = form_of(request)
    context = acting(request, me)
    if await passkeys.add(context, me.session, form.text("ticket"), form.text("answer")):
        return go_to(paths.ACCOUNT)
    return await _form(request, me, 422, _NOT_TAKEN)


@router.post(REMOVE)
async def remove(request: Request, me: Fresh) -> Response:
    """Remove one."""
    try:
        credential_id = bytes.fromhex(form_of(request).text("passkey"))
    except ValueError:
        credential_id = b""
    await passkeys.remove(acting(request, me), me.session, credential_id)
    return go_to(paths.ACCOUNT)


async def _form(request: Request, me: SignedIn, status: int, fault: str | None) -> Response:
    offer = await passkeys.offer_new(context_of(request), me.session)
    if offer is None:
        return go_to(paths.ACCOUNT)
    return page(request, "new_passkey.html", status, me=me, passkey=offer, fault=fault)
