"""Find a license by whatever a caller can tell."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.permissions import Permission
from activation_server.services import finding
from activation_server.services.finding import Found
from activation_server.services.recently_seen import recently_seen
from activation_server.web.admin import documents
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, requires
from activation_server.web.console.navigation import TASKS, for_role
from activation_server.web.console.pages import go_to, page

LONGEST: Final = 300  # characters that are searched for

router = APIRouter(include_in_schema=False)


@router.get(paths.LICENSES)
async def find(
    request: Request, me: Annotated[SignedIn, Depends(requires(Permission.LICENSES_READ))]
) -> Response:
    """Show what is found; the only one that is found at once."""
    context = acting(request, me)
    text = request.query_params.get("q", "").strip()[:LONGEST].replace("\0", "")
    found = await finding.find(context, text) if text else Found((), complete=True)
    if len(found.licenses) == 1 and found.complete:
        return go_to(paths.of_license(found.licenses[0].license.license_id))
    now = context.now()
    recent = [] if text else [documents.found(each, now) for each in await recently_seen(context)]
    return page(
        request,
        "find.html",
        me=me,
        text=text,
        found=[documents.found(each, now) for each in found.licenses],
        complete=found.complete,
        recent=recent,
        tasks=for_role(me.role, TASKS),
    )
