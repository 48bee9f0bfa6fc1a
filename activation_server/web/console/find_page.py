"""Find a license by whatever a caller can tell: what is typed stands in no address in clear."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from activation_server.rules.permissions import Permission
from activation_server.services import finding, saved_searches, search_text
from activation_server.services.context import Context
from activation_server.services.finding import Found
from activation_server.services.recently_seen import recently_seen
from activation_server.web.admin import documents
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.navigation import TASKS, for_role
from activation_server.web.console.pages import go_to, page

LONGEST: Final = 300  # characters that are searched for
Reader = Annotated[SignedIn, Depends(requires(Permission.LICENSES_READ))]

router = APIRouter(include_in_schema=False)


@router.post(paths.LICENSES)
async def ask(request: Request, me: Reader) -> Response:
    """Lead on to what is found, by an address that only this session reads."""
    text = _cleaned(form_of(request).text("q"))
    if not text:
        return go_to(paths.LICENSES)
    return go_to(_address(acting(request, me), me, text) + "&go=on")


@router.get(paths.LICENSES)
async def find(request: Request, me: Reader) -> Response:
    """Show what is found; with `go`, the license itself where it is the only one.

    `s` is what was typed, sealed; `q` is for links from elsewhere, by an order or an id. With
    `more`, more people's than at first.
    """
    context, asked = acting(request, me), request.query_params
    text = _text(context, me, asked)
    goes_on, more = "go" in asked or "q" in asked, "more" in asked
    found = Found((), complete=True)
    if text:
        found = await finding.find(context, text, more=more, typing=not goes_on)
    if goes_on and len(found.licenses) == 1 and found.complete:
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
        more=None if more or not found.has_more() else _more(context, me, text, goes_on=goes_on),
        recent=recent,
        saved=[] if text else await saved_searches.of_session(context, me.session),
        tasks=for_role(me.role, TASKS),
    )


@router.post(paths.LICENSES_TYPED)
async def find_while_typing(request: Request, me: Reader) -> Response:
    """Give what is found by what is typed so far, as a part of the page, for `find.js`."""
    context, text = acting(request, me), _cleaned(form_of(request).text("q"))
    wait = context.looks.wait(me.session.session_id)
    if wait:
        return Response(status_code=429, headers={"Retry-After": str(wait)})
    if not finding.is_enough(text):
        return Response(status_code=204)
    found = await finding.find_while_typing(context, me.session.session_id, text)
    now = context.now()
    return page(
        request,
        "found.html",
        me=me,
        found=[documents.found(each, now) for each in found.licenses],
        complete=found.complete,
        again=_address(context, me, text),
        more=None if found.complete else _more(context, me, text),
    )


def _text(context: Context, me: SignedIn, asked: QueryParams) -> str:
    if "s" in asked:
        return _cleaned(search_text.opened(context, me.session.session_id, asked["s"]))
    return _cleaned(asked.get("q", ""))


def _cleaned(typed: str) -> str:
    return typed.strip()[:LONGEST].replace("\0", "")


def _address(context: Context, me: SignedIn, text: str) -> str:
    return f"{paths.LICENSES}?s={search_text.sealed(context, me.session.session_id, text)}"


def _more(context: Context, me: SignedIn, text: str, *, goes_on: bool = False) -> str:
    return _address(context, me, text) + "&more=on" + ("&go=on" if goes_on else "")
