"""The overview's numbers, for the vendor's own dashboards: nobody's name is in them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from activation_server.formats import csv_export
from activation_server.formats import overview as sheets
from activation_server.formats.admin_answers.overview import OverviewAnswer
from activation_server.formats.overview import Sheet
from activation_server.formats.times import rfc3339
from activation_server.rules.errors import NotFoundError
from activation_server.rules.permissions import Permission
from activation_server.services import overview
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import NO_STORE, described
from activation_server.web.admin.bulk import CSV
from activation_server.web.admin.routes import PREFIX, reading, reading_file

router = APIRouter(prefix=PREFIX, tags=["overview"])

Reader = Annotated[Caller, requires(Permission.OVERVIEW_READ)]
Anew = Annotated[bool, Query(description="count anew, unless that was done within a minute")]


@router.get(
    "/overview",
    operation_id="showOverview",
    summary="Give the numbers of everything",
    responses=reading(OverviewAnswer),
)
async def show_overview(caller: Reader, *, anew: Anew = False) -> Response:
    """Computers, activations, seats, refusals, what ends, what looks leaked: some minutes old."""
    numbers = await overview.numbers(caller.context, anew=anew)
    tables = [_document(each) for each in sheets.sheets(numbers).values()]
    return described(OverviewAnswer, {"made": rfc3339(numbers.made_at), "tables": tables})


@router.get(
    "/overview/{name}.csv",
    operation_id="exportOverview",
    summary="Give a table of the overview as CSV",
    responses=reading_file("A record for each row", CSV),
)
async def export_overview(
    caller: Reader, name: Annotated[str, Path(max_length=64)], *, anew: Anew = False
) -> Response:
    """As the console's page has it; `showOverview` has the names."""
    found = sheets.sheets(await overview.numbers(caller.context, anew=anew)).get(name)
    if found is None:
        raise NotFoundError("There is no such table; `/overview` names them all.")
    return Response(found.csv(), 200, NO_STORE, csv_export.MEDIA_TYPE)


def _document(sheet: Sheet) -> dict[str, object]:
    return {
        "name": sheet.name,
        "title": sheet.title,
        "about": sheet.about,
        "head": list(sheet.head),
        "rows": None if sheet.rows is None else [list(row) for row in sheet.rows],
        "licenses": [str(each) for each in sheet.licenses],
    }
