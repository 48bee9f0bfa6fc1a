"""The newsletter, for the tool that sends it: what holds for an address, who gets it."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import csv_export, newsletter_report
from activation_server.formats.admin_answers.newsletter import AddressAnswer
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.newsletter import ConsentBody
from activation_server.formats.admin_requests.people import EmailBody
from activation_server.rules.consent import Channel, Step
from activation_server.rules.permissions import Permission
from activation_server.services import newsletter
from activation_server.services.context import Context
from activation_server.services.newsletter import Order, Status
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.answers import described
from activation_server.web.admin.bodies import taken, takes
from activation_server.web.admin.bulk import CSV, stream
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.once import Made, answer_of, response_of
from activation_server.web.admin.routes import (
    PREFIX,
    reading_by_body,
    reading_file_by_body,
    writing,
)

router = APIRouter(prefix=PREFIX, tags=["newsletter"])

Manager = Annotated[Caller, requires(Permission.NEWSLETTER_MANAGE)]
Moving = Annotated[Asked[ConsentBody], asks(Permission.NEWSLETTER_MANAGE, ConsentBody)]


@router.post(
    "/newsletter/find",
    operation_id="findConsents",
    summary="Tell what holds for an address",
    responses=reading_by_body(AddressAnswer),
    openapi_extra=takes(EmailBody),
)
async def find_consents(request: Request, caller: Manager) -> Response:
    """Whether it gets the newsletter, and the evidence. That somebody looked is noted, not at whom.

    It changes nothing.
    """
    body = await taken(request, EmailBody)
    found = await newsletter.status(caller.context, body.email)
    return described(AddressAnswer, _document(found))


@router.post(
    "/newsletter/confirm",
    operation_id="confirmConsent",
    summary="Confirm what was asked for with an address",
    responses=writing(AddressAnswer),
)
async def confirm_consent(asked: Moving) -> Response:
    """As the link in your mail was followed. An app must have asked for it first."""
    return await _moved(asked, Step.CONFIRM)


@router.post(
    "/newsletter/withdraw",
    operation_id="withdrawConsent",
    summary="Send an address no newsletter any more",
    responses=writing(AddressAnswer),
)
async def withdraw_consent(asked: Moving) -> Response:
    """Known here or not, until the person confirms anew; it outlives the restore of a backup."""
    return await _moved(asked, Step.WITHDRAW)


@router.post(
    "/newsletter/export",
    operation_id="exportNewsletter",
    summary="Give all addresses that get the newsletter as CSV",
    responses=reading_file_by_body("A record for each address, in clear, with the evidence", CSV),
    openapi_extra=takes(ReasonBody),
)
async def export_newsletter(request: Request, caller: Manager) -> Response:
    """Each once. Why it was asked for is noted before the first is given.

    It changes nothing, so it takes no `Idempotency-Key`, and its answer is kept nowhere.
    """
    body = await taken(request, ReasonBody)
    return stream(recipient_lines(caller.context, body.reason), csv_export.MEDIA_TYPE)


async def recipient_lines(context: Context, reason: str) -> AsyncIterator[str]:
    """Write everybody who gets the newsletter as CSV, address by address."""
    yield csv_export.line(newsletter_report.COLUMNS)
    async with aclosing(newsletter.recipients(context, reason)) as recipients:
        async for each in recipients:
            yield csv_export.line(newsletter_report.recipient(each.email, each.consent))


async def _moved(asked: Asked[ConsentBody], step: Step) -> Response:
    body, dry_run = asked.body, asked.dry_run
    order = Order(step, body.email, Channel(body.channel.value), body.reason)

    def write(found: Status) -> bytes:
        return answer_of(Made(AddressAnswer, _document(found)), dry_run=dry_run)

    return response_of(await newsletter.by_tool(asked.context, order, asked.call, write))


def _document(found: Status) -> newsletter_report.Json:
    consents = [(each.license_id, each.consent) for each in found.consents]
    return newsletter_report.status(consents, found.suppressed_since, gets=found.gets_newsletter)
