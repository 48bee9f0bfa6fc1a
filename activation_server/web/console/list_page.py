"""Lists of licenses, by nothing of a person: in pages, as CSV, and saved for oneself."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from activation_server.formats import csv_export, cursor
from activation_server.formats.problem import TEXTS
from activation_server.rules.errors import OperatorError
from activation_server.rules.license_criteria import LONGEST_NAME, Criteria
from activation_server.rules.permissions import Permission
from activation_server.services import license_export, license_list, products, saved_searches
from activation_server.services.context import Context
from activation_server.services.license_list import Wanted
from activation_server.web.admin import documents
from activation_server.web.admin.bulk import license_lines
from activation_server.web.console import paths, wording
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.change_form import Field
from activation_server.web.console.pages import HEADERS, go_to, page

LIMIT: Final = 50
_ANY: Final = {"": "any"}
Reader = Annotated[SignedIn, Depends(requires(Permission.LICENSES_READ))]

router = APIRouter(include_in_schema=False)


@router.get(paths.LIST)
async def show(request: Request, me: Reader) -> Response:
    """Show a page of the licenses to which all that is chosen applies."""
    return await _page(request, me, _criteria(request), fault=None)


@router.get(paths.LIST_CSV)
async def as_csv(request: Request, me: Reader) -> Response:
    """Give the whole list for spreadsheets, people masked."""
    context = acting(request, me)
    wanted = Wanted.by(_criteria(request), context.now())
    await license_export.noted(context, "licenses")
    named = {"Content-Disposition": 'attachment; filename="licenses.csv"'}
    lines = license_lines(context, wanted)
    return StreamingResponse(lines, 200, {**HEADERS, **named}, csv_export.MEDIA_TYPE)


@router.post(paths.LISTS)
async def save(request: Request, me: Reader) -> Response:
    """Save a list for oneself under a name."""
    form, context = form_of(request), acting(request, me)
    given = {name: form.text(name) for name in form.fields}
    criteria = _read(given)
    try:
        await saved_searches.save(context, me.session, form.text("name"), criteria)
    except OperatorError as error:
        return await _page(request, me, criteria, fault=str(error), typed=form.text("name"))
    return go_to(_address(criteria))


@router.post(f"{paths.LISTS}/delete")
async def delete(request: Request, me: Reader) -> Response:
    """Delete a list that one saved; one that is gone already is no fault."""
    form = form_of(request)
    try:
        search_id = UUID(form.text("search"))
    except ValueError:
        raise HTTPException(404) from None
    await saved_searches.delete(acting(request, me), me.session, search_id)
    return go_to(paths.LIST)


async def _page(
    request: Request, me: SignedIn, criteria: Criteria, fault: str | None, typed: str = ""
) -> Response:
    context = acting(request, me)
    after = None if fault else _place(request)
    wanted, now = Wanted.by(criteria, context.now()), context.now()
    found = await license_list.filled_page(context, wanted, after, LIMIT)
    saved = await saved_searches.of_session(context, me.session)
    written = criteria.written()
    return page(
        request,
        "list.html",
        422 if fault else 200,
        me=me,
        fields=await _fields(context, criteria),
        licenses=[documents.found(each, now) for each in found.licenses],
        narrowed=bool(written),
        chosen=written,
        next=None if found.after is None else _address(criteria, cursor.write(str(found.after))),
        is_first=after is None,
        csv=paths.with_query(paths.LIST_CSV, written),
        saved=saved,
        here_saved=[each.search_id for each in saved if dict(each.criteria) == written],
        longest_name=LONGEST_NAME,
        fault=fault,
        typed=typed,
    )


async def _fields(context: Context, criteria: Criteria) -> list[Field]:
    codes = await products.codes(context)
    policies = await products.policy_names(context)
    choices: dict[str, Mapping[str, str]] = {
        "status": {str(each): text for each, text in wording.STATUSES.items()},
        "product": {code: code for code in codes},
        "policy": {name: name for name in policies},
        "ends": {str(each): text for each, text in wording.ENDS.items()},
        "refused": {str(reason): text.title for reason, text in TEXTS.items()},
    }
    chosen = criteria.written()
    return [
        Field(name, wording.CRITERIA[name], choices=_ANY | dict(of), value=chosen.get(name, ""))
        for name, of in choices.items()
    ]


def _criteria(request: Request) -> Criteria:
    return _read(dict(request.query_params))


def _read(given: dict[str, str]) -> Criteria:
    try:
        return Criteria.read(given)
    except ValueError:
        raise HTTPException(404) from None


def _place(request: Request) -> UUID | None:
    text = request.query_params.get("after")
    try:
        return None if text is None else UUID(cursor.read(text, 1)[0])
    except ValueError:
        raise HTTPException(404) from None


def _address(criteria: Criteria, after: str | None = None) -> str:
    place = {} if after is None else {"after": after}
    return paths.with_query(paths.LIST, {**criteria.written(), **place})
