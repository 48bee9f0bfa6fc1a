"""Computers that hold a seat, as tools take it back, or declare which of two copies is true."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.activations import ActivationAnswer
from activation_server.formats.admin_requests.activations import DeclarationBody
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.rules.permissions import Permission
from activation_server.rules.seat import Activation
from activation_server.services import seat_changes
from activation_server.services.context import Context
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made
from activation_server.web.admin.routes import PREFIX, writing

router = APIRouter(prefix=PREFIX, tags=["activations"])

AFTER: Final = writing(
    ActivationAnswer, headers={"ETag": "the version of the activation, for `If-Match`"}
)
Removing = Annotated[
    Asked[ReasonBody], asks(Permission.LICENSES_SUPPORT, ReasonBody, as_seen="activation")
]
Declaring = Annotated[
    Asked[DeclarationBody], asks(Permission.LICENSES_SUPPORT, DeclarationBody, as_seen="activation")
]


@router.post(
    "/activations/{activation_id}/remove",
    operation_id="removeActivation",
    summary="Take a computer's seat back",
    responses=AFTER,
)
async def remove_activation(asked: Removing, activation_id: UUID) -> Response:
    """Its app is told so at its next check-in. Repeated, nothing changes."""

    async def remove(context: Context) -> Made:
        removed = await seat_changes.remove_activation(context, activation_id, asked.body.reason)
        return _seat(context, removed)

    return await asked.on_activation(activation_id, remove)


@router.post(
    "/activations/{activation_id}/declare",
    operation_id="declareBranch",
    summary="Say which of two copies is the true one",
    responses=AFTER,
)
async def declare_branch(asked: Declaring, activation_id: UUID) -> Response:
    """The other is refused until it activates anew."""
    body = asked.body

    async def declare(context: Context) -> Made:
        declared = await seat_changes.declare_branch(context, activation_id, body.true, body.reason)
        return _seat(context, declared)

    return await asked.on_activation(activation_id, declare)


def _seat(context: Context, seat: Activation) -> Made:
    document = admin_api.activation(seat, context.now())
    return Made(ActivationAnswer, document, headers={"ETag": f'"{document["version"]}"'})
