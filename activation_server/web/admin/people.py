"""People and keys in clear: one license at a time, with a reason, so many a day."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers import RevealedAnswer
from activation_server.formats.admin_requests import ReasonBody
from activation_server.rules.permissions import Permission
from activation_server.services import reveal
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.bodies import taken, takes
from activation_server.web.admin.routes import PREFIX, reading_by_body

router = APIRouter(prefix=PREFIX, tags=["people"])


@router.post(
    "/licenses/{license_id}/reveal",
    operation_id="revealLicense",
    summary="Show a license's people and its key in clear",
    responses=reading_by_body(RevealedAnswer),
    openapi_extra=takes(ReasonBody),
)
async def reveal_license(
    request: Request,
    caller: Annotated[Caller, requires(Permission.PEOPLE_REVEAL)],
    license_id: UUID,
) -> Response:
    """Each call is noted with its reason, and counts: a token may do it so many times a day.

    It changes nothing, so it takes no `Idempotency-Key`, and its answer is kept nowhere.
    """
    body = await taken(request, ReasonBody)
    view = (await reveal.reveal(caller.context, license_id, body.reason)).view
    document = {
        "license_id": str(license_id),
        "license_key": view.license_key,
        "people": [admin_api.person(each) for each in view.people],
    }
    return described(RevealedAnswer, document)
