"""How long data is kept, as tools set it."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats.admin_answers.privacy import LifetimeSetAnswer
from activation_server.formats.admin_requests.retention import RetentionBody
from activation_server.rules.permissions import Permission
from activation_server.services import retention
from activation_server.services.context import Context
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made
from activation_server.web.admin.privacy import due_document
from activation_server.web.admin.routes import PREFIX, writing

router = APIRouter(prefix=PREFIX, tags=["privacy"])

Setting = Annotated[
    Asked[RetentionBody], asks(Permission.PRIVACY_MANAGE, RetentionBody, as_seen="lifetime")
]


@router.post(
    "/retention:set",
    operation_id="setLifetime",
    summary="Set how long a class of data is kept",
    responses=writing(LifetimeSetAnswer, headers={"ETag": "the version of what is set"}),
)
async def set_lifetime(asked: Setting) -> Response:
    """The next run goes by it. The answer, that of a dry run too, says what is due then."""
    body, seen = asked.body, asked.seen
    lifetime = None if body.lifetime is None else body.lifetime.lifetime()

    async def set_as_seen(context: Context) -> Made:
        before, after = await retention.set_as_seen(
            context, body.of_class, lifetime, reason=body.reason, seen=seen
        )
        document = {
            **due_document(after),
            "lifetime_before": str(before.lifetime),
            "due_before": before.due.count,
        }
        return Made(LifetimeSetAnswer, document, headers={"ETag": f'"{after.version}"'})

    return await asked.once(set_as_seen)
