"""Where the privacy officer begins: what can be looked at and done about personal data."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.permissions import Permission
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, requires
from activation_server.web.console.navigation import PRIVACY, for_role
from activation_server.web.console.pages import page

ABOUT: Final = {
    paths.PERSON: "Somebody asks what is stored about them, for a copy, or to be erased.",
    paths.HOLDS: "What a dispute or an authority needs is kept, whatever is due to go.",
    paths.NEWSLETTER: "Who gets it, with the evidence; an address that withdraws, or confirms.",
    paths.RETENTION: "How long data is kept, what is due to go now, and what the last runs did.",
}

router = APIRouter(include_in_schema=False)


@router.get(paths.PRIVACY)
async def show(
    request: Request, me: Annotated[SignedIn, Depends(requires(Permission.PRIVACY_READ))]
) -> Response:
    """Lead on to the pages that the role may open."""
    return page(request, "privacy.html", me=me, below=for_role(me.role, PRIVACY), about=ABOUT)
