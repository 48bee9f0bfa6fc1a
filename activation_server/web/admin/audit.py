"""The audit log, as tools read it. Reading it is not noted."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import audit_report, csv_export, cursor
from activation_server.formats.admin_answers.audit import EntriesAnswer
from activation_server.formats.admin_requests.base import Moment
from activation_server.rules.audit import Action, Entry, Place, Wanted
from activation_server.rules.permissions import Permission
from activation_server.services import audit_list
from activation_server.services.context import Context
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.bulk import CSV, stream
from activation_server.web.admin.pages import NO_CURSOR, Cursor, Limit, link_to_next
from activation_server.web.admin.parameters import Text
from activation_server.web.admin.routes import PREFIX, reading, reading_file

router = APIRouter(prefix=PREFIX, tags=["audit"])


BATCH: Final = 500  # entries of a file, at a time
Reader = Annotated[Caller, requires(Permission.AUDIT_READ)]


def _wanted(
    license_id: Annotated[UUID | None, Query(description="of this license, also if gone")] = None,
    who: Annotated[Text | None, Query(max_length=200, description="by this operator")] = None,
    action: Annotated[Action | None, Query(description="of this kind")] = None,
    since: Annotated[Moment | None, Query(description="from this time on")] = None,
    until: Annotated[Moment | None, Query(description="before this time")] = None,
) -> Wanted:
    wanted = Wanted(who=who, action=action, since=since, until=until)
    return wanted if license_id is None else replace(wanted, license_ids=[license_id])


Filtered = Annotated[Wanted, Depends(_wanted)]


@router.get(
    "/audit",
    operation_id="listAudit",
    summary="Read the audit log",
    responses=reading(EntriesAnswer, headers={"Link": "the next page (RFC 8288)"}),
)
async def list_audit(
    request: Request,
    caller: Reader,
    filtered: Filtered,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """What operators and tools looked at and did, newest first, with the reasons they gave."""
    wanted = replace(filtered, limit=limit, before=_place(cursor))
    found = await audit_list.newest(caller.context, wanted, None)
    after = _next(found[-1].entry) if len(found) == limit else None
    entries = [audit_report.entry(each.entry, each.why) for each in found]
    document = {"entries": entries, "next": after}
    return described(EntriesAnswer, document, headers=link_to_next(request, after))


@router.get(
    "/audit.csv",
    operation_id="exportAudit",
    summary="Give the audit log as CSV",
    responses=reading_file("A record for each entry", CSV),
)
async def export_audit(caller: Reader, filtered: Filtered) -> Response:
    """Newest first, all that is asked for; no cell is taken for a formula."""
    return stream(entry_lines(caller.context, filtered, None), csv_export.MEDIA_TYPE)


async def entry_lines(
    context: Context, wanted: Wanted, key_or_id: str | None
) -> AsyncIterator[str]:
    """Write entries as CSV, batch by batch; of one license, if one is named."""
    yield csv_export.line(audit_report.COLUMNS)
    batches = replace(wanted, limit=BATCH)
    async with aclosing(audit_list.all_of(context, batches, key_or_id)) as pages:
        async for some in pages:
            documents = (audit_report.entry(each.entry, each.why) for each in some)
            yield "".join(csv_export.line(audit_report.cells(each)) for each in documents)


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
