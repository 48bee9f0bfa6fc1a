"""Offline request files that a tool brings for a customer: the way of the app's own call."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats import offline_file
from activation_server.formats.admin_answers.offline import OfflineAnswer
from activation_server.formats.admin_requests.offline import OfflineBody
from activation_server.formats.offline_file import Kind
from activation_server.rules.permissions import Permission
from activation_server.rules.reasons import Refused
from activation_server.services import offline_desk
from activation_server.web import client_calls
from activation_server.web.admin.answers import RuledOutError
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made, made_before
from activation_server.web.admin.routes import PREFIX, writing
from activation_server.web.offline_desk import brought_by

router = APIRouter(prefix=PREFIX, tags=["activations"])

Bringing = Annotated[Asked[OfflineBody], asks(Permission.LICENSES_SUPPORT, OfflineBody)]


@router.post(
    "/offline-requests",
    operation_id="takeOfflineRequest",
    summary="Take an offline request file, and give its answer file",
    responses=writing(OfflineAnswer, also=(410,)),
)
async def take_offline_request(asked: Bringing) -> Response:
    """For a customer whose computer has no network. What the rules refuse has the app's code.

    A retry gets the same file. `support` in the evidence of a refusal says what can be done.
    """
    body = asked.body
    wanted = client_calls.read_file(body.file.encode())
    brought = brought_by(wanted, body.reason)
    taken = await offline_desk.take(asked.context, brought, asked.call)
    if isinstance(taken.outcome, Refused):
        raise RuledOutError(taken.outcome, taken.license_id)
    document = {
        "purpose": wanted.asks.purpose,
        "license_id": taken.license_id and str(taken.license_id),
        "file": None if asked.dry_run else offline_file.write(Kind.RESPONSE, taken.outcome),
        "answer": None if asked.dry_run else taken.answer,
    }
    return made_before(Made(OfflineAnswer, document), repeated=taken.repeated)
