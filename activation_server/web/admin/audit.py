"""The audit log, as tools read it. Reading it is not noted."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import audit_report, cursor
from activation_server.formats.admin_answers.audit import EntriesAnswer
from activation_server.formats.admin_requests.base import Moment
from activation_server.rules.audit import Action, Entry, Place, Wanted
from activation_server.rules.permissions import Permission
from activation_server.services import audit_list
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.pages import NO_CURSOR, Cursor, Limit, link_to_next
from activation_server.web.admin.parameters import Text
from activation_server.web.admin.routes import PREFIX, reading

router = APIRouter(prefix=PREFIX, tags=["audit"])


@router.get(
    "/audit",
    operation_id="listAudit",
    summary="Read the audit log",
    responses=reading(EntriesAnswer, headers={"Link": "the next page (RFC 8288)"}),
)
async def list_audit(  # noqa: PLR0913, PLR0917 - as many as there are parameters
    request: Request,
    caller: Annotated[Caller, requires(Permission.AUDIT_READ)],
    license_id: Annotated[UUID | None, Query(description="of this license, also if gone")] = None,
    who: Annotated[Text | None, Query(max_length=200, description="by this operator")] = None,
    action: Annotated[Action | None, Query(description="of this kind")] = None,
    since: Annotated[Moment | None, Query(description="from this time on")] = None,
    until: Annotated[Moment | None, Query(description="before this time")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What operators and tools looked at and did, newest first, with the reasons they gave."""
    wanted = Wanted(
        who=who, action=action, since=since, until=until, limit=limit, before=_place(cursor)
    )
    if license_id is not None:
        wanted = replace(wanted, license_ids=[license_id])
    found = await audit_list.newest(caller.context, wanted, None)
    after = _next(found[-1].entry) if len(found) == limit else None
    entries = [audit_report.entry(each.entry, each.why) for each in found]
    document = {"entries": entries, "next": after}
    return described(EntriesAnswer, document, headers=link_to_next(request, after))


def _next(last: Entry) -> str:
    return cursor.write(last.at.isoformat(), str(last.seq))


def _place(text: str | None) -> Place | None:
    if text is None:
        return None
    try:
        at, seq = cursor.read(text, 2)
        return Place(datetime.fromisoformat(at), int(seq))
    except ValueError:
        raise NO_CURSOR from None
