"""The console's first page: a license is found, and one sees what one may do."""

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.permissions import STEP_UP, Permission
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, requires
from activation_server.web.console.pages import page
from activation_server.web.console.wording import PERMISSIONS

router = APIRouter(include_in_schema=False)


@router.get(paths.HOME)
async def home(request: Request, me: Annotated[SignedIn, Depends(requires())]) -> Response:
    """Greet, and tell what one may do."""
    may = [(PERMISSIONS[each], each in STEP_UP) for each in Permission if me.may(each)]
    return page(request, "home.html", me=me, may=may)
