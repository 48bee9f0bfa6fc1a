"""Licenses, as tools issue and change them."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from activation_server.formats import admin_api
from activation_server.formats.admin_answers.licenses import (
    ChangedAnswer,
    IssuedAnswer,
    LicenseAnswer,
    NewKeyAnswer,
)
from activation_server.formats.admin_requests.base import ReasonBody, decode
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
from activation_server.web.admin.access import Caller, requires
from activation_server.web.admin.bodies import read_body
from activation_server.web.admin.licenses import ETAG
from activation_server.web.admin.once import DryRun, Made, changed, once
from activation_server.web.admin.routes import PREFIX, takes_once, writing

router = APIRouter(prefix=PREFIX, tags=["license changes"])

UseCase = Callable[[Context, UUID, str], Awaitable[LicenseView]]
Issuer = Annotated[Caller, requires(Permission.LICENSES_ISSUE)]
Supporter = Annotated[Caller, requires(Permission.LICENSES_SUPPORT)]
Changer = Annotated[Caller, requires(Permission.LICENSES_CHANGE)]
AFTER = writing(LicenseAnswer, headers=ETAG)
AFTER_TERMS = writing(ChangedAnswer, headers=ETAG)
BY_REASON = takes_once(ReasonBody, as_seen="license")


@router.post(
    "/licenses",
    operation_id="issueLicense",
    summary="Issue a license",
    status_code=201,
    responses=writing(IssuedAnswer, 201, headers={"Location": "where it is read", **ETAG}),
    openapi_extra=takes_once(IssueBody),
)
async def issue_license(request: Request, caller: Issuer, *, dry_run: DryRun = False) -> Response:
    """The answer has its key, and so has the answer of a retry for 24 hours: keep it secret."""
    data = await read_body(request)
    body = decode(IssueBody, data)
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
        if dry_run:
            document |= dict.fromkeys(("license_id", "key_tail", "license_key"))
        where = {"Location": f"{PREFIX}/licenses/{view.license.license_id}"}
        return Made(IssuedAnswer, document, 201, {**where, **documents.etag(view)})

    return await once(request, caller, data, issue, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/suspend",
    operation_id="suspendLicense",
    summary="Put a license on hold",
    responses=AFTER,
    openapi_extra=BY_REASON,
)
async def suspend_license(
    request: Request, caller: Supporter, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its computers are refused until it is reinstated."""
    return await _change_standing(request, caller, license_id, "suspend", dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/reinstate",
    operation_id="reinstateLicense",
    summary="Make a suspended or revoked license work again",
    responses=AFTER,
    openapi_extra=BY_REASON,
)
async def reinstate_license(
    request: Request, caller: Supporter, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its computers work again from their next check-in on."""
    return await _change_standing(request, caller, license_id, "reinstate", dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/revoke",
    operation_id="revokeLicense",
    summary="End a license: refunded, charged back, or ended by the vendor",
    responses=AFTER,
    openapi_extra=BY_REASON,
)
async def revoke_license(
    request: Request, caller: Changer, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its computers are refused from their next check-in on."""
    return await _change_standing(request, caller, license_id, "revoke", dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/new-key",
    operation_id="replaceLicenseKey",
    summary="Issue a new key for one that leaked",
    responses=writing(NewKeyAnswer, headers=ETAG),
    openapi_extra=BY_REASON,
)
async def replace_license_key(
    request: Request, caller: Supporter, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """The old one is refused from now on; computers that are activated go on, with their seats.

    The answer has the new key, and so has the answer of a retry for 24 hours: keep it secret.
    """
    data = await read_body(request)
    body = decode(ReasonBody, data)

    async def new_key(context: Context) -> Made:
        view = await key_replacement.replace_key(context, license_id, body.reason)
        document = {**documents.seen(view, context.now()), "license_key": view.license_key}
        if dry_run:
            document |= dict.fromkeys(("key_tail", "license_key"))
        return Made(NewKeyAnswer, document, headers=documents.etag(view))

    return await changed(request, caller, license_id, data, new_key, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/allow-transfer",
    operation_id="allowTransfer",
    summary="Allow one more transfer than the terms do",
    responses=AFTER,
    openapi_extra=BY_REASON,
)
async def allow_transfer(
    request: Request, caller: Supporter, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """An app may give a seat back over the limit, once. Repeated, nothing changes."""
    use_case = transfers.allow_one_more
    return await _by_reason(request, caller, license_id, use_case, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/withdraw-transfer",
    operation_id="withdrawTransfer",
    summary="Take back a transfer that was allowed and not used",
    responses=AFTER,
    openapi_extra=BY_REASON,
)
async def withdraw_transfer(
    request: Request, caller: Supporter, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """No more transfers than the terms allow."""
    return await _by_reason(request, caller, license_id, transfers.withdraw, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/convert",
    operation_id="convertTrial",
    summary="Turn a trial into a license",
    responses=AFTER_TERMS,
    openapi_extra=takes_once(ConvertBody, as_seen="license"),
)
async def convert_trial(
    request: Request, caller: Issuer, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its computers work on, and see it at their next check-in; its key stays."""
    data = await read_body(request)
    body = decode(ConvertBody, data)
    buyer = body.buyer.person()
    sale = Sale(body.policy, body.terms.given(), body.expires, body.order, buyer)

    async def convert(context: Context) -> Made:
        after = await trial_sale.convert(context, license_id, sale, body.reason)
        return _with_changes(context, after)

    return await changed(request, caller, license_id, data, convert, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/renew",
    operation_id="renewLicense",
    summary="Renew a license, or its maintenance",
    responses=AFTER_TERMS,
    openapi_extra=takes_once(RenewBody, as_seen="license"),
)
async def renew_license(
    request: Request, caller: Changer, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its computers see it at their next check-in."""
    data = await read_body(request)
    body = decode(RenewBody, data)
    wanted = Renewal(body.days, body.maintenance_days, body.start)

    async def renew(context: Context) -> Made:
        after = await license_change.renew(context, license_id, wanted, body.reason)
        return _with_changes(context, after)

    return await changed(request, caller, license_id, data, renew, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/terms",
    operation_id="changeLicense",
    summary="Change a license's terms, ends or policy",
    responses=AFTER_TERMS,
    openapi_extra=takes_once(ChangeBody, as_seen="license"),
)
async def change_license(
    request: Request, caller: Changer, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """Its computers see it at their next check-in. No seat that is in use is taken away by it."""
    data = await read_body(request)
    body = decode(ChangeBody, data)
    new = NewTerms(body.policy, body.terms.given(), tuple(map(str, body.reset)), body.ends())

    async def set_terms(context: Context) -> Made:
        after = await license_change.set_terms(context, license_id, new, body.reason)
        return _with_changes(context, after)

    return await changed(request, caller, license_id, data, set_terms, dry_run=dry_run)


@router.post(
    "/licenses/{license_id}/notes",
    operation_id="noteOnLicense",
    summary="Note what support was told",
    responses=AFTER,
    openapi_extra=takes_once(NoteBody),
)
async def note_on_license(
    request: Request, caller: Supporter, license_id: UUID, *, dry_run: DryRun = False
) -> Response:
    """It stands in the license's history, and counts as a contact with its people."""
    data = await read_body(request)
    body = decode(NoteBody, data)

    async def note(context: Context) -> Made:
        return _after(context, await licensing.note(context, license_id, body.text))

    return await once(request, caller, data, note, dry_run=dry_run)


async def _by_reason(
    request: Request, caller: Caller, license_id: UUID, use_case: UseCase, *, dry_run: bool
) -> Response:
    data = await read_body(request)
    body = decode(ReasonBody, data)

    async def do(context: Context) -> Made:
        return _after(context, await use_case(context, license_id, body.reason))

    return await changed(request, caller, license_id, data, do, dry_run=dry_run)


async def _change_standing(
    request: Request, caller: Caller, license_id: UUID, change: str, *, dry_run: bool
) -> Response:
    data = await read_body(request)
    body = decode(ReasonBody, data)

    async def do(context: Context) -> Made:
        view = await licensing.change_standing(context, license_id, change, body.reason)
        return _after(context, view)

    return await changed(request, caller, license_id, data, do, dry_run=dry_run)


def _after(context: Context, view: LicenseView) -> Made:
    document = documents.seen(view, context.now())
    return Made(LicenseAnswer, document, headers=documents.etag(view))


def _with_changes(context: Context, after: Changed) -> Made:
    document = {
        **documents.seen(after.view, context.now()),
        "changes": admin_api.changes(after.changes),
    }
    return Made(ChangedAnswer, document, headers=documents.etag(after.view))
