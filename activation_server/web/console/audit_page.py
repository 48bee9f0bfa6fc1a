"""The audit log: who did what, when and why. What is asked for is sent as a form, not in a URL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from activation_server.formats import audit_report, csv_export, cursor
from activation_server.rules.audit import Action, Place, Wanted
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import audit_list
from activation_server.services.audit_list import Shown
from activation_server.web.admin.audit import entry_lines
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.forms import Form
from activation_server.web.console.pages import HEADERS, page

PAGE: Final = 50  # entries
LONGEST: Final = 200
FILTERS: Final = ("who", "action", "license", "since", "until")

Reader = Annotated[SignedIn, Depends(requires(Permission.AUDIT_READ))]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which entries are asked for."""

    wanted: Wanted
    license: str | None


@router.get(paths.AUDIT)
async def show(request: Request, me: Reader) -> Response:
    """Show the newest entries."""
    return await _page(request, me, Form({}))


@router.post(paths.AUDIT)
async def search(request: Request, me: Reader) -> Response:
    """Show the entries that are asked for, or the next ones."""
    return await _page(request, me, form_of(request))


@router.post(paths.AUDIT + "/csv")
async def as_csv(request: Request, me: Reader) -> Response:
    """Give all entries that are asked for, for spreadsheets, as a stream."""
    try:
        asked = _asked(form_of(request))
    except OperatorError:
        return await _page(request, me, form_of(request))
    named = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    lines = entry_lines(acting(request, me), asked.wanted, asked.license)
    return StreamingResponse(lines, 200, {**HEADERS, **named}, csv_export.MEDIA_TYPE)


async def _page(request: Request, me: SignedIn, form: Form) -> Response:
    fault: str | None = None
    found: Sequence[Shown] = ()
    try:
        asked = _asked(form)
        found = await audit_list.newest(acting(request, me), asked.wanted, asked.license)
    except OperatorError as error:
        fault = str(error)
    last = found[-1].entry if len(found) == PAGE else None
    return page(
        request,
        "audit.html",
        422 if fault else 200,
        me=me,
        entries=[audit_report.entry(each.entry, each.why) for each in found],
        asked={name: _text(form, name) for name in FILTERS},
        is_filtered=any(_text(form, name) for name in FILTERS),
        is_later="after" in form,
        next=None if last is None else cursor.write(last.at.isoformat(), str(last.seq)),
        actions=[each.value for each in Action],
        fault=fault,
    )


def _asked(form: Form) -> Asked:
    """Read what is asked for. Raises OperatorError."""
    action = _text(form, "action")
    until = _day(_text(form, "until"), "Until")
    if action and action not in set(Action):
        raise OperatorError("There is no such action; choose one.")
    wanted = Wanted(
        who=_text(form, "who") or None,
        action=Action(action) if action else None,
        since=_day(_text(form, "since"), "From"),
        until=None if until is None else until + timedelta(days=1),
        limit=PAGE,
        before=_place(_text(form, "after")),
    )
    return Asked(wanted, _text(form, "license") or None)


def _text(form: Form, name: str) -> str:
    return form.text(name).replace("\0", "").strip()[:LONGEST]


def _day(text: str, label: str) -> datetime | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007 - a day in UTC
        return datetime.combine(day, time(), UTC)
    except ValueError:
        raise OperatorError(f"{label}: give a day as 2027-12-31.") from None


def _place(text: str) -> Place | None:
    if not text:
        return None
    try:
        at, seq = cursor.read(text, 2)
        return Place(datetime.fromisoformat(at), int(seq))
    except ValueError:
        raise OperatorError("That page is no longer known; begin with the newest.") from None
