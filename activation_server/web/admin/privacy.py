"""Legal holds and retention, as tools see and change them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.privacy import (
    HoldAnswer,
    HoldsAnswer,
    HoldsShownAnswer,
    RetentionAnswer,
    RunsAnswer,
)
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.privacy import HoldBody
from activation_server.rules.hold import Hold, HoldOrder
from activation_server.rules.permissions import Permission
from activation_server.services import holds, retention
from activation_server.services.context import Context
from activation_server.services.retention import Kept
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.bodies import taken, takes
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made
from activation_server.web.admin.pages import Limit
from activation_server.web.admin.routes import PREFIX, reading, reading_by_body, writing

router = APIRouter(prefix=PREFIX, tags=["privacy"])

Reader = Annotated[Caller, requires(Permission.PRIVACY_READ)]
Ended = Annotated[bool, Query(alias="all", description="those that were lifted or have ended, too")]
Placing = Annotated[Asked[HoldBody], asks(Permission.PRIVACY_MANAGE, HoldBody)]
Lifting = Annotated[Asked[ReasonBody], asks(Permission.PRIVACY_MANAGE, ReasonBody)]


@router.get(
    "/holds",
    operation_id="listHolds",
    summary="List legal holds",
    responses=reading(HoldsAnswer),
)
async def list_holds(
    caller: Reader,
    *,
    all_: Ended = False,
) -> Response:
    """Those in force, the first to end first. Why they are is sealed, and not told here."""
    found = await holds.list_holds(caller.context, ended_too=all_)
    return described(HoldsAnswer, {"holds": [_document(caller.context, each) for each in found]})


@router.post(
    "/holds/reveal",
    operation_id="revealHolds",
    summary="Read why legal holds are, and who ordered them",
    responses=reading_by_body(HoldsShownAnswer),
    openapi_extra=takes(ReasonBody),
)
async def reveal_holds(
    request: Request,
    caller: Annotated[Caller, requires(Permission.PEOPLE_REVEAL, Permission.PRIVACY_READ)],
    *,
    all_: Ended = False,
) -> Response:
    """It changes nothing. Each call is noted with its reason."""
    body, today = await taken(request, ReasonBody), caller.context.now().date()
    found = await holds.list_holds(caller.context, ended_too=all_, reveal=body.reason)
    documents = [admin_api.hold(each, today, clear=True) for each in found]
    return described(HoldsShownAnswer, {"holds": documents})


@router.post(
    "/holds",
    operation_id="placeHold",
    summary="Place a legal hold",
    responses=writing(HoldsAnswer),
)
async def place_hold(asked: Placing) -> Response:
    """Nothing that is held is erased or disposed of; on a person, one for each license."""
    body = asked.body
    order = HoldOrder(body.reason, body.ordered_by, body.until)

    async def place(context: Context) -> Made:
        if body.email is not None:
            placed = await holds.place_on_person(context, body.email, order)
        else:
            placed = await holds.place_on_license(context, body.license or "", order)
        return Made(HoldsAnswer, {"holds": [_document(context, each) for each in placed]})

    return await asked.once(place)


@router.post(
    "/holds/{hold_id}/lift",
    operation_id="liftHold",
    summary="End a legal hold before its last day",
    responses=writing(HoldAnswer),
)
async def lift_hold(asked: Lifting, hold_id: UUID) -> Response:
    """What it held goes when it is due, and may be erased."""
    body = asked.body

    async def lift(context: Context) -> Made:
        lifted = await holds.lift(context, hold_id, body.reason)
        return Made(HoldAnswer, _document(context, lifted))

    return await asked.once(lift)


@router.get(
    "/retention",
    operation_id="previewRetention",
    summary="Tell how long data is kept, and what is due to go now",
    responses=reading(RetentionAnswer),
)
async def preview_retention(caller: Reader) -> Response:
    """What `retention preview` counts, class by class; it changes nothing."""
    classes = [due_document(each) for each in await retention.preview(caller.context)]
    return described(RetentionAnswer, {"classes": classes})


@router.get(
    "/retention/runs",
    operation_id="listRetentionRuns",
    summary="List the last retention runs",
    responses=reading(RunsAnswer),
)
async def list_runs(caller: Reader, limit: Limit = 50) -> Response:
    """Who or what ran them, what was due, what went, what was held, and why not all went."""
    runs = [
        admin_api.retention_run(each.began_at, each.ended_at, each.by, each.classes)
        for each in await retention.reviews(caller.context, limit)
    ]
    return described(RunsAnswer, {"runs": runs})


def due_document(kept: Kept) -> admin_api.Json:
    """Write how long a class is kept, what of it is due, and which version that is."""
    return {
        **admin_api.kept(kept.of_class, kept.lifetime, is_default=kept.is_default),
        **admin_api.due(kept.due),
        "version": kept.version,
    }


def _document(context: Context, hold: Hold) -> admin_api.Json:
    return admin_api.hold(hold, context.now().date(), clear=False)
