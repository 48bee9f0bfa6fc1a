"""Retention: how long data is kept, what is due, what the last runs did; lifetimes set."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import csv_export, plot, retention_sheet
from activation_server.formats import overview as sheets
from activation_server.formats.overview import Sheet
from activation_server.formats.plot import Colors, Picture, Width
from activation_server.rules.errors import OperatorError
from activation_server.rules.overview import may_be_made_anew
from activation_server.rules.permissions import Permission
from activation_server.rules.retention import LONGEST_COUNT, Lifetime, Unit, class_to_set
from activation_server.services import overview, retention, tool_calls
from activation_server.services.context import Context
from activation_server.services.overview import Due
from activation_server.services.tool_calls import ToolCall
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import HEADERS, go_to, page

RUNS: Final = 20
LONGEST: Final = 100
DEFAULT: Final = "default"

Reader = Annotated[SignedIn, Depends(requires(Permission.PRIVACY_READ))]
Manager = Annotated[SignedIn, Depends(requires(Permission.PRIVACY_MANAGE))]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """How long a class is to be kept, as a form has it."""

    name: str
    count: str = ""
    unit: str = Unit.MONTHS.value
    reason: str = field(default="", repr=False)
    key: str = ""
    fault: str | None = None
    would: Mapping[str, Any] | None = None


@router.get(paths.RETENTION)
async def show(request: Request, me: Reader) -> Response:
    """Show what is due, and the last runs."""
    context = acting(request, me)
    due = await overview.due(context)
    runs = await retention.reviews(context, RUNS)
    return page(
        request,
        "retention.html",
        me=me,
        due=_sheet(due),
        waits={each.due.why for each in due.value or () if each.due.why},
        runs=[retention_sheet.run(each) for each in runs],
        made_at=sheets.moment(due.at),
        may_be_made_anew=may_be_made_anew(due.at, context.now()),
        done="The lifetime is set." if request.query_params.get("done") == "set" else None,
    )


@router.post(paths.RETENTION + "/anew")
async def make_anew(request: Request, me: Reader) -> Response:
    """Count anew, unless that was done within a minute."""
    await overview.due(acting(request, me), anew=True)
    return go_to(paths.RETENTION)


@router.get(paths.RETENTION + "/due.svg")
async def as_picture(
    request: Request, me: Reader, width: Width = Width.WIDE, colors: Colors = Colors.LIGHT
) -> Response:
    """Give the plot of what is due."""
    context = acting(request, me)
    due = await overview.due(context)
    sheet = _sheet(due)
    if not sheet.has_plot:
        raise HTTPException(404)
    plotted = replace(sheet, rows=[row for row in sheet.rows or () if any(row[1:4])])
    picture: Picture = await context.overview.due_pictures.get(
        due.at, (width, colors), lambda: plot.draw(plotted, width, colors)
    )
    policy = f"default-src 'none'; style-src {picture.style_source}; frame-ancestors 'none'"
    headers = {**HEADERS, "Content-Security-Policy": policy}
    return Response(picture.svg, 200, headers, plot.MEDIA_TYPE)


@router.get(paths.RETENTION + "/due.csv")
async def as_csv(request: Request, me: Reader) -> Response:
    """Give what is due for spreadsheets."""
    sheet = _sheet(await overview.due(acting(request, me)))
    named = {"Content-Disposition": 'attachment; filename="retention-due.csv"'}
    return Response(sheet.csv(), 200, {**HEADERS, **named}, csv_export.MEDIA_TYPE)


@router.get(paths.RETENTION + "/set")
async def ask(request: Request, me: Manager) -> Response:
    """Ask how long a class is to be kept."""
    context = acting(request, me)
    name = request.query_params.get("class", "")[:LONGEST]
    return await _form(request, me, Asked(name, key=context.randomness.uuid().hex))


@router.post(paths.RETENTION + "/set")
async def set_(request: Request, me: Manager) -> Response:
    """Show what would be due then; on another press, set it, once."""
    context, form = acting(request, me), form_of(request)
    name, count, unit, key = (
        form.text(each)[:LONGEST] for each in ("class", "count", "unit", "key")
    )
    asked = Asked(name, count.strip(), unit, reason_of(request), key)
    try:
        lifetime = _lifetime(asked)
        would = await _set(context, asked, lifetime, dry_run="confirmed" not in form)
    except OperatorError as error:
        return await _form(request, me, replace(asked, fault=str(error)))
    if "confirmed" in form:
        return go_to(f"{paths.RETENTION}?done=set")
    return await _form(request, me, replace(asked, would=would))


def _lifetime(asked: Asked) -> Lifetime | None:
    """Read a lifetime; none for the default. Raises OperatorError."""
    class_to_set(asked.name)
    if not asked.reason:
        raise OperatorError("Say why: it stands in the audit log, sealed.")
    if asked.unit == DEFAULT:
        return None
    number = int(asked.count) if asked.count.isascii() and asked.count.isdecimal() else 0
    if asked.unit not in set(Unit) or not 1 <= number <= LONGEST_COUNT:
        raise OperatorError(f"Give a whole number from 1 to {LONGEST_COUNT:,}, of months or days.")
    return Lifetime(number, Unit(asked.unit))


async def _set(
    context: Context, asked: Asked, lifetime: Lifetime | None, *, dry_run: bool
) -> Mapping[str, Any]:
    """Set a lifetime, or only tell what would be due by it: the same, undone."""

    async def work(inner: Context) -> bytes:
        before = await _of_class(inner, asked.name) if dry_run else {}
        await retention.choose(inner, asked.name, lifetime, asked.reason)
        after = await _of_class(inner, asked.name) if dry_run else {}
        return json.dumps({"before": before, "after": after}).encode()

    parts = ("retention", asked.name, asked.count, asked.unit, asked.reason)
    call = ToolCall(f"console-{asked.key}", "\0".join(parts).encode(), dry_run)
    told: Mapping[str, Any] = json.loads((await tool_calls.once(context, call, work)).answer)
    return told


async def _of_class(context: Context, name: str) -> Mapping[str, Any]:
    kept = await retention.preview_of(context, name)
    return {"kept": str(kept.lifetime), "due": kept.due.count, "held": kept.due.held}


async def _form(request: Request, me: SignedIn, asked: Asked) -> Response:
    kept = await retention.lifetimes(acting(request, me))
    return page(
        request,
        "retention_set.html",
        422 if asked.fault else 200,
        me=me,
        asked=asked,
        kept=kept,
    )


def _sheet(due: Due) -> Sheet:
    found = due.value
    return retention_sheet.due(
        None if found is None else [(each.of_class, each.lifetime, each.due) for each in found]
    )
