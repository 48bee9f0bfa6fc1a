"""What a vendor looks at each morning: numbers without anybody's name: plots, tables, CSV."""

from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import csv_export, plot
from activation_server.formats import overview as sheets
from activation_server.formats.overview import Sheet
from activation_server.formats.plot import Colors, Picture, Width
from activation_server.rules.overview import Numbers, may_be_made_anew
from activation_server.rules.permissions import Permission
from activation_server.services import overview
from activation_server.services.context import Context
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, requires
from activation_server.web.console.pages import HEADERS, go_to, page

_DUE: Final = "due"
Reader = Annotated[SignedIn, Depends(requires(Permission.OVERVIEW_READ))]

router = APIRouter(include_in_schema=False)


@router.get(paths.OVERVIEW)
async def show(request: Request, me: Reader) -> Response:
    """Show all numbers, and when they were made."""
    context = acting(request, me)
    numbers = await overview.numbers(context)
    return page(
        request,
        "overview.html",
        me=me,
        sheets=sheets.sheets(numbers),
        due=await _due(context) if me.may(Permission.PRIVACY_READ) else None,
        made_at=sheets.moment(numbers.made_at),
        may_be_made_anew=may_be_made_anew(numbers.made_at, context.now()),
    )


@router.post(paths.OVERVIEW + "/anew")
async def make_anew(request: Request, me: Reader) -> Response:
    """Make the numbers anew, unless that was done within a minute."""
    context = acting(request, me)
    await overview.numbers(context, anew=True)
    if me.may(Permission.PRIVACY_READ):
        await overview.due(context, anew=True)
    return go_to(paths.OVERVIEW)


@router.get(f"{paths.OVERVIEW}/{_DUE}.csv")
async def due_as_csv(
    request: Request, me: Annotated[SignedIn, Depends(requires(Permission.PRIVACY_READ))]
) -> Response:
    """Give what retention has to do for spreadsheets."""
    return _csv(await _due(acting(request, me)))


@router.get(paths.OVERVIEW + "/{name}.svg")
async def as_picture(
    request: Request,
    me: Reader,
    name: str,
    width: Width = Width.WIDE,
    colors: Colors = Colors.LIGHT,
) -> Response:
    """Give a plot, drawn beside the event loop: no check-in waits for it."""
    context = acting(request, me)
    numbers = await overview.numbers(context)
    sheet = _of_name(numbers, name)
    if not sheet.has_plot:
        raise HTTPException(404)
    picture: Picture = await context.overview.pictures.get(
        numbers.made_at, (name, width, colors), lambda: plot.draw(sheet, width, colors)
    )
    policy = f"default-src 'none'; style-src {picture.style_source}; frame-ancestors 'none'"
    headers = {**HEADERS, "Content-Security-Policy": policy}
    return Response(picture.svg, 200, headers, plot.MEDIA_TYPE)


@router.get(paths.OVERVIEW + "/{name}.csv")
async def as_csv(request: Request, me: Reader, name: str) -> Response:
    """Give a table for spreadsheets."""
    return _csv(_of_name(await overview.numbers(acting(request, me)), name))


def _of_name(numbers: Numbers, name: str) -> Sheet:
    all_ = sheets.sheets(numbers)
    if name not in all_:
        raise HTTPException(404)
    return all_[name]


async def _due(context: Context) -> Sheet:
    kept = (await overview.due(context)).value
    counted = None if kept is None else [(each.of_class.name, each.due) for each in kept]
    return sheets.due_sheet(counted)


def _csv(sheet: Sheet) -> Response:
    named = {"Content-Disposition": f'attachment; filename="{sheet.name}.csv"'}
    return Response(sheet.csv(), 200, {**HEADERS, **named}, csv_export.MEDIA_TYPE)
