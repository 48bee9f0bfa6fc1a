"""Computers that hold a seat, as tools take it back, or declare which of two copies is true."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.activations import ActivationAnswer
from activation_server.formats.admin_requests.activations import DeclarationBody
from activation_server.formats.admin_requests.base import ReasonBody, decode
from activation_server.rules.permissions import Permission
from activation_server.rules.seat import Activation
from activation_server.services import seat_changes
from activation_server.services.context import Context
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.bodies import read_body
from activation_server.web.admin.once import DryRun, Made, changed_activation
from activation_server.web.admin.routes import PREFIX, takes_once, writing

router = APIRouter(prefix=PREFIX, tags=["activations"])

AFTER: Final = writing(
    ActivationAnswer, headers={"ETag": "the version of the activation, for `If-Match`"}
)
Supporter = Annotated[Caller, requires(Permission.LICENSES_SUPPORT)]


@router.post(
    "/activations/{activation_id}/remove",
    operation_id="removeActivation",
    summary="Take a computer's seat back",
    responses=AFTER,
    openapi_extra=takes_once(ReasonBody, as_seen="activation"),
)
async def remove_activation(
    request: Request, caller: Supporter, activation_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its app is told so at its next check-in. Repeated, nothing changes."""
    data = await read_body(request)
    body = decode(ReasonBody, data)

    async def remove(context: Context) -> Made:
        removed = await seat_changes.remove_activation(context, activation_id, body.reason)
        return _seat(context, removed)

    return await changed_activation(request, caller, activation_id, data, remove, dry_run=dry_run)


@router.post(
    "/activations/{activation_id}/declare",
    operation_id="declareBranch",
    summary="Say which of two copies is the true one",
    responses=AFTER,
    openapi_extra=takes_once(DeclarationBody, as_seen="activation"),
)
async def declare_branch(
    request: Request, caller: Supporter, activation_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """The other is refused until it activates anew."""
    data = await read_body(request)
    body = decode(DeclarationBody, data)

    async def declare(context: Context) -> Made:
        declared = await seat_changes.declare_branch(context, activation_id, body.true, body.reason)
        return _seat(context, declared)

    return await changed_activation(request, caller, activation_id, data, declare, dry_run=dry_run)


def _seat(context: Context, seat: Activation) -> Made:
    document = admin_api.activation(seat, context.now())
    return Made(ActivationAnswer, document, headers={"ETag": f'"{document["version"]}"'})
