"""Retention run by hand: what is due is shown, then disposed of for some seconds, and what went."""

from dataclasses import dataclass, field
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import retention_sheet
from activation_server.rules.errors import OperatorError
from activation_server.rules.permissions import Permission
from activation_server.services import overview, retention_by_hand
from activation_server.services.tool_calls import ToolCall
from activation_server.web.console import paths
from activation_server.web.console.access import SignedIn, acting, form_of, requires
from activation_server.web.console.license_page import reason_of
from activation_server.web.console.pages import page

LONGEST: Final = 100
_SAY_WHY: Final = "Say why: it stands in the audit log, sealed."

Manager = Annotated[SignedIn, Depends(requires(Permission.PRIVACY_MANAGE))]

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the form has."""

    key: str  # which names it, so that it runs once
    reason: str = field(default="", repr=False)
    fault: str | None = None


@router.get(paths.RETENTION_RUN)
async def ask(request: Request, me: Manager) -> Response:
    """Show what would go, and ask why now."""
    return await _form(request, me, Asked(acting(request, me).randomness.uuid().hex))


@router.post(paths.RETENTION_RUN)
async def run(request: Request, me: Manager) -> Response:
    """Dispose of it, and show what went; pressed twice, it is done once."""
    context, reason = acting(request, me), reason_of(request)
    key = form_of(request).text("key")[:LONGEST]
    if not reason:
        return await _form(request, me, Asked(key, fault=_SAY_WHY))
    call = ToolCall(f"console-{key}", f"retention\0{reason}".encode())
    try:
        done, _ = await retention_by_hand.run(context, call, reason)
    except OperatorError as error:
        return await _form(request, me, Asked(key, reason, str(error)))
    return page(
        request,
        "retention_ran.html",
        me=me,
        run=retention_sheet.run(done),
        classes=retention_sheet.of_run(done),
        paused=done.is_paused(),
    )


async def _form(request: Request, me: SignedIn, asked: Asked) -> Response:
    due = await overview.due(acting(request, me), anew=True)
    found = due.value
    return page(
        request,
        "retention_run.html",
        422 if asked.fault else 200,
        me=me,
        asked=asked,
        due=None if found is None else [each for each in found if each.due.count],
        waits=[each for each in found or () if each.due.held or each.due.waiting],
        seconds=int(retention_by_hand.AT_MOST.total_seconds()),
    )
