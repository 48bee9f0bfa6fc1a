"""How long data is kept, as tools set it, and what is due, disposed of by their word."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.privacy import LifetimeSetAnswer, RanAnswer
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.retention import RetentionBody
from activation_server.rules.permissions import Permission
from activation_server.services import retention, retention_by_hand
from activation_server.services.context import Context
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made, made_before
from activation_server.web.admin.privacy import due_document
from activation_server.web.admin.routes import PREFIX, writing

router = APIRouter(prefix=PREFIX, tags=["privacy"])

Setting = Annotated[
    Asked[RetentionBody], asks(Permission.PRIVACY_MANAGE, RetentionBody, as_seen="lifetime")
]
Running = Annotated[Asked[ReasonBody], asks(Permission.PRIVACY_MANAGE, ReasonBody)]


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


@router.post(
    "/retention:run",
    operation_id="runRetention",
    summary="Dispose of what is due now, for some seconds",
    responses=writing(RanAnswer),
)
async def run_retention(asked: Running) -> Response:
    """What went does not come back. After 20 seconds it is paused: call again to go on.

    The server runs each day by itself. A dry run tells what is due. Refused while another run is
    under way.
    """
    done, repeated = await retention_by_hand.run(asked.context, asked.call, asked.body.reason)
    document = admin_api.retention_run(done.began_at, done.ended_at, done.by, done.classes)
    made = Made(RanAnswer, {**document, "paused": done.is_paused()})
    return made_before(made, repeated=repeated)
