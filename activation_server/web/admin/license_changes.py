"""Licenses, as tools issue and change them."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.licenses import (
    ChangedAnswer,
    IssuedAnswer,
    LicenseAnswer,
    NewKeyAnswer,
)
from activation_server.formats.admin_requests.base import ReasonBody
from activation_server.formats.admin_requests.licenses import (
    ChangeBody,
    ConvertBody,
    IssueBody,
    NoteBody,
    RenewBody,
)
from activation_server.rules.permissions import Permission
from activation_server.rules.renewal import Renewal
from activation_server.services import (
    key_replacement,
    license_change,
    licensing,
    transfers,
    trial_sale,
)
from activation_server.services.context import Context
from activation_server.services.license_change import Changed, NewTerms
from activation_server.services.licensing import LicenseView, Order
from activation_server.services.trial_sale import Sale
from activation_server.web.admin import documents
from activation_server.web.admin.changes import Asked, asks
from activation_server.web.admin.licenses import ETAG
from activation_server.web.admin.once import Made
from activation_server.web.admin.routes import PREFIX, writing

router = APIRouter(prefix=PREFIX, tags=["license changes"])

UseCase = Callable[[Context, UUID, str], Awaitable[LicenseView]]
_ISSUE, _SUPPORT = Permission.LICENSES_ISSUE, Permission.LICENSES_SUPPORT
_CHANGE = Permission.LICENSES_CHANGE
Issuing = Annotated[Asked[IssueBody], asks(_ISSUE, IssueBody)]
Supporting = Annotated[Asked[ReasonBody], asks(_SUPPORT, ReasonBody, as_seen="license")]
Revoking = Annotated[Asked[ReasonBody], asks(_CHANGE, ReasonBody, as_seen="license")]
Converting = Annotated[Asked[ConvertBody], asks(_ISSUE, ConvertBody, as_seen="license")]
Renewing = Annotated[Asked[RenewBody], asks(_CHANGE, RenewBody, as_seen="license")]
Changing = Annotated[Asked[ChangeBody], asks(_CHANGE, ChangeBody, as_seen="license")]
Noting = Annotated[Asked[NoteBody], asks(_SUPPORT, NoteBody)]
AFTER = writing(LicenseAnswer, headers=ETAG)
AFTER_TERMS = writing(ChangedAnswer, headers=ETAG)


@router.post(
    "/licenses",
    operation_id="issueLicense",
    summary="Issue a license",
    status_code=201,
    responses=writing(IssuedAnswer, 201, headers={"Location": "where it is read", **ETAG}),
)
async def issue_license(asked: Issuing) -> Response:
    """The answer has its key, and so has the answer of a retry for 24 hours: keep it secret."""
    body = asked.body
    order = Order(
        product=body.product,
        policy=body.policy,
        overrides=body.terms.given(),
        expires_at=body.expires,
        maintenance_until=body.maintenance_until,
        order_reference=body.order,
        count=1,
        buyer=body.buyer.person(),
        reason=body.reason,
    )

    async def issue(context: Context) -> Made:
        [view] = await licensing.issue(context, order, lambda _done: None)
        document = {**documents.seen(view, context.now()), "license_key": view.license_key}
        if asked.dry_run:
            document |= dict.fromkeys(("license_id", "key_tail", "license_key"))
        where = {"Location": f"{PREFIX}/licenses/{view.license.license_id}"}
        return Made(IssuedAnswer, document, 201, {**where, **documents.etag(view)})

    return await asked.once(issue)


@router.post(
    "/licenses/{license_id}/suspend",
    operation_id="suspendLicense",
    summary="Put a license on hold",
    responses=AFTER,
)
async def suspend_license(asked: Supporting, license_id: UUID) -> Response:
    """Its computers are refused until it is reinstated."""
    return await _change_standing(asked, license_id, "suspend")


@router.post(
    "/licenses/{license_id}/reinstate",
    operation_id="reinstateLicense",
    summary="Make a suspended or revoked license work again",
    responses=AFTER,
)
async def reinstate_license(asked: Supporting, license_id: UUID) -> Response:
    """Its computers work again from their next check-in on."""
    return await _change_standing(asked, license_id, "reinstate")


@router.post(
    "/licenses/{license_id}/revoke",
    operation_id="revokeLicense",
    summary="End a license: refunded, charged back, or ended by the vendor",
    responses=AFTER,
)
async def revoke_license(asked: Revoking, license_id: UUID) -> Response:
    """Its computers are refused from their next check-in on."""
    return await _change_standing(asked, license_id, "revoke")


@router.post(
    "/licenses/{license_id}/new-key",
    operation_id="replaceLicenseKey",
    summary="Issue a new key for one that leaked",
    responses=writing(NewKeyAnswer, headers=ETAG),
)
async def replace_license_key(asked: Supporting, license_id: UUID) -> Response:
    """The old one is refused from now on; computers that are activated go on, with their seats.

    The answer has the new key, and so has the answer of a retry for 24 hours: keep it secret.
    """
    body = asked.body

    async def new_key(context: Context) -> Made:
        view = await key_replacement.replace_key(context, license_id, body.reason)
        document = {**documents.seen(view, context.now()), "license_key": view.license_key}
        if asked.dry_run:
            document |= dict.fromkeys(("key_tail", "license_key"))
        return Made(NewKeyAnswer, document, headers=documents.etag(view))

    return await asked.on_license(license_id, new_key)


@router.post(
    "/licenses/{license_id}/allow-transfer",
    operation_id="allowTransfer",
    summary="Allow one more transfer than the terms do",
    responses=AFTER,
)
async def allow_transfer(asked: Supporting, license_id: UUID) -> Response:
    """An app may give a seat back over the limit, once. Repeated, nothing changes."""
    return await _by_reason(asked, license_id, transfers.allow_one_more)


@router.post(
    "/licenses/{license_id}/withdraw-transfer",
    operation_id="withdrawTransfer",
    summary="Take back a transfer that was allowed and not used",
    responses=AFTER,
)
async def withdraw_transfer(asked: Supporting, license_id: UUID) -> Response:
    """No more transfers than the terms allow."""
    return await _by_reason(asked, license_id, transfers.withdraw)


@router.post(
    "/licenses/{license_id}/convert",
    operation_id="convertTrial",
    summary="Turn a trial into a license",
    responses=AFTER_TERMS,
)
async def convert_trial(asked: Converting, license_id: UUID) -> Response:
    """Its computers work on, and see it at their next check-in; its key stays."""
    body = asked.body
    buyer = body.buyer.person()
    sale = Sale(body.policy, body.terms.given(), body.expires, body.order, buyer)

    async def convert(context: Context) -> Made:
        after = await trial_sale.convert(context, license_id, sale, body.reason)
        return _with_changes(context, after)

    return await asked.on_license(license_id, convert)


@router.post(
    "/licenses/{license_id}/renew",
    operation_id="renewLicense",
    summary="Renew a license, or its maintenance",
    responses=AFTER_TERMS,
)
async def renew_license(asked: Renewing, license_id: UUID) -> Response:
    """Its computers see it at their next check-in."""
    body = asked.body
    wanted = Renewal(body.days, body.maintenance_days, body.start)

    async def renew(context: Context) -> Made:
        after = await license_change.renew(context, license_id, wanted, body.reason)
        return _with_changes(context, after)

    return await asked.on_license(license_id, renew)


@router.post(
    "/licenses/{license_id}/terms",
    operation_id="changeLicense",
    summary="Change a license's terms, ends or policy",
    responses=AFTER_TERMS,
)
async def change_license(asked: Changing, license_id: UUID) -> Response:
    """Its computers see it at their next check-in. No seat that is in use is taken away by it."""
    body = asked.body
    new = NewTerms(body.policy, body.terms.given(), tuple(map(str, body.reset)), body.ends())

    async def set_terms(context: Context) -> Made:
        after = await license_change.set_terms(context, license_id, new, body.reason)
        return _with_changes(context, after)

    return await asked.on_license(license_id, set_terms)


@router.post(
    "/licenses/{license_id}/notes",
    operation_id="noteOnLicense",
    summary="Note what support was told",
    responses=AFTER,
)
async def note_on_license(asked: Noting, license_id: UUID) -> Response:
    """It stands in the license's history, and counts as a contact with its people."""
    body = asked.body

    async def note(context: Context) -> Made:
        return _after(context, await licensing.note(context, license_id, body.text))

    return await asked.once(note)


async def _by_reason(asked: Asked[ReasonBody], license_id: UUID, use_case: UseCase) -> Response:
    async def do(context: Context) -> Made:
        return _after(context, await use_case(context, license_id, asked.body.reason))

    return await asked.on_license(license_id, do)


async def _change_standing(asked: Asked[ReasonBody], license_id: UUID, change: str) -> Response:
    async def do(context: Context) -> Made:
        view = await licensing.change_standing(context, license_id, change, asked.body.reason)
        return _after(context, view)

    return await asked.on_license(license_id, do)


def _after(context: Context, view: LicenseView) -> Made:
    document = documents.seen(view, context.now())
    return Made(LicenseAnswer, document, headers=documents.etag(view))


def _with_changes(context: Context, after: Changed) -> Made:
    document = {
        **documents.seen(after.view, context.now()),
        "changes": admin_api.changes(after.changes),
    }
    return Made(ChangedAnswer, document, headers=documents.etag(after.view))
